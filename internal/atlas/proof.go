package atlas

import (
	"context"
	"slices"
	"strings"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// This file is the one table of who may do what in an organization and on a
// project.

// Proof is what the methods of a Principal return to who may do something. A
// Principal proves of itself that it has valid credentials. There are no other
// proofs, and none can be converted into another.
type Proof interface {
	// Caller returns who is calling.
	Caller() *Principal
	// Renew finds the caller anew on a connection and proves the same of it. It
	// returns the refusal of a caller who may not any longer.
	Renew(ctx context.Context, conn db.DBTX) error

	proves()
}

// Caller returns the principal itself.
func (p *Principal) Caller() *Principal { return p }

// Renew does what Proof says.
func (p *Principal) Renew(ctx context.Context, conn db.DBTX) error {
	return p.renew(ctx, conn, func(*Principal) error { return nil })
}

// renew finds the principal anew. If that proves the same, it is what was found from
// then on. It returns ErrUnavailable if the organization's clock was turned back meanwhile:
// what was to be written has the time of before.
func (p *Principal) renew(ctx context.Context, conn db.DBTX, prove func(*Principal) error) error {
	found, err := p.facts.Find(ctx, conn)
	if err != nil {
		return err
	}
	if err := prove(found); err != nil {
		return err
	}
	if found.Now().Before(p.Now()) {
		return ErrUnavailable
	}
	*p = *found
	return nil
}

func (p *Principal) proves() {}

// proof is what all proofs are made of. The zero value proves nothing.
type proof struct {
	principal *Principal
	prove     func(*Principal) error
}

// Caller returns who is calling, as a copy: what is written to it changes no
// proof. It panics if no principal made the proof.
func (p proof) Caller() *Principal { return new(*p.caller()) }

func (p proof) caller() *Principal {
	if p.principal == nil {
		panic("atlas: a proof that no principal made")
	}
	return p.principal
}

// Now is Principal.Now of the caller.
func (p proof) Now() time.Time { return p.caller().Now() }

// Renew does what Proof says.
func (p proof) Renew(ctx context.Context, conn db.DBTX) error {
	return p.caller().renew(ctx, conn, p.prove)
}

func (p proof) proves() {}

// refusal is the second result of a method that proves something.
func refusal[P any](_ P, err error) error { return err }

// orgProof is a proof for the principal's organization. Here and below K is the
// proof that embeds it, which tells it from the others.
type orgProof[K any] struct{ proof }

// OrgID returns the id of the organization.
func (p orgProof[K]) OrgID() objectid.ID { return p.caller().OrgID() }

// projectProof is a proof for the project that the request names.
type projectProof[K any] struct{ proof }

// ProjectID returns the id of the project.
func (p projectProof[K]) ProjectID() objectid.ID { return p.caller().projectID }

// Due reports whether something of the project was past its time when the request came
// in, and so the project has to be settled before it is looked at.
func (p projectProof[K]) Due() bool {
	dueAt := p.caller().facts.DueAt
	return dueAt != nil && !dueAt.After(p.Now())
}

// ProjectProof is a proof for a project, whatever the caller may do there.
type ProjectProof interface {
	Proof
	ProjectID() objectid.ID
	Now() time.Time
	Due() bool
}

// credentialProof is a proof for the credentials of an organization or, if the
// request names a project, those that have a role on it.
type credentialProof[K any] struct{ proof }

// Scope returns the organization, or the project that the request names.
func (p credentialProof[K]) Scope() Scope {
	scope := Scope{OrgID: p.caller().OrgID()}
	if p.principal.facts.Project != "" {
		scope.ProjectID = new(p.principal.projectID)
	}
	return scope
}

type (
	// OrgReader proves that the caller belongs to the organization that the
	// request names. Every role there may read.
	OrgReader struct{ orgProof[OrgReader] }
	// OrgOwner proves that the caller owns the organization that the request
	// names.
	OrgOwner struct{ orgProof[OrgOwner] }

	// ProjectCreator proves that the caller may add projects to its organization.
	ProjectCreator struct{ orgProof[ProjectCreator] }

	// CredentialReader proves that the caller may read the API keys and service
	// accounts of an organization or, if the request names a project, those that
	// have a role on it.
	CredentialReader struct {
		credentialProof[CredentialReader]
	}
	// CredentialOwner proves that the caller may change what a CredentialReader
	// may read.
	CredentialOwner struct {
		credentialProof[CredentialOwner]
	}
	// ServiceAccountInviter proves that the caller may assign the service accounts
	// of an organization to the project that the request names.
	ServiceAccountInviter struct {
		credentialProof[ServiceAccountInviter]
	}

	// ProjectReader proves that the caller has a role on the project that the
	// request names. Every role may read.
	ProjectReader struct{ projectProof[ProjectReader] }
	// ProjectOwner proves that the caller owns the project that the request names.
	ProjectOwner struct{ projectProof[ProjectOwner] }
	// BackupWriter proves that the caller may change the export buckets of the
	// project that the request names.
	BackupWriter struct{ projectProof[BackupWriter] }
	// ClusterWriter proves that the caller may add and change clusters of the project
	// that the request names.
	ClusterWriter struct{ projectProof[ClusterWriter] }
	// DatabaseUserWriter proves that the caller may change the database users of the
	// project that the request names.
	DatabaseUserWriter struct {
		projectProof[DatabaseUserWriter]
	}
	// SnapshotWriter proves that the caller may take, change and delete snapshots of the
	// project that the request names.
	SnapshotWriter struct{ projectProof[SnapshotWriter] }
	// ScheduleWriter proves that the caller may change the backup schedules of the project
	// that the request names, and export its snapshots.
	ScheduleWriter struct{ projectProof[ScheduleWriter] }
)

// OwnsOrg reports whether the caller owns the organization as well, if it is a
// project that it was proved for.
func (o CredentialOwner) OwnsOrg() bool {
	return o.caller().HasOrgRole(db.OrgRoleORGOWNER)
}

// OwnsProject reports whether the caller owns the project as well.
func (w ClusterWriter) OwnsProject() bool { return w.caller().hasProjectRole(db.ProjectRoleGROUPOWNER) }

// OrgReader returns INVALID_ORG_ID, ORG_NOT_FOUND or USER_UNAUTHORIZED if the caller
// does not belong to the organization that the request names.
func (p *Principal) OrgReader() (OrgReader, error) {
	if _, err := objectid.Parse(p.facts.Org); err != nil {
		return OrgReader{}, NewError(CodeInvalidOrgID, p.facts.Org)
	}
	if !p.facts.OrgExists {
		return OrgReader{}, NewError(CodeOrgNotFound, p.facts.Org)
	}
	if !p.NamesOwnOrg() {
		return OrgReader{}, NewError(CodeUserUnauthorized).Fact("organization", p.facts.Org, p.facts.OrgID.String())
	}
	if len(p.facts.OrgRoles) == 0 {
		return OrgReader{}, NewError(CodeUserUnauthorized).Fact("organizationRoles", joined(p.facts.OrgRoles), "a role")
	}
	again := func(p *Principal) error { return refusal(p.OrgReader()) }
	return OrgReader{orgProof[OrgReader]{proof{p, again}}}, nil
}

// OrgOwner returns INVALID_ORG_ID, ORG_NOT_FOUND or USER_UNAUTHORIZED if the caller
// does not own the organization that the request names.
func (p *Principal) OrgOwner() (OrgOwner, error) {
	if _, err := p.OrgReader(); err != nil {
		return OrgOwner{}, err
	}
	if !p.HasOrgRole(db.OrgRoleORGOWNER) {
		return OrgOwner{}, p.notOrgOwner()
	}
	again := func(p *Principal) error { return refusal(p.OrgOwner()) }
	return OrgOwner{orgProof[OrgOwner]{proof{p, again}}}, nil
}

func (p *Principal) notOrgOwner() error {
	return NewError(CodeUserUnauthorized).
		Fact("organizationRoles", joined(p.facts.OrgRoles), string(db.OrgRoleORGOWNER))
}

// ProjectCreator returns NOT_ORG_GROUP_CREATOR if the caller may not add projects to
// the organization of that id.
func (p *Principal) ProjectCreator(orgID objectid.ID) (ProjectCreator, error) {
	if orgID != p.OrgID() || !p.HasOrgRole(db.OrgRoleORGOWNER) && !p.HasOrgRole(db.OrgRoleORGGROUPCREATOR) {
		return ProjectCreator{}, NewError(CodeNotOrgProjectCreator, orgID.String()).
			Fact("callersOrganization", p.OrgID().String(), orgID.String()).
			Fact("organizationRoles", joined(p.facts.OrgRoles), "ORG_OWNER or ORG_GROUP_CREATOR")
	}
	again := func(p *Principal) error { return refusal(p.ProjectCreator(orgID)) }
	return ProjectCreator{orgProof[ProjectCreator]{proof{p, again}}}, nil
}

// CredentialReader returns what ProjectReader does if the request names a
// project, and what OrgReader does if it names an organization.
func (p *Principal) CredentialReader() (CredentialReader, error) {
	err := p.eitherRefusal(refusal(p.OrgReader()), refusal(p.ProjectReader()))
	if err != nil {
		return CredentialReader{}, err
	}
	again := func(p *Principal) error { return refusal(p.CredentialReader()) }
	return CredentialReader{credentialProof[CredentialReader]{proof{p, again}}}, nil
}

// CredentialOwner returns what ProjectOwner does if the request names a project,
// and what OrgOwner does if it names an organization.
func (p *Principal) CredentialOwner() (CredentialOwner, error) {
	err := p.eitherRefusal(refusal(p.OrgOwner()), refusal(p.ProjectOwner()))
	if err != nil {
		return CredentialOwner{}, err
	}
	again := func(p *Principal) error { return refusal(p.CredentialOwner()) }
	return CredentialOwner{credentialProof[CredentialOwner]{proof{p, again}}}, nil
}

// eitherRefusal returns the refusal for what the request names: an organization, or
// a project.
func (p *Principal) eitherRefusal(inOrg, onProject error) error {
	if p.facts.Project == "" {
		return inOrg
	}
	return onProject
}

// ServiceAccountInviter returns what ProjectOwner does, and USER_UNAUTHORIZED if
// the caller does not own the project's organization.
func (p *Principal) ServiceAccountInviter() (ServiceAccountInviter, error) {
	owner, err := p.CredentialOwner()
	if err != nil {
		return ServiceAccountInviter{}, err
	}
	if !owner.OwnsOrg() {
		return ServiceAccountInviter{}, p.notOrgOwner()
	}
	again := func(p *Principal) error { return refusal(p.ServiceAccountInviter()) }
	return ServiceAccountInviter{credentialProof[ServiceAccountInviter]{proof{p, again}}}, nil
}

// enough are roles on a project of which each is enough to do something.
type enough struct {
	roles []db.ProjectRole
	text  string
}

func oneOf(roles ...db.ProjectRole) enough { return enough{roles, joined(roles)} }

var (
	projectReaders       = oneOf(db.AllProjectRoleValues()...)
	projectOwners        = oneOf(db.ProjectRoleGROUPOWNER)
	backupManagers       = oneOf(db.ProjectRoleGROUPOWNER, db.ProjectRoleGROUPBACKUPMANAGER)
	clusterManagers      = oneOf(db.ProjectRoleGROUPOWNER, db.ProjectRoleGROUPCLUSTERMANAGER)
	snapshotManagers     = oneOf(append(clusterManagers.roles, db.ProjectRoleGROUPBACKUPMANAGER)...)
	databaseUserManagers = oneOf(db.ProjectRoleGROUPOWNER,
		db.ProjectRoleGROUPDATABASEACCESSADMIN, db.ProjectRoleGROUPSTREAMPROCESSINGOWNER)
)

// joined names roles in a fact.
func joined[R ~string](roles []R) string {
	switch len(roles) {
	case 0:
		return "none"
	case 1:
		return string(roles[0])
	}
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return strings.Join(names, ", ")
}

// ProjectReader returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED
// if the caller has no role on the project that the request names.
func (p *Principal) ProjectReader() (ProjectReader, error) {
	proved, err := proveProject[ProjectReader](p, projectReaders,
		func(p *Principal) error { return refusal(p.ProjectReader()) })
	return ProjectReader{proved}, err
}

// ProjectOwner returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED
// if the caller does not own the project that the request names.
func (p *Principal) ProjectOwner() (ProjectOwner, error) {
	proved, err := proveProject[ProjectOwner](p, projectOwners,
		func(p *Principal) error { return refusal(p.ProjectOwner()) })
	return ProjectOwner{proved}, err
}

// BackupWriter returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED
// if the caller may not change the export buckets of the project that the
// request names.
func (p *Principal) BackupWriter() (BackupWriter, error) {
	writers := projectOwners
	if p.facts.BackupManagersWrite {
		writers = backupManagers
	}
	proved, err := proveProject[BackupWriter](p, writers,
		func(p *Principal) error { return refusal(p.BackupWriter()) })
	return BackupWriter{proved}, err
}

// ClusterWriter returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED if the
// caller may not add and change clusters of the project that the request names. Atlas
// names finer roles, which nobody can be given.
func (p *Principal) ClusterWriter() (ClusterWriter, error) {
	proved, err := proveProject[ClusterWriter](p, clusterManagers,
		func(p *Principal) error { return refusal(p.ClusterWriter()) })
	return ClusterWriter{proved}, err
}

// DatabaseUserWriter returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED if the
// caller may not change the database users of the project that the request names.
func (p *Principal) DatabaseUserWriter() (DatabaseUserWriter, error) {
	proved, err := proveProject[DatabaseUserWriter](p, databaseUserManagers,
		func(p *Principal) error { return refusal(p.DatabaseUserWriter()) })
	return DatabaseUserWriter{proved}, err
}

// SnapshotWriter returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED if the
// caller may not take, change and delete snapshots of the project that the request names.
func (p *Principal) SnapshotWriter() (SnapshotWriter, error) {
	proved, err := proveProject[SnapshotWriter](p, snapshotManagers,
		func(p *Principal) error { return refusal(p.SnapshotWriter()) })
	return SnapshotWriter{proved}, err
}

// ScheduleWriter returns INVALID_GROUP_ID, GROUP_NOT_FOUND or USER_UNAUTHORIZED if the
// caller may not change the backup schedules of the project that the request names.
func (p *Principal) ScheduleWriter() (ScheduleWriter, error) {
	proved, err := proveProject[ScheduleWriter](p, backupManagers,
		func(p *Principal) error { return refusal(p.ScheduleWriter()) })
	return ScheduleWriter{proved}, err
}

// proveProject refuses what is no project's id, a project that does not exist,
// and a caller who may not.
func proveProject[K any](
	p *Principal, needs enough, prove func(*Principal) error,
) (projectProof[K], error) {
	if _, err := objectid.Parse(p.facts.Project); err != nil {
		return projectProof[K]{}, NewError(CodeInvalidProjectID, p.facts.Project)
	}
	if !p.facts.ProjectExists {
		return projectProof[K]{}, NewError(CodeProjectNotFound, p.facts.Project)
	}
	if !slices.ContainsFunc(needs.roles, p.hasProjectRole) {
		return projectProof[K]{}, NewError(CodeUserUnauthorized).Fact("projectRoles", joined(p.projectRoles), needs.text)
	}
	return projectProof[K]{proof{p, prove}}, nil
}
