package tenantstate

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/staging"
)

// Export returns the file that declares a state, which may be staging.Live, without its
// secrets. It returns NOT_FOUND if there is no such state.
func (s *Service) Export(ctx context.Context, reader Reader, of string) (exported seed.File, err error) {
	err = s.look(ctx, reader.OrgID(), []string{of}, func(ctx context.Context, tx pgx.Tx) error {
		rows, now, err := s.rowsOf(ctx, tx, reader.OrgID(), of)
		if err != nil {
			return err
		}
		exported, err = seed.FileOf(rows, now)
		return err
	})
	return exported, atlas.Wrap(err, "export state")
}

// rowsOf returns the rows of a state, which may be staging.Live, and when it is of.
func (s *Service) rowsOf(
	ctx context.Context, tx pgx.Tx, orgID objectid.ID, state string,
) (rows seed.Rows, at time.Time, err error) {
	source, err := s.side(ctx, tx, orgID, state, "state")
	if err != nil {
		return rows, at, err
	}
	there, err := projectsOf(ctx, tx, orgID)
	if err != nil {
		return rows, at, err
	}
	org, err := db.New().GetOrg(ctx, tx, orgID)
	if err != nil {
		return rows, at, missing(err, "get organization", errNoOrganization)
	}
	r := rowReader{tx, source, pgx.NamedArgs{
		"org": orgID, "projects": there, "state": state, "shift": time.Duration(0),
	}}
	if rows, err = r.read(ctx); err != nil {
		return rows, at, err
	}
	rows.Org.Protected = org.Protected
	if state != staging.Live { // what was under way when it was saved
		return rows, source.savedAt, nil
	}
	return rows, clockOf(org).Now(s.env.Now()), nil
}

// rowReader reads the rows of a state.
type rowReader struct {
	tx   pgx.Tx
	side side
	args pgx.NamedArgs
}

// read reads all rows that a file can declare.
func (r rowReader) read(ctx context.Context) (rows seed.Rows, err error) {
	var all []db.Org
	for _, one := range []error{
		readRows(ctx, r, orgs, &all),
		readRows(ctx, r, projects, &rows.Projects),
		readRows(ctx, r, "cloud_provider_access_roles", &rows.AccessRoles),
		readRows(ctx, r, "export_buckets", &rows.ExportBuckets),
		readRows(ctx, r, "backup_private_endpoints", &rows.PrivateEndpoints),
		readRows(ctx, r, "project_access_list_entries", &rows.Networks),
		readRows(ctx, r, "database_users", &rows.DatabaseUsers),
		readRows(ctx, r, "clusters", &rows.Clusters),
		readRows(ctx, r, "backup_schedules", &rows.Schedules),
		readRows(ctx, r, "snapshots", &rows.Snapshots),
		readRows(ctx, r, "export_jobs", &rows.ExportJobs),
		readRows(ctx, r, "api_keys", &rows.APIKeys),
		readRows(ctx, r, "service_accounts", &rows.ServiceAccounts),
		readRows(ctx, r, "service_account_secrets", &rows.Secrets),
		readRows(ctx, r, "org_role_grants", &rows.OrgGrants),
		readRows(ctx, r, "project_role_grants", &rows.ProjectGrants),
		readRows(ctx, r, "access_list_entries", &rows.AccessList),
	} {
		if one != nil {
			return rows, one
		}
	}
	rows.Org = all[0]
	return rows, nil
}

// readRows reads the rows of a table in the order of its key.
func readRows[T any](ctx context.Context, r rowReader, name string, into *[]T) error {
	t := r.side.named(name)
	sql := fmt.Sprintf("SELECT * FROM (%s) AS r ORDER BY %s", r.side.rows(t), listed(t.key, of("r")))
	rows, err := r.tx.Query(ctx, sql, r.args)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	*into, err = pgx.CollectRows(rows, pgx.RowToStructByNameLax[T])
	return atlas.Wrap(err, "read "+name)
}
