package tenantstate

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/staging"
)

// maxShown is how many of what is alike an overview has in one place; it counts the rest.
const maxShown = 100

// Some are the first of what is alike.
type Some[T any] struct {
	First []T
	More  int // how many there are beside
}

func (s *Some[T]) add(one T) {
	if len(s.First) == maxShown {
		s.More++
		return
	}
	s.First = append(s.First, one)
}

// Count returns how many there are.
func (s Some[T]) Count() int { return len(s.First) + s.More }

// Overview is what an organization has, and who uses what, as of its now.
type Overview struct {
	Now             time.Time
	Projects        Some[*ProjectOverview]
	APIKeys         Some[KeyOverview]
	ServiceAccounts Some[AccountOverview]
}

// ProjectOverview is what a project has.
type ProjectOverview struct {
	ID, Name    string
	AccessRoles Some[*RoleOverview]
	Clusters    Some[ClusterOverview]
}

// RoleOverview is an access role with the export buckets that use it.
type RoleOverview struct {
	ID, Provider string
	Authorized   bool
	Buckets      Some[*BucketOverview]
}

// BucketOverview is an export bucket with what exports to it.
type BucketOverview struct {
	ID, Name  string
	Schedules Some[staging.Reference] // of clusters
	Jobs      Some[JobOverview]
}

// JobOverview is an export job.
type JobOverview struct {
	ID, Cluster, State string // of the cluster the name
}

// ClusterOverview is a cluster.
type ClusterOverview struct {
	ID, Name, Type, Version string
	State                   string
	Paused                  bool
}

// Grants are the roles of a principal.
type Grants struct {
	OrgRoles     []string
	ProjectRoles []ProjectRole
}

// ProjectRole is a role on a project, by its name.
type ProjectRole struct{ Role, Project string }

// KeyOverview is an API key. LastUsedAt is nil if that is not known: it is kept with the
// networks of access lists.
type KeyOverview struct {
	ID, PublicKey, Description string
	Grants
	LastUsedAt *time.Time
}

// AccountOverview is a service account.
type AccountOverview struct {
	ClientID, Name string
	Grants
	Secrets Some[SecretOverview]
}

// SecretOverview is a secret of a service account. LastUsedAt is nil if it never was.
type SecretOverview struct {
	ID         string
	ExpiresAt  time.Time
	Expired    bool
	LastUsedAt *time.Time
}

// Overview returns what the organization has.
func (s *Service) Overview(ctx context.Context, reader Reader) (overview Overview, err error) {
	orgID := reader.OrgID()
	err = s.look(ctx, orgID, []string{staging.Live}, func(ctx context.Context, tx pgx.Tx) error {
		rows, now, err := s.rowsOf(ctx, tx, orgID, staging.Live)
		if err != nil {
			return err
		}
		// Those of a state do not have when they were last used.
		if rows.Secrets, err = db.New().ListOrgServiceAccountSecrets(ctx, tx, orgID); err != nil {
			return fmt.Errorf("list secrets: %w", err)
		}
		uses, err := db.New().ListOrgAccessListUses(ctx, tx, orgID)
		if err != nil {
			return fmt.Errorf("list uses: %w", err)
		}
		// Nor do they have what follows from others.
		roles, err := db.New().ListOrgAccessRoles(ctx, tx,
			db.ListOrgAccessRolesParams{OrgID: orgID, RowLimit: staging.MaxStateRows})
		if err != nil {
			return fmt.Errorf("list access roles: %w", err)
		}
		overview, err = overviewOf(rows, roles, uses, now)
		return err
	})
	return overview, err
}

func overviewOf(
	rows seed.Rows, accessRoles []db.ListOrgAccessRolesRow, uses []db.ListOrgAccessListUsesRow, now time.Time,
) (Overview, error) {
	overview := Overview{Now: now}
	projects := make(map[objectid.ID]*ProjectOverview)
	for _, row := range rows.Projects {
		projects[row.ID] = &ProjectOverview{ID: row.ID.String(), Name: row.Name}
		overview.Projects.add(projects[row.ID])
	}
	roles := make(map[objectid.ID]*RoleOverview)
	for _, row := range accessRoles {
		roles[row.ID] = &RoleOverview{
			ID: row.ID.String(), Provider: string(row.CloudProvider), Authorized: row.Authorized,
		}
		projects[row.ProjectID].AccessRoles.add(roles[row.ID])
	}
	buckets := make(map[objectid.ID]*BucketOverview)
	for _, row := range rows.ExportBuckets {
		buckets[row.ID] = &BucketOverview{ID: row.ID.String(), Name: row.BucketName}
		roles[row.RoleID].Buckets.add(buckets[row.ID])
	}
	names := make(map[objectid.ID]string)
	for _, row := range rows.Clusters {
		at, err := cluster.At(row, now)
		if err != nil {
			return overview, fmt.Errorf("cluster %s: %w", row.ID, err)
		}
		names[row.ID] = row.Name
		projects[row.ProjectID].Clusters.add(ClusterOverview{
			ID: row.ID.String(), Name: row.Name, Type: at.Settings.ClusterType, Version: at.MongoDBVersion(),
			State: string(at.State), Paused: at.Settings.Paused,
		})
	}
	for _, row := range rows.Schedules {
		if row.ExportBucketID != nil {
			buckets[*row.ExportBucketID].Schedules.add(staging.Reference{
				Kind: staging.ResourceBackupSchedule, ID: row.ClusterID.String(), Name: names[row.ClusterID], Blocks: true,
			})
		}
	}
	for _, row := range rows.ExportJobs {
		if buckets[row.ExportBucketID] == nil {
			continue // a job outlives its bucket
		}
		job, err := backup.ExportJobAt(row, now)
		if err != nil {
			return overview, fmt.Errorf("export job %s: %w", row.ID, err)
		}
		buckets[row.ExportBucketID].Jobs.add(JobOverview{row.ID.String(), names[row.ClusterID], string(job.State)})
	}
	overview.addCredentials(rows, uses, projects)
	return overview, nil
}

// addCredentials adds API keys and service accounts.
func (o *Overview) addCredentials(
	rows seed.Rows, uses []db.ListOrgAccessListUsesRow, projects map[objectid.ID]*ProjectOverview,
) {
	grants := make(map[objectid.ID]Grants)
	for _, row := range rows.OrgGrants {
		g := grants[row.PrincipalID]
		g.OrgRoles = append(g.OrgRoles, string(row.Role))
		grants[row.PrincipalID] = g
	}
	for _, row := range rows.ProjectGrants {
		g := grants[row.PrincipalID]
		g.ProjectRoles = append(g.ProjectRoles, ProjectRole{string(row.Role), projects[row.ProjectID].Name})
		grants[row.PrincipalID] = g
	}
	used := make(map[objectid.ID]*time.Time)
	for _, use := range uses {
		used[use.PrincipalID] = &use.LastUsedAt
	}
	for _, row := range rows.APIKeys {
		o.APIKeys.add(KeyOverview{row.ID.String(), row.PublicKey, row.Description, grants[row.ID], used[row.ID]})
	}
	secrets := make(map[objectid.ID]Some[SecretOverview])
	for _, row := range rows.Secrets {
		of := secrets[row.ServiceAccountID]
		of.add(SecretOverview{row.ID.String(), row.ExpiresAt, !row.ExpiresAt.After(o.Now), row.LastUsedAt})
		secrets[row.ServiceAccountID] = of
	}
	for _, row := range rows.ServiceAccounts {
		o.ServiceAccounts.add(AccountOverview{
			iam.ClientIDPrefix + row.ID.String(), row.Name, grants[row.ID], secrets[row.ID],
		})
	}
}
