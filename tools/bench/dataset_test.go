//go:build linux

package main

import (
	"testing"
	"time"

	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
)

var aMoment = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func TestTheTableHasEachBucketOnce(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]dataset{
		"few extra":         {tenants: 7, buckets: 100, full: 2, each: 5},
		"mostly extra":      {tenants: 7, buckets: 10, full: 3, each: 50},
		"none extra":        {tenants: 7, buckets: 20},
		"one that has many": {tenants: 7, buckets: 7, full: 1, each: 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d.now = aMoment
			of := map[tenant]int{}
			ids := map[objectid.ID]bool{}
			for place := range d.rows() {
				b := d.row(place)
				of[b.tenant]++
				ids[b.id] = true
				if place > 0 && !d.createdAt(place-1).Before(d.createdAt(place)) {
					t.Fatalf("row %d was created at %v, want it after the one before", place, d.createdAt(place))
				}
			}
			if len(ids) != d.rows() {
				t.Errorf("got %d ids, want %d", len(ids), d.rows())
			}
			for i := range d.full {
				if got := of[d.fullTenant(i)]; got != d.each {
					t.Errorf("full tenant %d: got %d buckets, want %d", i, got, d.each)
				}
			}
			for i := range d.buckets {
				if b := d.bucket(i); !ids[b.id] || b.tenant != tenant(i%d.tenants) {
					t.Errorf("bucket %d: got %v, want one that is loaded", i, b)
				}
			}
		})
	}
}

func TestTheRowsOfATenantAreSpreadOverTheTable(t *testing.T) {
	t.Parallel()
	d := dataset{tenants: 10, buckets: 1000, full: 2, each: 100, now: aMoment}
	last := -1
	for place := range d.rows() {
		if d.row(place).tenant != d.fullTenant(0) {
			continue
		}
		if gap := place - last; last >= 0 && (gap < 10 || gap > 14) {
			t.Fatalf("rows %d and %d of a tenant follow each other, want about 12 apart", last, place)
		}
		last = place
	}
}

func TestCredentialsHaveTheFormOfThoseOfTheServer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, n := range []tenant{0, 1, 25, 26, 9999} {
		if !iam.IsPublicKey(n.publicKey()) || seen[n.publicKey()] {
			t.Errorf("tenant %d: got public key %q, want another of eight letters", n, n.publicKey())
		}
		seen[n.publicKey()] = true
		if len(n.token()) != 43 {
			t.Errorf("tenant %d: got token %q, want 43 characters", n, n.token())
		}
	}
}
