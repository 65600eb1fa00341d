package atlas

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
)

// maxAccessListEntries is how many networks an access list can have. MongoDB
// Limits and Thresholds, "Service Account Limits"; of API keys Atlas does not say
// it. Each request reads them all.
const maxAccessListEntries = 200

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
		return netip.Prefix{}, NewError(CodeBadAccessListRequest)
	case r.IPAddress != nil:
		address, err := netip.ParseAddr(*r.IPAddress)
		if err != nil || address.Zone() != "" {
			return netip.Prefix{}, NewError(CodeInvalidNetwork, *r.IPAddress)
		}
		return wholeAddress(address), nil
	case r.CIDRBlock != nil:
		network, err := netip.ParsePrefix(*r.CIDRBlock)
		// IPv4 in the form of IPv6 is no network that clients call from.
		if err != nil || network != network.Masked() || network.Addr().Is4In6() {
			return netip.Prefix{}, NewError(CodeInvalidNetwork, *r.CIDRBlock)
		}
		return network, nil
	}
	return netip.Prefix{}, NewError(CodeMissingAttribute, "ipAddress")
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
		return netip.Prefix{}, NewError(CodeAccessListEntryNotFound, s)
	}
	return network, nil
}

// ListAccessListEntries returns one page of the credential's access list, oldest
// entry first. It returns API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND.
func (s *Service) ListAccessListEntries(
	ctx context.Context, reader CredentialReader, of Credential, page Page,
) (List[db.AccessListEntry], error) {
	if err := s.checkCredential(ctx, s.pool, reader.scope, of); err != nil {
		return List[db.AccessListEntry]{}, err
	}
	return s.listAccessListEntries(ctx, s.pool, reader.scope, of, page)
}

func (s *Service) listAccessListEntries(
	ctx context.Context, conn db.DBTX, sc scope, of Credential, page Page,
) (List[db.AccessListEntry], error) {
	entries, err := s.q.ListAccessListEntries(ctx, conn, db.ListAccessListEntriesParams{
		OrgID: sc.orgID, PrincipalID: of.id, RowLimit: page.limit(), RowOffset: page.offset(),
	})
	if err != nil {
		return List[db.AccessListEntry]{}, fmt.Errorf("list access list entries: %w", err)
	}
	var list List[db.AccessListEntry]
	list.Items, list.More = cut(page, entries)
	if !page.Count {
		return list, nil
	}
	count, err := s.q.CountAccessListEntries(ctx, conn, db.CountAccessListEntriesParams{
		OrgID: sc.orgID, PrincipalID: of.id,
	})
	if err != nil {
		return List[db.AccessListEntry]{}, fmt.Errorf("count access list entries: %w", err)
	}
	list.TotalCount = &count
	return list, nil
}

// GetAccessListEntry returns the entry of an address or a network. It returns
// API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND, and
// ACCESS_LIST_ENTRY_NOT_FOUND if it is not on the credential's list.
func (s *Service) GetAccessListEntry(
	ctx context.Context, reader CredentialReader, of Credential, network string,
) (db.AccessListEntry, error) {
	if err := s.checkCredential(ctx, s.pool, reader.scope, of); err != nil {
		return db.AccessListEntry{}, err
	}
	block, err := parseNetwork(network)
	if err != nil {
		return db.AccessListEntry{}, err
	}
	entry, err := s.q.GetAccessListEntry(ctx, s.pool, db.GetAccessListEntryParams{
		OrgID: reader.orgID, PrincipalID: of.id, CIDRBlock: block,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return entry, NewError(CodeAccessListEntryNotFound, network)
	}
	if err != nil {
		return entry, fmt.Errorf("get access list entry: %w", err)
	}
	return entry, nil
}

// CreateAccessListEntries adds networks to the credential's access list and
// returns the first page of what it then is: a network that is on it already
// stays as it is. From then on the credential is good from these networks alone.
// It returns API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND, or an *Error for
// the first rule that the request breaks.
func (s *Service) CreateAccessListEntries(
	ctx context.Context, owner CredentialOwner, of Credential, requests []AccessListEntryRequest, page Page,
) (List[db.AccessListEntry], error) {
	networks := make([]netip.Prefix, len(requests))
	for i, request := range requests {
		var err error
		if networks[i], err = request.network(); err != nil {
			return List[db.AccessListEntry]{}, err
		}
	}
	var list List[db.AccessListEntry]
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.holdToSecure(ctx, tx, owner, of); err != nil {
			return err
		}
		for _, network := range networks {
			err := s.q.InsertAccessListEntry(ctx, tx, db.InsertAccessListEntryParams{
				OrgID: owner.orgID, PrincipalID: of.id, CIDRBlock: network, CreatedAt: s.now(),
			})
			if err != nil {
				return fmt.Errorf("insert access list entry: %w", err)
			}
		}
		count, err := s.q.CountAccessListEntries(ctx, tx, db.CountAccessListEntriesParams{
			OrgID: owner.orgID, PrincipalID: of.id,
		})
		if err != nil {
			return fmt.Errorf("count access list entries: %w", err)
		}
		if count > maxAccessListEntries {
			return NewError(CodeValidation,
				fmt.Sprintf("an access list can have at most %d entries", maxAccessListEntries))
		}
		list, err = s.listAccessListEntries(ctx, tx, owner.scope, of, page)
		return err
	})
	return list, err
}

// DeleteAccessListEntry takes an address or a network from the credential's
// access list. It returns API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND, and
// ACCESS_LIST_ENTRY_NOT_FOUND if it is not on it.
func (s *Service) DeleteAccessListEntry(
	ctx context.Context, owner CredentialOwner, of Credential, network string,
) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.holdToSecure(ctx, tx, owner, of); err != nil {
			return err
		}
		block, err := parseNetwork(network)
		if err != nil {
			return err
		}
		deleted, err := s.q.DeleteAccessListEntry(ctx, tx, db.DeleteAccessListEntryParams{
			OrgID: owner.orgID, PrincipalID: of.id, CIDRBlock: block,
		})
		if err != nil {
			return fmt.Errorf("delete access list entry: %w", err)
		}
		if deleted == 0 {
			return NewError(CodeAccessListEntryNotFound, network)
		}
		return nil
	})
}
