package tenantstate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seal"
	"exportbuckets/internal/waittest"
	"exportbuckets/staging"
)

// raceBundle is a client of the organization that is reset.
type raceBundle struct {
	*stateBundle

	iam    *iam.Service
	backup *backup.Service
	token  string
}

func setupRace(t *testing.T) raceBundle {
	t.Helper()
	b := raceBundle{stateBundle: setup(t)}
	sealer, err := iam.NewSealer(t.Context(), b.pool, seal.Keys{}, b.now)
	if err != nil {
		t.Fatal(err)
	}
	env := atlas.Env{Clock: func() time.Time { return b.now }, NewID: objectid.New, NewEventID: objectid.New}
	b.iam = iam.New(b.pool, env, iam.Config{Sealer: sealer})
	b.backup = backup.New(b.pool, env, backup.Config{})
	token, err := b.iam.CreateAccessToken(t.Context(),
		"mdb_sa_id_5f0000000000000000000c01", "mdb_sa_sk_demo-owner-secret-not-for-production-01")
	if err != nil {
		t.Fatal(err)
	}
	b.token = token.Token
	return b
}

// someWait reports whether somebody waits for a lock. Who holds it in a transaction would see
// the same each time.
func (b *stateBundle) someWait(t *testing.T) bool {
	t.Helper()
	var waiting int
	err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
	return err == nil && waiting > 0
}

// create makes an export bucket as a request does, and returns its id.
func (b raceBundle) create(ctx context.Context) (string, error) {
	principal, err := b.iam.AuthenticateBearer(ctx, b.token, iam.Origin{
		Project: demoProject, Address: netip.MustParseAddr("127.0.0.1"),
	})
	if err != nil {
		return "", err
	}
	writer, err := principal.BackupWriter()
	if err != nil {
		return "", err
	}
	return b.createWith(ctx, writer)
}

func (b raceBundle) createWith(ctx context.Context, writer atlas.BackupWriter) (string, error) {
	provider, name, role := "AWS", "bucket", objectid.MustParse("5f0000000000000000000d01")
	bucket, err := b.backup.CreateExportBucket(ctx, writer, db.AllCloudProviderValues(), backup.ExportBucketRequest{
		CloudProvider: &provider, BucketName: &name, IAMRoleID: &role,
	})
	return bucket.ID.String(), err
}

// What was created before a restore is gone after it, and what was after is there: all of
// it, and each once.
func TestCreationsDuringRestoresAreNeitherLostNorHalfThere(t *testing.T) {
	t.Parallel()
	b := setupRace(t)
	b.save(t, "a")
	others := foreignRows(b.dump(t))
	for range 5 {
		var mu sync.Mutex
		var after []string // that were begun after the last restore
		var creations sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		last := make(chan struct{})
		for range 8 {
			creations.Go(func() {
				for ctx.Err() == nil {
					var isLast bool
					select {
					case <-last:
						isLast = true
					default:
					}
					id, err := b.create(context.WithoutCancel(ctx))
					switch {
					case err == nil && isLast:
						mu.Lock()
						after = append(after, id)
						mu.Unlock()
					case err != nil && !dbpool.Unavailable(err):
						t.Errorf("create: got %v, want a bucket, or 503", err)
						return
					}
				}
			})
		}
		for range 5 {
			b.restore(t, to("a"))
		}
		close(last)
		waittest.Until(t, "buckets created after the last restore", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(after) > 20
		})
		cancel()
		creations.Wait()
		const sql = "SELECT id::text FROM export_buckets WHERE project_id = '" + demoProject + "'"
		there := make(map[string]bool)
		for _, id := range b.strs(t, sql) {
			there[id] = true
		}
		for _, id := range after {
			if !there[id] {
				t.Errorf("bucket %s: was created after the last restore, and is not there", id)
			}
		}
		b.restore(t, to("a"))
		wantRows(t, nil, b.strs(t, sql))
	}
	wantRows(t, others, foreignRows(b.dump(t)))
}

// A request whose caller was found before a reset takes its rights from after it.
func TestARequestThatIsUnderWayMeetsAResetWhole(t *testing.T) {
	t.Parallel()
	b := setupRace(t)
	b.exec(t, "DELETE FROM org_role_grants WHERE principal_id = '5f0000000000000000000c01'")
	b.save(t, "without")
	b.exec(t, "INSERT INTO org_role_grants (org_id, principal_id, role) "+
		"VALUES ('"+orgOne+"', '5f0000000000000000000c01', 'ORG_OWNER')")
	principal, err := b.iam.AuthenticateBearer(t.Context(), b.token, iam.Origin{
		Project: demoProject, Address: netip.MustParseAddr("127.0.0.1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	writer, err := principal.BackupWriter()
	if err != nil {
		t.Fatal(err)
	}
	b.restore(t, to("without"))
	if id, err := b.createWith(t.Context(), writer); err == nil {
		t.Errorf("create: got bucket %s, want a refusal: its caller may not any longer", id)
	}
	wantRows(t, nil, b.strs(t, "SELECT id::text FROM export_buckets WHERE project_id = '"+demoProject+"'"))
}

// Whoever holds a row of the organization is waited for, and nobody waits for the reset
// meanwhile.
func TestAResetWaitsForWhatIsUnderWayAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	b := setupRace(t)
	b.save(t, "a")
	held, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = held.Exec(t.Context(), "UPDATE projects SET name = 'Held' WHERE id = '"+otherProject+"'")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := b.service.Restore(t.Context(), b.writer, to("a"))
		done <- err
	}()
	for range 20 {
		if _, err := b.create(t.Context()); err != nil {
			t.Errorf("create while a reset waits: got %v, want a bucket", err)
		}
	}
	select {
	case err := <-done:
		t.Fatalf("reset: got %v while a row is held, want it to wait", err)
	default:
	}
	if err := held.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	wantRows(t, []string{"Other Project"}, b.strs(t, "SELECT name FROM projects WHERE id = '"+otherProject+"'"))
}

// A row that is held for longer than a request has patience.
func TestAResetThatCannotHoldTheOrganizationChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.save(t, "a")
	b.exec(t, "UPDATE database_users SET description = 'changed'")
	want := b.dump(t)
	held, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Rollback(t.Context()) }()
	if _, err := held.Exec(t.Context(), "SELECT FROM principals FOR SHARE"); err != nil {
		t.Fatal(err)
	}
	_, err = b.service.Restore(t.Context(), b.writer, to("a"))
	if !dbpool.Unavailable(err) {
		t.Errorf("reset: got %v, want that a lock can't be had", err)
	}
	wantRows(t, want, b.dump(t))
}

// Two teams reset at once, each its own.
func TestResetsOfTwoOrganizationsDoNotMeet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	two := b.writerOf(t, orgTwo)
	b.save(t, "a")
	if _, err := b.service.SaveState(t.Context(), two, "a"); err != nil {
		t.Fatal(err)
	}
	want := b.dump(t, keptColumns()...)
	var resets sync.WaitGroup
	for i := range 4 {
		writer := []Writer{b.writer, two}[i%2]
		resets.Go(func() {
			for range 10 {
				sql := fmt.Sprintf("UPDATE projects SET tags = '[{}]' WHERE org_id = '%s'", writer.OrgID())
				if _, err := b.pool.Exec(t.Context(), sql); err != nil {
					t.Error(err)
				}
				if _, err := b.service.Restore(t.Context(), writer, to("a")); err != nil {
					t.Errorf("reset: got %v, want it done", err)
				}
			}
		})
	}
	resets.Wait()
	for _, writer := range []Writer{b.writer, two} {
		if _, err := b.service.Restore(t.Context(), writer, to("a")); err != nil {
			t.Error(err)
		}
	}
	wantRows(t, want, b.dump(t, keptColumns()...))
}

// crowd has many do something that waits for the rows of saved states, and others meanwhile do
// something else. All that the many are given is done, or answered 503.
func (b *stateBundle) crowd(t *testing.T, many func() error, meanwhile func()) {
	t.Helper()
	held, err := pgx.Connect(t.Context(), b.pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close(t.Context()) }()
	if _, err := held.Exec(t.Context(), "BEGIN; LOCK TABLE saved_state_tables"); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if err := many(); err != nil && !dbpool.Unavailable(err) {
				t.Errorf("got %v, want it done, or 503", err)
			}
		})
	}
	waittest.Until(t, "one waits for the table", func() bool { return b.someWait(t) })
	meanwhile()
	if _, err := held.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	all.Wait()
}

// Whoever compares waits for its turn, and nobody else does.
func TestComparisonsOfOneTeamKeepNoOtherWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.save(t, "a")
	two := b.writerOf(t, orgTwo).Reader()
	b.crowd(t, func() error {
		_, err := b.service.Diff(t.Context(), b.writer.Reader(), "a", staging.Live)
		return err
	}, func() {
		for range 200 {
			began := time.Now()
			_, err := b.service.Organization(t.Context(), two)
			if took := time.Since(began); err != nil || took > time.Second {
				t.Fatalf("another team: got %v after %s, want its organization at once", err, took)
			}
		}
	})
}

// Whoever makes organizations without end waits for itself.
func TestCreationsOfOneTeamKeepNoOtherWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.save(t, "a")
	team, two := b.team(t, staging.RoleWrite), b.writerOf(t, orgTwo)
	b.crowd(t, func() error {
		_, err := b.service.CreateOrganization(t.Context(), team, copyOf("a"))
		return err
	}, func() {
		for range 100 {
			began := time.Now()
			token, err := b.service.CreateToken(t.Context(), two, staging.NewToken{Role: staging.RoleRead})
			if took := time.Since(began); err != nil || took > time.Second {
				t.Fatalf("another team: got %v after %s, want its token at once", err, took)
			}
			if err := b.service.RevokeToken(t.Context(), two, token.ID); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Requests that are under way when their organization ends are refused, and leave nothing.
func TestRequestsDuringTheEndOfTheirOrganizationLeaveNothing(t *testing.T) {
	t.Parallel()
	b := setupRace(t)
	others, projects := foreignRows(b.dump(t)), b.projectsIn(t, orgOne)
	var creations sync.WaitGroup
	var made atomic.Int64
	refused := make(chan error, 8)
	for range cap(refused) {
		creations.Go(func() {
			for {
				switch _, err := b.create(t.Context()); {
				case err == nil:
					made.Add(1)
				case !dbpool.Unavailable(err):
					refused <- err
					return
				}
			}
		})
	}
	waittest.Until(t, "buckets created", func() bool { return made.Load() > 20 })
	if err := b.service.DeleteOrganization(t.Context(), b.writer, "Demo Organization"); err != nil {
		t.Fatal(err)
	}
	creations.Wait()
	close(refused)
	for err := range refused {
		if _, ok := errors.AsType[*atlas.Error](err); !ok && !errors.Is(err, atlas.ErrUnauthenticated) {
			t.Errorf("create after the end: got %v, want a refusal", err)
		}
	}
	wantRows(t, nil, b.rowsOf(t, orgOne, projects...))
	wantRows(t, others, foreignRows(b.dump(t)))
}
