package atlas

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/objectid"
)

// Realm is the protection space of Atlas' HTTP Digest challenge.
const Realm = "MMS Public API"

// nonceLifetime is how long a nonce is good. Atlas does not say; clients ask
// for a new one with every request anyway.
const nonceLifetime = 5 * time.Minute

var publicKeyForm = regexp.MustCompile(`^[a-z]{8}$`)

// IsPublicKey says whether s has the form of an API key's public part.
func IsPublicKey(s string) bool { return publicKeyForm.MatchString(s) }

// Principal is who is calling: an API key or a service account, seen from the
// project that the request names. Its methods say what it may do there.
type Principal struct {
	ID    objectid.ID
	OrgID objectid.ID

	orgRoles     []db.OrgRole
	org          string // as the request names it; may be no id at all
	orgExists    bool
	project      string // as the request names it; may be no id at all
	projectID    objectid.ID
	projectOrgID *objectid.ID // nil if there is no such project
	projectRoles []db.ProjectRole
}

// Origin is what authentication needs to know of a request besides its
// credentials.
type Origin struct {
	Address netip.Addr // of the client
	Org     string     // the organization id in the path, unchecked; empty if it has none
	Project string     // the project id in the path, unchecked; empty if it has none
}

// NewNonce returns a nonce for a challenge. Every replica accepts it, for five
// minutes.
func (s *Service) NewNonce() string {
	return digest.NewNonce(s.nonceKey, s.cfg.Now())
}

// AuthenticateDigest returns the API key that signed a request of the given
// method. It returns ErrUnauthenticated, ErrStaleNonce, or an *Error if the
// client's address keeps the key from being used.
func (s *Service) AuthenticateDigest(
	ctx context.Context, credentials digest.Credentials, method string, from Origin,
) (Principal, error) {
	if credentials.Realm != Realm || !IsPublicKey(credentials.Username) {
		return Principal{}, ErrUnauthenticated
	}
	row, err := s.getPrincipal(ctx, db.GetPrincipalParams{PublicKey: &credentials.Username}, from)
	if err != nil {
		return Principal{}, err
	}
	switch {
	case !credentials.Verify(row.HA1, method):
		return Principal{}, ErrUnauthenticated
	case !digest.NonceFresh(s.nonceKey, credentials.Nonce, s.cfg.Now(), nonceLifetime):
		return Principal{}, ErrStaleNonce
	}
	return s.newPrincipal(row, from)
}

// AuthenticateBearer returns the service account that an access token was
// issued to. It returns ErrUnauthenticated if the token was never issued, has
// expired or was revoked, or an *Error if the client's address keeps the
// account from being used.
func (s *Service) AuthenticateBearer(ctx context.Context, token string, from Origin) (Principal, error) {
	hash := sha256.Sum256([]byte(token))
	row, err := s.getPrincipal(ctx, db.GetPrincipalParams{TokenHash: hash[:]}, from)
	if err != nil {
		return Principal{}, err
	}
	return s.newPrincipal(row, from)
}

func (s *Service) getPrincipal(
	ctx context.Context, params db.GetPrincipalParams, from Origin,
) (db.GetPrincipalRow, error) {
	params.Now = s.now()
	if id, err := objectid.Parse(from.Project); err == nil {
		params.ProjectID = &id
	}
	if id, err := objectid.Parse(from.Org); err == nil {
		params.OrgID = &id
	}
	row, err := s.q.GetPrincipal(ctx, s.pool, params)
	if errors.Is(err, pgx.ErrNoRows) {
		return row, ErrUnauthenticated
	}
	if err != nil {
		return row, fmt.Errorf("get principal: %w", err)
	}
	return row, nil
}

// newPrincipal returns who the row is of. If the address keeps it from being
// used, that is all that it returns, beside the error.
func (s *Service) newPrincipal(row db.GetPrincipalRow, from Origin) (Principal, error) {
	if err := s.checkAccessList(row, from.Address); err != nil {
		return Principal{ID: row.ID, OrgID: row.OrgID}, err
	}
	p := Principal{
		ID:           row.ID,
		OrgID:        row.OrgID,
		orgRoles:     make([]db.OrgRole, len(row.OrgRoles)),
		org:          from.Org,
		orgExists:    row.OrgExists,
		project:      from.Project,
		projectOrgID: row.ProjectOrgID,
	}
	for i, role := range row.OrgRoles {
		p.orgRoles[i] = db.OrgRole(role)
	}
	if row.ProjectOrgID != nil {
		p.projectID, _ = objectid.Parse(from.Project) // the database found it
		p.projectRoles = effectiveProjectRoles(row)
	}
	return p, nil
}

// checkAccessList holds the address against the principal's access list. A list
// without entries admits everyone, unless the organization demands one. Of the
// entries that hold the address, the narrowest counts as used.
func (s *Service) checkAccessList(row db.GetPrincipalRow, address netip.Addr) error {
	if len(row.AccessList) == 0 {
		if row.APIAccessListRequired {
			return NewError(CodeOrgRequiresAccessList)
		}
		return nil
	}
	narrowest := netip.Prefix{}
	for _, network := range row.AccessList {
		if network.Contains(address) && network.Bits() > narrowest.Bits() {
			narrowest = network
		}
	}
	if !narrowest.IsValid() {
		return NewError(CodeIPAddressNotOnAccessList, address.String())
	}
	s.usage.addRequest(networkKey{row.OrgID, row.ID, narrowest}, address, s.now())
	return nil
}

// effectiveProjectRoles adds what the organization's roles imply to the roles
// on the project. Atlas user roles: an Organization Owner is owner of every
// project, an Organization Read Only reads every project.
func effectiveProjectRoles(row db.GetPrincipalRow) []db.ProjectRole {
	roles := make([]db.ProjectRole, 0, len(row.ProjectRoles)+1)
	for _, role := range row.ProjectRoles {
		roles = append(roles, db.ProjectRole(role))
	}
	if *row.ProjectOrgID != row.OrgID {
		return roles
	}
	for _, role := range row.OrgRoles {
		switch db.OrgRole(role) {
		case db.OrgRoleORGOWNER:
			roles = append(roles, db.ProjectRoleGROUPOWNER)
		case db.OrgRoleORGREADONLY:
			roles = append(roles, db.ProjectRoleGROUPREADONLY)
		default: // says nothing about projects
		}
	}
	return roles
}
