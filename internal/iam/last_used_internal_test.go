package iam

import (
	"net/netip"
	"strconv"
	"testing"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/objectid"
)

// Whoever holds rows of one organization keeps the uses of no other from being written.
func TestUsesOfOthersAreWrittenBesideRowsThatAreHeld(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	const (
		ours, theirs = "5f0000000000000000000a01", "5f0000000000000000000a02"
		networks     = 20 // of each
	)
	for _, sql := range []string{
		"INSERT INTO orgs (id, name, api_access_list_required, created_at) SELECT id, id, false, now() " +
			"FROM unnest('{" + ours + "," + theirs + "}'::text[]) AS id",
		"INSERT INTO principals (org_id, id, kind) SELECT id, id, 'API_KEY' FROM orgs",
		"INSERT INTO access_list_entries (org_id, principal_id, cidr_block, created_at) " +
			"SELECT id, id, set_masklen('192.0.2.0'::cidr + n, 32), now() FROM orgs, generate_series(1, " + strconv.Itoa(networks) + ") AS n",
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	s := &Service{pool: pool, q: db.New()}
	for n := range byte(networks) {
		address := netip.AddrFrom4([4]byte{192, 0, 2, n + 1})
		for _, id := range []objectid.ID{objectid.MustParse(ours), objectid.MustParse(theirs)} {
			s.lastUsed.add(usedKey{orgID: id, principalID: id, network: wholeAddress(address)},
				use{requests: 1, last: time.Now(), address: address})
		}
	}
	held, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), "SELECT FROM access_list_entries WHERE org_id = $1 FOR UPDATE", ours); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteLastUsed(t.Context()); !dbpool.Unavailable(err) {
		t.Errorf("got %v, want that rows are held", err)
	}
	written := func(orgID string) (count int) {
		t.Helper()
		err := pool.QueryRow(t.Context(),
			"SELECT count(*) FROM access_list_entries WHERE org_id = $1 AND request_count = 1", orgID).Scan(&count)
		if err != nil {
			t.Fatal(err)
		}
		return count
	}
	if got := written(theirs); got != networks {
		t.Errorf("of the other organization: got %d uses written, want %d", got, networks)
	}
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteLastUsed(t.Context()); err != nil {
		t.Errorf("once the rows are free: got %v, want none", err)
	}
	if got := written(ours); got != networks {
		t.Errorf("once the rows are free: got %d uses written, want %d", got, networks)
	}
}
