package dbaccess

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
)

// maxComment is for the comment of an entry. Atlas' list of error codes.
const maxComment = 80

// AccessListEntryRequest is an element of the body that adds to the access list of a
// project: an address or a network, in either field or in both.
type AccessListEntryRequest struct {
	AWSSecurityGroup *string      `json:"awsSecurityGroup"` // needs a peering, of which there are none
	CIDRBlock        *string      `json:"cidrBlock"`
	Comment          *string      `json:"comment"`
	DeleteAfterDate  *atlas.Time  `json:"deleteAfterDate"`
	GroupID          *objectid.ID `json:"groupId"`
	IPAddress        *string      `json:"ipAddress"`

	Links any `json:"links"` // what Atlas answers; ignored, of any type
}

// newEntry is an entry that is to be written, as UpsertProjectAccessListEntries reads it.
type newEntry struct {
	CIDRBlock   netip.Prefix `json:"cidr_block"`
	Comment     string       `json:"comment"`
	Ordinal     int          `json:"ordinal"`
	DeleteAfter *time.Time   `json:"delete_after"`
}

func isSet(text *string) bool { return text != nil && *text != "" }

// entry checks the element and returns what is to be written.
func (r AccessListEntryRequest) entry(projectID objectid.ID, now time.Time) (newEntry, error) {
	entry := newEntry{DeleteAfter: (*time.Time)(r.DeleteAfterDate)}
	var err error
	switch {
	case isSet(r.AWSSecurityGroup) && r.DeleteAfterDate != nil:
		return entry, atlas.NewError(atlas.CodeNetworkExpirationUnsupported)
	case isSet(r.AWSSecurityGroup) && (isSet(r.CIDRBlock) || isSet(r.IPAddress)):
		return entry, atlas.NewError(atlas.CodeSeveralNetworks)
	case isSet(r.AWSSecurityGroup):
		return entry, atlas.NewError(atlas.CodeSecurityGroupWithoutPeering)
	case isSet(r.IPAddress):
		entry.CIDRBlock, err = checkNetwork(*r.IPAddress)
	case isSet(r.CIDRBlock):
		entry.CIDRBlock, err = checkNetwork(*r.CIDRBlock)
	default:
		return entry, atlas.NewError(atlas.CodeMissingOneOfThree, "ipAddress", "cidrBlock", "awsSecurityGroup")
	}
	if err != nil {
		return entry, err
	}
	if isSet(r.IPAddress) && isSet(r.CIDRBlock) {
		other, err := checkNetwork(*r.CIDRBlock)
		if err != nil {
			return entry, err
		}
		if other.Masked() != entry.CIDRBlock.Masked() {
			return entry, atlas.NewError(atlas.CodeSeveralNetworks)
		}
	}
	if r.Comment != nil {
		entry.Comment = *r.Comment
	}
	if !atlas.HasLength(entry.Comment, 0, maxComment) {
		return entry, atlas.NewError(atlas.CodeInvalidNetworkComment, entry.Comment)
	}
	if err := checkExpiry(r.DeleteAfterDate, now); err != nil {
		return entry, err
	}
	return entry, checkProject(r.GroupID, projectID)
}

// checkNetwork reads an address or a network of IPv4. It keeps the bits of the host.
func checkNetwork(text string) (netip.Prefix, error) {
	network, ok := parseNetwork(text)
	switch {
	case !ok:
		return network, atlas.NewError(atlas.CodeInvalidNetwork, text)
	case !network.Addr().Is4():
		return network, atlas.NewError(atlas.CodeIPv6Unsupported, text)
	}
	return network, nil
}

func parseNetwork(text string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	network, err := netip.ParsePrefix(text)
	return network, err == nil
}

// parseEntry reads an address or a network as paths name them. What is neither is on no
// list.
func parseEntry(text string, projectID objectid.ID) (netip.Prefix, error) {
	network, ok := parseNetwork(text)
	if !ok {
		return network, notOnList(text, projectID)
	}
	return network.Masked(), nil
}

func notOnList(text string, projectID objectid.ID) *atlas.Error {
	return atlas.NewError(atlas.CodeNetworkNotFound, text, projectID.String())
}

// ListAccessList returns one page of the project's access list, oldest entry first.
func (s *Service) ListAccessList(
	ctx context.Context, project atlas.ProjectReader, page atlas.Page,
) (atlas.List[db.ProjectAccessListEntry], error) {
	return s.listAccessList(ctx, s.pool, project.ProjectID(), project.Now(), page)
}

func (s *Service) listAccessList(
	ctx context.Context, conn db.DBTX, id objectid.ID, now time.Time, page atlas.Page,
) (atlas.List[db.ProjectAccessListEntry], error) {
	rows := func(limit int32, offset int64) ([]db.ListProjectAccessListEntriesRow, error) {
		return s.q.ListProjectAccessListEntries(ctx, conn, db.ListProjectAccessListEntriesParams{
			ProjectID: id, Now: now, RowLimit: limit, RowOffset: offset,
		})
	}
	return atlas.NewList("access list of project", page, rows,
		func(row db.ListProjectAccessListEntriesRow) (db.ProjectAccessListEntry, int64) {
			return row.ProjectAccessListEntry, row.TotalCount
		})
}

// GetAccessListEntry returns the entry of an address or a network. It returns
// ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND if it is not on the project's list.
func (s *Service) GetAccessListEntry(
	ctx context.Context, project atlas.ProjectProof, network string,
) (db.ProjectAccessListEntry, error) {
	parsed, err := parseEntry(network, project.ProjectID())
	if err != nil {
		return db.ProjectAccessListEntry{}, err
	}
	entry, err := s.q.GetProjectAccessListEntry(ctx, s.pool, db.GetProjectAccessListEntryParams{
		ProjectID: project.ProjectID(), Network: parsed, Now: project.Now(),
	})
	return entry, atlas.WrapMissing(err, "get access list entry", notOnList(network, project.ProjectID()))
}

// CreateAccessListEntries adds networks to the project's access list and returns a page of
// what it then is. Of a network that is on it already comment and date are replaced. It
// returns an *atlas.Error for the first rule that an element breaks, and then adds none of
// them.
func (s *Service) CreateAccessListEntries(
	ctx context.Context, project atlas.ProjectOwner, requests []AccessListEntryRequest, page atlas.Page,
) (list atlas.List[db.ProjectAccessListEntry], err error) {
	id, now := project.ProjectID(), project.Now()
	entries := make([]newEntry, len(requests))
	asked := make(map[netip.Prefix]*newEntry, len(requests))
	by := event.By(s.env, project)
	for i, request := range requests {
		if entries[i], err = request.entry(id, now); err != nil {
			return list, err
		}
		entries[i].Ordinal = i
		network := entries[i].CIDRBlock.Masked()
		if asked[network] != nil {
			return list, atlas.NewError(atlas.CodeDuplicateAddresses)
		}
		asked[network] = &entries[i]
	}
	encoded, err := json.Marshal(entries)
	if err != nil {
		return list, fmt.Errorf("encode access list entries: %w", err)
	}
	everything := atlas.Page{Number: 1, Size: int(atlas.LimitNetworks.Maximum), Count: true}
	err = s.change(ctx, project, func(tx pgx.Tx, row db.Project) error {
		before, err := s.listAccessList(ctx, tx, id, now, everything)
		if err != nil {
			return err
		}
		there := make(map[netip.Prefix]bool)
		for _, entry := range before.Items {
			there[entry.Network] = true
			if again := asked[entry.Network]; again != nil && again.DeleteAfter != nil && entry.DeleteAfter == nil {
				return atlas.NewError(atlas.CodePermanentCannotBeTemporary)
			}
		}
		err = s.q.UpsertProjectAccessListEntries(ctx, tx, db.UpsertProjectAccessListEntriesParams{
			ProjectID: id, CreatedAt: now, Asked: encoded,
		})
		if err != nil {
			return fmt.Errorf("insert access list entries: %w", err)
		}
		events := make([]event.Event, len(entries))
		for i, entry := range entries {
			of := event.NetworkAdded
			if there[entry.CIDRBlock.Masked()] {
				of = event.NetworkUpdated
			}
			events[i] = by.OnProject(id, of, event.Details{Network: entry.CIDRBlock.String()})
		}
		if err := event.Write(ctx, tx, events...); err != nil {
			return err
		}
		counted := page
		counted.Count = true
		if list, err = s.listAccessList(ctx, tx, id, now, counted); err != nil {
			return err
		}
		most, err := atlas.LimitNetworks.Of(row.Limits)
		if err == nil && *list.TotalCount > max(most, *before.TotalCount) {
			err = atlas.NewError(atlas.CodeTooManyNetworks, strconv.FormatInt(most, 10)).
				Fact("entries", strconv.FormatInt(*list.TotalCount, 10), "at most "+strconv.FormatInt(most, 10))
		}
		return err
	})
	if err != nil {
		return atlas.List[db.ProjectAccessListEntry]{}, err
	}
	if !page.Count {
		list.TotalCount = nil
	}
	return list, nil
}

// DeleteAccessListEntry takes an address or a network from the project's access list. It
// returns ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND if it is not on it.
func (s *Service) DeleteAccessListEntry(ctx context.Context, project atlas.ProjectOwner, network string) error {
	entry, err := s.GetAccessListEntry(ctx, project, network) // whoever is refused waits for nobody
	if err != nil {
		return err
	}
	return s.change(ctx, project, func(tx pgx.Tx, _ db.Project) error {
		_, err := s.q.DeleteProjectAccessListEntry(ctx, tx, db.DeleteProjectAccessListEntryParams{
			ProjectID: entry.ProjectID, Network: entry.Network, Now: project.Now(),
		})
		if err != nil {
			return atlas.WrapMissing(err, "delete access list entry", notOnList(network, entry.ProjectID))
		}
		return event.Write(ctx, tx, event.By(s.env, project).OnProject(entry.ProjectID, event.NetworkRemoved,
			event.Details{Network: entry.CIDRBlock.String()}))
	})
}
