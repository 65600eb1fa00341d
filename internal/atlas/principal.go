package atlas

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// Principal is who is calling: an API key or a service account, seen from the
// organization and the project that the request names. Its methods say what it
// may do there.
type Principal struct {
	facts        Facts
	projectID    objectid.ID
	projectRoles []db.ProjectRole
}

// Facts are what is known of a principal.
type Facts struct {
	ID       objectid.ID
	OrgID    objectid.ID
	OrgRoles []db.OrgRole

	Org       string // as the request names it; may be no id at all
	OrgExists bool

	Project       string // as the request names it; may be no id at all
	ProjectExists bool
	ProjectInOrg  bool             // it belongs to the principal's organization
	ProjectRoles  []db.ProjectRole // that were granted to the principal

	PublicKey string     // of an API key; empty if it is a service account
	Address   netip.Addr // that the request came from; invalid if that can't be told

	// ReceivedAt is the real time when the request came in.
	ReceivedAt time.Time
	// Clock is that of the principal's organization.
	Clock Clock
	// DueAt is when the next thing of the project is past its time; nil if nothing is.
	DueAt *time.Time

	// StagingVersion is raised by every change of what is staged in the organization. 0 means
	// that nothing ever was.
	StagingVersion int64

	// Version is raised by every change of what the principal may do.
	Version int64
	// Find finds the principal anew, by the same credentials and for the same
	// request. It returns ErrUnauthenticated or an *Error as authentication does.
	Find func(ctx context.Context, conn db.DBTX) (*Principal, error)

	// Journal is how much of the organization's requests is kept. Empty stands for off.
	Journal staging.JournalMode

	// BackupManagersWrite lets GROUP_BACKUP_MANAGER change export buckets, as the
	// newest Atlas specification says. The API reference asks for GROUP_OWNER, and
	// that is the rule without it.
	BackupManagersWrite bool
}

// NewPrincipal returns the principal of the facts. Package iam finds them; nobody
// else calls it.
func NewPrincipal(facts Facts) *Principal {
	p := &Principal{facts: facts, projectRoles: facts.ProjectRoles}
	if !facts.ProjectExists {
		return p
	}
	p.projectID, _ = objectid.Parse(facts.Project) // the database found it
	if !facts.ProjectInOrg {
		return p
	}
	// Atlas user roles: an Organization Owner is owner of every project, an
	// Organization Read Only reads every project.
	if p.HasOrgRole(db.OrgRoleORGOWNER) {
		p.projectRoles = append(p.projectRoles, db.ProjectRoleGROUPOWNER)
	}
	if p.HasOrgRole(db.OrgRoleORGREADONLY) {
		p.projectRoles = append(p.projectRoles, db.ProjectRoleGROUPREADONLY)
	}
	return p
}

// ID returns the id of the API key or the service account.
func (p *Principal) ID() objectid.ID { return p.facts.ID }

// OrgID returns the id of the principal's own organization.
func (p *Principal) OrgID() objectid.ID { return p.facts.OrgID }

// Journal returns how much of the principal's requests is kept; empty stands for off.
func (p *Principal) Journal() staging.JournalMode { return p.facts.Journal }

// PublicKey returns that of an API key; a service account has none.
func (p *Principal) PublicKey() string { return p.facts.PublicKey }

// Roles names the principal's roles in its organization and, if the request names one, on
// the project.
func (p *Principal) Roles() string {
	if p.facts.Project == "" {
		return joined(p.facts.OrgRoles)
	}
	return joined(p.projectRoles)
}

// Actor is who made something happen, by value.
type Actor struct {
	ID        objectid.ID
	PublicKey string // of an API key; empty if it is a service account
	Address   netip.Addr
}

// Named returns the public key and the address, nil for what there is none of.
func (a Actor) Named() (publicKey *string, address *netip.Addr) {
	if a.PublicKey != "" {
		publicKey = &a.PublicKey
	}
	if a.Address.IsValid() {
		address = &a.Address
	}
	return publicKey, address
}

// Actor returns the principal as who makes something happen.
func (p *Principal) Actor() Actor { return Actor{p.facts.ID, p.facts.PublicKey, p.facts.Address} }

// Now returns the time of the principal's organization when the request came in. It is
// the one time of the request: all that it makes, changes or finds expired, it does then.
func (p *Principal) Now() time.Time { return p.NowBy(p.facts.Clock) }

// NowBy returns what a clock of the principal's organization showed when the request came
// in.
func (p *Principal) NowBy(clock Clock) time.Time { return clock.Now(p.facts.ReceivedAt) }

// Clock returns the clock of the principal's organization as it was found with the principal.
func (p *Principal) Clock() Clock { return p.facts.Clock }

// StagingVersion returns the version of what is staged in the principal's organization.
func (p *Principal) StagingVersion() int64 { return p.facts.StagingVersion }

// Version returns the version of the principal when it was found.
func (p *Principal) Version() int64 { return p.facts.Version }

// Project returns the project that the request names, if there is one that the
// principal has a role on.
func (p *Principal) Project() (objectid.ID, bool) {
	return p.projectID, len(p.projectRoles) > 0
}

// NamesOwnOrg reports whether the request names the principal's organization.
func (p *Principal) NamesOwnOrg() bool {
	return p.facts.Org == p.facts.OrgID.String()
}

// EveryProject reports whether the principal has a role on every project of its
// organization.
func (p *Principal) EveryProject() bool {
	return p.HasOrgRole(db.OrgRoleORGOWNER) || p.HasOrgRole(db.OrgRoleORGREADONLY)
}

// HasOrgRole reports whether the principal has the role in its organization.
func (p *Principal) HasOrgRole(role db.OrgRole) bool {
	return slices.Contains(p.facts.OrgRoles, role)
}

func (p *Principal) hasProjectRole(role db.ProjectRole) bool {
	return slices.Contains(p.projectRoles, role)
}

// Scope is an organization or, if it has a project, one of its projects.
type Scope struct {
	OrgID     objectid.ID
	ProjectID *objectid.ID
}
