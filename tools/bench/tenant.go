//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
)

// This file is all that knows what the rows of a tenant and of its export
// buckets are like.

// tenant is a tenant by its number: an organization with a project, a service
// account with an access token, an API key and an authorized AWS access role.
type tenant int

func (t tenant) org() objectid.ID     { return number(orgPrefix, int(t)) }
func (t tenant) project() objectid.ID { return number(projectPrefix, int(t)) }
func (t tenant) account() objectid.ID { return number(accountPrefix, int(t)) }
func (t tenant) secret() objectid.ID  { return number(secretPrefix, int(t)) }
func (t tenant) key() objectid.ID     { return number(keyPrefix, int(t)) }
func (t tenant) role() objectid.ID    { return number(rolePrefix, int(t)) }

// token returns the access token of the tenant's service account. It is as long
// as those that the server makes.
func (t tenant) token() string { return tokenPrefix + strconv.Itoa(firstNumber+int(t)) }

// tokenHash is what the database has of the token.
func (t tenant) tokenHash() []byte {
	sum := sha256.Sum256([]byte(t.token()))
	return sum[:]
}

// publicKey returns the eight letters that name the tenant's API key.
func (t tenant) publicKey() string {
	var letters [8]byte
	n := int(t)
	for i := len(letters) - 1; i >= 0; i-- {
		letters[i] = byte('a' + n%26)
		n /= 26
	}
	return string(letters[:])
}

const (
	realm      = iam.Realm
	privateKey = "b3c41000-0000-4000-8000-000000000001" // of every tenant
)

// ha1 returns what stands for the tenant's API key in answers to challenges.
func (t tenant) ha1() string { return hex.EncodeToString(digest.HA1(t.publicKey(), realm, privateKey)) }

// insert records the statements of the server that add the tenant: one that was
// created at a time and got its access token now.
func (t tenant) insert(ctx context.Context, r *recorder, created, now time.Time) {
	q := db.New()
	_, err := q.InsertOrg(ctx, r, db.InsertOrgParams{
		ID: t.org(), Name: fmt.Sprintf("Organization %d", t), CreatedAt: created,
	})
	r.note(err)
	_, err = q.InsertProject(ctx, r, db.InsertProjectParams{
		ID: t.project(), OrgID: t.org(), Name: fmt.Sprintf("Project %d", t), CreatedAt: created,
		WithDefaultAlertsSettings: true, Tags: []byte("[]"),
	})
	r.note(err)
	t.insertKey(ctx, r, created)
	t.insertAccount(ctx, r, created, now)
	arn := "arn:aws:iam::123456789012:role/export"
	_, err = q.InsertAccessRole(ctx, r, backup.NewAWSRoleRow(t.project(), t.role(), &arn, created))
	r.note(err)
}

func (t tenant) insertKey(ctx context.Context, r *recorder, created time.Time) {
	t.insertPrincipal(ctx, r, t.key(), db.PrincipalKindAPIKEY)
	r.note(db.New().InsertAPIKey(ctx, r, new(iam.Sealer).NewAPIKeyRow(
		t.org(), t.key(), "benchmark", t.publicKey(), privateKey, created)))
}

func (t tenant) insertAccount(ctx context.Context, r *recorder, created, now time.Time) {
	q := db.New()
	t.insertPrincipal(ctx, r, t.account(), db.PrincipalKindSERVICEACCOUNT)
	r.note(q.InsertServiceAccount(ctx, r, db.InsertServiceAccountParams{
		OrgID: t.org(), ID: t.account(), Name: "benchmark", Description: "benchmark", CreatedAt: created,
	}))
	r.note(q.InsertServiceAccountSecret(ctx, r, iam.NewSecretRow(
		t.org(), t.account(), t.secret(), t.token(), created, now.Add(history))))
	_, err := q.InsertAccessToken(ctx, r, db.InsertAccessTokenParams{
		OrgID: t.org(), ServiceAccountID: t.account(), SecretID: t.secret(), TokenHash: t.tokenHash(),
		CreatedAt: now, ExpiresAt: now.Add(history),
	})
	r.note(err)
}

// insertPrincipal adds a credential with the roles that it needs: as each that
// the API makes, it is a member of the organization.
func (t tenant) insertPrincipal(ctx context.Context, r *recorder, id objectid.ID, kind db.PrincipalKind) {
	_, err := db.New().InsertPrincipal(ctx, r, db.InsertPrincipalParams{OrgID: t.org(), ID: id, Kind: kind})
	r.note(err)
	r.note(db.New().InsertOrgRoleGrant(ctx, r, db.InsertOrgRoleGrantParams{
		OrgID: t.org(), PrincipalID: id, Role: db.OrgRoleORGMEMBER,
	}))
	r.note(db.New().InsertProjectRoleGrant(ctx, r, db.InsertProjectRoleGrantParams{
		OrgID: t.org(), ProjectID: t.project(), PrincipalID: id, Role: db.ProjectRoleGROUPOWNER,
	}))
}

// bucket is an export bucket that was loaded.
type bucket struct {
	tenant tenant
	id     objectid.ID
}

// What every export bucket is like, loaded or created.
const (
	bucketName = "export-bucket"
	awsRegion  = "us-east-1"
)

// The export buckets are copied, as there are millions.
var (
	bucketsTable  = pgx.Identifier{"export_buckets"}
	bucketColumns = []string{
		"project_id", "id", "cloud_provider", "bucket_name", "role_id", "created_at",
		"region", "require_private_networking",
	}
)

// row returns the values of bucketColumns.
func (b bucket) row(created time.Time) []any {
	return []any{
		b.tenant.project().String(), b.id.String(), "AWS", bucketName, b.tenant.role().String(), created,
		awsRegion, false,
	}
}
