package atlas

import (
	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// This file is the one table of who may do what in an organization and on a
// project.

// Proof is what the methods of a Principal return to who may do something. A
// Principal proves of itself that it has valid credentials.
type Proof interface {
	// Caller returns who is calling.
	Caller() *Principal
}

// Caller returns the principal itself.
func (p *Principal) Caller() *Principal { return p }

// proof is what all proofs are made of. The zero value proves nothing.
type proof struct {
	principal *Principal
}

// Caller returns who is calling. It panics if no principal made the proof.
func (p proof) Caller() *Principal {
	if p.principal == nil {
		panic("atlas: a proof that no principal made")
	}
	return p.principal
}

// orgProof is a proof for the principal's organization.
type orgProof struct{ proof }

// OrgID returns the id of the organization.
func (p orgProof) OrgID() objectid.ID { return p.Caller().OrgID() }

// projectProof is a proof for the project that the request names.
type projectProof struct{ proof }

// ProjectID returns the id of the project.
func (p projectProof) ProjectID() objectid.ID { return p.Caller().projectID }

// credentialProof is a proof for the credentials of an organization or, if the
// request names a project, those that have a role on it.
type credentialProof struct{ proof }

// Scope returns the organization, or the project that the request names.
func (p credentialProof) Scope() Scope {
	scope := Scope{OrgID: p.Caller().OrgID()}
	if p.principal.facts.Project != "" {
		scope.ProjectID = &p.principal.projectID
	}
	return scope
}

type (
	// OrgReader proves that the caller belongs to the organization that the
	// request names. Every role there may read.
	OrgReader struct{ orgProof }
	// OrgOwner proves that the caller owns the organization that the request
	// names.
	OrgOwner struct{ orgProof }

	// CredentialReader proves that the caller may read the API keys and service
	// accounts of an organization or, if the request names a project, those that
	// have a role on it.
	CredentialReader struct{ credentialProof }
	// CredentialOwner proves that the caller may change what a CredentialReader
	// may read.
	CredentialOwner struct{ credentialProof }
	// ServiceAccountInviter proves that the caller may assign the service accounts
	// of an organization to the project that the request names.
	ServiceAccountInviter struct{ credentialProof }

	// ProjectReader proves that the caller has a role on the project that the
	// request names. Every role may read.
	ProjectReader struct{ projectProof }
	// ProjectOwner proves that the caller owns the project that the request names.
	ProjectOwner struct{ projectProof }
	// BackupWriter proves that the caller may change the export buckets of the
	// project that the request names.
	BackupWriter struct{ projectProof }
)

// OwnsOrg reports whether the caller owns the organization as well, if it is a
// project that it was proved for.
func (o CredentialOwner) OwnsOrg() bool {
	return o.Caller().HasOrgRole(db.OrgRoleORGOWNER)
}

// OrgReader returns ORG_NOT_FOUND or USER_UNAUTHORIZED if the caller does not
// belong to the organization that the request names.
func (p *Principal) OrgReader() (OrgReader, error) {
	if !p.facts.OrgExists {
		return OrgReader{}, NewError(CodeOrgNotFound, p.facts.Org)
	}
	if !p.NamesOwnOrg() || len(p.facts.OrgRoles) == 0 {
		return OrgReader{}, NewError(CodeUserUnauthorized)
	}
	return OrgReader{orgProof{proof{p}}}, nil
}

// OrgOwner returns ORG_NOT_FOUND or USER_UNAUTHORIZED if the caller does not own
// the organization that the request names.
func (p *Principal) OrgOwner() (OrgOwner, error) {
	if _, err := p.OrgReader(); err != nil {
		return OrgOwner{}, err
	}
	if !p.HasOrgRole(db.OrgRoleORGOWNER) {
		return OrgOwner{}, NewError(CodeUserUnauthorized)
	}
	return OrgOwner{orgProof{proof{p}}}, nil
}

// CredentialReader returns what ProjectReader does if the request names a
// project, and what OrgReader does if it names an organization.
func (p *Principal) CredentialReader() (CredentialReader, error) {
	_, inOrg := p.OrgReader()
	_, onProject := p.ProjectReader()
	proved, err := p.credentialProof(inOrg, onProject)
	return CredentialReader{proved}, err
}

// CredentialOwner returns what ProjectOwner does if the request names a project,
// and what OrgOwner does if it names an organization.
func (p *Principal) CredentialOwner() (CredentialOwner, error) {
	_, inOrg := p.OrgOwner()
	_, onProject := p.ProjectOwner()
	proved, err := p.credentialProof(inOrg, onProject)
	return CredentialOwner{proved}, err
}

// credentialProof returns one of two refusals, whichever is for what the request
// names, if that is not nil.
func (p *Principal) credentialProof(inOrg, onProject error) (credentialProof, error) {
	err := inOrg
	if p.facts.Project != "" {
		err = onProject
	}
	if err != nil {
		return credentialProof{}, err
	}
	return credentialProof{proof{p}}, nil
}

// ServiceAccountInviter returns what ProjectOwner does, and USER_UNAUTHORIZED if
// the caller does not own the project's organization.
func (p *Principal) ServiceAccountInviter() (ServiceAccountInviter, error) {
	owner, err := p.CredentialOwner()
	if err != nil {
		return ServiceAccountInviter{}, err
	}
	if !owner.OwnsOrg() {
		return ServiceAccountInviter{}, NewError(CodeUserUnauthorized)
	}
	return ServiceAccountInviter(owner), nil
}

// ProjectReader returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED
// if the caller has no role on the project that the request names.
func (p *Principal) ProjectReader() (ProjectReader, error) {
	proved, err := p.projectProof(len(p.projectRoles) > 0)
	return ProjectReader{proved}, err
}

// ProjectOwner returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED
// if the caller does not own the project that the request names.
func (p *Principal) ProjectOwner() (ProjectOwner, error) {
	proved, err := p.projectProof(p.hasProjectRole(db.ProjectRoleGROUPOWNER))
	return ProjectOwner{proved}, err
}

// BackupWriter returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED
// if the caller may not change the export buckets of the project that the
// request names.
func (p *Principal) BackupWriter() (BackupWriter, error) {
	proved, err := p.projectProof(p.hasProjectRole(db.ProjectRoleGROUPOWNER) ||
		p.facts.BackupManagersWrite && p.hasProjectRole(db.ProjectRoleGROUPBACKUPMANAGER))
	return BackupWriter{proved}, err
}

// projectProof refuses what is no project's id, a project that does not exist,
// and a caller who may not.
func (p *Principal) projectProof(may bool) (projectProof, error) {
	if _, err := objectid.Parse(p.facts.Project); err != nil {
		return projectProof{}, NewError(CodeInvalidProjectID, p.facts.Project)
	}
	if !p.facts.ProjectExists {
		return projectProof{}, NewError(CodeProjectNotFound, p.facts.Project)
	}
	if !may {
		return projectProof{}, NewError(CodeUserUnauthorized)
	}
	return projectProof{proof{p}}, nil
}
