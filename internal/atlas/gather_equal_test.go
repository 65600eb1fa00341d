package atlas_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
)

// equalTenants are two organizations, of which the second demands access lists,
// and callers of all kinds.
const equalTenants = `
organizations:
  - id: 5f0000000000000000000a01
    name: Open Organization
    projects:
      - id: 5f0000000000000000000b01
        name: First Project
        cloudProviderAccess:
          aws:
            - roleId: 5f0000000000000000000d01
              iamAssumedRoleArn: arn:aws:iam::123456789012:role/export
            - roleId: 5f0000000000000000000d04
          azure:
            - roleId: 5f0000000000000000000d02
              servicePrincipalId: 22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1
              tenantId: 4297fc77-1592-4de8-a6d5-a8c32401df87
          gcp:
            - roleId: 5f0000000000000000000d03
      - id: 5f0000000000000000000b02
        name: Second Project
        cloudProviderAccess:
          aws:
            - roleId: 5f0000000000000000000d05
              iamAssumedRoleArn: arn:aws:iam::123456789012:role/other
    apiKeys:
      - id: 5f0000000000000000000e01
        description: without an access list
        publicKey: openfree
        privateKey: d3300000-0000-4000-8000-000000000001
        orgRoles: [ORG_OWNER]
      - id: 5f0000000000000000000e02
        description: with an access list and many roles
        publicKey: openlist
        privateKey: d3300000-0000-4000-8000-000000000002
        orgRoles: [ORG_MEMBER, ORG_READ_ONLY, ORG_BILLING_ADMIN]
        projectRoles:
          - projectId: 5f0000000000000000000b01
            roles: [GROUP_READ_ONLY, GROUP_OWNER, GROUP_BACKUP_MANAGER]
          - projectId: 5f0000000000000000000b02
            roles: [GROUP_CLUSTER_MANAGER]
        accessList: [10.0.0.0/8, 192.0.2.7, "2001:db8::/32"]
    serviceAccounts:
      - clientId: mdb_sa_id_5f0000000000000000000c01
        name: free
        description: without an access list
        secrets:
          - secret: mdb_sa_sk_equal-free-secret-not-for-production-01
            expiresAt: 2099-12-31T00:00:00Z
        orgRoles: [ORG_MEMBER]
      - clientId: mdb_sa_id_5f0000000000000000000c02
        name: listed
        description: with an access list and many roles
        secrets:
          - secret: mdb_sa_sk_equal-list-secret-not-for-production-01
            expiresAt: 2099-12-31T00:00:00Z
        orgRoles: [ORG_MEMBER, ORG_GROUP_CREATOR]
        projectRoles:
          - projectId: 5f0000000000000000000b02
            roles: [GROUP_READ_ONLY, GROUP_SEARCH_INDEX_EDITOR]
        accessList: [203.0.113.0/24, 127.0.0.1]
  - id: 5f0000000000000000000a02
    name: Strict Organization
    apiAccessListRequired: true
    projects:
      - id: 5f0000000000000000000b03
        name: Strict Project
    apiKeys:
      - id: 5f0000000000000000000e03
        description: without the access list that is demanded
        publicKey: stricfre
        privateKey: d3300000-0000-4000-8000-000000000003
        orgRoles: [ORG_OWNER, ORG_MEMBER]
        projectRoles:
          - projectId: 5f0000000000000000000b03
            roles: [GROUP_OWNER]
      - id: 5f0000000000000000000e04
        description: with the access list that is demanded
        publicKey: striclst
        privateKey: d3300000-0000-4000-8000-000000000004
        orgRoles: [ORG_READ_ONLY]
        accessList: [127.0.0.0/8]
    serviceAccounts:
      - clientId: mdb_sa_id_5f0000000000000000000c03
        name: strict
        description: with the access list that is demanded
        secrets:
          - secret: mdb_sa_sk_equal-strict-secret-not-for-production1
            expiresAt: 2099-12-31T00:00:00Z
        orgRoles: [ORG_OWNER]
        accessList: [198.51.100.0/24]
`

// equalSecrets are the service accounts' secrets by their client ids.
var equalSecrets = map[string]string{
	"mdb_sa_id_5f0000000000000000000c01": "mdb_sa_sk_equal-free-secret-not-for-production-01",
	"mdb_sa_id_5f0000000000000000000c02": "mdb_sa_sk_equal-list-secret-not-for-production-01",
	"mdb_sa_id_5f0000000000000000000c03": "mdb_sa_sk_equal-strict-secret-not-for-production1",
}

// equalBundle is a service whose clock stands still, and which queries it ran.
type equalBundle struct {
	pool    *pgxpool.Pool
	service *atlas.Service
	now     time.Time
	queries *queryNames
}

// queryNames collects the names that sqlc gave the statements.
type queryNames struct {
	mu    sync.Mutex
	names []string
}

func (q *queryNames) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	q.mu.Lock()
	defer q.mu.Unlock()
	if after, ok := strings.CutPrefix(data.SQL, "-- name: "); ok {
		name, _, _ := strings.Cut(after, " ")
		q.names = append(q.names, name)
	}
	return ctx
}

func (*queryNames) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// take returns the names since the last time.
func (q *queryNames) take() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	names := q.names
	q.names = nil
	return names
}

func setupEqual(t *testing.T) equalBundle {
	t.Helper()
	ctx := t.Context()
	b := equalBundle{
		now:     time.Date(2026, 8, 10, 12, 0, 0, 0, time.UTC),
		queries: new(queryNames),
	}
	config, err := pgxpool.ParseConfig(dbtest.NewURL(t))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 1
	config.ConnConfig.Tracer = b.queries
	b.pool, err = pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.pool.Close)
	file, err := seed.Parse([]byte(equalTenants))
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Apply(ctx, b.pool, file, b.now); err != nil {
		t.Fatal(err)
	}
	b.service, err = atlas.New(ctx, b.pool, atlas.Config{
		Now: func() time.Time { return b.now }, NewID: objectid.New, Random: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tokenHash issues a token to the service account and returns its hash. It lives
// from now on for the given time.
func (b equalBundle) tokenHash(t *testing.T, clientID string, life time.Duration) []byte {
	t.Helper()
	token, err := b.service.CreateAccessToken(t.Context(), clientID, equalSecrets[clientID])
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(token.Token))
	tag, err := b.pool.Exec(t.Context(),
		"UPDATE access_tokens SET expires_at = $2 WHERE token_hash = $1", hash[:], b.now.Add(life))
	if err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("expiry: got %s, %v; want one row", tag, err)
	}
	return hash[:]
}

// The caller is the same, whether its request is alone or shares its statement.
func TestPrincipalsAreTheSameAloneAndTogether(t *testing.T) {
	t.Parallel()
	b := setupEqual(t)
	key := func(publicKey string) db.GetPrincipalParams {
		return db.GetPrincipalParams{PublicKey: &publicKey}
	}
	token := func(hash []byte) db.GetPrincipalParams {
		return db.GetPrincipalParams{TokenHash: hash}
	}
	const (
		free   = "mdb_sa_id_5f0000000000000000000c01"
		listed = "mdb_sa_id_5f0000000000000000000c02"
		strict = "mdb_sa_id_5f0000000000000000000c03"
	)
	unknown := sha256.Sum256([]byte("no token"))
	callers := []struct {
		name string
		db.GetPrincipalParams
		there bool
	}{
		{"a key without a list", key("openfree"), true},
		{"a key with a list", key("openlist"), true},
		{"a key without the list that is demanded", key("stricfre"), true},
		{"a key with the list that is demanded", key("striclst"), true},
		{"a token without a list", token(b.tokenHash(t, free, time.Hour)), true},
		{"a token with a list", token(b.tokenHash(t, listed, time.Hour)), true},
		{"a token with the list that is demanded", token(b.tokenHash(t, strict, time.Hour)), true},
		{"another token of the same account", token(b.tokenHash(t, listed, time.Hour)), true},
		{"a token that is about to expire", token(b.tokenHash(t, free, time.Microsecond)), true},
		{"a token that expires now", token(b.tokenHash(t, free, 0)), false},
		{"a token that has expired", token(b.tokenHash(t, listed, -time.Hour)), false},
		{"an unknown key", key("nosuchke"), false},
		{"an unknown token", token(unknown[:]), false},
	}
	// Of the callers' own organization, of the other, unknown, and none.
	projects := ids(t, "5f0000000000000000000b01", "5f0000000000000000000b02", "5f0000000000000000000b03",
		"5f0000000000000000000bff", "")
	orgs := ids(t, "5f0000000000000000000a01", "5f0000000000000000000a02", "5f0000000000000000000aff", "")
	var params []db.GetPrincipalParams
	var names []string
	var there []bool
	for _, caller := range callers {
		for _, project := range projects {
			for _, org := range orgs {
				p := caller.GetPrincipalParams
				p.ProjectID, p.OrgID, p.Now = project, org, b.now
				params = append(params, p, p) // the same one twice
				names = append(names, caller.name, caller.name)
				there = append(there, caller.there, caller.there)
			}
		}
	}
	together, alone := aloneAndTogether(t, b, b.service.GetPrincipals, params, "GetPrincipal", "ListPrincipals")
	for i := range params {
		at := []any{names[i], params[i].OrgID, params[i].ProjectID}
		if got := alone[i] != nil; got != there[i] {
			t.Errorf("%s, organization %v, project %v: got %t, want %t", append(at, got, there[i])...)
		}
		if diff := gocmp.Diff(alone[i], together[i], principalOptions()); diff != "" {
			t.Errorf("%s, organization %v, project %v (-alone +together):\n%s", append(at, diff)...)
		}
	}
	wantEveryField(t, alone)
}

// principalOptions leaves the order of roles and networks aside, which queries
// do not promise.
func principalOptions() gocmp.Options {
	return gocmp.Options{
		cmpopts.EquateComparable(netip.Prefix{}),
		cmpopts.SortSlices(cmp.Less[string]),
		cmpopts.SortSlices(func(a, b netip.Prefix) bool { return a.String() < b.String() }),
	}
}

// A bucket is the same, whether its request is alone or shares its statement.
func TestBucketsAreTheSameAloneAndTogether(t *testing.T) {
	t.Parallel()
	b := setupEqual(t)
	first, second := "5f0000000000000000000b01", "5f0000000000000000000b02"
	for _, row := range equalBuckets(t, b.now) {
		if _, err := db.New().InsertExportBucket(t.Context(), b.pool, row); err != nil {
			t.Fatalf("%s: %v", row.ID, err)
		}
	}
	var params []db.GetExportBucketParams
	var there []bool
	for _, tt := range []struct {
		project, id string
		there       bool
	}{
		{first, "5f0000000000000000000f01", true},  // AWS
		{first, "5f0000000000000000000f01", true},  // the same one twice
		{second, "5f0000000000000000000f01", true}, // the same id in another project
		{second, "5f0000000000000000000f02", false},
		{first, "5f0000000000000000000f02", true}, // AWS, with a region
		{first, "5f0000000000000000000f03", true}, // AZURE
		{first, "5f0000000000000000000fff", false},
		{first, "5f0000000000000000000f04", true}, // GCP
		{second, "5f0000000000000000000f05", true},
		{first, "5f0000000000000000000f05", false}, // of another project
		{"5f0000000000000000000b03", "5f0000000000000000000f01", false},
		{"5f0000000000000000000bff", "5f0000000000000000000f01", false},
	} {
		params = append(params, db.GetExportBucketParams{ProjectID: mustID(t, tt.project), ID: mustID(t, tt.id)})
		there = append(there, tt.there)
	}
	together, alone := aloneAndTogether(t, b, b.service.GetExportBuckets, params,
		"GetExportBucket", "ListExportBucketsByID")
	for i, p := range params {
		if got := alone[i] != nil; got != there[i] {
			t.Errorf("%s of %s: got %t, want %t", p.ID, p.ProjectID, got, there[i])
		}
		if diff := gocmp.Diff(alone[i], together[i]); diff != "" {
			t.Errorf("%s of %s (-alone +together):\n%s", p.ID, p.ProjectID, diff)
		}
	}
	wantEveryField(t, alone)
}

// What is added is the same, whether its request is alone or shares its
// statement, and so is what is left out.
func TestBucketsAreAddedTheSameAloneAndTogether(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := setupEqual(t)
	rows := equalBuckets(t, b.now)
	for _, tt := range []struct {
		project, role string
		provider      db.CloudProvider
	}{
		{"5f0000000000000000000b01", "5f0000000000000000000d04", db.CloudProviderAWS}, // not authorized
		{"5f0000000000000000000b01", "5f0000000000000000000d99", db.CloudProviderAWS}, // unknown
		{"5f0000000000000000000b01", "5f0000000000000000000d05", db.CloudProviderAWS}, // of another project
		{"5f0000000000000000000b02", "5f0000000000000000000d03", db.CloudProviderGCP}, // of another project
		{"5f0000000000000000000b01", "5f0000000000000000000d01", db.CloudProviderGCP}, // of another provider
	} {
		row := db.InsertExportBucketParams{
			ProjectID: mustID(t, tt.project), ID: objectid.New(b.now), RoleID: mustID(t, tt.role),
			CloudProvider: tt.provider, BucketName: "left-out", CreatedAt: b.now,
		}
		if tt.provider == db.CloudProviderAWS {
			row.RequirePrivateNetworking = new(false)
		}
		rows = append(rows, row)
	}
	insert := func(ctx context.Context, rows []db.InsertExportBucketParams) ([]*db.ExportBucket, error) {
		buckets, refused, err := b.service.InsertExportBuckets(ctx, rows)
		for i, err := range refused {
			if err != nil {
				t.Errorf("%s: got %v, want none", rows[i].BucketName, err)
			}
		}
		// The next ones have the same ids.
		if _, err := b.pool.Exec(ctx, "DELETE FROM export_buckets"); err != nil {
			t.Error(err)
		}
		return buckets, err
	}
	together, alone := aloneAndTogether(t, b, insert, rows, "InsertExportBucket", "InsertExportBuckets")
	for i, row := range rows {
		if got, want := alone[i] != nil, row.BucketName != "left-out"; got != want {
			t.Errorf("%s with %s: got %t, want %t", row.ID, row.RoleID, got, want)
		}
		if diff := gocmp.Diff(alone[i], together[i]); diff != "" {
			t.Errorf("%s with %s (-alone +together):\n%s", row.ID, row.RoleID, diff)
		}
	}
	wantEveryField(t, alone)
	// What is returned is not all that is stored.
	stored := func(rows ...[]db.InsertExportBucketParams) (buckets []*db.ExportBucket) {
		if _, err := b.pool.Exec(ctx, "DELETE FROM export_buckets"); err != nil {
			t.Fatal(err)
		}
		for _, batch := range rows {
			if _, _, err := b.service.InsertExportBuckets(ctx, batch); err != nil {
				t.Fatal(err)
			}
		}
		found, err := b.pool.Query(ctx, "SELECT * FROM export_buckets ORDER BY project_id, id")
		if err != nil {
			t.Fatal(err)
		}
		buckets, err = pgx.CollectRows(found, pgx.RowToAddrOfStructByPos[db.ExportBucket])
		if err != nil {
			t.Fatal(err)
		}
		return buckets
	}
	oneByOne := stored(slices.Collect(slices.Chunk(rows, 1))...)
	if diff := gocmp.Diff(oneByOne, stored(rows)); diff != "" {
		t.Errorf("stored (-alone +together):\n%s", diff)
	}
	wantEveryField(t, oneByOne)
}

// equalBuckets are buckets of all cloud providers, of two projects.
func equalBuckets(t *testing.T, now time.Time) []db.InsertExportBucketParams {
	t.Helper()
	bucket := func(project, id, role string, provider db.CloudProvider) db.InsertExportBucketParams {
		now = now.Add(time.Second)
		return db.InsertExportBucketParams{
			ProjectID: mustID(t, project), ID: mustID(t, id), RoleID: mustID(t, role),
			CloudProvider: provider, BucketName: "bucket-" + id[20:] + project[20:], CreatedAt: now,
		}
	}
	const first, second = "5f0000000000000000000b01", "5f0000000000000000000b02"
	rows := []db.InsertExportBucketParams{
		bucket(first, "5f0000000000000000000f01", "5f0000000000000000000d01", db.CloudProviderAWS),
		bucket(first, "5f0000000000000000000f02", "5f0000000000000000000d01", db.CloudProviderAWS),
		bucket(first, "5f0000000000000000000f03", "5f0000000000000000000d02", db.CloudProviderAZURE),
		bucket(first, "5f0000000000000000000f04", "5f0000000000000000000d03", db.CloudProviderGCP),
		bucket(second, "5f0000000000000000000f01", "5f0000000000000000000d05", db.CloudProviderAWS),
		bucket(second, "5f0000000000000000000f05", "5f0000000000000000000d05", db.CloudProviderAWS),
	}
	rows[0].RequirePrivateNetworking = new(false)
	rows[1].RequirePrivateNetworking, rows[1].Region = new(true), new("eu-west-1")
	rows[2].ServiceURL = new("https://examplestorageaccount.blob.core.windows.net/examplecontainer")
	rows[4].RequirePrivateNetworking = new(true)
	rows[5].RequirePrivateNetworking, rows[5].Region = new(false), new("us-east-1")
	return rows
}

// aloneAndTogether calls serve with all that is asked and with each alone, and
// fails unless these were one statement of the plural query and many of the
// singular one.
func aloneAndTogether[In, Out any](
	t *testing.T, b equalBundle, serve func(context.Context, []In) ([]*Out, error), asked []In, one, many string,
) (together, alone []*Out) {
	t.Helper()
	b.queries.take()
	together, err := serve(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.queries.take(); !slices.Equal(got, []string{many}) {
		t.Fatalf("together: got queries %q, want one %s", got, many)
	}
	for i := range asked {
		found, err := serve(t.Context(), asked[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		alone = append(alone, found...)
	}
	if got := b.queries.take(); !slices.Equal(got, slices.Repeat([]string{one}, len(asked))) {
		t.Fatalf("alone: got queries %q, want %d %s", got, len(asked), one)
	}
	if len(together) != len(asked) || len(alone) != len(asked) {
		t.Fatalf("got %d together and %d alone, want %d", len(together), len(alone), len(asked))
	}
	return together, alone
}

// wantEveryField fails if there is a field in which all rows are empty: such rows
// would be equal even if a query left the field out.
func wantEveryField[Row any](t *testing.T, rows []*Row) {
	t.Helper()
	kind := reflect.TypeFor[Row]()
	for i := range kind.NumField() {
		if !slices.ContainsFunc(rows, func(row *Row) bool {
			if row == nil {
				return false
			}
			value := reflect.ValueOf(row).Elem().Field(i)
			return !value.IsZero() && (value.Kind() != reflect.Slice || value.Len() > 1)
		}) {
			t.Errorf("%s: got it in no row, want it in some", kind.Field(i).Name)
		}
	}
}

// ids are the parsed ids; nil stands for an empty one.
func ids(t *testing.T, texts ...string) []*objectid.ID {
	t.Helper()
	list := make([]*objectid.ID, len(texts))
	for i, text := range texts {
		if text != "" {
			list[i] = new(mustID(t, text))
		}
	}
	return list
}
