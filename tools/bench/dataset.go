//go:build linux

package main

import (
	"strconv"
	"time"

	"exportbuckets/internal/objectid"
)

// pageSize is how many results a page of a list has.
const pageSize = 100

// dataset is what a database is loaded with. All of it follows from numbers, so
// the clients know every id and secret without asking.
//
// Tenants [0, tenants) have the buckets among them. Tenants [tenants,
// tenants+full) have each buckets more: they are for lists, and creates leave
// them alone.
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

// deletable returns one of the export buckets that are added to be deleted.
func (d dataset) deletable(i int) bucket {
	return bucket{tenant: tenant(i % d.tenants), id: number(deletablePrefix, i)}
}

// fullTenant returns one of the tenants that are for lists.
func (d dataset) fullTenant(i int) tenant { return tenant(d.tenants + i) }

func (d dataset) createdAt(place int) time.Time {
	return d.now.Add(-history + history/time.Duration(d.rows())*time.Duration(place))
}

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
	deletablePrefix   = "684012"
	eventPrefix       = "684013"

	tokenPrefix = "bench-access-token-tenant"

	firstNumber = 100_000_000_000_000_000
	lastNumber  = 999_999_999_999_999_999
)

// number returns the id of the n-th thing of a kind.
func number(prefix string, n int) objectid.ID {
	id, err := objectid.Parse(prefix + strconv.Itoa(firstNumber+n))
	if err != nil {
		panic(err) // The prefix or the number is no such thing.
	}
	return id
}
