//go:build linux

package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
)

// This file is all that knows what a request is to PostgreSQL: which statements
// the server sends for one that comes alone, and with which arguments.

// example is what statements are recorded for. In pgbench's scripts the tenant
// and the export bucket are others each time.
type example struct {
	tenant   tenant
	bucket   objectid.ID // to be created, read or deleted
	idPrefix string      // of the bucket
	data     dataset
}

// callerAddress is where requests come from.
const callerAddress = "127.0.0.1"

// The events that tell of the bucket have ids as its own, but for the first digit.
func (x example) roleEvent() objectid.ID   { return number(higher(x.idPrefix, 1), 0) }
func (x example) bucketEvent() objectid.ID { return number(higher(x.idPrefix, 2), 0) }

// higher returns the prefix of ids whose first digit is so much higher. Those that others
// measure at other times differ in the last.
func higher(prefix string, by int64) string {
	digit, err := strconv.ParseInt(prefix[:1], 16, 64)
	if err != nil {
		panic(err) // It is a constant, or the time.
	}
	return fmt.Sprintf("%x", digit+by) + prefix[1:]
}

// send calls a function that sqlc generates as the server does.
type send func(ctx context.Context, r *recorder, x example)

// record returns the statements of an operation on the example: first the one
// that authenticates a request with a bearer token.
func (x example) record(ctx context.Context, send send) ([]statement, error) {
	var r recorder
	asked := fmt.Sprintf(`[{"ordinal":0,"token_hash":%q,"project_id":%q,"now":%q}]`,
		base64.StdEncoding.EncodeToString(x.tenant.tokenHash()), x.tenant.project(), x.data.now.Format(time.RFC3339Nano))
	_, err := db.New().ListPrincipals(ctx, &r, []byte(asked))
	r.note(err)
	send(ctx, &r, x)
	if r.err != nil {
		return nil, fmt.Errorf("record statements: %w", r.err)
	}
	return r.statements, nil
}

func sendInsert(ctx context.Context, r *recorder, x example) {
	asked := fmt.Sprintf(`[{"project_id":%q,"id":%q,"cloud_provider":"AWS","bucket_name":%q,"role_id":%q,`+
		`"created_at":%q,"region":%q,"require_private_networking":false,"service_url":null,`+
		`"org_id":%q,"caller_id":%q,"caller_version":0,"public_key":null,"remote_address":%q,`+
		`"role_event_id":%q,"role_event_type":%q,"bucket_event_id":%q}]`,
		x.tenant.project(), x.bucket, bucketName, x.tenant.role(), x.data.now.Format(time.RFC3339Nano), awsRegion,
		x.tenant.org(), x.tenant.account(), callerAddress, x.roleEvent(), event.AWSRoleUpdated.Name, x.bucketEvent())
	_, err := db.New().InsertExportBuckets(ctx, r, []byte(asked))
	r.note(err)
}

func sendGet(ctx context.Context, r *recorder, x example) {
	_, err := db.New().ListExportBucketsByID(ctx, r, db.ListExportBucketsByIDParams{
		ProjectIDs: []string{x.tenant.project().String()}, IDs: []string{x.bucket.String()},
	})
	r.note(err)
}

// sendList asks for a page as long as the server asks for one: a row beyond it
// tells that there are more.
func sendList(ctx context.Context, r *recorder, x example) {
	var providers []string
	for _, p := range db.AllCloudProviderValues() {
		providers = append(providers, string(p))
	}
	_, err := db.New().ListExportBuckets(ctx, r, db.ListExportBucketsParams{
		Counted:        true,
		ProjectID:      x.tenant.project(),
		CloudProviders: providers,
		RowLimit:       pageSize + 1,
	})
	r.note(err)
}

func sendDelete(ctx context.Context, r *recorder, x example) {
	_, err := db.New().DeleteExportBucket(ctx, r, db.DeleteExportBucketParams{
		ProjectID: x.tenant.project(), ID: x.bucket,
	})
	r.note(err)
	actor := atlas.Actor{ID: x.tenant.account(), Address: netip.MustParseAddr(callerAddress)}
	told := event.Event{ProjectID: new(x.tenant.project()), CreatedAt: x.data.now, Actor: actor}
	ofRole, ofBucket := told, told
	ofRole.ID, ofRole.Type = x.roleEvent(), event.AWSRoleUpdated.Name
	ofBucket.ID, ofBucket.Type = x.bucketEvent(), event.BucketDeleted.Name
	r.note(event.Write(ctx, r, ofRole, ofBucket))
}

// computed is SQL that computes from pgbench's variables what stands for a part
// of the example, wherever it is in the text of an argument.
type computed struct{ example, sql string }

func (x example) computed() []computed {
	hash := x.tenant.tokenHash()
	hashSQL := "sha256((" + digitsAfter(tokenPrefix, "tenant") + ")::bytea)"
	return []computed{
		{x.tenant.project().String(), digitsAfter(projectPrefix, "tenant")},
		{x.tenant.role().String(), digitsAfter(rolePrefix, "tenant")},
		{x.tenant.org().String(), digitsAfter(orgPrefix, "tenant")},
		{x.tenant.account().String(), digitsAfter(accountPrefix, "tenant")},
		{x.bucket.String(), digitsAfter(x.idPrefix, "serial")},
		{x.roleEvent().String(), digitsAfter(higher(x.idPrefix, 1), "serial")},
		{x.bucketEvent().String(), digitsAfter(higher(x.idPrefix, 2), "serial")},
		{`\x` + hex.EncodeToString(hash), hashSQL},
		{base64.StdEncoding.EncodeToString(hash), "encode(" + hashSQL + ", 'base64')"},
	}
}

// digitsAfter is SQL for a prefix and then a variable of pgbench, which computes
// numbers only.
func digitsAfter(prefix, name string) string { return "'" + prefix + "' || :" + name + "::text" }
