package write_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/tenant"
)

// In these tests one of two requests is played by a transaction on a connection
// of its own, which ends only once the other request waits for it.

// raceKeyProject is a project without export buckets and access roles.
const raceKeyProject = "5f0000000000000000000b02"

const raceOrg = "5f0000000000000000000a01"

// The statements of the request that is played.
const (
	lockPrincipal   = "SELECT FROM principals WHERE id = $1 FOR NO KEY UPDATE"
	deletePrincipal = "DELETE FROM principals WHERE id = $1"
	lockProject     = "SELECT FROM projects WHERE id = $1 FOR UPDATE"
	shareProject    = "SELECT FROM projects WHERE id = $1 FOR KEY SHARE"
	deleteProject   = "DELETE FROM projects WHERE id = $1"
	deleteGrants    = "DELETE FROM project_role_grants WHERE principal_id = $1"
	lockSecrets     = "SELECT FROM service_account_secrets WHERE service_account_id = $1 FOR UPDATE"
	deleteSecrets   = "DELETE FROM service_account_secrets WHERE service_account_id = $1"
)

// credentialBundle is a key and a service account that have two roles each on a
// project.
type credentialBundle struct {
	raceBundle

	org     atlas.CredentialOwner
	onGroup atlas.CredentialOwner
	inviter atlas.ServiceAccountInviter
	project atlas.ProjectOwner
	key     raceCredential
	account raceCredential
	secret  string // of the account
	tx      pgx.Tx // of the request that is played
}

// raceCredential is an API key or a service account, and what the tests do with
// both.
type raceCredential struct {
	id       objectid.ID
	named    iam.CredentialName
	notFound atlas.Code
	name     string // in refusals
	update   func(roles ...string) error
	assign   func(roles ...string) error
	unassign func() error
	remove   func() error
}

func setupCredentials(t *testing.T) *credentialBundle {
	t.Helper()
	ctx := t.Context()
	b := &credentialBundle{raceBundle: setupRace(t)}
	var err error
	if b.org, err = b.principal(t, iam.Origin{Org: raceOrg}).CredentialOwner(); err != nil {
		t.Fatal(err)
	}
	onProject := b.principal(t, iam.Origin{Project: raceKeyProject})
	if b.onGroup, err = onProject.CredentialOwner(); err != nil {
		t.Fatal(err)
	}
	if b.inviter, err = onProject.ServiceAccountInviter(); err != nil {
		t.Fatal(err)
	}
	if b.project, err = onProject.ProjectOwner(); err != nil {
		t.Fatal(err)
	}

	text, hours, roles := "race", 24, []string{"GROUP_READ_ONLY", "GROUP_BACKUP_MANAGER"}
	key, err := b.iam.CreateAPIKey(ctx, b.onGroup, iam.APIKeyRequest{Description: &text, Roles: &roles})
	if err != nil {
		t.Fatal(err)
	}
	account, err := b.iam.CreateServiceAccount(ctx, b.onGroup, iam.ServiceAccountRequest{
		Name: &text, Description: &text, Roles: &roles, SecretExpiresAfterHours: &hours,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.secret = account.Secrets[0].Secret
	b.key = b.raceKey(ctx, key.ID)
	b.account = b.raceAccount(ctx, account.ID)
	return b
}

func (b *credentialBundle) raceKey(ctx context.Context, id objectid.ID) raceCredential {
	named := iam.APIKeyName(id)
	return raceCredential{
		id: id, named: named, notFound: atlas.CodeAPIKeyNotFound, name: id.String(),
		update: func(roles ...string) error {
			_, err := b.iam.UpdateAPIKey(ctx, b.onGroup, named, iam.APIKeyRequest{Roles: &roles})
			return err
		},
		assign: func(roles ...string) error {
			return b.iam.AssignAPIKey(ctx, b.onGroup, named, []iam.APIKeyAssignment{{Roles: roles}})
		},
		unassign: func() error { return b.iam.DeleteAPIKey(ctx, b.onGroup, named) },
		remove:   func() error { return b.iam.DeleteAPIKey(ctx, b.org, named) },
	}
}

func (b *credentialBundle) raceAccount(ctx context.Context, id objectid.ID) raceCredential {
	clientID := iam.ClientIDPrefix + id.String()
	named := iam.ServiceAccountName(clientID)
	return raceCredential{
		id: id, named: named, notFound: atlas.CodeServiceAccountNotFound, name: clientID,
		update: func(roles ...string) error {
			_, err := b.iam.UpdateServiceAccount(ctx, b.onGroup, named, iam.ServiceAccountUpdate{Roles: &roles})
			return err
		},
		assign: func(roles ...string) error {
			_, err := b.iam.InviteServiceAccount(ctx, b.inviter, named, []iam.ServiceAccountAssignment{{Roles: roles}})
			return err
		},
		unassign: func() error { return b.iam.DeleteServiceAccount(ctx, b.onGroup, named) },
		remove:   func() error { return b.iam.DeleteServiceAccount(ctx, b.org, named) },
	}
}

// principal returns the demo tenant's Organization Owner.
func (b *credentialBundle) principal(t *testing.T, from iam.Origin) *atlas.Principal {
	t.Helper()
	token, err := b.iam.CreateAccessToken(t.Context(), raceClientID, raceSecret)
	if err != nil {
		t.Fatal(err)
	}
	from.Address = netip.MustParseAddr("127.0.0.1")
	principal, err := b.iam.AuthenticateBearer(t.Context(), token.Token, from)
	if err != nil {
		t.Fatal(err)
	}
	return principal
}

// eachCredential runs a test for a key and for an account.
func eachCredential(t *testing.T, test func(*testing.T, *credentialBundle, raceCredential)) {
	t.Helper()
	t.Run("an API key", func(t *testing.T) {
		t.Parallel()
		b := setupCredentials(t)
		test(t, b, b.key)
	})
	t.Run("a service account", func(t *testing.T) {
		t.Parallel()
		b := setupCredentials(t)
		test(t, b, b.account)
	})
}

// step is a statement of the request that is played.
type step struct {
	sql string
	id  objectid.ID
}

// begin begins the request that is played.
func (b *credentialBundle) begin(t *testing.T, steps ...step) {
	t.Helper()
	var err error
	if b.tx, err = b.other.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.play(t, steps...)
}

func (b *credentialBundle) play(t *testing.T, steps ...step) {
	t.Helper()
	for _, step := range steps {
		tag, err := b.tx.Exec(t.Context(), step.sql, step.id)
		if err != nil || tag.RowsAffected() == 0 {
			t.Fatalf("%s: got %v, %v, want a row", step.sql, tag, err)
		}
	}
}

// whileWaiting starts a request, and plays the rest of the other once it waits
// for that. It returns how the request has ended.
func (b *credentialBundle) whileWaiting(t *testing.T, request func() error, rest ...step) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- request() }()
	b.wantWaiter(t, b.other.PgConn().PID(), func() bool { return len(done) > 0 })
	b.play(t, rest...)
	if err := b.tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return <-done
}

// grant gives a role on the project within the request that is played.
func (b *credentialBundle) grant(t *testing.T, c raceCredential, role db.ProjectRole) {
	t.Helper()
	err := db.New().InsertProjectRoleGrant(t.Context(), b.tx, db.InsertProjectRoleGrantParams{
		ProjectID: objectid.MustParse(raceKeyProject), PrincipalID: c.id, Role: role, OrgID: objectid.MustParse(raceOrg),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// roles returns the roles on projects that the database has of a principal.
func (b *credentialBundle) roles(t *testing.T, c raceCredential) []string {
	t.Helper()
	rows, err := b.pool.Query(t.Context(),
		"SELECT role::text FROM project_role_grants WHERE principal_id = $1 ORDER BY 1", c.id)
	if err != nil {
		t.Fatal(err)
	}
	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return roles
}

func (b *credentialBundle) wantNoRoles(t *testing.T, c raceCredential) {
	t.Helper()
	if got := b.roles(t, c); len(got) > 0 {
		t.Errorf("roles on projects: got %q, want none", got)
	}
}

// wantCount compares how many rows of a table belong to a principal.
func (b *credentialBundle) wantCount(t *testing.T, sql string, id objectid.ID, want int) {
	t.Helper()
	var got int
	if err := b.pool.QueryRow(t.Context(), sql, id).Scan(&got); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("%s: got %d, want %d", sql, got, want)
	}
}

const (
	countPrincipals = "SELECT count(*) FROM principals WHERE id = $1"
	countProjects   = "SELECT count(*) FROM projects WHERE id = $1"
	countSecrets    = "SELECT count(*) FROM service_account_secrets WHERE service_account_id = $1"
	countTokens     = "SELECT count(*) FROM access_tokens WHERE service_account_id = $1"
)

func TestAnAssignmentWaitsForTheDeletionOfItsProject(t *testing.T) {
	t.Parallel()
	eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
		t.Helper()
		if err := c.unassign(); err != nil {
			t.Fatal(err)
		}
		project := objectid.MustParse(raceKeyProject)
		b.begin(t, step{lockProject, project})
		err := b.whileWaiting(t, func() error { return c.assign("GROUP_OWNER") }, step{deleteProject, project})
		wantCode(t, err, atlas.CodeProjectNotFound, raceKeyProject)
		b.wantNoRoles(t, c)
	})
}

func TestADeletionOfAProjectWaitsForAnAssignment(t *testing.T) {
	t.Parallel()
	eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
		t.Helper()
		b.begin(t, step{lockPrincipal, c.id})
		b.grant(t, c, db.ProjectRoleGROUPOWNER)
		err := b.whileWaiting(t, func() error { return b.tenant.DeleteProject(t.Context(), b.project) })
		if err != nil {
			t.Errorf("deletion: got %v, want nil", err)
		}
		b.wantNoRoles(t, c)
		b.wantCount(t, countPrincipals, c.id, 1)
		b.wantCount(t, countProjects, objectid.MustParse(raceKeyProject), 0)
	})
}

func TestAnAssignmentWaitsForTheDeletionOfItsCredential(t *testing.T) {
	t.Parallel()
	eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
		t.Helper()
		if err := c.unassign(); err != nil {
			t.Fatal(err)
		}
		b.begin(t, step{lockPrincipal, c.id})
		err := b.whileWaiting(t, func() error { return c.assign("GROUP_OWNER") }, step{deletePrincipal, c.id})
		wantCode(t, err, c.notFound, c.name)
		b.wantNoRoles(t, c)
	})
}

func TestADeletionOfACredentialWaitsForItsAssignment(t *testing.T) {
	t.Parallel()
	eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
		t.Helper()
		b.begin(t, step{lockPrincipal, c.id})
		b.grant(t, c, db.ProjectRoleGROUPOWNER)
		if err := b.whileWaiting(t, c.remove); err != nil {
			t.Errorf("deletion: got %v, want nil", err)
		}
		b.wantNoRoles(t, c)
		b.wantCount(t, countPrincipals, c.id, 0)
	})
}

// takers are the requests that take roles of a credential on the project.
func takers(b *credentialBundle, c raceCredential) map[string]func() error {
	return map[string]func() error{
		"an unassignment":           c.unassign,
		"a deletion":                c.remove,
		"a deletion of the project": func() error { return b.tenant.DeleteProject(context.Background(), b.project) },
	}
}

// Whoever takes roles waits for a deletion of their project once that has come to
// them, and not for whoever else holds the project.
func TestWhoeverTakesRolesWaitsForTheEndOfADeletionOfTheirProject(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"an unassignment", "a deletion"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
				t.Helper()
				project := objectid.MustParse(raceKeyProject)
				b.begin(t, step{lockProject, project}, step{deleteProject, project})
				if err := b.whileWaiting(t, takers(b, c)[name]); err != nil {
					t.Errorf("got %v, want nil", err)
				}
				b.wantNoRoles(t, c)
			})
			eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
				t.Helper()
				b.begin(t, step{lockProject, objectid.MustParse(raceKeyProject)})
				if err := takers(b, c)[name](); err != nil {
					t.Errorf("got %v while the project is held, want nil", err)
				}
				b.wantNoRoles(t, c)
			})
		})
	}
}

// Were it otherwise, two who take the same roles would wait for each other.
func TestRolesAreTakenInOneOrder(t *testing.T) {
	t.Parallel()
	const lockFirst = "SELECT FROM project_role_grants WHERE principal_id = $1 ORDER BY role LIMIT 1 FOR UPDATE"
	const lockAll = "SELECT FROM project_role_grants WHERE principal_id = $1 FOR UPDATE"
	for _, name := range []string{"an unassignment", "a deletion", "a deletion of the project"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
				t.Helper()
				// They are written in another order.
				if err := c.update("GROUP_DATABASE_ACCESS_ADMIN", "GROUP_DATA_ACCESS_ADMIN"); err != nil {
					t.Fatal(err)
				}
				b.begin(t, step{lockFirst, c.id})
				if err := b.whileWaiting(t, takers(b, c)[name], step{lockAll, c.id}); err != nil {
					t.Errorf("got %v, want nil", err)
				}
				b.wantNoRoles(t, c)
			})
		})
	}
}

func TestAChangeOfRolesWaitsForTheDeletionOfTheirProject(t *testing.T) {
	t.Parallel()
	eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
		t.Helper()
		project := objectid.MustParse(raceKeyProject)
		b.begin(t, step{lockProject, project})
		err := b.whileWaiting(t, func() error { return c.update("GROUP_OWNER") }, step{deleteProject, project})
		wantCode(t, err, atlas.CodeProjectNotFound, raceKeyProject)
		b.wantNoRoles(t, c)
	})
}

func TestADeletionOfAProjectWaitsForAChangeOfRolesOnIt(t *testing.T) {
	t.Parallel()
	eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
		t.Helper()
		b.begin(t, step{lockPrincipal, c.id}, step{shareProject, objectid.MustParse(raceKeyProject)})
		remove := func() error { return b.tenant.DeleteProject(t.Context(), b.project) }
		if err := b.whileWaiting(t, remove, step{deleteGrants, c.id}); err != nil {
			t.Errorf("deletion: got %v, want nil", err)
		}
		b.wantNoRoles(t, c)
		b.wantCount(t, countProjects, objectid.MustParse(raceKeyProject), 0)
	})
}

func TestOfTwoChangesOfRolesOneHoldsWhole(t *testing.T) {
	t.Parallel()
	eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
		t.Helper()
		b.begin(t, step{lockPrincipal, c.id})
		done := make(chan error, 1)
		go func() { done <- c.update("GROUP_OWNER", "GROUP_CLUSTER_MANAGER") }()
		err := b.whileWaiting(t, func() error { return c.update("GROUP_SEARCH_INDEX_EDITOR", "GROUP_DATA_ACCESS_ADMIN") })
		if err := errors.Join(err, <-done); err != nil {
			t.Errorf("changes: got %v, want none", err)
		}
		got := b.roles(t, c)
		one := []string{"GROUP_CLUSTER_MANAGER", "GROUP_OWNER"}
		other := []string{"GROUP_DATA_ACCESS_ADMIN", "GROUP_SEARCH_INDEX_EDITOR"}
		if !slices.Equal(got, one) && !slices.Equal(got, other) {
			t.Errorf("got the roles %q, want %q or %q", got, one, other)
		}
	})
}

// A credential that was unassigned meanwhile does not get its roles back.
func TestAChangeOfRolesWaitsForAnUnassignment(t *testing.T) {
	t.Parallel()
	eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
		t.Helper()
		b.begin(t, step{lockPrincipal, c.id}, step{deleteGrants, c.id})
		err := b.whileWaiting(t, func() error { return c.update("GROUP_OWNER") })
		wantCode(t, err, c.notFound, c.name)
		b.wantNoRoles(t, c)
	})
}

// newRaceProject is what a key that may create projects asks for.
func newRaceProject() tenant.ProjectRequest {
	name, org := "race", objectid.MustParse(raceOrg)
	return tenant.ProjectRequest{Name: &name, OrgID: &org}
}

// creator makes a service account that may create projects, and returns it as
// a caller, too.
func (b *credentialBundle) creator(t *testing.T) (raceCredential, *atlas.Principal) {
	t.Helper()
	ctx := t.Context()
	text, hours, roles := "race", 24, []string{"ORG_GROUP_CREATOR"}
	account, err := b.iam.CreateServiceAccount(ctx, b.org, iam.ServiceAccountRequest{
		Name: &text, Description: &text, Roles: &roles, SecretExpiresAfterHours: &hours,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := b.iam.CreateAccessToken(ctx, account.ClientID(), account.Secrets[0].Secret)
	if err != nil {
		t.Fatal(err)
	}
	principal, err := b.iam.AuthenticateBearer(ctx, token.Token, iam.Origin{Address: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	return b.raceAccount(ctx, account.ID), principal
}

func TestACreationOfAProjectWaitsForTheDeletionOfItsCreator(t *testing.T) {
	t.Parallel()
	b := setupCredentials(t)
	c, principal := b.creator(t)
	b.begin(t, step{lockPrincipal, c.id}, step{deletePrincipal, c.id})
	err := b.whileWaiting(t, func() error {
		_, err := b.tenant.CreateProject(t.Context(), principal, newRaceProject())
		return err
	})
	var refused *atlas.Error
	if !errors.As(err, &refused) || refused.Code != atlas.CodeUserUnauthorized {
		t.Errorf("creation: got %v, want %s", err, atlas.CodeUserUnauthorized)
	}
	b.wantCount(t, "SELECT count(*) FROM projects WHERE org_id = $1 AND name = 'race'", objectid.MustParse(raceOrg), 0)
}

func TestADeletionOfACredentialWaitsForTheProjectThatItCreates(t *testing.T) {
	t.Parallel()
	eachCredential(t, func(t *testing.T, b *credentialBundle, c raceCredential) {
		t.Helper()
		if err := c.unassign(); err != nil {
			t.Fatal(err)
		}
		b.begin(t)
		project, err := db.New().InsertProject(t.Context(), b.tx, db.InsertProjectParams{
			ID: objectid.New(time.Now()), OrgID: objectid.MustParse(raceOrg), Name: "race", CreatedAt: time.Now(), Tags: []byte("[]"),
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.New().InsertProjectRoleGrant(t.Context(), b.tx, db.InsertProjectRoleGrantParams{
			ProjectID: project.ID, PrincipalID: c.id, Role: db.ProjectRoleGROUPOWNER, OrgID: project.OrgID,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.whileWaiting(t, c.remove); err != nil {
			t.Errorf("deletion: got %v, want nil", err)
		}
		b.wantNoRoles(t, c)
		b.wantCount(t, countPrincipals, c.id, 0)
		b.wantCount(t, countProjects, project.ID, 1)
	})
}

// issue asks for a token of the account.
func (b *credentialBundle) issue(ctx context.Context) error {
	_, err := b.iam.CreateAccessToken(ctx, b.account.name, b.secret)
	return err
}

// addExpiredToken adds a token that whoever asks for another removes.
func (b *credentialBundle) addExpiredToken(t *testing.T) {
	t.Helper()
	_, err := b.pool.Exec(t.Context(), `
		INSERT INTO access_tokens (token_hash, org_id, service_account_id, secret_id, created_at, expires_at)
		SELECT sha256('race'), org_id, service_account_id, id, now() - interval '2 hours', now() - interval '1 hour'
		FROM service_account_secrets WHERE service_account_id = $1`, b.account.id)
	if err != nil {
		t.Fatal(err)
	}
}

// The deletion has taken the secret and not yet its tokens: the request for a
// token must not have taken those.
func TestARequestForATokenWaitsForTheDeletionOfItsSecret(t *testing.T) {
	t.Parallel()
	for name, deletion := range map[string]string{"the secret": deleteSecrets, "the account": deletePrincipal} {
		t.Run("with "+name, func(t *testing.T) {
			t.Parallel()
			b := setupCredentials(t)
			b.addExpiredToken(t)
			b.begin(t, step{lockPrincipal, b.account.id}, step{lockSecrets, b.account.id})
			err := b.whileWaiting(t, func() error { return b.issue(t.Context()) }, step{deletion, b.account.id})
			if !errors.Is(err, atlas.ErrInvalidClient) {
				t.Errorf("token: got %v, want %v", err, atlas.ErrInvalidClient)
			}
			b.wantCount(t, countTokens, b.account.id, 0)
			b.wantCount(t, countSecrets, b.account.id, 0)
		})
	}
}

func TestARequestForATokenIsGrantedIfTheDeletionIsNot(t *testing.T) {
	t.Parallel()
	b := setupCredentials(t)
	b.addExpiredToken(t)
	b.begin(t, step{deletePrincipal, b.account.id})
	done := make(chan error, 1)
	go func() { done <- b.issue(t.Context()) }()
	b.wantWaiter(t, b.other.PgConn().PID(), func() bool { return len(done) > 0 })
	if err := b.tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("token: got %v, want one", err)
	}
	b.wantCount(t, countTokens, b.account.id, 1) // the expired one is gone
}

func TestADeletionOfASecretWaitsForARequestForAToken(t *testing.T) {
	t.Parallel()
	for name, deletion := range map[string]func(*testing.T, *credentialBundle, objectid.ID) error{
		"of the secret": func(t *testing.T, b *credentialBundle, secretID objectid.ID) error {
			t.Helper()
			return b.iam.DeleteServiceAccountSecret(t.Context(), b.org, b.account.named, secretID)
		},
		"of the account": func(_ *testing.T, b *credentialBundle, _ objectid.ID) error { return b.account.remove() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			b := setupCredentials(t)
			var secretID objectid.ID
			err := b.pool.QueryRow(ctx, "SELECT id FROM service_account_secrets WHERE service_account_id = $1",
				b.account.id).Scan(&secretID)
			if err != nil {
				t.Fatal(err)
			}
			b.begin(t)
			now := time.Now()
			_, err = db.New().InsertAccessToken(ctx, b.tx, db.InsertAccessTokenParams{
				TokenHash: make([]byte, 32), OrgID: objectid.MustParse(raceOrg), ServiceAccountID: b.account.id, SecretID: secretID,
				CreatedAt: now, ExpiresAt: now.Add(time.Hour),
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := b.whileWaiting(t, func() error { return deletion(t, b, secretID) }); err != nil {
				t.Errorf("deletion: got %v, want nil", err)
			}
			b.wantCount(t, countTokens, b.account.id, 0)
			b.wantCount(t, countSecrets, b.account.id, 0)
		})
	}
}

func TestOfTwoSecretsTooManyOneIsRefused(t *testing.T) {
	t.Parallel()
	b := setupCredentials(t)
	hours := 24
	create := func() error {
		_, err := b.iam.CreateServiceAccountSecret(t.Context(), b.org, b.account.named,
			iam.ServiceAccountSecretRequest{SecretExpiresAfterHours: &hours})
		return err
	}
	b.begin(t, step{lockPrincipal, b.account.id})
	done := make(chan error, 1)
	go func() { done <- create() }()
	ends := []error{b.whileWaiting(t, create), <-done}
	var codes []atlas.Code
	for _, err := range ends {
		var refused *atlas.Error
		switch {
		case errors.As(err, &refused):
			codes = append(codes, refused.Code)
		case err != nil:
			t.Errorf("got %v, want a secret or a refusal", err)
		}
	}
	if diff := cmp.Diff([]atlas.Code{atlas.CodeValidation}, codes); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
	b.wantCount(t, countSecrets, b.account.id, 2)
}
