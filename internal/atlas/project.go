package atlas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// maxProjects is how many projects an organization can have.
const maxProjects = 250

// projectName is Atlas' pattern for the names of projects, which have 1 to 64
// characters. Blanks, which projects of Atlas have, are added to it. The length
// is not in it: 64 copies of all letters take 18 ms to compile, and 2.7 MB.
var projectName = regexp.MustCompile(`^[\p{L}\p{N}\-_.(),:&@+' ]+$`)

// Tag is a key and a value that a project is marked with, each of 1 to 255
// characters.
type Tag struct {
	Key   *string `json:"key"`
	Value *string `json:"value"`
}

// ProjectRequest is the body that creates a project. A field is nil if the body
// lacks it or says null.
type ProjectRequest struct {
	Name                      *string `json:"name"`  // required
	OrgID                     *string `json:"orgId"` // required
	Tags                      []Tag   `json:"tags"`
	WithDefaultAlertsSettings *bool   `json:"withDefaultAlertsSettings"` // true if left out

	// What clients of Atlas send along, of any type; ignored.
	ClusterCount            any `json:"clusterCount"`
	Created                 any `json:"created"`
	ID                      any `json:"id"`
	Links                   any `json:"links"`
	RegionUsageRestrictions any `json:"regionUsageRestrictions"`
}

// ProjectUpdate is the body that changes a project. What is nil stays.
type ProjectUpdate struct {
	Name                      *string `json:"name"`
	Tags                      *[]Tag  `json:"tags"` // replaces the whole list
	WithDefaultAlertsSettings *bool   `json:"withDefaultAlertsSettings"`
}

func checkProjectName(name string) error {
	if utf8.RuneCountInString(name) > 64 || !projectName.MatchString(name) || strings.TrimSpace(name) != name {
		return NewError(CodeInvalidProjectName, name)
	}
	return nil
}

// encodeTags checks tags and writes them as they are kept.
func encodeTags(tags []Tag) ([]byte, error) {
	if tags == nil {
		tags = []Tag{}
	}
	for _, tag := range tags {
		if err := checkTagText("key", tag.Key); err != nil {
			return nil, err
		}
		if err := checkTagText("value", tag.Value); err != nil {
			return nil, err
		}
	}
	encoded, err := json.Marshal(tags)
	if err != nil {
		return nil, fmt.Errorf("encode tags: %w", err)
	}
	return encoded, nil
}

func checkTagText(name string, text *string) error {
	if text == nil {
		return NewError(CodeMissingAttribute, name)
	}
	// Postgres keeps no zero characters.
	if n := utf8.RuneCountInString(*text); n < 1 || n > 255 || strings.ContainsRune(*text, 0) {
		return NewError(CodeValidation, "the "+name+" of a tag must have 1 to 255 characters")
	}
	return nil
}

// CreateProject adds a project to the caller's organization and makes the caller
// its owner. It returns an *Error for the first rule that the request breaks,
// NOT_ORG_GROUP_CREATOR if the caller may not create projects there,
// GROUP_ALREADY_EXISTS if the name is taken and MAX_GROUPS_PER_ORG_EXCEEDED if
// the organization is full.
func (s *Service) CreateProject(ctx context.Context, p Principal, req ProjectRequest) (db.Project, error) {
	row, err := s.projectRow(p, req)
	if err != nil {
		return db.Project{}, err
	}
	var project db.Project
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := s.q.GetOrgForNoKeyUpdate(ctx, tx, row.OrgID); err != nil {
			return fmt.Errorf("get organization: %w", err)
		}
		count, err := s.q.CountProjects(ctx, tx, db.CountProjectsParams{OrgID: row.OrgID, EveryProject: true})
		if err != nil {
			return fmt.Errorf("count projects: %w", err)
		}
		if count >= maxProjects {
			return NewError(CodeMaxProjectsExceeded, strconv.Itoa(maxProjects), row.OrgID.String())
		}
		project, err = s.q.InsertProject(ctx, tx, row)
		if isViolation(err, projectsNameKey) {
			return NewError(CodeProjectAlreadyExists, row.Name)
		}
		if err != nil {
			return fmt.Errorf("insert project: %w", err)
		}
		err = s.q.InsertProjectRoleGrant(ctx, tx, db.InsertProjectRoleGrantParams{
			ProjectID:   project.ID,
			PrincipalID: p.ID,
			Role:        db.ProjectRoleGROUPOWNER,
			OrgID:       project.OrgID,
		})
		if isViolation(err, projectRoleGrantsPrincipalFkey) {
			return NewError(CodeUserUnauthorized) // the caller was deleted meanwhile
		}
		if err != nil {
			return fmt.Errorf("insert project role grant: %w", err)
		}
		return nil
	})
	return project, err
}

func (s *Service) projectRow(p Principal, req ProjectRequest) (db.InsertProjectParams, error) {
	row := db.InsertProjectParams{CreatedAt: s.now(), WithDefaultAlertsSettings: true}
	switch {
	case req.Name == nil:
		return row, NewError(CodeMissingAttribute, "name")
	case req.OrgID == nil:
		return row, NewError(CodeMissingAttribute, "orgId")
	}
	if _, err := objectid.Parse(*req.OrgID); err != nil {
		return row, NewError(CodeInvalidAttribute, "orgId")
	}
	if *req.OrgID != p.OrgID.String() || !p.hasOrgRole(db.OrgRoleORGOWNER) && !p.hasOrgRole(db.OrgRoleORGGROUPCREATOR) {
		return row, NewError(CodeNotOrgProjectCreator, *req.OrgID)
	}
	if err := checkProjectName(*req.Name); err != nil {
		return row, err
	}
	tags, err := encodeTags(req.Tags)
	if err != nil {
		return row, err
	}
	row.ID = s.cfg.NewID(row.CreatedAt)
	row.OrgID, row.Name, row.Tags = p.OrgID, *req.Name, tags
	if req.WithDefaultAlertsSettings != nil {
		row.WithDefaultAlertsSettings = *req.WithDefaultAlertsSettings
	}
	return row, nil
}

// ListProjects returns one page of the projects that the caller has a role on
// and whose name begins with prefix, in whatever case, by name in byte order.
func (s *Service) ListProjects(ctx context.Context, p Principal, prefix string, page Page) (List[db.Project], error) {
	return s.listProjects(ctx, db.CountProjectsParams{
		OrgID:        p.OrgID,
		EveryProject: p.everyProject(),
		PrincipalID:  p.ID,
		NamePrefix:   plainText(prefix),
	}, page)
}

func (s *Service) listProjects(ctx context.Context, which db.CountProjectsParams, page Page) (List[db.Project], error) {
	var list List[db.Project]
	projects, err := s.q.ListProjects(ctx, s.pool, db.ListProjectsParams{
		OrgID:        which.OrgID,
		EveryProject: which.EveryProject,
		PrincipalID:  which.PrincipalID,
		NamePrefix:   which.NamePrefix,
		RowLimit:     page.limit(),
		RowOffset:    page.offset(),
	})
	if err != nil {
		return list, fmt.Errorf("list projects: %w", err)
	}
	list.Items, list.More = cut(page, projects)
	if !page.Count {
		return list, nil
	}
	count, err := s.q.CountProjects(ctx, s.pool, which)
	if err != nil {
		return list, fmt.Errorf("count projects: %w", err)
	}
	list.TotalCount = &count
	return list, nil
}

// GetProject returns the project. It returns GROUP_NOT_FOUND if it was deleted
// meanwhile.
func (s *Service) GetProject(ctx context.Context, project ProjectReader) (db.Project, error) {
	row, err := s.q.GetProject(ctx, s.pool, project.projectID)
	if err != nil {
		return row, projectError(err, project.projectID, "get project")
	}
	return row, nil
}

// GetProjectByName returns the project of the caller's organization with that
// very name. It returns NOT_IN_GROUP if there is none or the caller has no role
// on it: the answer does not tell which.
func (s *Service) GetProjectByName(ctx context.Context, p Principal, name string) (db.Project, error) {
	row, err := s.q.GetProjectByName(ctx, s.pool, db.GetProjectByNameParams{
		OrgID:        p.OrgID,
		Name:         plainText(name),
		EveryProject: p.everyProject(),
		PrincipalID:  p.ID,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return row, NewError(CodeNotInProject)
	}
	if err != nil {
		return row, fmt.Errorf("get project by name: %w", err)
	}
	return row, nil
}

// UpdateProject changes the project and returns it. It returns an *Error for the
// first rule that the request breaks, and GROUP_ALREADY_EXISTS if the name is
// taken.
func (s *Service) UpdateProject(ctx context.Context, project ProjectOwner, update ProjectUpdate) (db.Project, error) {
	row := db.UpdateProjectParams{
		ProjectID:                 project.projectID,
		Name:                      update.Name,
		WithDefaultAlertsSettings: update.WithDefaultAlertsSettings,
	}
	if update.Name != nil {
		if err := checkProjectName(*update.Name); err != nil {
			return db.Project{}, err
		}
	}
	if update.Tags != nil {
		var err error
		if row.Tags, err = encodeTags(*update.Tags); err != nil {
			return db.Project{}, err
		}
	}
	updated, err := s.q.UpdateProject(ctx, s.pool, row)
	if isViolation(err, projectsNameKey) {
		return db.Project{}, NewError(CodeProjectAlreadyExists, *update.Name)
	}
	if err != nil {
		return db.Project{}, projectError(err, project.projectID, "update project")
	}
	return updated, nil
}

// DeleteProject removes the project and all that it owns. Whoever adds something
// to it at the same moment is waited for, and is then removed, too, or finds
// the project gone.
func (s *Service) DeleteProject(ctx context.Context, project ProjectOwner) error {
	id := project.projectID
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := s.q.GetProjectForUpdate(ctx, tx, id); err != nil {
			return projectError(err, id, "get project")
		}
		if _, err := s.q.ListAccessRolesForUpdate(ctx, tx, id); err != nil {
			return fmt.Errorf("hold access roles: %w", err)
		}
		if err := s.q.DeleteProjectExportBuckets(ctx, tx, id); err != nil {
			return fmt.Errorf("delete export buckets: %w", err)
		}
		if err := s.q.DeleteProjectAccessRoles(ctx, tx, id); err != nil {
			return fmt.Errorf("delete access roles: %w", err)
		}
		if err := s.q.DeleteProject(ctx, tx, id); err != nil {
			return fmt.Errorf("delete project: %w", err)
		}
		return nil
	})
}

// projectError translates that a project is gone.
func projectError(err error, id objectid.ID, doing string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return NewError(CodeProjectNotFound, id.String())
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// plainText leaves out what Postgres takes for no text, and what no name has.
func plainText(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
}
