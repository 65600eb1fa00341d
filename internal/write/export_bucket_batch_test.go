package write_test

import (
	"errors"
	"fmt"
	"testing"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
)

// Many at once, good and bad, of all providers: each gets its own answer, and
// what is acknowledged is there.
func TestCreationsAtOnceGetTheirOwnAnswers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := setupRace(t)
	roles := []string{
		raceAWSRole, raceAzureRole, raceGCPRole, "5f0000000000000000000d04", "5f0000000000000000000d99",
	}
	codes := map[string]atlas.Code{
		"5f0000000000000000000d04": atlas.CodeAccessRoleNotAuthorized,
		"5f0000000000000000000d99": atlas.CodeAccessRoleNotFound,
	}
	const each = 40
	type answer struct {
		role string
		created
	}
	answers := make(chan answer)
	for i := range each * len(roles) {
		go func() {
			role := roles[i%len(roles)]
			bucket, err := b.create(ctx, role)
			answers <- answer{role, created{bucket, err}}
		}()
	}
	var want []objectid.ID
	for range each * len(roles) {
		got := <-answers
		if code, bad := codes[got.role]; bad {
			wantCode(t, got.err, code, got.role)
			continue
		}
		if got.err != nil || got.bucket.RoleID.String() != got.role {
			t.Fatalf("role %s: got %+v, %v; want a bucket with it", got.role, got.bucket, got.err)
		}
		want = append(want, got.bucket.ID)
	}
	b.wantBuckets(t, want)
}

// Callers that share a statement are told apart, and those that are nobody too.
func TestCallersAtOnceAreTheirOwn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := setupRace(t)
	token, err := b.iam.CreateAccessToken(ctx, raceClientID, raceSecret)
	if err != nil {
		t.Fatal(err)
	}
	const each = 50
	done := make(chan error)
	for i := range 2 * each {
		go func() {
			given, project := token.Token, raceProject
			if i%2 == 1 {
				given = fmt.Sprintf("no token %d", i)
			}
			if i%4 == 2 {
				project = "5f0000000000000000000bff"
			}
			p, err := b.iam.AuthenticateBearer(ctx, given, iam.Origin{Project: project})
			switch {
			case i%2 == 1:
				if !errors.Is(err, atlas.ErrUnauthenticated) {
					done <- fmt.Errorf("got %+v, %w for no token, want ErrUnauthenticated", p, err)
					return
				}
			case err != nil:
				done <- err
				return
			default:
				if got, ok := p.Project(); ok != (i%4 == 0) || ok && got.String() != project {
					done <- fmt.Errorf("got project %s %t for %s", got, ok, project)
					return
				}
			}
			done <- nil
		}()
	}
	for range 2 * each {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
