package atlas

import (
	"slices"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// This file is the one table of who may do what in an organization and on a
// project.

// OrgReader proves that the caller belongs to an organization. Every role there
// may read.
type OrgReader struct {
	orgID objectid.ID
}

// OrgOwner proves that the caller owns an organization.
type OrgOwner struct {
	orgID objectid.ID
}

// CredentialReader proves that the caller may read the API keys and service
// accounts of an organization or, if the request names a project, those that
// have a role on it.
type CredentialReader struct {
	scope
}

// CredentialOwner proves that the caller may change what a CredentialReader may
// read.
type CredentialOwner struct {
	scope
	ownsOrg bool // of the scope; always, if that is no project
}

// ServiceAccountInviter proves that the caller may assign the service accounts
// of an organization to the project that the request names.
type ServiceAccountInviter struct {
	scope
}

// scope is an organization, or one of its projects.
type scope struct {
	orgID     objectid.ID
	projectID *objectid.ID
}

// ProjectReader proves that the caller has a role on a project. Every role may
// read.
type ProjectReader struct {
	projectID objectid.ID
}

// ProjectOwner proves that the caller owns a project.
type ProjectOwner struct {
	projectID objectid.ID
}

// BackupWriter proves that the caller may change a project's export buckets.
type BackupWriter struct {
	projectID objectid.ID
}

// Project returns the project that the request names, if there is one that the
// caller has a role on.
func (p Principal) Project() (objectid.ID, bool) {
	return p.projectID, len(p.projectRoles) > 0
}

// NamesOwnOrg says whether the request names the caller's organization.
func (p Principal) NamesOwnOrg() bool {
	return p.org == p.OrgID.String()
}

// OrgReader returns ORG_NOT_FOUND or USER_UNAUTHORIZED if the caller does not
// belong to the organization that the request names.
func (s *Service) OrgReader(p Principal) (OrgReader, error) {
	if !p.orgExists {
		return OrgReader{}, NewError(CodeOrgNotFound, p.org)
	}
	if !p.NamesOwnOrg() || len(p.orgRoles) == 0 {
		return OrgReader{}, NewError(CodeUserUnauthorized)
	}
	return OrgReader{p.OrgID}, nil
}

// OrgOwner returns ORG_NOT_FOUND or USER_UNAUTHORIZED if the caller does not own
// the organization that the request names.
func (s *Service) OrgOwner(p Principal) (OrgOwner, error) {
	org, err := s.OrgReader(p)
	if err != nil {
		return OrgOwner{}, err
	}
	if !p.hasOrgRole(db.OrgRoleORGOWNER) {
		return OrgOwner{}, NewError(CodeUserUnauthorized)
	}
	return OrgOwner(org), nil
}

// CredentialReader returns what ProjectReader does if the request names a
// project, and what OrgReader does if it names an organization.
func (s *Service) CredentialReader(p Principal) (CredentialReader, error) {
	if p.project == "" {
		org, err := s.OrgReader(p)
		return CredentialReader{scope{orgID: org.orgID}}, err
	}
	project, err := s.ProjectReader(p)
	return CredentialReader{scope{orgID: p.OrgID, projectID: &project.projectID}}, err
}

// CredentialOwner returns what ProjectOwner does if the request names a project,
// and what OrgOwner does if it names an organization.
func (s *Service) CredentialOwner(p Principal) (CredentialOwner, error) {
	if p.project == "" {
		org, err := s.OrgOwner(p)
		return CredentialOwner{scope: scope{orgID: org.orgID}, ownsOrg: err == nil}, err
	}
	project, err := s.ProjectOwner(p)
	return CredentialOwner{
		scope:   scope{orgID: p.OrgID, projectID: &project.projectID},
		ownsOrg: err == nil && p.hasOrgRole(db.OrgRoleORGOWNER),
	}, err
}

// ServiceAccountInviter returns what ProjectOwner does, and USER_UNAUTHORIZED if
// the caller does not own the project's organization.
func (s *Service) ServiceAccountInviter(p Principal) (ServiceAccountInviter, error) {
	owner, err := s.CredentialOwner(p)
	if err != nil {
		return ServiceAccountInviter{}, err
	}
	if !owner.ownsOrg {
		return ServiceAccountInviter{}, NewError(CodeUserUnauthorized)
	}
	return ServiceAccountInviter{owner.scope}, nil
}

// ProjectReader returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED
// if the caller has no role on the project that the request names.
func (s *Service) ProjectReader(p Principal) (ProjectReader, error) {
	if err := p.checkProject(); err != nil {
		return ProjectReader{}, err
	}
	if len(p.projectRoles) == 0 {
		return ProjectReader{}, NewError(CodeUserUnauthorized)
	}
	return ProjectReader{p.projectID}, nil
}

// ProjectOwner returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED
// if the caller does not own the project that the request names.
func (s *Service) ProjectOwner(p Principal) (ProjectOwner, error) {
	if err := p.checkProject(); err != nil {
		return ProjectOwner{}, err
	}
	if !p.hasRole(db.ProjectRoleGROUPOWNER) {
		return ProjectOwner{}, NewError(CodeUserUnauthorized)
	}
	return ProjectOwner{p.projectID}, nil
}

// BackupWriter returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED
// if the caller may not change the export buckets of the project that the
// request names.
func (s *Service) BackupWriter(p Principal) (BackupWriter, error) {
	if err := p.checkProject(); err != nil {
		return BackupWriter{}, err
	}
	if p.hasRole(db.ProjectRoleGROUPOWNER) ||
		s.cfg.BackupManagersWrite && p.hasRole(db.ProjectRoleGROUPBACKUPMANAGER) {
		return BackupWriter{p.projectID}, nil
	}
	return BackupWriter{}, NewError(CodeUserUnauthorized)
}

// everyProject says whether the caller has a role on every project of its
// organization.
func (p Principal) everyProject() bool {
	return p.hasOrgRole(db.OrgRoleORGOWNER) || p.hasOrgRole(db.OrgRoleORGREADONLY)
}

func (p Principal) hasOrgRole(role db.OrgRole) bool {
	return slices.Contains(p.orgRoles, role)
}

func (p Principal) hasRole(role db.ProjectRole) bool {
	return slices.Contains(p.projectRoles, role)
}

// checkProject refuses a project id that is none, and a project that does not
// exist.
func (p Principal) checkProject() error {
	if _, err := objectid.Parse(p.project); err != nil {
		return NewError(CodeInvalidProjectID, p.project)
	}
	if p.projectOrgID == nil {
		return NewError(CodeProjectNotFound, p.project)
	}
	return nil
}
