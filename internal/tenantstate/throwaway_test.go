package tenantstate

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/write"
	"exportbuckets/staging"
)

func (b *stateBundle) operator(t testing.TB) Caller {
	t.Helper()
	return b.caller(t, operatorToken)
}

func (b *stateBundle) caller(t testing.TB, token string) Caller {
	t.Helper()
	caller, err := b.service.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return caller
}

// team returns who has a new token of the organization of b.writer.
func (b *stateBundle) team(t testing.TB, role staging.Role) Caller {
	t.Helper()
	token, err := b.service.CreateToken(t.Context(), b.writer, staging.NewToken{Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return b.caller(t, token.Secret)
}

func (b *stateBundle) create(t testing.TB, asked staging.NewOrganization) staging.CreatedOrganization {
	t.Helper()
	created, err := b.service.CreateOrganization(t.Context(), b.operator(t), asked)
	if err != nil {
		t.Fatalf("create %s: %v", asked.Name, err)
	}
	return created
}

func copyOf(state string) staging.NewOrganization {
	return staging.NewOrganization{From: orgOne + "/" + state, Name: "pr-42"}
}

// ownTables are the tables that have rows of organizations, each with the condition that a
// row, t, belongs to one.
func (b *stateBundle) ownTables(t testing.TB) map[string]string {
	t.Helper()
	tables := make(map[string]string)
	for _, name := range b.strs(t, `SELECT DISTINCT table_name::text FROM information_schema.columns
		WHERE table_schema = 'public' AND column_name IN ('org_id', 'project_id') ORDER BY 1`) {
		tables[name] = "to_jsonb(t) ->> 'org_id' = $1 OR to_jsonb(t) ->> 'project_id' = ANY($2)"
	}
	tables["orgs"] = "id = $1"
	return tables
}

// rowsOf returns all rows of an organization, whatever table they are in, with the table
// before each. The projects are those that it has had.
func (b *stateBundle) rowsOf(t testing.TB, org string, projects ...string) []string {
	t.Helper()
	var all []string
	for name, condition := range b.ownTables(t) {
		sql := fmt.Sprintf("SELECT '%[1]s: ' || to_jsonb(t)::text FROM %[1]s AS t WHERE %[2]s", name, condition)
		args := []any{org, projects}
		if name == orgs {
			args = args[:1]
		}
		all = append(all, b.strs(t, sql, args...)...)
	}
	slices.Sort(all)
	return all
}

// projectsIn returns the ids of the projects that an organization has.
func (b *stateBundle) projectsIn(t testing.TB, org string) []string {
	t.Helper()
	return b.strs(t, "SELECT id::text FROM projects WHERE org_id = $1", org)
}

// own are what nothing of a copy may have in common with its source, in any row.
func (b *stateBundle) own(t testing.TB, org string) []string {
	t.Helper()
	own := b.strs(t, `SELECT public_key FROM api_keys WHERE org_id = $1
		UNION ALL SELECT encode(ha1, 'hex') FROM api_keys WHERE org_id = $1
		UNION ALL SELECT encode(secret_hash, 'hex') FROM service_account_secrets WHERE org_id = $1
		UNION ALL SELECT encode(token_hash, 'hex') FROM staging_tokens WHERE org_id = $1
		UNION ALL SELECT assumed_role_external_id FROM cloud_provider_access_roles JOIN projects ON projects.id = project_id
			WHERE org_id = $1 AND assumed_role_external_id IS NOT NULL
		UNION ALL SELECT gcp_service_account FROM cloud_provider_access_roles JOIN projects ON projects.id = project_id
			WHERE org_id = $1 AND gcp_service_account IS NOT NULL`, org)
	for _, row := range b.rowsOf(t, org, b.projectsIn(t, org)...) {
		own = append(own, regexp.MustCompile(`[A-Fa-f0-9]{24}`).FindAllString(row, -1)...)
	}
	slices.Sort(own)
	return slices.Compact(own)
}

// A copy has all that its source has, and nothing in common with it.
func TestAThrowawayIsACopyWithNothingInCommon(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.save(t, "saved")
	b.declare(t)
	encoded, err := b.exported(t, staging.Live).Encode()
	if err != nil {
		t.Fatal(err)
	}
	own, before := b.own(t, orgOne), b.dump(t)
	for _, asked := range []staging.NewOrganization{
		copyOf(staging.Live), copyOf(staging.Declared), copyOf("saved"),
		{File: staging.FileText(seed.Demo), Name: "pr-42"}, {File: staging.FileText(encoded), Name: "pr-42"},
	} {
		t.Run(asked.From, func(t *testing.T) {
			created := b.create(t, asked)
			org := created.Organization.ID
			rows := b.rowsOf(t, org, b.projectsIn(t, org)...)
			for _, row := range rows {
				for _, one := range own {
					if strings.Contains(row, one) && !strings.Contains(row, `"kind": "`+one) {
						t.Errorf("got %s of the source in %s", one, row)
					}
				}
			}
			counts := make(map[string]int)
			for _, row := range rows {
				name, _, _ := strings.Cut(row, ": ")
				counts[name]++
			}
			for name, condition := range b.ownTables(t) {
				if leftOut[name].reason != "" || name == orgs || name == "network_containers" || name == "coming_events" {
					continue
				}
				want := len(b.strs(t, fmt.Sprintf("SELECT '' FROM %s AS t WHERE %s", name, condition), orgOne, b.projectsIn(t, orgOne)))
				if counts[name] != want {
					t.Errorf("%s: got %d rows, want %d", name, counts[name], want)
				}
			}
			if asked.From != "" && counts["network_containers"] == 0 {
				t.Error("network_containers: got no row, want those of the source")
			}
			wantRows(t, before, b.withoutOf(t, org))
			b.wantWorks(t, created)
			if created.Names["projects"]["Demo Project"] != created.IDs[demoProject] || created.IDs[demoProject] == "" {
				t.Errorf("got names %v and ids %v, want the demo project in both", created.Names, created.IDs)
			}
			changes, err := b.service.Diff(t.Context(), b.writerOf(t, org).Reader(), staging.Declared, staging.Live)
			if err != nil || len(changes.Changes) > 0 {
				t.Errorf("got %v, %v, want it as it declares", changes, err)
			}
			if err := b.service.DeleteOrganization(t.Context(), b.writerOf(t, org), ""); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// exported returns the file of a state.
func (b *stateBundle) exported(t testing.TB, of string) seed.File {
	t.Helper()
	file, err := b.service.Export(t.Context(), b.writer.Reader(), of)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// withoutOf is the dump without the rows of an organization.
func (b *stateBundle) withoutOf(t testing.TB, org string) []string {
	t.Helper()
	ids := append(b.projectsIn(t, org), org)
	return slices.DeleteFunc(b.dump(t), func(row string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(row, id) }) ||
			strings.HasPrefix(row, "staging_tokens: ")
	})
}

// wantWorks signs in with each of the credentials that were shown.
func (b *stateBundle) wantWorks(t testing.TB, created staging.CreatedOrganization) {
	t.Helper()
	callers := iam.New(b.pool, b.service.env, iam.Config{Sealer: b.service.cfg.Sealer})
	valid := 0
	for _, key := range created.APIKeys {
		ok, err := callers.IsValid(t.Context(), key.PublicKey, key.PrivateKey)
		if err != nil || !ok || len(key.OrgRoles) == 0 {
			t.Errorf("API key %q %v: got %t, %v, want it valid", key.Description, key.OrgRoles, ok, err)
		}
		valid++
	}
	for _, account := range created.ServiceAccounts {
		for _, secret := range account.Secrets {
			ok, err := callers.IsValid(t.Context(), account.ClientID, secret.Secret)
			if err != nil || ok != secret.ExpiresAt.After(b.now) {
				t.Errorf("service account %q: got %t, %v of a secret until %s", account.Name, ok, err, secret.ExpiresAt)
			}
			valid++
		}
	}
	if valid < 2 {
		t.Errorf("got %d credentials, want those of the source", valid)
	}
	caller, err := b.service.Authenticate(t.Context(), created.Token.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := caller.Writer(t.Context(), created.Organization.ID); err != nil {
		t.Errorf("token: got %v, want it to write", err)
	}
}

// wantGone fails the test unless everyone of an organization is refused.
func (b *stateBundle) wantGone(t testing.TB, service *Service, created staging.CreatedOrganization) {
	t.Helper()
	callers := iam.New(service.pool, service.env, iam.Config{Sealer: service.cfg.Sealer})
	for _, key := range created.APIKeys {
		if ok, err := callers.IsValid(t.Context(), key.PublicKey, key.PrivateKey); ok || err != nil {
			t.Errorf("API key: got %t, %v, want it refused", ok, err)
		}
	}
	for _, account := range created.ServiceAccounts {
		for _, secret := range account.Secrets {
			if ok, err := callers.IsValid(t.Context(), account.ClientID, secret.Secret); ok || err != nil {
				t.Errorf("service account: got %t, %v, want it refused", ok, err)
			}
		}
	}
	_, err := service.Authenticate(t.Context(), created.Token.Secret)
	wantProblem(t, err, staging.CodeUnauthenticated)
	operator, err := service.Authenticate(t.Context(), operatorToken)
	if err != nil {
		t.Fatal(err)
	}
	_, err = operator.Writer(t.Context(), created.Organization.ID)
	wantProblem(t, err, staging.CodeNotFound)
	list, err := service.Organizations(t.Context(), operator, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, org := range list.Results {
		if org.ID == created.Organization.ID {
			t.Errorf("got %v in the list, want it gone", org)
		}
	}
}

// fillEvery gives an organization a row in every table that has rows of organizations.
func (b *stateBundle) fillEvery(t testing.TB, org string) {
	t.Helper()
	project := b.projectsIn(t, org)[0]
	for _, sql := range []string{
		`INSERT INTO access_tokens SELECT sha256(id::bytea), org_id, service_account_id, id, created_at, expires_at
			FROM service_account_secrets WHERE org_id = '%[1]s'`,
		`INSERT INTO access_list_entries SELECT org_id, id, '10.0.0.0/8', now() FROM principals WHERE org_id = '%[1]s'`,
		`INSERT INTO backup_private_endpoints VALUES ('%[2]s', '%[1]s', 'US_EAST_1', 'US_EAST_1', now(), now())`,
		`INSERT INTO org_events (org_id, id, created_at, type) VALUES ('%[1]s', '%[1]s', now(), 'TEST')`,
		`INSERT INTO project_events (project_id, id, created_at, type) VALUES ('%[2]s', '%[1]s', now(), 'TEST')`,
		`INSERT INTO staging_sessions SELECT sha256('%[1]s'), org_id, id, NULL, now() FROM staging_tokens
			WHERE org_id = '%[1]s'`,
		`INSERT INTO staging_faults VALUES ('%[1]s', 'a', 1, '{}', 0, NULL, 1, NULL, 0, 0, now())`,
		`INSERT INTO journal_entries VALUES ('%[1]s', '%[1]s', now(), 'admin', '', 0, '', '', '', '', '', '', 1, '{}')`,
		`INSERT INTO coming_events SELECT project_id, id, id, now(), 'TEST' FROM clusters
			WHERE project_id IN (SELECT id FROM projects WHERE org_id = '%[1]s') LIMIT 1 ON CONFLICT DO NOTHING`,
	} {
		b.exec(t, fmt.Sprintf(sql, org, project))
	}
	rows := b.rowsOf(t, org, b.projectsIn(t, org)...)
	for name := range b.ownTables(t) {
		if !slices.ContainsFunc(rows, func(row string) bool { return strings.HasPrefix(row, name+": ") }) {
			t.Errorf("%s: got no row, want one in every table", name)
		}
	}
}

func TestNothingIsLeftOfAnOrganizationThatHasEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.dump(t)
	ends := map[string]func(created staging.CreatedOrganization) error{
		"its token": func(created staging.CreatedOrganization) error {
			writer, err := b.caller(t, created.Token.Secret).Writer(t.Context(), created.Organization.ID)
			if err != nil {
				return err
			}
			return b.service.DeleteOrganization(t.Context(), writer, "")
		},
		"the operator": func(created staging.CreatedOrganization) error {
			return b.service.DeleteOrganization(t.Context(), b.writerOf(t, created.Organization.ID), "")
		},
		"time": func(staging.CreatedOrganization) error {
			b.now = b.now.Add(2 * time.Hour)
			swept, err := b.service.Sweep(t.Context())
			if swept != 1 {
				t.Errorf("got %d swept, want 1", swept)
			}
			return err
		},
	}
	for name, end := range ends {
		created := b.create(t, copyOf(staging.Live))
		org := created.Organization.ID
		projects := b.projectsIn(t, org)
		b.fillEvery(t, org)
		if err := end(created); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantRows(t, nil, b.rowsOf(t, org, projects...))
		wantRows(t, before, b.dump(t))
		b.wantGone(t, b.service, created)
	}
}

func TestAnOrganizationThatStaysTakesTheOperatorWhoSaysItsName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.team(t, staging.RoleWrite)
	own, err := team.Writer(t.Context(), orgOne)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, b.service.DeleteOrganization(t.Context(), own, "Demo Organization"), staging.CodeReadOnlyToken)
	wantProblem(t, b.service.DeleteOrganization(t.Context(), b.writer, ""), staging.CodeInvalid)
	wantProblem(t, b.service.DeleteOrganization(t.Context(), b.writer, "Demo"), staging.CodeConflict)
	others := foreignRows(b.dump(t))
	projects := b.projectsIn(t, orgOne)
	if err := b.service.DeleteOrganization(t.Context(), b.writer, "Demo Organization"); err != nil {
		t.Fatal(err)
	}
	wantRows(t, nil, b.rowsOf(t, orgOne, projects...))
	wantRows(t, others, foreignRows(b.dump(t)))
	wantProblem(t, b.service.DeleteOrganization(t.Context(), b.writer, "Demo Organization"), staging.CodeNotFound)
	_, err = b.service.SaveState(t.Context(), b.writer, "a")
	wantProblem(t, err, staging.CodeNotFound)
	_, err = b.service.Export(t.Context(), b.writer.Reader(), staging.Live)
	wantProblem(t, err, staging.CodeNotFound)
	_, err = b.service.CreateToken(t.Context(), b.writer, staging.NewToken{Role: staging.RoleRead})
	wantProblem(t, err, staging.CodeNotFound)
}

// Whoever acts for an organization that ends meanwhile is refused, and no fault of ours.
func TestAWriteForAnOrganizationThatHasEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.pool.Write(t.Context(), objectid.ID{}, func(tx pgx.Tx) error {
		return write.LockOrg(t.Context(), tx, objectid.ID{})
	})
	if !errors.Is(err, atlas.ErrNoOrg) {
		t.Errorf("got %v, want %v", err, atlas.ErrNoOrg)
	}
}

// On a replica whose sweeper has not run.
func TestAnOrganizationThatHasExpiredIsGoneOnEveryReplica(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.create(t, staging.NewOrganization{From: orgOne + "/live", Name: "pr-42", TTL: "1h"})
	other := New(b.pool, b.service.env, b.service.cfg)
	b.wantWorks(t, created)
	b.now = b.now.Add(time.Hour - time.Second)
	b.wantWorks(t, created)
	b.now = b.now.Add(time.Second)
	b.wantGone(t, other, created)
	_, err := other.CreateOrganization(t.Context(), b.operator(t),
		staging.NewOrganization{From: created.Organization.ID + "/live", Name: "again"})
	wantProblem(t, err, staging.CodeNotFound)
}

func TestWhoMayMakeAThrowaway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	writer, reader := b.team(t, staging.RoleWrite), b.team(t, staging.RoleRead)
	if _, err := b.service.CreateOrganization(t.Context(), writer, copyOf(staging.Live)); err != nil {
		t.Errorf("team: got %v, want a copy", err)
	}
	text := staging.NewOrganization{File: staging.FileText(seed.Demo), Name: "a"}
	if _, err := b.service.CreateOrganization(t.Context(), writer, text); err != nil {
		t.Errorf("team, file: got %v, want an organization", err)
	}
	for _, asked := range []staging.NewOrganization{copyOf(staging.Live), text} {
		_, err := b.service.CreateOrganization(t.Context(), reader, asked)
		wantProblem(t, err, staging.CodeReadOnlyToken)
	}
	before := b.dump(t)
	_, foreign := b.service.CreateOrganization(t.Context(), writer,
		staging.NewOrganization{From: orgTwo + "/live", Name: "a"})
	_, missing := b.service.CreateOrganization(t.Context(), writer,
		staging.NewOrganization{From: "0f0000000000000000000001/live", Name: "a"})
	wantProblem(t, foreign, staging.CodeNotFound)
	if foreign.Error() != missing.Error() {
		t.Errorf("got %q of a foreign source and %q of none, want the same", foreign, missing)
	}
	wantRows(t, before, b.dump(t))
}

func TestWhatNoThrowawayCanBeMadeOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.dump(t)
	for _, tt := range []struct {
		asked staging.NewOrganization
		code  staging.Code
		at    string
	}{
		{staging.NewOrganization{Name: "a"}, staging.CodeInvalid, ""},
		{staging.NewOrganization{Name: "a", From: orgOne + "/live", File: []byte("{}")}, staging.CodeInvalid, ""},
		{staging.NewOrganization{Name: "", From: orgOne + "/live"}, staging.CodeInvalid, "/name"},
		{staging.NewOrganization{Name: strings.Repeat("a", 65), From: orgOne + "/live"}, staging.CodeInvalid, "/name"},
		{staging.NewOrganization{Name: "a", From: orgOne + "/live", TTL: "soon"}, staging.CodeInvalid, "/ttl"},
		{staging.NewOrganization{Name: "a", From: orgOne + "/live", TTL: "-1h"}, staging.CodeInvalid, "/ttl"},
		{staging.NewOrganization{Name: "a", From: orgOne + "/live", TTL: "169h"}, staging.CodeInvalid, "/ttl"},
		{staging.NewOrganization{Name: "a", From: orgOne}, staging.CodeInvalid, "/from"},
		{staging.NewOrganization{Name: "a", From: "demo/live"}, staging.CodeNotFound, ""},
		{staging.NewOrganization{Name: "a", From: orgOne + "/declared"}, staging.CodeNotFound, ""},
		{staging.NewOrganization{Name: "a", File: []byte(`{"organizations":[]}`)}, staging.CodeInvalid, "/file/organizations"},
		{staging.NewOrganization{Name: "a", File: []byte(`{"organizations":[{"id":"5f0000000000000000000a09"}]}`)},
			staging.CodeInvalid, "/file/organizations/0/name"},
		{staging.NewOrganization{Name: "a", File: []byte(`{"organizations":[{"id":"5f0000000000000000000a09","name":"a",
			"projects":[{"id":"5f0000000000000000000b09","name":"p","exportBuckets":[{"id":"5f0000000000000000000f09",
			"body":{"cloudProvider":"AWS","bucketName":"bucket","iamRoleId":"5f0000000000000000000d09"}}]}]}]}`)},
			staging.CodeInvalid, "/file/organizations/0/projects/0/exportBuckets/0"},
	} {
		_, err := b.service.CreateOrganization(t.Context(), b.operator(t), tt.asked)
		wantProblem(t, err, tt.code)
		if problem, ok := errorAs(err); ok && problem.At != tt.at {
			t.Errorf("%v: got a problem at %q, want %q", tt.asked, problem.At, tt.at)
		}
	}
	wantRows(t, before, b.dump(t))
}

// A text that looks like an id and is none stays, and one in which an id stands has the new
// one.
func TestWhatAUserWroteStaysInAThrowaway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t,
		"UPDATE projects SET name = 'abcdefabcdefabcdefabcdef' WHERE id = '"+otherProject+"'",
		"UPDATE api_keys SET description = 'of "+demoProject+"' WHERE public_key = 'demoownr'",
	)
	created := b.create(t, copyOf(staging.Live))
	if created.Names["projects"]["abcdefabcdefabcdefabcdef"] != created.IDs[otherProject] {
		t.Errorf("got names %v, want that of the source", created.Names["projects"])
	}
	if !slices.ContainsFunc(created.APIKeys, func(key staging.APIKey) bool {
		return key.Description == "of "+created.IDs[demoProject]
	}) {
		t.Errorf("got %v, want one with the project's new id in its description", created.APIKeys)
	}
}

// The limit holds for those who create at the same time.
func TestThereAreNoMoreThrowawaysThanMayBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.service.cfg.MaxThrowaways = 5
	var mu sync.Mutex
	var made, refused int
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			caller, err := b.service.Authenticate(t.Context(), operatorToken)
			if err == nil {
				_, err = b.service.CreateOrganization(t.Context(), caller, copyOf(staging.Live))
			}
			mu.Lock()
			defer mu.Unlock()
			if problem, ok := errorAs(err); ok && problem.Code == staging.CodeLimit {
				refused++
			} else if err != nil {
				t.Errorf("got %v", err)
			} else {
				made++
			}
		})
	}
	all.Wait()
	if made != 5 || refused != 7 {
		t.Errorf("got %d made and %d refused, want 5 and 7", made, refused)
	}
	b.now = b.now.Add(3 * time.Hour) // those that have expired count no more
	b.create(t, copyOf(staging.Live))
}

// A copy is what its source was at one moment, whatever becomes of that meanwhile.
func TestASourceThatChangesAndEndsWhileItIsCopied(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.save(t, "few")
	few := b.strs(t, "SELECT count(*)::text FROM export_buckets WHERE project_id LIKE '5f%'")[0]
	b.addRows(t, 200)
	b.save(t, "many")
	many := b.strs(t, "SELECT count(*)::text FROM export_buckets WHERE project_id LIKE '5f%'")[0]
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var changing sync.WaitGroup
	changing.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			name := []string{"few", "many"}[i%2]
			if _, err := b.service.Restore(t.Context(), b.writer, to(name)); err != nil {
				t.Errorf("restore: %v", err)
			}
		}
	})
	for range 6 {
		org := b.create(t, copyOf(staging.Live)).Organization
		if got := strconv.FormatInt(org.Counts.ExportBuckets, 10); got != few && got != many {
			t.Errorf("got %s export buckets, want %s or %s", got, few, many)
		}
	}
	cancel()
	changing.Wait()
	created := b.create(t, copyOf("many"))
	if err := b.service.DeleteOrganization(t.Context(), b.writer, "Demo Organization"); err != nil {
		t.Fatal(err)
	}
	b.wantWorks(t, created)
	changes, err := b.service.Restore(t.Context(), b.writerOf(t, created.Organization.ID), to(staging.Declared))
	if err != nil || len(changes.Changes) > 0 {
		t.Errorf("reset: got %v, %v, want a state of its own", changes, err)
	}
}

// Columns of bytes are hashes and keys: in a copy each is another.
func TestEveryColumnOfBytesIsRenewed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.create(t, copyOf(staging.Live))
	columns := b.strs(t, `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type = 'bytea' ORDER BY 1`)
	looked := 0
	for _, name := range columns {
		of, column, _ := strings.Cut(name, ".")
		if leftOut[of].reason != "" {
			continue
		}
		looked++
		same := b.strs(t, fmt.Sprintf(`SELECT '%[1]s' FROM %[1]s AS a JOIN %[1]s AS b USING (%[2]s)
			WHERE a.org_id = $1 AND b.org_id = $2`, of, column), orgOne, created.Organization.ID)
		if len(same) > 0 || renewed[of] == nil {
			t.Errorf("%s: got %d values of the source, want none", name, len(same))
		}
	}
	if looked != 2 {
		t.Errorf("looked at %d columns of %v, want those of keys and secrets", looked, columns)
	}
}

// A copy has the clock of its source, and none once it is reset. It ends by the real time,
// whatever its own clock shows.
func TestAThrowawayHasTheClockOfItsSource(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.declare(t)
	month := 30 * 24 * time.Hour
	if _, err := b.service.AdvanceClock(t.Context(), b.writer, staging.Advance{By: month.String()}); err != nil {
		t.Fatal(err)
	}
	b.save(t, "later")
	for state, ahead := range map[string]time.Duration{staging.Live: month, "later": month, staging.Declared: 0} {
		created := b.create(t, copyOf(state))
		writer := b.writerOf(t, created.Organization.ID)
		b.wantAhead(t, writer, state, ahead)
		if _, err := b.service.AdvanceClock(t.Context(), writer, staging.Advance{By: month.String()}); err != nil {
			t.Fatal(err)
		}
		b.wantWorks(t, created)
		if _, err := b.service.Restore(t.Context(), writer, to(staging.Declared)); err != nil {
			t.Fatal(err)
		}
		b.wantAhead(t, writer, state+", reset", 0)
		late := b.strs(t, `SELECT snapshots.id FROM snapshots JOIN projects ON projects.id = project_id
			WHERE org_id = $1 AND completed_at > $2`, created.Organization.ID, b.now.Add(24*time.Hour))
		if len(late) > 0 {
			t.Errorf("%s, reset: got snapshots of the time to come: %v", state, late)
		}
	}
}

func (b *stateBundle) wantAhead(t testing.TB, writer Writer, of string, want time.Duration) {
	t.Helper()
	clock, err := b.service.Clock(t.Context(), writer.Reader())
	if err != nil || clock.Now.Sub(b.now) != want {
		t.Errorf("%s: got a clock that shows %v, %v, want it %s ahead", of, clock, err, want)
	}
}
