package backup

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/objectid"
)

// batchBundle is a project with a role of each cloud provider, and another project
// with an AWS role.
type batchBundle struct {
	pool    *dbpool.Pool
	service *Service
	project objectid.ID
	roles   map[db.CloudProvider]objectid.ID
	foreign objectid.ID // the role of the other project
	org     objectid.ID
	caller  objectid.ID // a principal of the organization
}

const batchTenant = "4297fc77-1592-4de8-a6d5-a8c32401df87"

func setupBatch(t *testing.T) *batchBundle {
	t.Helper()
	now := time.Now()
	b := &batchBundle{pool: dbtest.New(t), project: objectid.New(now), roles: make(map[db.CloudProvider]objectid.ID)}
	b.service = New(b.pool, atlas.Env{Clock: time.Now, NewID: objectid.New, NewEventID: objectid.New}, Config{})
	org, other := objectid.New(now), objectid.New(now)
	q := db.New()
	if _, err := q.InsertOrg(t.Context(), b.pool, db.InsertOrgParams{ID: org, Name: "org", CreatedAt: now}); err != nil {
		t.Fatal(err)
	}
	b.org, b.caller = org, objectid.New(now)
	_, err := q.InsertPrincipal(t.Context(), b.pool, db.InsertPrincipalParams{
		OrgID: org, ID: b.caller, Kind: db.PrincipalKindAPIKEY,
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, name := range map[objectid.ID]string{b.project: "one", other: "other"} {
		_, err := q.InsertProject(t.Context(), b.pool, db.InsertProjectParams{
			ID: id, OrgID: org, Name: name, CreatedAt: now, Tags: []byte("[]"),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	arn := "arn:aws:iam::123456789012:role/export"
	b.roles[db.CloudProviderAWS] = b.addRole(t, NewAWSRoleRow(b.project, objectid.New(now), &arn, now))
	b.roles[db.CloudProviderAZURE] = b.addRole(t, NewAzureRoleRow(
		b.project, objectid.New(now), nil, "22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1", batchTenant, now))
	b.roles[db.CloudProviderGCP] = b.addRole(t, NewGCPRoleRow(b.project, objectid.New(now), db.GCPRoleStatusCOMPLETE, now))
	b.foreign = b.addRole(t, NewAWSRoleRow(other, objectid.New(now), &arn, now))
	return b
}

func (b *batchBundle) addRole(t *testing.T, row db.InsertAccessRoleParams) objectid.ID {
	t.Helper()
	role, err := db.New().InsertAccessRole(t.Context(), b.pool, row)
	if err != nil {
		t.Fatal(err)
	}
	return role.ID
}

// row is an export bucket of the provider as CreateExportBucket inserts it.
func (b *batchBundle) row(provider db.CloudProvider) newExportBucket {
	now := time.Now().UTC().Truncate(time.Microsecond)
	row := newExportBucket{
		ProjectID: b.project, ID: objectid.New(now), CloudProvider: provider, RoleID: b.roles[provider],
		BucketName: "export-bucket", CreatedAt: now, OrgID: b.org, CallerID: b.caller,
		RoleEventID: objectid.New(now), RoleEventType: "ROLE_UPDATED", BucketEventID: objectid.New(now),
	}
	switch provider {
	case db.CloudProviderAWS:
		row.Region, row.RequirePrivateNetworking = new("eu-west-1"), new(true)
	case db.CloudProviderAZURE:
		row.ServiceURL = new("https://examplestorageaccount.blob.core.windows.net/a<b>&c")
	case db.CloudProviderGCP:
	}
	return row
}

// stored is the bucket that should be there for a row.
func (r newExportBucket) stored() *db.ExportBucket {
	bucket := &db.ExportBucket{
		ProjectID:                r.ProjectID,
		ID:                       r.ID,
		CloudProvider:            r.CloudProvider,
		BucketName:               r.BucketName,
		RoleID:                   r.RoleID,
		CreatedAt:                r.CreatedAt,
		Region:                   r.Region,
		RequirePrivateNetworking: r.RequirePrivateNetworking,
		ServiceURL:               r.ServiceURL,
	}
	if r.CloudProvider == db.CloudProviderAZURE {
		bucket.TenantID = new(batchTenant)
	}
	return bucket
}

// wantStored fails unless these buckets are all that are there.
func (b *batchBundle) wantStored(t *testing.T, want map[objectid.ID]*db.ExportBucket) {
	t.Helper()
	rows, err := b.pool.Query(t.Context(), "SELECT * FROM export_buckets")
	if err != nil {
		t.Fatal(err)
	}
	buckets, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.ExportBucket])
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[objectid.ID]*db.ExportBucket)
	for i, bucket := range buckets {
		buckets[i].CreatedAt = bucket.CreatedAt.UTC()
		got[bucket.ID] = &buckets[i]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("export buckets (-want +got):\n%s", diff)
	}
	var told int
	err = b.pool.QueryRow(t.Context(), "SELECT count(*) FROM project_events WHERE project_id = $1", b.project).Scan(&told)
	if err != nil {
		t.Fatal(err)
	}
	if told != 2*len(want) {
		t.Errorf("got %d events, want two of each of %d buckets", told, len(want))
	}
}

// One statement inserts what it can of every provider, with every value, and leaves
// out the others. It makes no difference how many there are.
func TestExportBucketsOfABatchStandAlone(t *testing.T) {
	t.Parallel()
	b := setupBatch(t)
	now := time.Now()
	locked := b.row(db.CloudProviderAWS)
	locked.RoleID = b.addRole(t, NewAWSRoleRow(b.project, objectid.New(now), new("arn"), now))
	unauthorized := b.row(db.CloudProviderAWS)
	unauthorized.RoleID = b.addRole(t, NewAWSRoleRow(b.project, objectid.New(now), nil, now))
	unknown := b.row(db.CloudProviderGCP)
	unknown.RoleID = objectid.New(now)
	foreign := b.row(db.CloudProviderAWS)
	foreign.RoleID = b.foreign
	wrongProvider := b.row(db.CloudProviderGCP)
	wrongProvider.RoleID = b.roles[db.CloudProviderAZURE]
	rows := []newExportBucket{
		locked, b.row(db.CloudProviderAWS), unauthorized, b.row(db.CloudProviderAZURE),
		unknown, b.row(db.CloudProviderGCP), foreign, wrongProvider,
	}
	// Whoever locks a role keeps its buckets waiting, and no others.
	tx, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	const lock = "SELECT FROM cloud_provider_access_roles WHERE id = $1 FOR UPDATE"
	if _, err := tx.Exec(t.Context(), lock, locked.RoleID); err != nil {
		t.Fatal(err)
	}
	stored := make(map[objectid.ID]*db.ExportBucket)
	insert := func(rows ...newExportBucket) {
		t.Helper()
		got, err := b.service.insertExportBuckets(t.Context(), rows)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			var want *db.ExportBucket
			if row.ProjectID == b.project && row.RoleID == b.roles[row.CloudProvider] {
				want = row.stored()
				stored[row.ID] = want
			}
			if bucket := got[i].bucket; bucket != nil {
				bucket.CreatedAt = bucket.CreatedAt.UTC()
			}
			if diff := cmp.Diff(want, got[i].bucket); diff != "" || got[i].err != nil {
				t.Errorf("bucket %d: got error %v (-want +got):\n%s", i, got[i].err, diff)
			}
		}
	}
	insert(rows...)
	for _, row := range rows {
		row.ID, row.RoleEventID, row.BucketEventID = objectid.New(now), objectid.New(now), objectid.New(now)
		insert(row)
	}
	b.wantStored(t, stored)
}

// What the database refuses for another reason than its role fails alone.
func TestAnExportBucketThatTheDatabaseRefusesFailsAlone(t *testing.T) {
	t.Parallel()
	b := setupBatch(t)
	tooShort := b.row(db.CloudProviderAWS)
	tooShort.BucketName = "x"
	rows := []newExportBucket{b.row(db.CloudProviderAWS), tooShort, b.row(db.CloudProviderGCP)}
	got, err := b.service.insertExportBuckets(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	violation, ok := errors.AsType[*pgconn.PgError](got[1].err)
	if got[1].bucket != nil || !ok || violation.ConstraintName != "export_buckets_bucket_name_check" {
		t.Errorf("too short a name: got %+v, want its constraint", got[1])
	}
	for _, i := range []int{0, 2} {
		if got[i].bucket == nil || got[i].err != nil {
			t.Errorf("bucket %d: got %+v, want it inserted", i, got[i])
		}
	}
	b.wantStored(t, map[objectid.ID]*db.ExportBucket{
		rows[0].ID: rows[0].stored(), rows[2].ID: rows[2].stored(),
	})
}
