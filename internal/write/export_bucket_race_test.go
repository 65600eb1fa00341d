package write_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seal"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/tenant"
)

// What the demo tenant has.
const (
	raceProject   = "5f0000000000000000000b01"
	raceAWSRole   = "5f0000000000000000000d01"
	raceAzureRole = "5f0000000000000000000d02"
	raceGCPRole   = "5f0000000000000000000d03"
	raceClientID  = "mdb_sa_id_5f0000000000000000000c01"
	raceSecret    = "mdb_sa_sk_demo-owner-secret-not-for-production-01"
	raceTenant    = "4297fc77-1592-4de8-a6d5-a8c32401df87"
	newTenant     = "00000000-0000-4000-8000-000000000000"
)

// The statements that creations race with.
const (
	deleteRole      = "DELETE FROM cloud_provider_access_roles WHERE project_id = $1 AND id = $2"
	deauthorizeRole = "UPDATE cloud_provider_access_roles SET authorized_at = NULL WHERE project_id = $1 AND id = $2"
	authorizeRole   = "UPDATE cloud_provider_access_roles SET authorized_at = now() WHERE project_id = $1 AND id = $2"
	failRole        = "UPDATE cloud_provider_access_roles SET gcp_status = 'FAILED' WHERE project_id = $1 AND id = $2"
	moveRole        = "UPDATE cloud_provider_access_roles SET tenant_id = '" + newTenant + "' WHERE project_id = $1 AND id = $2"
	insertAWSRole   = "INSERT INTO cloud_provider_access_roles (project_id, id, cloud_provider, created_at, updated_at, " +
		"assumed_role_external_id, iam_assumed_role_arn, authorized_at) " +
		"VALUES ($1, $2, 'AWS', now(), now(), 'external', 'arn', now())"
)

var allProviders = []db.CloudProvider{db.CloudProviderAWS, db.CloudProviderAZURE, db.CloudProviderGCP}

// raceBundle is the demo tenant and its owner.
type raceBundle struct {
	pool    *dbpool.Pool
	iam     *iam.Service
	replica *iam.Service // of another server
	env     atlas.Env
	tenant  *tenant.Service
	backup  *backup.Service
	writer  atlas.BackupWriter
	owner   atlas.ProjectOwner
	other   *pgx.Conn // not of the pool
}

func setupRace(t *testing.T) raceBundle {
	t.Helper()
	ctx := t.Context()
	b := raceBundle{pool: dbtest.New(t)}
	file, err := seed.Parse(seed.Demo)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := iam.NewSealer(ctx, b.pool, seal.Keys{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Apply(ctx, b.pool, sealer, file, time.Now()); err != nil {
		t.Fatal(err)
	}
	b.env = atlas.Env{Clock: time.Now, NewID: objectid.New, NewEventID: objectid.New}
	b.tenant, b.backup = tenant.New(b.pool, b.env), backup.New(b.pool, b.env, backup.Config{})
	b.iam = newIAM(b.pool, sealer)
	b.replica = newIAM(dbpool.New(b.pool.Pool), sealer)
	token, err := b.iam.CreateAccessToken(ctx, raceClientID, raceSecret)
	if err != nil {
		t.Fatal(err)
	}
	principal, err := b.iam.AuthenticateBearer(ctx, token.Token, iam.Origin{
		Address: netip.MustParseAddr("127.0.0.1"), Project: raceProject,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.writer, err = principal.BackupWriter()
	if err != nil {
		t.Fatal(err)
	}
	b.owner, err = principal.ProjectOwner()
	if err != nil {
		t.Fatal(err)
	}
	b.other, err = pgx.ConnectConfig(ctx, b.pool.Config().ConnConfig.Copy())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.other.Close(context.Background()) })
	return b
}

func newIAM(pool *dbpool.Pool, sealer *iam.Sealer) *iam.Service {
	return iam.New(pool, atlas.Env{Clock: time.Now, NewID: objectid.New, NewEventID: objectid.New},
		iam.Config{Sealer: sealer, Random: rand.Reader})
}

func (b raceBundle) create(ctx context.Context, roleID string) (db.ExportBucket, error) {
	return b.backup.CreateExportBucket(ctx, b.writer, allProviders, bucketRequest(roleID))
}

// created is the end of a creation.
type created struct {
	bucket db.ExportBucket
	err    error
}

func (b raceBundle) createInBackground(t *testing.T, roleID string) <-chan created {
	t.Helper()
	done := make(chan created, 1)
	go func() {
		bucket, err := b.create(t.Context(), roleID)
		done <- created{bucket, err}
	}()
	return done
}

// bucketRequest is a valid request for the role: AZURE and GCP have one each,
// and the others are of AWS.
func bucketRequest(roleID string) backup.ExportBucketRequest {
	text, id := func(s string) *string { return &s }, objectid.MustParse(roleID)
	switch roleID {
	case raceAzureRole:
		return backup.ExportBucketRequest{
			CloudProvider: text("AZURE"), RoleID: &id,
			ServiceURL: text("https://examplestorageaccount.blob.core.windows.net/examplecontainer"),
		}
	case raceGCPRole:
		return backup.ExportBucketRequest{CloudProvider: text("GCP"), RoleID: &id, BucketName: text("export-bucket")}
	}
	return backup.ExportBucketRequest{CloudProvider: text("AWS"), IAMRoleID: &id, BucketName: text("export-bucket")}
}

// insertBucket plays a creation in a transaction, with the statement that
// CreateExportBucket makes for bucketRequest.
func insertBucket(t *testing.T, tx pgx.Tx, roleID string) db.ExportBucket {
	t.Helper()
	provider, values := "AWS", `"require_private_networking": false`
	switch roleID {
	case raceAzureRole:
		provider, values = "AZURE", `"service_url": "https://examplestorageaccount.blob.core.windows.net/examplecontainer"`
	case raceGCPRole:
		provider, values = "GCP", `"region": null`
	}
	callerID := strings.TrimPrefix(raceClientID, iam.ClientIDPrefix)
	var version int64
	err := tx.QueryRow(t.Context(), "SELECT version FROM principals WHERE org_id = $1 AND id = $2",
		raceOrg, callerID).Scan(&version)
	if err != nil {
		t.Fatal(err)
	}
	asked := fmt.Sprintf(`[{"project_id": %q, "id": %q, "cloud_provider": %q, "bucket_name": "export-bucket",
		"role_id": %q, "created_at": %q, "org_id": %q, "caller_id": %q, "caller_version": %d,
		"role_event_id": %q, "role_event_type": "ROLE_UPDATED", "bucket_event_id": %q, %s}]`,
		raceProject, objectid.New(time.Now()), provider, roleID, time.Now().Format(time.RFC3339Nano),
		raceOrg, callerID, version, objectid.New(time.Now()), objectid.New(time.Now()), values)
	buckets, err := db.New().InsertExportBuckets(t.Context(), tx, []byte(asked))
	if err != nil || len(buckets) != 1 {
		t.Fatalf("insert export bucket: got %d, %v; want one", len(buckets), err)
	}
	return buckets[0]
}

// The change comes first: the creation waits for it and then sees it.
func TestACreationWaitsForAChangeOfItsRoleAndSeesIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		role   string
		change string
		code   atlas.Code // empty if the bucket is to be created
		tenant string     // of the bucket
	}{
		"a deletion":                     {role: raceAWSRole, change: deleteRole, code: atlas.CodeAccessRoleNotFound},
		"a deletion of an AZURE role":    {role: raceAzureRole, change: deleteRole, code: atlas.CodeAccessRoleNotFound},
		"a deletion of a GCP role":       {role: raceGCPRole, change: deleteRole, code: atlas.CodeAccessRoleNotFound},
		"a deauthorization":              {role: raceAWSRole, change: deauthorizeRole, code: atlas.CodeAccessRoleNotAuthorized},
		"a failure of a GCP role":        {role: raceGCPRole, change: failRole, code: atlas.CodeAccessRoleNotAuthorized},
		"another tenant":                 {role: raceAzureRole, change: moveRole, tenant: newTenant},
		"a change that keeps it allowed": {role: raceAWSRole, change: authorizeRole},
	} {
		for end, commit := range map[string]bool{"that is committed": true, "that is rolled back": false} {
			t.Run(name+" "+end, func(t *testing.T) {
				t.Parallel()
				ctx := t.Context()
				b := setupRace(t)
				tx, err := b.other.Begin(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if tag, err := tx.Exec(ctx, tt.change, raceProject, tt.role); err != nil || tag.RowsAffected() != 1 {
					t.Fatalf("change: got %v, %v, want one row", tag, err)
				}
				done := b.createInBackground(t, tt.role)
				b.wantWaiter(t, b.other.PgConn().PID(), func() bool { return len(done) > 0 })
				finish := tx.Commit
				if !commit {
					finish = tx.Rollback
				}
				if err := finish(ctx); err != nil {
					t.Fatal(err)
				}

				got := <-done
				if commit && tt.code.Name != "" {
					wantCode(t, got.err, tt.code, tt.role)
					b.wantBuckets(t, nil)
					return
				}
				if got.err != nil {
					t.Fatalf("got %v, want a bucket", got.err)
				}
				b.wantBuckets(t, []objectid.ID{got.bucket.ID})
				if tt.role == raceAzureRole {
					want := raceTenant
					if commit {
						want = tt.tenant
					}
					if got := b.azureTenant(t, got.bucket.ID); got != want {
						t.Errorf("tenant: got %s, want %s", got, want)
					}
				}
			})
		}
	}
}

// The creation comes first: the change waits for it and then fails, or leaves a
// bucket that was created while it was allowed.
func TestAChangeOfARoleWaitsForACreation(t *testing.T) {
	t.Parallel()
	const (
		roleFkey   = "export_buckets_project_id_role_id_cloud_provider_fkey"
		tenantFkey = "export_buckets_project_id_role_id_tenant_id_fkey"
	)
	for name, tt := range map[string]struct {
		role       string
		change     string
		constraint string // that refuses the change; empty if it is to succeed
	}{
		"a deletion":                  {raceAWSRole, deleteRole, roleFkey},
		"a deletion of an AZURE role": {raceAzureRole, deleteRole, roleFkey},
		"a deletion of a GCP role":    {raceGCPRole, deleteRole, roleFkey},
		"a deauthorization":           {raceAWSRole, deauthorizeRole, ""},
		"a failure of a GCP role":     {raceGCPRole, failRole, ""},
		"another tenant":              {raceAzureRole, moveRole, tenantFkey},
	} {
		for end, commit := range map[string]bool{"that is committed": true, "that is rolled back": false} {
			t.Run(name+" waits for a creation "+end, func(t *testing.T) {
				t.Parallel()
				ctx := t.Context()
				b := setupRace(t)
				tx, err := b.other.Begin(ctx)
				if err != nil {
					t.Fatal(err)
				}
				bucket := insertBucket(t, tx, tt.role)
				done := make(chan error, 1)
				go func() {
					_, err := b.pool.Exec(ctx, tt.change, raceProject, tt.role)
					done <- err
				}()
				b.wantWaiter(t, b.other.PgConn().PID(), func() bool { return len(done) > 0 })
				if !commit {
					if err := tx.Rollback(ctx); err != nil {
						t.Fatal(err)
					}
					if err := <-done; err != nil {
						t.Errorf("change: got %v, want nil", err)
					}
					b.wantBuckets(t, nil)
					return
				}
				if err := tx.Commit(ctx); err != nil {
					t.Fatal(err)
				}
				err = <-done
				b.wantBuckets(t, []objectid.ID{bucket.ID})
				if tt.constraint == "" {
					if err != nil {
						t.Errorf("change: got %v, want nil", err)
					}
					// From now on the role may not be named.
					_, err := b.create(ctx, tt.role)
					wantCode(t, err, atlas.CodeAccessRoleNotAuthorized, tt.role)
					return
				}
				var refused *pgconn.PgError
				if !errors.As(err, &refused) || refused.Code != "23503" || refused.ConstraintName != tt.constraint {
					t.Errorf("change: got %v, want a violation of %s", err, tt.constraint)
				}
			})
		}
	}
}

// Creations with one role do not stand in each other's way.
func TestCreationsWithOneRoleDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := setupRace(t)
	tx, err := b.other.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	first := insertBucket(t, tx, raceAWSRole)
	// A wait would end in this error.
	if _, err := b.pool.Exec(ctx, "ALTER DATABASE "+
		pgx.Identifier{b.pool.Config().ConnConfig.Database}.Sanitize()+" SET lock_timeout = '5s'"); err != nil {
		t.Fatal(err)
	}
	b.pool.Reset()
	second, err := b.create(ctx, raceAWSRole)
	if err != nil {
		t.Fatalf("got %v, want a bucket", err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	b.wantBuckets(t, []objectid.ID{first.ID, second.ID})
}

// Each round has a role of its own, which is made, deleted and made anew until a
// bucket holds it.
func TestCreationsAgainstDeletionsLeaveNoBucketWithoutItsRole(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := setupRace(t)
	const rounds, creators = 20, 3
	var log ackLog
	for round := range rounds {
		roleID := fmt.Sprintf("6a%022x", round)
		var creations sync.WaitGroup
		for range creators {
			creations.Go(func() {
				for range 10 {
					log.add(t, roleID)(b.create(ctx, roleID))
				}
			})
		}
		ended := make(chan struct{})
		go func() {
			creations.Wait()
			close(ended)
		}()
		if err := deleteUntilLocked(ctx, b.other, roleID, ended); err != nil {
			t.Error(err)
		}
		<-ended
	}
	b.wantInvariant(t, &log)
}

// deleteUntilLocked makes the role and deletes it until the deletion is refused or
// the creations have ended.
func deleteUntilLocked(ctx context.Context, conn *pgx.Conn, roleID string, ended <-chan struct{}) error {
	for {
		select {
		case <-ended:
			return nil
		default:
		}
		if _, err := conn.Exec(ctx, insertAWSRole, raceProject, roleID); err != nil {
			return fmt.Errorf("insert role: %w", err)
		}
		_, err := conn.Exec(ctx, deleteRole, raceProject, roleID)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code == "23503" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("delete role: %w", err)
		}
	}
}

// While the role is not authorized no bucket appears, not even one that was
// being created when it still was.
func TestCreationsAgainstDeauthorizationsAddNothingMeanwhile(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := setupRace(t)
	const creators, each = 3, 60
	var log ackLog
	var creations sync.WaitGroup
	for range creators {
		creations.Go(func() {
			for range each {
				log.add(t, raceAWSRole)(b.create(ctx, raceAWSRole))
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		creations.Wait()
		close(ended)
	}()
	if err := toggleUntil(ctx, b.other, ended); err != nil {
		t.Error(err)
	}
	<-ended
	b.wantInvariant(t, &log)
}

// toggleUntil deauthorizes and authorizes the AWS role until the creations have
// ended. While it is not authorized the number of buckets must stay.
func toggleUntil(ctx context.Context, conn *pgx.Conn, ended <-chan struct{}) error {
	for {
		select {
		case <-ended:
			return nil
		default:
		}
		if _, err := conn.Exec(ctx, deauthorizeRole, raceProject, raceAWSRole); err != nil {
			return fmt.Errorf("deauthorize: %w", err)
		}
		var counts [3]int
		for i := range counts {
			if err := conn.QueryRow(ctx, "SELECT count(*) FROM export_buckets").Scan(&counts[i]); err != nil {
				return fmt.Errorf("count: %w", err)
			}
		}
		if counts[0] != counts[2] {
			return fmt.Errorf("buckets while the role is not authorized: got %v, want no change", counts)
		}
		if _, err := conn.Exec(ctx, authorizeRole, raceProject, raceAWSRole); err != nil {
			return fmt.Errorf("authorize: %w", err)
		}
	}
}

// ackLog keeps what creations answered.
type ackLog struct {
	mu      sync.Mutex
	buckets []objectid.ID
	refused int
}

// add returns a function that takes the answer of a creation. An error is to be
// one of the two that speak of the role.
func (l *ackLog) add(t *testing.T, roleID string) func(db.ExportBucket, error) {
	t.Helper()
	return func(bucket db.ExportBucket, err error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil {
			l.buckets = append(l.buckets, bucket.ID)
			return
		}
		l.refused++
		var refused *atlas.Error
		if !errors.As(err, &refused) ||
			refused.Code != atlas.CodeAccessRoleNotFound && refused.Code != atlas.CodeAccessRoleNotAuthorized {
			t.Errorf("creation with role %s: got %v, want a bucket or a refusal of the role", roleID, err)
		}
	}
}

func (b raceBundle) wantInvariant(t *testing.T, log *ackLog) {
	t.Helper()
	t.Logf("%d buckets, %d refusals", len(log.buckets), log.refused)
	if len(log.buckets) == 0 {
		t.Error("got no bucket at all, want some")
	}
	b.wantBuckets(t, log.buckets)
}

// wantBuckets compares the project's buckets with those that were acknowledged,
// and wants each to have its role.
func (b raceBundle) wantBuckets(t *testing.T, want []objectid.ID) {
	t.Helper()
	ctx := t.Context()
	ids := func(sql string) map[string]bool {
		rows, err := b.pool.Query(ctx, sql)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		set := make(map[string]bool)
		for _, id := range list {
			set[id] = true
		}
		return set
	}
	acknowledged := make(map[string]bool)
	for _, id := range want {
		acknowledged[id.String()] = true
	}
	if diff := cmp.Diff(acknowledged, ids("SELECT id::text FROM export_buckets WHERE bucket_name <> 'demo-backups'")); diff != "" {
		t.Errorf("buckets (-acknowledged +stored):\n%s", diff)
	}
	homeless := ids(`
		SELECT export_buckets.id::text
		FROM export_buckets
		LEFT JOIN cloud_provider_access_roles AS role
			ON role.project_id = export_buckets.project_id
			AND role.id = export_buckets.role_id
			AND role.cloud_provider = export_buckets.cloud_provider
			AND role.tenant_id IS NOT DISTINCT FROM export_buckets.tenant_id
		WHERE role.id IS NULL`)
	if len(homeless) > 0 {
		t.Errorf("buckets without their role: got %v, want none", homeless)
	}
}

func (b raceBundle) azureTenant(t *testing.T, bucketID objectid.ID) string {
	t.Helper()
	var tenant string
	err := b.pool.QueryRow(t.Context(), "SELECT tenant_id FROM export_buckets WHERE id = $1", bucketID).Scan(&tenant)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

// wantWaiter returns which session of the database waits for the given one, once
// there is one. It ends the test if what is to wait has ended.
func (b raceBundle) wantWaiter(t *testing.T, holder uint32, ended func() bool) uint32 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var waiter int32
		err := b.pool.QueryRow(ctx, `SELECT coalesce(min(pid), 0)
			FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'
				AND pg_blocking_pids(pid) @> ARRAY[$1::integer]`, int32(holder)).Scan(&waiter)
		if err != nil {
			t.Fatalf("look for a session that waits: %v", err)
		}
		if waiter != 0 {
			return uint32(waiter)
		}
		if ended() {
			t.Fatal("got an end before the other transaction's, want it to wait")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("got no session that waits, want one")
		}
	}
}

func wantCode(t *testing.T, err error, code atlas.Code, roleID string) {
	t.Helper()
	var got *atlas.Error
	if !errors.As(err, &got) || got.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if diff := cmp.Diff([]any{roleID}, got.Parameters); diff != "" {
		t.Errorf("parameters of %s (-want +got):\n%s", code, diff)
	}
}
