package iam

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// Realm is the protection space of Atlas' HTTP Digest challenge.
const Realm = "MMS Public API"

// nonceLifetime is how long a nonce is good. Atlas does not say; clients ask
// for a new one with every request anyway.
const nonceLifetime = 5 * time.Minute

var publicKeyForm = regexp.MustCompile(`^[a-z]{8}$`)

// IsPublicKey reports whether s has the form of an API key's public part.
func IsPublicKey(s string) bool { return publicKeyForm.MatchString(s) }

// Origin is what authentication needs to know of a request besides its
// credentials.
type Origin struct {
	Address netip.Addr // of the client; invalid, and on no list, if it can't be told
	Org     string     // the organization id in the path, unchecked; empty if it has none
	Project string     // the project id in the path, unchecked; empty if it has none
}

// NewNonce returns a nonce for a challenge. Every replica accepts it, for five
// minutes.
func (s *Service) NewNonce() string {
	return digest.NewNonce(s.cfg.Sealer.nonceKey, s.env.Clock())
}

// AuthenticateDigest returns the API key that signed a request of the given
// method. It returns atlas.ErrUnauthenticated, atlas.ErrStaleNonce, or an
// *atlas.Error if the client's address keeps the key from being used. Beside an error
// the principal is whose credential it is, if that is known; it may do nothing. The database
// is not asked about a nonce that no replica made. An unknown key takes as long as
// a known one: a statement that finds another key, an HA1 that is opened, and a digest.
func (s *Service) AuthenticateDigest(
	ctx context.Context, signed digest.Credentials, method string, from Origin,
) (*atlas.Principal, error) {
	made, ours := digest.NonceTime(s.cfg.Sealer.nonceKey, signed.Nonce)
	switch {
	case !ours:
		return nil, Refuse("not a nonce of this server")
	case signed.Realm != Realm:
		return nil, Refuse("another realm")
	case !IsPublicKey(signed.Username):
		return nil, Refuse("not a public key")
	}
	c := newCredential(from, s.env.Now())
	c.PublicKey = &signed.Username
	row, err := s.findPrincipal(ctx, c)
	publicKey, unknown := signed.Username, errors.Is(err, atlas.ErrUnauthenticated)
	if unknown {
		row, publicKey, err = s.unknown, "", nil
	}
	if err != nil {
		return nil, err
	}
	ha1, err := s.cfg.Sealer.openHA1(row.OrgID, row.ID, publicKey, row.HA1)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the API key %s is %w", signed.Username, err)
	case !signed.Verify(ha1, method) && !unknown:
		return s.known(c, row), Refuse("wrong private key")
	case unknown: // and verified nonetheless, to take as long
		return nil, Refuse("unknown public key")
	case !digest.NonceFresh(made, s.env.Clock(), nonceLifetime):
		return s.known(c, row), atlas.ErrStaleNonce
	}
	return s.admit(c, row, from)
}

// AuthenticateBearer returns the service account that an access token was
// issued to. It returns atlas.ErrUnauthenticated if the token was never issued,
// has expired or was revoked, or an *atlas.Error if the client's address keeps the
// account from being used. The account of a token that has expired is returned beside the
// error, for the log.
func (s *Service) AuthenticateBearer(ctx context.Context, token string, from Origin) (*atlas.Principal, error) {
	c := newCredential(from, s.env.Now())
	c.TokenHash = hashSecret(token)
	row, err := s.findPrincipal(ctx, c)
	switch {
	case errors.Is(err, atlas.ErrUnauthenticated):
		return nil, Refuse("not an access token, or not any more")
	case err != nil:
		return nil, err
	case c.isExpired(row):
		return s.known(c, row), Refuse("an access token that has expired")
	}
	return s.admit(c, row, from)
}

// IsValid reports whether a public key with a private key, or a client id with a
// secret, is that of somebody, from wherever it may be used.
func (s *Service) IsValid(ctx context.Context, name, secret string) (bool, error) {
	if !IsPublicKey(name) {
		_, _, err := s.authenticateClient(ctx, name, secret)
		if errors.Is(err, atlas.ErrInvalidClient) {
			return false, nil
		}
		return err == nil, err
	}
	c := newCredential(Origin{}, s.env.Now())
	c.PublicKey = &name
	row, err := s.findPrincipal(ctx, c)
	if errors.Is(err, atlas.ErrUnauthenticated) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ha1, err := s.cfg.Sealer.openHA1(row.OrgID, row.ID, name, row.HA1)
	return subtle.ConstantTimeCompare(ha1, digest.HA1(name, Realm, secret)) == 1, err
}

// hashSecret is what is kept of a secret or a token. Both are long and random, so
// a slow hash would add nothing.
func hashSecret(secret string) []byte {
	hash := sha256.Sum256([]byte(secret))
	return hash[:]
}

// credential is a request's public key or hash of a token, with the ids that its
// path names, as ListPrincipals reads it.
type credential struct {
	Ordinal   int          `json:"ordinal"`
	PublicKey *string      `json:"public_key,omitempty"`
	TokenHash []byte       `json:"token_hash,omitempty"`
	OrgID     *objectid.ID `json:"org_id,omitempty"`
	ProjectID *objectid.ID `json:"project_id,omitempty"`
	Now       time.Time    `json:"now"` // the real time when the request came in
}

func newCredential(from Origin, now time.Time) credential {
	c := credential{Now: now}
	if id, err := objectid.Parse(from.Project); err == nil {
		c.ProjectID = &id
	}
	if id, err := objectid.Parse(from.Org); err == nil {
		c.OrgID = &id
	}
	return c
}

// clock returns that of the organization of the row.
func clock(row *db.ListPrincipalsRow) atlas.Clock {
	return atlas.Clock{
		Offset: time.Duration(row.ClockOffset) * time.Microsecond, FrozenAt: fromMicroseconds(row.ClockFrozenAt),
	}
}

// fromMicroseconds returns a time that is given in microseconds since 1970, or nil for 0.
func fromMicroseconds(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	return new(time.UnixMicro(us))
}

// isExpired reports whether the credential is a token whose time is over.
func (c credential) isExpired(row *db.ListPrincipalsRow) bool {
	return c.TokenHash != nil && row.ExpiresAt <= clock(row).Now(c.Now).UnixMicro()
}

func (s *Service) findPrincipal(ctx context.Context, c credential) (*db.ListPrincipalsRow, error) {
	row, err := s.principals.Do(ctx, c)
	if err == nil && row == nil {
		err = atlas.ErrUnauthenticated
	}
	return row, err
}

// listPrincipals finds the principals of many requests at once; nil stands for
// none.
func (s *Service) listPrincipals(
	ctx context.Context, conn db.DBTX, asked []credential,
) ([]*db.ListPrincipalsRow, error) {
	for i := range asked {
		asked[i].Ordinal = i
	}
	encoded, err := json.Marshal(asked)
	if err != nil {
		return nil, fmt.Errorf("encode credentials: %w", err)
	}
	rows, err := s.q.ListPrincipals(ctx, conn, encoded)
	if err != nil {
		return nil, fmt.Errorf("find principals: %w", err)
	}
	found := make([]*db.ListPrincipalsRow, len(asked))
	for i := range rows {
		if rows[i].Known {
			found[rows[i].Ordinal] = &rows[i]
		}
	}
	return found, nil
}

// admit returns the principal of the row if it may call from where the request
// comes from, and counts the request to the network that holds its address. If not,
// the principal that it returns beside the error is for the log.
func (s *Service) admit(c credential, row *db.ListPrincipalsRow, from Origin) (*atlas.Principal, error) {
	network, err := checkAddress(row, from.Address)
	if err != nil {
		return s.known(c, row), err
	}
	if network.IsValid() {
		s.lastUsed.add(usedKey{orgID: row.OrgID, principalID: row.ID, network: network},
			use{requests: 1, last: clock(row).Now(c.Now), address: from.Address})
	}
	return s.newPrincipal(c, row, from), nil
}

// known returns the principal of the row, who is known and may do nothing.
func (s *Service) known(c credential, row *db.ListPrincipalsRow) *atlas.Principal {
	return atlas.NewPrincipal(atlas.Facts{
		ID: row.ID, OrgID: row.OrgID, PublicKey: publicKey(c), Journal: staging.JournalMode(row.JournalMode),
		ReceivedAt: c.Now, Clock: clock(row),
	})
}

// publicKey returns that of a credential; a token has none.
func publicKey(c credential) string {
	if c.PublicKey == nil {
		return ""
	}
	return *c.PublicKey
}

func (s *Service) newPrincipal(c credential, row *db.ListPrincipalsRow, from Origin) *atlas.Principal {
	return atlas.NewPrincipal(atlas.Facts{
		PublicKey:     publicKey(c),
		Journal:       staging.JournalMode(row.JournalMode),
		Address:       from.Address,
		ID:            row.ID,
		OrgID:         row.OrgID,
		OrgRoles:      rolesOf[db.OrgRole](row.OrgRoles),
		Org:           from.Org,
		OrgExists:     row.OrgExists,
		Project:       from.Project,
		ProjectExists: row.ProjectExists,
		ProjectInOrg:  row.ProjectInOrg,
		ProjectRoles:  rolesOf[db.ProjectRole](row.ProjectRoles),
		ReceivedAt:    c.Now,
		Clock:         clock(row),
		DueAt:         fromMicroseconds(row.DueAt),
		Version:       row.Version,

		StagingVersion: row.StagingVersion,
		Find: func(ctx context.Context, conn db.DBTX) (*atlas.Principal, error) {
			rows, err := s.listPrincipals(ctx, conn, []credential{c})
			if err == nil && (rows[0] == nil || rows[0].ID != row.ID || c.isExpired(rows[0])) {
				err = atlas.ErrUnauthenticated
			}
			if err != nil {
				return nil, err
			}
			if _, err := checkAddress(rows[0], from.Address); err != nil {
				return nil, err
			}
			return s.newPrincipal(c, rows[0], from), nil
		},
		BackupManagersWrite: s.cfg.BackupManagersWrite,
	})
}

func rolesOf[R ~string](names []string) []R {
	roles := make([]R, len(names))
	for i, name := range names {
		roles[i] = R(name)
	}
	return roles
}

// checkAddress holds the address against the principal's access list, and returns
// the narrowest network on it that holds the address. A list without entries admits
// everyone, unless the organization demands one, and the network is none.
func checkAddress(row *db.ListPrincipalsRow, address netip.Addr) (netip.Prefix, error) {
	narrowest := netip.Prefix{}
	if len(row.AccessList) == 0 {
		if row.APIAccessListRequired {
			return narrowest, atlas.NewError(atlas.CodeOrgRequiresAccessList).
				Fact("principal", row.ID.String(), "").Fact("accessList", "empty", "an entry that has the caller's address")
		}
		return narrowest, nil
	}
	for _, network := range row.AccessList {
		if network.Contains(address) && network.Bits() > narrowest.Bits() {
			narrowest = network
		}
	}
	if !narrowest.IsValid() {
		return narrowest, RefusedAddress(address).
			Fact("accessList", fmt.Sprint(row.AccessList), "an entry that has the address")
	}
	return narrowest, nil
}

// RefusedAddress says that requests from an address, or from one that can't be
// told, are not allowed.
func RefusedAddress(address netip.Addr) *atlas.Error {
	shown := "unknown"
	if address.IsValid() {
		shown = address.String()
	}
	return atlas.NewError(atlas.CodeIPAddressNotOnAccessList, shown)
}
