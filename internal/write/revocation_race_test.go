package write_test

import (
	"context"
	"errors"
	"flag"
	"net/netip"
	"sync"
	"testing"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
)

// In these tests an owner takes something from another caller, which at the same
// moment tries to keep it on several connections. Whoever made the request that was
// answered first is not asked: once both have ended, what was taken is gone.

// raceRounds is how often each race is run.
var raceRounds = flag.Int("race-rounds", 200, "rounds of each race between a revocation and its caller")

// rivals are two owners of the demo organization: one who revokes, and one who is
// revoked.
type rivals struct {
	*credentialBundle

	named iam.CredentialName
	rival atlas.CredentialOwner
}

// newRival adds an account that owns the organization, and signs it in.
func (b *credentialBundle) newRival(t *testing.T) rivals {
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
	principal, err := b.iam.AuthenticateBearer(t.Context(), token.Token, iam.Origin{
		Address: netip.MustParseAddr("127.0.0.1"), Org: raceOrg,
	})
	if err != nil {
		t.Fatal(err)
	}
	rival, err := principal.CredentialOwner()
	if err != nil {
		t.Fatal(err)
	}
	return rivals{b, iam.ServiceAccountName(clientID), rival}
}

// atOnce runs the functions at the same moment and fails for errors that are no
// refusals, such as a deadlock.
func atOnce(t *testing.T, fs ...func(context.Context) error) []error {
	t.Helper()
	errs := make([]error, len(fs))
	start := make(chan struct{})
	var group sync.WaitGroup
	for i, f := range fs {
		group.Go(func() {
			<-start
			errs[i] = f(t.Context())
		})
	}
	close(start)
	group.Wait()
	for _, err := range errs {
		if refusal := new(atlas.Error); err != nil && !errors.As(err, &refusal) &&
			!errors.Is(err, atlas.ErrUnauthenticated) {
			t.Fatalf("got %v, want nothing but refusals", err)
		}
	}
	return errs
}

func (r rivals) setRoles(by atlas.CredentialOwner, named iam.CredentialName, roles ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := r.iam.UpdateServiceAccount(ctx, by, named, iam.ServiceAccountUpdate{Roles: &roles})
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

func TestWhoeverIsDemotedDoesNotPromoteItself(t *testing.T) {
	t.Parallel()
	b := setupCredentials(t)
	r := b.newRival(t)
	id := r.rival.Caller().ID().String()
	promote := func(ctx context.Context) error {
		err := r.setRoles(r.rival, r.named, "ORG_OWNER")(ctx)
		return errors.Join(err, r.setRoles(r.rival, r.named, "ORG_OWNER")(ctx))
	}
	for round := range *raceRounds {
		if err := r.setRoles(b.org, r.named, "ORG_OWNER")(t.Context()); err != nil {
			t.Fatal(err)
		}
		errs := atOnce(t, r.setRoles(b.org, r.named, "ORG_MEMBER"), promote)
		if errs[0] != nil {
			t.Fatalf("round %d: demote: got %v, want no error", round, errs[0])
		}
		if got := r.ownsOrg(t, id); got != 0 {
			t.Fatalf("round %d: got an owner again, want a member", round)
		}
	}
}

func TestWhoeverIsDeletedCreatesNoKeys(t *testing.T) {
	t.Parallel()
	b := setupCredentials(t)
	for round := range *raceRounds {
		r := b.newRival(t)
		desc, roles := "late", []string{"ORG_OWNER"}
		deleted := make(chan struct{})
		create := func(ctx context.Context) error {
			<-deleted
			_, err := r.iam.CreateAPIKey(ctx, r.rival, iam.APIKeyRequest{Description: &desc, Roles: &roles})
			if err == nil {
				t.Errorf("round %d: got a key of a caller that was deleted, want none", round)
			}
			return err
		}
		early := func(ctx context.Context) error {
			_, err := r.iam.CreateAPIKey(ctx, r.rival, iam.APIKeyRequest{Description: &desc, Roles: &roles})
			return err
		}
		errs := atOnce(t, func(ctx context.Context) error {
			defer close(deleted)
			return r.iam.DeleteServiceAccount(ctx, b.org, r.named)
		}, early, create)
		if errs[0] != nil {
			t.Fatalf("round %d: delete: got %v, want no error", round, errs[0])
		}
		_, err := b.pool.Exec(t.Context(), "DELETE FROM principals USING api_keys "+
			"WHERE principals.id = api_keys.id AND api_keys.description = 'late'")
		if err != nil {
			t.Fatal(err)
		}
	}
}

// One of them is first, and the other no owner any more.
func TestOfTwoOwnersThatDemoteEachOtherOneStays(t *testing.T) {
	t.Parallel()
	b := setupCredentials(t)
	one, two := b.newRival(t), b.newRival(t)
	for round := range *raceRounds {
		for _, r := range []rivals{one, two} {
			if err := r.setRoles(b.org, r.named, "ORG_OWNER")(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		atOnce(t, one.setRoles(one.rival, two.named, "ORG_MEMBER"), one.setRoles(two.rival, one.named, "ORG_MEMBER"))
		owners := one.ownsOrg(t, one.rival.Caller().ID().String()) + one.ownsOrg(t, two.rival.Caller().ID().String())
		if owners != 1 {
			t.Fatalf("round %d: got %d owners of two, want one", round, owners)
		}
	}
}
