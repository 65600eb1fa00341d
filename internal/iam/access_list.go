package iam

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
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

// parseNetwork reads an address or a network as paths name them. What is neither
// is on no list.
func parseNetwork(s string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(s); err == nil && address.Zone() == "" {
		return wholeAddress(address), nil
	}
	network, err := netip.ParsePrefix(s)
	if err != nil || network != network.Masked() {
		return netip.Prefix{}, atlas.NewError(atlas.CodeAccessListEntryNotFound, s)
	}
	return network, nil
}

// ListAccessListEntries returns one page of the credential's access list, oldest
// entry first. It returns API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND.
func (s *Service) ListAccessListEntries(
	ctx context.Context, reader atlas.CredentialReader, of CredentialName, page atlas.Page,
) (atlas.List[db.AccessListEntry], error) {
	if err := s.checkCredential(ctx, s.pool, reader.Scope(), of); err != nil {
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

// GetAccessListEntry returns the entry of an address or a network. It returns
// API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND, and
// ACCESS_LIST_ENTRY_NOT_FOUND if it is not on the credential's list.
func (s *Service) GetAccessListEntry(
	ctx context.Context, reader atlas.CredentialReader, of CredentialName, network string,
) (db.AccessListEntry, error) {
	if err := s.checkCredential(ctx, s.pool, reader.Scope(), of); err != nil {
		return db.AccessListEntry{}, err
	}
	block, err := parseNetwork(network)
	if err != nil {
		return db.AccessListEntry{}, err
	}
	entry, err := s.q.GetAccessListEntry(ctx, s.pool, db.GetAccessListEntryParams{
		OrgID: reader.Scope().OrgID, PrincipalID: of.id, CIDRBlock: block,
	})
	return entry, atlas.WrapMissing(err, "get network", atlas.NewError(atlas.CodeAccessListEntryNotFound, network))
}

// CreateAccessListEntries adds networks to the credential's access list and
// returns the first page of what it then is: a network that is on it already
// stays as it is. From then on the credential is good from these networks alone.
// It returns API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND, or an
// *atlas.Error for the first rule that the request breaks.
func (s *Service) CreateAccessListEntries(
	ctx context.Context, owner atlas.CredentialOwner, of CredentialName, requests []AccessListEntryRequest,
	page atlas.Page,
) (atlas.List[db.AccessListEntry], error) {
	networks := make([]netip.Prefix, len(requests))
	for i, request := range requests {
		var err error
		if networks[i], err = request.network(); err != nil {
			return atlas.List[db.AccessListEntry]{}, err
		}
	}
	orgID := owner.Scope().OrgID
	var list atlas.List[db.AccessListEntry]
	check := func(conn db.DBTX) error { return s.checkControlled(ctx, conn, owner, of) }
	err := s.change(ctx, owner, write.Target{ID: of.id}, check, func(tx pgx.Tx) error {
		for _, network := range networks {
			err := s.q.InsertAccessListEntry(ctx, tx, db.InsertAccessListEntryParams{
				OrgID: orgID, PrincipalID: of.id, CIDRBlock: network, CreatedAt: owner.Now(),
			})
			if err != nil {
				return fmt.Errorf("insert access list entry: %w", err)
			}
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

// DeleteAccessListEntry takes an address or a network from the credential's
// access list. It returns API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND, and
// ACCESS_LIST_ENTRY_NOT_FOUND if it is not on it.
func (s *Service) DeleteAccessListEntry(
	ctx context.Context, owner atlas.CredentialOwner, of CredentialName, network string,
) error {
	check := func(conn db.DBTX) error { return s.checkControlled(ctx, conn, owner, of) }
	return s.change(ctx, owner, write.Target{ID: of.id}, check, func(tx pgx.Tx) error {
		block, err := parseNetwork(network)
		if err != nil {
			return err
		}
		_, err = s.q.DeleteAccessListEntry(ctx, tx, db.DeleteAccessListEntryParams{
			OrgID: owner.Scope().OrgID, PrincipalID: of.id, CIDRBlock: block,
		})
		return atlas.WrapMissing(err, "delete access list entry",
			atlas.NewError(atlas.CodeAccessListEntryNotFound, network))
	})
}
