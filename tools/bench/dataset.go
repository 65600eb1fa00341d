//go:build linux

package main

import (
	"crypto/sha256"
	"strconv"
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
		return bucket{tenant: tenant(d.tenants + before%d.full), id: number(extraBucketPrefix, before)}
	}
	return d.bucket(place - before)
}

// bucket returns one of the export buckets that the ordinary tenants share.
func (d dataset) bucket(i int) bucket {
	return bucket{tenant: tenant(i % d.tenants), id: number(bucketPrefix, i)}
}

// fullTenant returns one of the tenants that are for lists.
func (d dataset) fullTenant(i int) tenant { return tenant(d.tenants + i) }

func (d dataset) createdAt(place int) time.Time {
	return d.now.Add(-history + history/time.Duration(d.rows())*time.Duration(place))
}

// tenant is a tenant by its number.
type tenant int

func (t tenant) org() objectid.ID     { return number(orgPrefix, int(t)) }
func (t tenant) project() objectid.ID { return number(projectPrefix, int(t)) }
func (t tenant) account() objectid.ID { return number(accountPrefix, int(t)) }
func (t tenant) secret() objectid.ID  { return number(secretPrefix, int(t)) }
func (t tenant) key() objectid.ID     { return number(keyPrefix, int(t)) }
func (t tenant) role() objectid.ID    { return number(rolePrefix, int(t)) }

// token returns the access token of the tenant's service account. It is as long
// as those that the server makes.
func (t tenant) token() string {
	return tokenPrefix + t.digits()
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

// An id is a prefix that tells the kind, and the number in 18 decimal digits: so
// much can pgbench compute. The numbers begin where they have that many.
const (
	orgPrefix         = "68400a"
	projectPrefix     = "68400b"
	accountPrefix     = "68400c"
	secretPrefix      = "68400d"
	keyPrefix         = "68400e"
	rolePrefix        = "68400f"
	bucketPrefix      = "684010"
	extraBucketPrefix = "684011"

	tokenPrefix = "bench-access-token-tenant"

	firstNumber = 100_000_000_000_000_000
	lastNumber  = 999_999_999_999_999_999
)

func (t tenant) digits() string { return strconv.Itoa(firstNumber + int(t)) }

// number returns the id of the n-th thing of a kind.
func number(prefix string, n int) objectid.ID {
	id, err := objectid.Parse(prefix + strconv.Itoa(firstNumber+n))
	if err != nil {
		panic(err) // The prefix or the number is no such thing.
	}
	return id
}
