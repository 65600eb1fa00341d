package write_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/torture"
)

// In these tests an owner takes something from another caller, which at the same
// moment tries to keep it on several connections. Whoever made the request that was
// answered first is not asked: once both have ended, what was taken is gone. They
// call two servers, which have no more in common than the database.

// rivals are two owners of the demo organization: one who revokes, and one who is
// revoked.
type rivals struct {
	*credentialBundle

	iam   *iam.Service // that the one who is revoked calls
	named iam.CredentialName
	rival atlas.CredentialOwner
}

// newRival adds an account that owns the organization, and signs it in at a server.
func (b *credentialBundle) newRival(t *testing.T, server *iam.Service) rivals {
	t.Helper()
	text, hours, roles := "rival", 24, []string{"ORG_OWNER"}
	account, err := b.iam.CreateServiceAccount(t.Context(), b.org, iam.ServiceAccountRequest{
		Name: &text, Description: &text, Roles: &roles, SecretExpiresAfterHours: &hours,
	})
	if err != nil {
		t.Fatal(err)
	}
	clientID := iam.ClientIDPrefix + account.ID.String()
	token, err := b.iam.CreateAccessToken(t.Context(), clientID, account.Secrets[0].Secret)
	if err != nil {
		t.Fatal(err)
	}
	principal, err := server.AuthenticateBearer(t.Context(), token.Token, iam.Origin{
		Address: netip.MustParseAddr("127.0.0.1"), Org: raceOrg,
	})
	if err != nil {
		t.Fatal(err)
	}
	rival, err := principal.CredentialOwner()
	if err != nil {
		t.Fatal(err)
	}
	return rivals{b, server, iam.ServiceAccountName(clientID), rival}
}

// atOnce runs the functions at the same moment and fails for errors that are no
// refusals, such as a deadlock. Whoever waits for too long on a busy machine may be
// asked to come back.
func atOnce(t *testing.T, fs ...func(context.Context) error) []error {
	t.Helper()
	errs := make([]error, len(fs))
	runs := make([]func(), len(fs))
	for i, f := range fs {
		runs[i] = func() { errs[i] = f(t.Context()) }
	}
	torture.AtOnce(runs...)
	for _, err := range errs {
		if refusal := new(atlas.Error); err != nil && !errors.As(err, &refusal) &&
			!errors.Is(err, atlas.ErrUnauthenticated) && !dbpool.Unavailable(err) {
			t.Fatalf("got %v, want nothing but refusals", err)
		}
	}
	return errs
}

// setRoles returns the request to a server which gives an account roles in place of
// those that it has.
func setRoles(
	server *iam.Service, by atlas.CredentialOwner, named iam.CredentialName, roles ...string,
) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := server.UpdateServiceAccount(ctx, by, named, iam.ServiceAccountUpdate{Roles: &roles})
		return err
	}
}

// ownsOrg counts the grants of ORG_OWNER that an account has.
func (r rivals) ownsOrg(t *testing.T, id string) int {
	t.Helper()
	var count int
	err := r.pool.QueryRow(t.Context(), `SELECT count(*) FROM org_role_grants
		WHERE principal_id = $1 AND role = 'ORG_OWNER'`, id).Scan(&count)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

func TestTortureWhoeverIsDemotedDoesNotPromoteItself(t *testing.T) {
	t.Parallel()
	b := setupCredentials(t)
	r := b.newRival(t, b.replica)
	id := r.rival.Caller().ID().String()
	promote := func(ctx context.Context) error {
		err := setRoles(r.iam, r.rival, r.named, "ORG_OWNER")(ctx)
		return errors.Join(err, setRoles(r.iam, r.rival, r.named, "ORG_OWNER")(ctx))
	}
	torture.Rounds(t, func() {
		if err := setRoles(b.iam, b.org, r.named, "ORG_OWNER")(t.Context()); err != nil {
			t.Fatal(err)
		}
		errs := atOnce(t, setRoles(b.iam, b.org, r.named, "ORG_MEMBER"), promote)
		if errs[0] != nil {
			t.Fatalf("demote: got %v, want no error", errs[0])
		}
		if got := r.ownsOrg(t, id); got != 0 {
			t.Fatal("got an owner again, want a member")
		}
	})
}

func TestTortureWhoeverIsDeletedCreatesNoKeys(t *testing.T) {
	t.Parallel()
	b := setupCredentials(t)
	countKeys := func() (keys int) {
		t.Helper()
		if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM api_keys").Scan(&keys); err != nil {
			t.Error(err)
		}
		return keys
	}
	torture.Rounds(t, func() {
		r := b.newRival(t, b.replica)
		desc, roles := "late", []string{"ORG_OWNER"}
		deleted := make(chan struct{})
		create := func(ctx context.Context) error {
			for last := false; !last; {
				select {
				case <-deleted:
					last = true
				default:
				}
				_, err := r.iam.CreateAPIKey(ctx, r.rival, iam.APIKeyRequest{Description: &desc, Roles: &roles})
				if err != nil {
					return err
				}
			}
			return nil
		}
		before := 0
		remove := func(ctx context.Context) error {
			err := b.iam.DeleteServiceAccount(ctx, b.org, r.named)
			before = countKeys()
			close(deleted)
			return err
		}
		errs := atOnce(t, slices.Insert(slices.Repeat([]func(context.Context) error{create}, 2), 0, remove)...)
		if errs[0] != nil {
			t.Fatalf("delete: got %v, want no error", errs[0])
		}
		if after := countKeys(); after != before {
			t.Fatalf("got %d keys of a caller that was deleted, want none", after-before)
		}
		_, err := b.pool.Exec(t.Context(), "DELETE FROM principals USING api_keys "+
			"WHERE principals.id = api_keys.id AND api_keys.description = 'late'")
		if err != nil {
			t.Fatal(err)
		}
	})
}

// One of them is first, and the other no owner any more.
func TestTortureOfTwoOwnersThatDemoteEachOtherOneStays(t *testing.T) {
	t.Parallel()
	b := setupCredentials(t)
	one, two := b.newRival(t, b.iam), b.newRival(t, b.replica)
	torture.Rounds(t, func() {
		for _, r := range []rivals{one, two} {
			if err := setRoles(b.iam, b.org, r.named, "ORG_OWNER")(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		atOnce(t, setRoles(one.iam, one.rival, two.named, "ORG_MEMBER"), setRoles(two.iam, two.rival, one.named, "ORG_MEMBER"))
		owners := one.ownsOrg(t, one.rival.Caller().ID().String()) + one.ownsOrg(t, two.rival.Caller().ID().String())
		if owners != 1 {
			t.Fatalf("got %d owners of two, want one", owners)
		}
	})
}

// Each is an owner too many as long as the other is one.
func TestTortureOfTwoLastOwnersThatGiveUpOneStays(t *testing.T) {
	t.Parallel()
	b := setupCredentials(t)
	one, two := b.newRival(t, b.iam), b.newRival(t, b.replica)
	ids := []string{one.rival.Caller().ID().String(), two.rival.Caller().ID().String()}
	torture.Rounds(t, func() {
		_, err := b.pool.Exec(t.Context(), `WITH others AS (
				DELETE FROM org_role_grants WHERE org_id = $1 AND role = 'ORG_OWNER' AND principal_id <> ALL ($2::text[])
			)
			INSERT INTO org_role_grants (org_id, principal_id, role)
			SELECT $1, unnest($2::text[]), 'ORG_OWNER' ON CONFLICT DO NOTHING`, raceOrg, ids)
		if err != nil {
			t.Fatal(err)
		}
		atOnce(t, setRoles(one.iam, one.rival, one.named, "ORG_MEMBER"), setRoles(two.iam, two.rival, two.named, "ORG_MEMBER"))
		if owners := one.ownsOrg(t, ids[0]) + two.ownsOrg(t, ids[1]); owners != 1 {
			t.Fatalf("got %d owners of two, want one", owners)
		}
	})
}
