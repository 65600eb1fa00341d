package tenant

import (
	"context"
	"strings"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// GetOrg returns the organization.
func (s *Service) GetOrg(ctx context.Context, org atlas.OrgReader) (db.Org, error) {
	return s.getOrg(ctx, org.OrgID())
}

// GetOwnOrg returns the caller's own organization.
func (s *Service) GetOwnOrg(ctx context.Context, p *atlas.Principal) (db.Org, error) {
	return s.getOrg(ctx, p.OrgID())
}

func (s *Service) getOrg(ctx context.Context, id objectid.ID) (db.Org, error) {
	row, err := s.q.GetOrg(ctx, s.pool, id)
	return row, atlas.Wrap(err, "get organization")
}

// ListOrgs returns the caller's organizations, which is one, if its name begins
// with prefix, in whatever case.
func (s *Service) ListOrgs(
	ctx context.Context, p *atlas.Principal, prefix string, page atlas.Page,
) (atlas.List[db.Org], error) {
	list := atlas.List[db.Org]{}
	org, err := s.GetOwnOrg(ctx, p)
	if err != nil {
		return list, err
	}
	found := int64(0)
	if strings.HasPrefix(strings.ToLower(org.Name), strings.ToLower(prefix)) {
		found = 1
		if page.Number == 1 {
			list.Items = []db.Org{org}
		}
	}
	if page.Count {
		list.TotalCount = &found
	}
	return list, nil
}
