package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// maxProjects is how many projects an organization can have.
const maxProjects = 250

// projectName is Atlas' pattern for the names of projects. Blanks, which projects of
// Atlas have, are added to it. The length is not in it: 64 copies of all letters take
// 18 ms to compile, and 2.7 MB.
var projectName = regexp.MustCompile(`^[\p{L}\p{N}\-_.(),:&@+' ]+$`)

// ProjectRequest is the body that creates a project. A field is nil if the body
// lacks it or says null.
type ProjectRequest struct {
	Name                      *string      `json:"name"`  // required
	OrgID                     *objectid.ID `json:"orgId"` // required
	Tags                      []atlas.Tag  `json:"tags"`
	WithDefaultAlertsSettings *bool        `json:"withDefaultAlertsSettings"` // true if left out

	// What clients of Atlas send along, of any type; ignored.
	ClusterCount            any `json:"clusterCount"`
	Created                 any `json:"created"`
	ID                      any `json:"id"`
	Links                   any `json:"links"`
	RegionUsageRestrictions any `json:"regionUsageRestrictions"`
}

// ProjectUpdate is the body that changes a project. What is nil stays.
type ProjectUpdate struct {
	Name                      *string      `json:"name"`
	Tags                      *[]atlas.Tag `json:"tags"` // replaces the whole list
	WithDefaultAlertsSettings *bool        `json:"withDefaultAlertsSettings"`
}

// Project is a project with the number of its clusters.
type Project struct {
	db.Project

	ClusterCount int64
}

func checkProjectName(name string) error {
	if !atlas.HasLength(name, 1, atlas.MaxName) || !projectName.MatchString(name) || strings.TrimSpace(name) != name {
		return atlas.NewError(atlas.CodeInvalidProjectName, name)
	}
	return nil
}

// encodeTags checks tags and writes them as they are kept.
func encodeTags(tags []atlas.Tag) ([]byte, error) {
	if tags == nil {
		tags = []atlas.Tag{}
	}
	if err := atlas.CheckTags(tags); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(tags)
	return encoded, atlas.Wrap(err, "encode tags")
}

// CreateProject adds a project to the caller's organization and makes the caller
// its owner. It returns an *atlas.Error for the first rule that the request breaks,
// NOT_ORG_GROUP_CREATOR if the caller may not create projects there,
// GROUP_ALREADY_EXISTS if the name is taken and MAX_GROUPS_PER_ORG_EXCEEDED if
// the organization is full.
func (s *Service) CreateProject(ctx context.Context, p *atlas.Principal, req ProjectRequest) (Project, error) {
	row, creator, err := s.projectRow(p, req)
	if err != nil {
		return Project{}, err
	}
	return write.Do(ctx, s.pool, creator, func(tx pgx.Tx) (project Project, err error) {
		if err := write.LockOrg(ctx, tx, row.OrgID); err != nil {
			return project, err
		}
		count, err := s.q.CountProjects(ctx, tx, row.OrgID)
		if err != nil {
			return project, fmt.Errorf("count projects: %w", err)
		}
		if count >= maxProjects {
			return project, atlas.NewError(atlas.CodeMaxProjectsExceeded, strconv.Itoa(maxProjects), row.OrgID.String()).
				Fact("projects", strconv.FormatInt(count, 10), "fewer than "+strconv.Itoa(maxProjects))
		}
		project.Project, err = s.q.InsertProject(ctx, tx, row)
		if write.IsViolation(err, projectsNameKey) {
			return project, atlas.NewError(atlas.CodeProjectAlreadyExists, row.Name)
		}
		if err != nil {
			return project, fmt.Errorf("insert project: %w", err)
		}
		err = write.Grant(ctx, tx, atlas.Scope{OrgID: row.OrgID, ProjectID: &row.ID}, p.ID(),
			[]db.ProjectRole{db.ProjectRoleGROUPOWNER})
		if write.IsViolation(err, projectGrantsPrincipalFkey) {
			err = atlas.NewError(atlas.CodeUserUnauthorized) // the caller was deleted meanwhile
		}
		if err != nil {
			return project, err
		}
		return project, event.Write(ctx, tx, event.By(s.env, creator).InBoth(row.ID, event.ProjectCreated, event.Details{}))
	})
}

// The constraints whose violation is an answer and not a fault.
const (
	projectsNameKey            = "projects_org_id_name_key"
	projectGrantsPrincipalFkey = "project_role_grants_org_id_principal_id_fkey"
)

// projectRow returns what is to be inserted, and the proof that the caller may.
func (s *Service) projectRow(
	p *atlas.Principal, req ProjectRequest,
) (row db.InsertProjectParams, creator atlas.ProjectCreator, err error) {
	switch {
	case req.Name == nil:
		return row, creator, atlas.NewError(atlas.CodeMissingAttribute, "name")
	case req.OrgID == nil:
		return row, creator, atlas.NewError(atlas.CodeMissingAttribute, "orgId")
	}
	if creator, err = p.ProjectCreator(*req.OrgID); err != nil {
		return row, creator, err
	}
	if err := checkProjectName(*req.Name); err != nil {
		return row, creator, err
	}
	if row.Tags, err = encodeTags(req.Tags); err != nil {
		return row, creator, err
	}
	row.CreatedAt = p.Now()
	row.ID = s.env.NewID(row.CreatedAt)
	row.OrgID, row.Name = creator.OrgID(), *req.Name
	row.WithDefaultAlertsSettings = req.WithDefaultAlertsSettings == nil || *req.WithDefaultAlertsSettings
	return row, creator, nil
}

// ListProjects returns one page of the projects that the caller has a role on
// and whose name begins with prefix, in whatever case, by name in byte order.
func (s *Service) ListProjects(
	ctx context.Context, p *atlas.Principal, prefix string, page atlas.Page,
) (atlas.List[Project], error) {
	return atlas.NewList("projects", page, func(limit int32, offset int64) ([]db.ListProjectsRow, error) {
		return s.q.ListProjects(ctx, s.pool, db.ListProjectsParams{
			OrgID:        p.OrgID(),
			EveryProject: p.EveryProject(),
			PrincipalID:  p.ID(),
			NamePrefix:   plainText(prefix),
			Now:          p.Now(),
			RowLimit:     limit,
			RowOffset:    offset,
		})
	}, func(row db.ListProjectsRow) (Project, int64) {
		return Project{row.Project, row.ClusterCount}, row.TotalCount
	})
}

// ListProjectNames returns the names of those projects that there are in the caller's
// organization, whoever may look at them.
func (s *Service) ListProjectNames(
	ctx context.Context, p *atlas.Principal, projects []objectid.ID,
) (map[objectid.ID]string, error) {
	rows, err := s.q.ListProjectNames(ctx, s.pool, db.ListProjectNamesParams{
		OrgID: p.OrgID(), ProjectIDs: objectid.Strings(projects),
	})
	names := make(map[objectid.ID]string, len(rows))
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	return names, atlas.Wrap(err, "list names of projects")
}

// GetProject returns the project. It returns GROUP_NOT_FOUND if it was deleted
// meanwhile.
func (s *Service) GetProject(ctx context.Context, project atlas.ProjectReader) (Project, error) {
	return s.getProject(ctx, s.pool, project.ProjectID(), project.Now())
}

func (s *Service) getProject(ctx context.Context, conn db.DBTX, id objectid.ID, now time.Time) (Project, error) {
	row, err := s.q.GetProject(ctx, conn, db.GetProjectParams{ProjectID: id, Now: now})
	return Project{row.Project, row.ClusterCount}, atlas.WrapMissing(err, "get project", projectNotFound(id))
}

// GetProjectByName returns the project of the caller's organization with that
// very name. It returns NOT_IN_GROUP if there is none or the caller has no role
// on it: the answer does not tell which.
func (s *Service) GetProjectByName(ctx context.Context, p *atlas.Principal, name string) (Project, error) {
	row, err := s.q.GetProjectByName(ctx, s.pool, db.GetProjectByNameParams{
		OrgID:        p.OrgID(),
		Name:         plainText(name),
		EveryProject: p.EveryProject(),
		PrincipalID:  p.ID(),
		Now:          p.Now(),
	})
	return Project{row.Project, row.ClusterCount},
		atlas.WrapMissing(err, "get project by name", atlas.NewError(atlas.CodeNotInProject))
}

// UpdateProject changes the project and returns it. It returns an *atlas.Error for the
// first rule that the request breaks, and GROUP_ALREADY_EXISTS if the name is
// taken.
func (s *Service) UpdateProject(
	ctx context.Context, project atlas.ProjectOwner, update ProjectUpdate,
) (Project, error) {
	row := db.UpdateProjectParams{
		ProjectID:                 project.ProjectID(),
		Name:                      update.Name,
		WithDefaultAlertsSettings: update.WithDefaultAlertsSettings,
	}
	if update.Name != nil {
		if err := checkProjectName(*update.Name); err != nil {
			return Project{}, err
		}
	}
	if update.Tags != nil {
		var err error
		if row.Tags, err = encodeTags(*update.Tags); err != nil {
			return Project{}, err
		}
	}
	updated, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (Project, error) {
		id, err := s.q.UpdateProject(ctx, tx, row)
		if err != nil {
			return Project{}, err
		}
		if row.Tags != nil {
			err := event.Write(ctx, tx, event.By(s.env, project).InBoth(id, event.ProjectTagsModified,
				event.Details{ResourceID: id.String(), ResourceType: "project"}))
			if err != nil {
				return Project{}, err
			}
		}
		return s.getProject(ctx, tx, id, project.Now())
	})
	if write.IsViolation(err, projectsNameKey) {
		return Project{}, atlas.NewError(atlas.CodeProjectAlreadyExists, *update.Name)
	}
	return updated, atlas.WrapMissing(err, "update project", projectNotFound(project.ProjectID()))
}

// DeleteProject removes the project and all that it owns. Whoever adds something
// to it at the same moment is waited for, and is then removed, too, or finds
// the project gone. It returns CANNOT_CLOSE_GROUP_ACTIVE_ATLAS_CLUSTERS if the project
// has a cluster, in whatever state.
func (s *Service) DeleteProject(ctx context.Context, project atlas.ProjectOwner) error {
	ctx, cancel := dbpool.Long(ctx)
	defer cancel()
	id := project.ProjectID()
	// Whoever is refused waits for nobody.
	there, err := s.getProject(ctx, s.pool, id, project.Now())
	if err != nil {
		return err
	}
	if there.ClusterCount > 0 {
		return atlas.NewError(atlas.CodeProjectHasClusters).Fact("project", id.String(), "").
			Fact("clusterCount", strconv.FormatInt(there.ClusterCount, 10), "0")
	}
	err = write.Begin(ctx, s.pool, project, func(tx pgx.Tx) error {
		if _, err := s.q.GetProjectForUpdate(ctx, tx, id); err != nil {
			return atlas.WrapMissing(err, "lock project", projectNotFound(id))
		}
		if _, err := s.q.ListAccessRolesForUpdate(ctx, tx, id); err != nil {
			return fmt.Errorf("lock access roles: %w", err)
		}
		for _, table := range ownedTables {
			if err := table.deleteAll(s.q, ctx, tx, id); err != nil {
				return fmt.Errorf("delete %s: %w", table.name, err)
			}
		}
		// Late: whoever is to lose a role on the project waits for no more than the end.
		_, err := s.q.ListProjectRoleGrantsForUpdate(ctx, tx, db.ListProjectRoleGrantsForUpdateParams{
			OrgID: project.Caller().OrgID(), ProjectID: &id,
		})
		if err != nil {
			return fmt.Errorf("lock role grants: %w", err)
		}
		err = event.Write(ctx, tx, event.By(s.env, project).InBoth(id, event.ProjectDeleted, event.Details{}))
		if err != nil {
			return err
		}
		// And what was told while the grants were waited for. The organization keeps its part.
		if err := s.q.DeleteProjectEvents(ctx, tx, id); err != nil {
			return fmt.Errorf("delete events: %w", err)
		}
		return atlas.Wrap(s.q.DeleteProject(ctx, tx, id), "delete project")
	})
	if write.IsViolation(err, clustersProjectFkey) || write.IsViolation(err, schedulesBucketFkey) {
		return atlas.NewError(atlas.CodeProjectHasClusters)
	}
	return err
}

// What is broken by the deletion of a project that has clusters: the schedule of one may
// export to a bucket, which goes before the project.
const (
	clustersProjectFkey = "clusters_project_id_fkey"
	schedulesBucketFkey = "backup_schedules_project_id_export_bucket_id_fkey"
)

// ownedTables are the tables whose rows go with their project, in the order in
// which they are deleted, but for those whose foreign key to the project says ON
// DELETE CASCADE. A foreign key would cost each new export bucket a look at its
// project. A test looks for tables that are in neither place.
var ownedTables = []struct {
	name      string
	deleteAll func(q *db.Queries, ctx context.Context, tx db.DBTX, projectID objectid.ID) error
}{
	{"export_buckets", (*db.Queries).DeleteProjectExportBuckets},
	{"cloud_provider_access_roles", (*db.Queries).DeleteProjectAccessRoles},
	{"project_events", (*db.Queries).DeleteProjectEvents},
}

func projectNotFound(id objectid.ID) *atlas.Error {
	return atlas.NewError(atlas.CodeProjectNotFound, id.String())
}

// plainText leaves out what Postgres takes for no text, and what no name has.
func plainText(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
}
