package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"exportbuckets/internal/objectid"
)

// pageSize is how many results a page of a list has.
const pageSize = 100

// dataset is what a database is loaded with. All of it follows from numbers, so
// the clients know every id and secret without asking.
//
// Each tenant is an organization with a project, a service account with an
// access token, an API key and an authorized AWS access role. Tenants [0,
// tenants) have the buckets among them. Tenants [tenants, tenants+full) have
// each buckets more: they are for lists, and creates leave them alone.
type dataset struct {
	tenants int
	buckets int
	full    int
	each    int
	now     time.Time // when the run began
}

// history is how long ago the oldest export bucket was created.
const history = 30 * 24 * time.Hour

func (d dataset) allTenants() int { return d.tenants + d.full }

func (d dataset) rows() int { return d.buckets + d.full*d.each }

// bucket is an export bucket that was loaded or created.
type bucket struct {
	tenant tenant
	id     objectid.ID
}

// row returns an export bucket by its place in the table. The table is in the
// order of creation, in which tenants take turns: the rows of one tenant are on
// as many pages of the table as they would be in use.
func (d dataset) row(place int) bucket {
	extra := d.full * d.each
	// The extra buckets stand at equal distances.
	before := place * extra / d.rows()
	if (place+1)*extra/d.rows() > before {
		return bucket{tenant: tenant(d.tenants + before%d.full), id: number(extraBucketID, before)}
	}
	return d.bucket(place - before)
}

// bucket returns one of the export buckets that the ordinary tenants share.
func (d dataset) bucket(i int) bucket {
	return bucket{tenant: tenant(i % d.tenants), id: number(bucketID, i)}
}

// fullTenant returns one of the tenants that are for lists.
func (d dataset) fullTenant(i int) tenant { return tenant(d.tenants + i) }

func (d dataset) createdAt(place int) time.Time {
	return d.now.Add(-history + history/time.Duration(d.rows())*time.Duration(place))
}

// tenant is a tenant by its number.
type tenant int

func (t tenant) org() objectid.ID     { return number(orgID, int(t)) }
func (t tenant) project() objectid.ID { return number(projectID, int(t)) }
func (t tenant) account() objectid.ID { return number(accountID, int(t)) }
func (t tenant) secret() objectid.ID  { return number(secretID, int(t)) }
func (t tenant) key() objectid.ID     { return number(keyID, int(t)) }
func (t tenant) role() objectid.ID    { return number(roleID, int(t)) }

// token returns the access token of the tenant's service account, in the form
// of those that the server makes.
func (t tenant) token() string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("token"), uint64(t)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

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

// privateKey is the same for every tenant.
const privateKey = "b3c41000-0000-4000-8000-000000000001"

// The kinds of ids stand in the byte after the time.
const (
	orgID = 1 + iota
	projectID
	accountID
	secretID
	keyID
	roleID
	bucketID
	extraBucketID
)

// epoch is the time in all ids that are loaded. Numbers alone put the buckets
// of a project in their order.
const epoch = 1_750_000_000

// number returns the id of the n-th thing of a kind.
func number(kind byte, n int) objectid.ID {
	var id objectid.ID
	binary.BigEndian.PutUint64(id[4:], uint64(n)) //nolint:gosec // It counts from 0.
	binary.BigEndian.PutUint32(id[:4], epoch)
	id[4] = kind
	return id
}

// tenantOf returns the tenant whose project it is.
func tenantOf(project objectid.ID) tenant {
	n := binary.BigEndian.Uint64(project[4:])
	return tenant(n &^ (0xff << 56)) //nolint:gosec // It was made from an int.
}
