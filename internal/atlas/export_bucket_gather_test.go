package atlas_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// One statement adds what it can of every provider and leaves out the others.
func TestBucketsThatShareAStatementStandAlone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := setupRace(t)
	tx, err := b.other.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	// Whoever holds a role keeps its buckets waiting, and no others.
	if _, err := tx.Exec(ctx, authorizeRole, raceProject, raceAWSRole); err != nil {
		t.Fatal(err)
	}
	region, private := "eu-west-1", true
	foreign := insertParams(t, raceGCPRole)
	foreign.ProjectID = mustID(t, "5f0000000000000000000b02")
	wrongProvider := insertParams(t, raceGCPRole)
	wrongProvider.RoleID = mustID(t, raceAzureRole)
	awsRole := insertParams(t, "5f0000000000000000000dff")
	if _, err := b.pool.Exec(ctx, insertAWSRole, raceProject, awsRole.RoleID); err != nil {
		t.Fatal(err)
	}
	awsRole.Region, awsRole.RequirePrivateNetworking = &region, &private
	rows := []db.InsertExportBucketParams{
		insertParams(t, raceAWSRole), // held
		awsRole,
		insertParams(t, "5f0000000000000000000d04"), // not authorized
		insertParams(t, raceAzureRole),
		insertParams(t, "5f0000000000000000000d99"), // unknown
		insertParams(t, raceGCPRole),
		foreign,
		wrongProvider,
	}
	got, refused, err := b.service.InsertExportBuckets(ctx, rows)
	if err != nil {
		t.Fatal(err)
	}
	var want []objectid.ID
	for i, row := range rows {
		if refused[i] != nil {
			t.Errorf("bucket %d: got %v, want none", i, refused[i])
		}
		if !slices.Contains([]int{1, 3, 5}, i) {
			if got[i] != nil {
				t.Errorf("bucket %d: got %+v, want it left out", i, got[i])
			}
			continue
		}
		want = append(want, row.ID)
		stored, err := db.New().GetExportBucket(ctx, b.pool, db.GetExportBucketParams{
			ProjectID: row.ProjectID, ID: row.ID,
		})
		if err != nil {
			t.Fatalf("bucket %d: %v", i, err)
		}
		// Postgres keeps microseconds.
		if got[i] != nil {
			got[i].CreatedAt = stored.CreatedAt
		}
		if diff := cmp.Diff(&stored, got[i]); diff != "" {
			t.Errorf("bucket %d (-stored +returned):\n%s", i, diff)
		}
	}
	b.wantBuckets(t, want)
	if got[3] == nil || got[3].TenantID == nil || *got[3].TenantID != raceTenant {
		t.Errorf("AZURE: got %+v, want the tenant of its role", got[3])
	}
}

// What the database refuses for another reason than its role fails alone.
func TestABucketThatTheDatabaseRefusesFailsAlone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := setupRace(t)
	tooShort := insertParams(t, raceAWSRole)
	tooShort.BucketName = "x"
	rows := []db.InsertExportBucketParams{insertParams(t, raceAWSRole), tooShort, insertParams(t, raceGCPRole)}
	got, refused, err := b.service.InsertExportBuckets(ctx, rows)
	if err != nil {
		t.Fatal(err)
	}
	var violation *pgconn.PgError
	if got[1] != nil || !errors.As(refused[1], &violation) ||
		violation.ConstraintName != "export_buckets_bucket_name_check" {
		t.Errorf("too short a name: got %v, %v; want its constraint", got[1], refused[1])
	}
	for _, i := range []int{0, 2} {
		if got[i] == nil || refused[i] != nil {
			t.Errorf("bucket %d: got %v, %v; want it added", i, got[i], refused[i])
		}
	}
	b.wantBuckets(t, []objectid.ID{rows[0].ID, rows[2].ID})
}

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
	token, err := b.service.CreateAccessToken(ctx, raceClientID, raceSecret)
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
			p, err := b.service.AuthenticateBearer(ctx, given, atlas.Origin{Project: project})
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
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(5 * time.Minute):
			t.Fatal("got no answer for five minutes")
		}
	}
}
