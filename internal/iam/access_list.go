package iam

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// AccessListEntryRequest is an element of the body that adds networks to an
// access list: one of the two.
type AccessListEntryRequest struct {
	IPAddress *string `json:"ipAddress"` // IPv4 or IPv6
	CIDRBlock *string `json:"cidrBlock"`

	// What clients of Atlas send along, of any type; ignored.
	CreatedAt       any `json:"createdAt"`
	LastUsedAddress any `json:"lastUsedAddress"`
	LastUsedAt      any `json:"lastUsedAt"`
	RequestCount    any `json:"requestCount"`
}

func (r AccessListEntryRequest) network() (netip.Prefix, error) {
	switch {
	case r.IPAddress != nil && r.CIDRBlock != nil:
		return netip.Prefix{}, atlas.NewError(atlas.CodeBadAccessListRequest)
	case r.IPAddress != nil:
		address, err := netip.ParseAddr(*r.IPAddress)
		if err != nil || address.Zone() != "" {
			return netip.Prefix{}, atlas.NewError(atlas.CodeInvalidNetwork, *r.IPAddress)
		}
		return wholeAddress(address), nil
	case r.CIDRBlock != nil:
		network, err := netip.ParsePrefix(*r.CIDRBlock)
		// IPv4 in the form of IPv6 is no network that clients call from.
		if err != nil || network != network.Masked() || network.Addr().Is4In6() {
			return netip.Prefix{}, atlas.NewError(atlas.CodeInvalidNetwork, *r.CIDRBlock)
		}
		return network, nil
	}
	return netip.Prefix{}, atlas.NewError(atlas.CodeMissingAttribute, "ipAddress")
}

// wholeAddress is the network of one address.
func wholeAddress(address netip.Addr) netip.Prefix {
	address = address.Unmap()
	return netip.PrefixFrom(address, address.BitLen())
}

// parseNetwork reads an address or a network as paths name them. It returns the zero
// network, which is on no list, for what is neither.
func parseNetwork(s string) netip.Prefix {
	if address, err := netip.ParseAddr(s); err == nil && address.Zone() == "" {
		return wholeAddress(address)
	}
	network, err := netip.ParsePrefix(s)
	if err != nil || network != network.Masked() {
		return netip.Prefix{}
	}
	return network
}

// entryNotFound is the refusal of what is not on the credential's access list.
func (n CredentialName) entryNotFound(network string) error {
	if n.kind == db.PrincipalKindAPIKEY {
		return atlas.NewError(atlas.CodeAPIKeyAccessListEntryNotFound, network, n.text)
	}
	return atlas.NewError(atlas.CodeAccessListEntryNotFound, network)
}

// checkAccessListReader returns API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND if the
// credential is not within the scope. It returns API_KEY_ACCESS_LIST_ACCESS_DENIED for
// an API key that is neither the caller nor one whose user administrator the caller is:
// an owner of the organization, or of a project that the key has a role on.
func (s *Service) checkAccessListReader(
	ctx context.Context, conn db.DBTX, proof CredentialProof, of CredentialName,
) error {
	if err := s.checkCredential(ctx, conn, proof.Scope(), of); err != nil {
		return err
	}
	caller := proof.Caller()
	if of.kind != db.PrincipalKindAPIKEY || caller.ID() == of.id || caller.HasOrgRole(db.OrgRoleORGOWNER) {
		return nil
	}
	owns, err := s.q.GetOwnsProjectOf(ctx, conn, db.GetOwnsProjectOfParams{
		OrgID: proof.Scope().OrgID, OwnerID: caller.ID(), PrincipalID: of.id,
	})
	if err == nil && !owns {
		err = atlas.NewError(atlas.CodeAPIKeyAccessListDenied).
			Fact("apiKey", of.text, "").Fact("caller", caller.ID().String(), "the key, or an owner of it")
	}
	return atlas.Wrap(err, "look for a project of both")
}

// checkAccessListWriter is checkAccessListReader for API keys, and checkControlled for
// service accounts.
func (s *Service) checkAccessListWriter(
	ctx context.Context, conn db.DBTX, proof CredentialProof, of CredentialName,
) error {
	if of.kind == db.PrincipalKindAPIKEY {
		return s.checkAccessListReader(ctx, conn, proof, of)
	}
	owner, ok := proof.(atlas.CredentialOwner)
	if !ok {
		return atlas.NewError(atlas.CodeUserUnauthorized).Fact("roles", proof.Caller().Roles(), "an owner's")
	}
	return s.checkControlled(ctx, conn, owner, of)
}

// ListAccessListEntries returns one page of the credential's access list, oldest
// entry first. It returns the errors of checkAccessListReader.
func (s *Service) ListAccessListEntries(
	ctx context.Context, reader atlas.CredentialReader, of CredentialName, page atlas.Page,
) (atlas.List[db.AccessListEntry], error) {
	if err := s.checkAccessListReader(ctx, s.pool, reader, of); err != nil {
		return atlas.List[db.AccessListEntry]{}, err
	}
	return s.listAccessListEntries(ctx, s.pool, reader.Scope().OrgID, of, page)
}

func (s *Service) listAccessListEntries(
	ctx context.Context, conn db.DBTX, orgID objectid.ID, of CredentialName, page atlas.Page,
) (atlas.List[db.AccessListEntry], error) {
	rows := func(limit int32, offset int64) ([]db.ListAccessListEntriesRow, error) {
		return s.q.ListAccessListEntries(ctx, conn, db.ListAccessListEntriesParams{
			OrgID: orgID, PrincipalID: of.id, RowLimit: limit, RowOffset: offset,
		})
	}
	return atlas.NewList("access list entries", page, rows,
		func(row db.ListAccessListEntriesRow) (db.AccessListEntry, int64) {
			return row.AccessListEntry, row.TotalCount
		})
}

// GetAccessListEntry returns the entry of an address or a network. It returns the
// errors of checkAccessListReader, and API_KEY_ACCESS_LIST_NOT_FOUND or
// ACCESS_LIST_ENTRY_NOT_FOUND if it is not on the credential's list.
func (s *Service) GetAccessListEntry(
	ctx context.Context, reader atlas.CredentialReader, of CredentialName, network string,
) (db.AccessListEntry, error) {
	if err := s.checkAccessListReader(ctx, s.pool, reader, of); err != nil {
		return db.AccessListEntry{}, err
	}
	entry, err := s.q.GetAccessListEntry(ctx, s.pool, db.GetAccessListEntryParams{
		OrgID: reader.Scope().OrgID, PrincipalID: of.id, CIDRBlock: parseNetwork(network),
	})
	return entry, atlas.WrapMissing(err, "get network", of.entryNotFound(network))
}

// CreateAccessListEntries adds networks to the credential's access list and
// returns the first page of what it then is: a network that is on it already
// stays as it is. From then on the credential is good from these networks alone.
// For a service account the proof is an atlas.CredentialOwner. It returns the errors of
// checkAccessListWriter, or an *atlas.Error for the first rule that the request breaks.
func (s *Service) CreateAccessListEntries(
	ctx context.Context, proof CredentialProof, of CredentialName, requests []AccessListEntryRequest,
	page atlas.Page,
) (atlas.List[db.AccessListEntry], error) {
	networks := make([]netip.Prefix, len(requests))
	for i, request := range requests {
		var err error
		if networks[i], err = request.network(); err != nil {
			return atlas.List[db.AccessListEntry]{}, err
		}
	}
	orgID := proof.Scope().OrgID
	var list atlas.List[db.AccessListEntry]
	check := func(conn db.DBTX) error { return s.checkAccessListWriter(ctx, conn, proof, of) }
	err := s.change(ctx, proof, write.Target{ID: of.id}, check, func(tx pgx.Tx) error {
		var news []told
		for _, network := range networks {
			added, err := s.q.InsertAccessListEntry(ctx, tx, db.InsertAccessListEntryParams{
				OrgID: orgID, PrincipalID: of.id, CIDRBlock: network, CreatedAt: proof.Now(),
			})
			if err != nil {
				return fmt.Errorf("insert access list entry: %w", err)
			}
			if added > 0 {
				news = append(news, told{of: event.APIKeyNetworkAdded, network: network})
			}
		}
		if err := s.tellNetworks(ctx, tx, proof, of, news...); err != nil {
			return err
		}
		var err error
		list, err = s.listAccessListEntries(ctx, tx, orgID, of, atlas.Page{Number: page.Number, Size: page.Size, Count: true})
		if err != nil {
			return err
		}
		return atlas.CheckElements("an access list", int(*list.TotalCount))
	})
	if err != nil {
		return atlas.List[db.AccessListEntry]{}, err
	}
	if !page.Count {
		list.TotalCount = nil
	}
	return list, nil
}

// DeleteAccessListEntry takes an address or a network from the credential's access
// list. For a service account the proof is an atlas.CredentialOwner. It returns the
// errors of checkAccessListWriter, API_KEY_ACCESS_LIST_NOT_FOUND or
// ACCESS_LIST_ENTRY_NOT_FOUND if it is not on the list, and
// CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST if it is what lets in an API key that calls
// from the address itself. Atlas, "Remove One Access List Entry for One Organization
// API Key".
func (s *Service) DeleteAccessListEntry(
	ctx context.Context, proof CredentialProof, of CredentialName, network string, from netip.Addr,
) error {
	check := func(conn db.DBTX) error { return s.checkAccessListWriter(ctx, conn, proof, of) }
	return s.change(ctx, proof, write.Target{ID: of.id}, check, func(tx pgx.Tx) error {
		block := parseNetwork(network)
		_, err := s.q.DeleteAccessListEntry(ctx, tx, db.DeleteAccessListEntryParams{
			OrgID: proof.Scope().OrgID, PrincipalID: of.id, CIDRBlock: block,
		})
		self := of.kind == db.PrincipalKindAPIKEY && proof.Caller().ID() == of.id
		if err == nil && self && block.Contains(from) {
			err = atlas.NewError(atlas.CodeCannotRemoveCaller, from.String())
		}
		if err != nil {
			return atlas.WrapMissing(err, "delete access list entry", of.entryNotFound(network))
		}
		return s.tellNetworks(ctx, tx, proof, of, told{of: event.APIKeyNetworkDeleted, network: block})
	})
}
