package atlas

import (
	"context"
	"fmt"
	"strings"

	"exportbuckets/db"
)

// GetOrg returns the organization.
func (s *Service) GetOrg(ctx context.Context, org OrgReader) (db.Org, error) {
	row, err := s.q.GetOrg(ctx, s.pool, org.orgID)
	if err != nil {
		return row, fmt.Errorf("get organization: %w", err)
	}
	return row, nil
}

// ListOrgs returns the caller's organizations, which is one, if its name begins
// with prefix, in whatever case.
func (s *Service) ListOrgs(ctx context.Context, p Principal, prefix string) ([]db.Org, error) {
	org, err := s.GetOrg(ctx, OrgReader{p.OrgID})
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(strings.ToLower(org.Name), strings.ToLower(prefix)) {
		return nil, nil
	}
	return []db.Org{org}, nil
}
