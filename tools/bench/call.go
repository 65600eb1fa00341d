//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"

	"exportbuckets/internal/objectid"
)

const mediaType = "application/vnd.atlas.2025-03-12+json"

// call is a request and what its answer must be.
type call struct {
	tenant tenant

	method, path, authorization, body string

	status   int
	contains string // what the answer must have in it
	times    int    // how often

	// retry, if it is set, is to be sent with credentials after the challenge that
	// the answer must be.
	retry *call
}

// check returns an error if the answer is not the right one.
func (c call) check(status int, body []byte) error {
	if status != c.status {
		return fmt.Errorf("%s %s: got status %d, want %d: %.300s", c.method, c.path, status, c.status, body)
	}
	if c.contains == "" {
		return nil
	}
	if got := bytes.Count(body, []byte(c.contains)); got != c.times {
		return fmt.Errorf("%s %s: got %s %d times, want %d: %.300s", c.method, c.path, c.contains, got, c.times, body)
	}
	return nil
}

const projectsPath = "/api/atlas/v2/groups/"

func bucketsPath(t tenant) string {
	return projectsPath + t.project().String() + "/backup/exportBuckets"
}

func bearer(t tenant) string { return "Bearer " + t.token() }

// idKey comes before the id of an export bucket in an answer.
const idKey = `"_id":"`

// createdID reads the id in the answer to a create.
func createdID(body []byte) (objectid.ID, error) {
	_, rest, ok := bytes.Cut(body, []byte(idKey))
	text, _, closed := bytes.Cut(rest, []byte(`"`))
	if !ok || !closed {
		return objectid.ID{}, fmt.Errorf("answer to a create has no id: %.300s", body)
	}
	return objectid.Parse(string(text))
}

func createCall(t tenant) call {
	return call{
		tenant: t, method: http.MethodPost, path: bucketsPath(t), authorization: bearer(t),
		body:   `{"cloudProvider":"AWS","bucketName":"` + bucketName + `","iamRoleId":"` + t.role().String() + `"}`,
		status: http.StatusOK, contains: idKey, times: 1,
	}
}

// challenged is the call without credentials, as clients with an API key send it
// first.
func (c call) challenged() call {
	again := c
	c.authorization, c.status, c.contains, c.retry = "", http.StatusUnauthorized, "", &again
	return c
}

func getCall(b bucket) call {
	id := b.id.String()
	return call{
		tenant: b.tenant, method: http.MethodGet, path: bucketsPath(b.tenant) + "/" + id,
		authorization: bearer(b.tenant),
		status:        http.StatusOK, contains: idKey + id, times: 1,
	}
}

// listCall asks for a full page.
func listCall(t tenant, page int, count bool) call {
	query := fmt.Sprintf("?includeCount=%t&itemsPerPage=%d&pageNum=%d", count, pageSize, page)
	return call{
		tenant: t, method: http.MethodGet, path: bucketsPath(t) + query, authorization: bearer(t),
		status: http.StatusOK, contains: idKey, times: pageSize,
	}
}

func deleteCall(b bucket) call {
	return call{
		tenant: b.tenant, method: http.MethodDelete, path: bucketsPath(b.tenant) + "/" + b.id.String(),
		authorization: bearer(b.tenant),
		status:        http.StatusNoContent,
	}
}

// source is what calls are made from.
type source struct {
	random *rand.Rand
	data   dataset
	stock  *supply
}

func newSource(data dataset, stock *supply, seed int) source {
	return source{
		//nolint:gosec // Nothing to guess here.
		random: rand.New(rand.NewPCG(uint64(data.now.UnixNano()), uint64(seed))),
		data:   data,
		stock:  stock,
	}
}

// operation is one kind of work: requests to the server, or statements that
// pgbench runs.
type operation struct {
	name string
	flag string // what --operations calls it

	next    func(s source) (call, error) // the next request, or errSpent
	digest  bool                         // the caller is an API key: each request is challenged and sent again
	creates bool
	deletes bool

	pgbench *pgbenchWork // instead of next
}

// errSpent ends a phase before its time: nothing is left to delete.
var errSpent = errors.New("nothing left to delete")

// The operations. Each that pgbench does has the statements of the other of its
// kind.
var (
	create       = operation{name: "create", flag: "create", next: nextCreate, creates: true}
	get          = operation{name: "get", flag: "get", next: nextGet}
	listOf100    = operation{name: "list of 100", flag: "list", next: nextList}
	digestCreate = operation{
		name: "digest create", flag: "digest-create", next: nextCreate, digest: true, creates: true,
	}
	remove = operation{name: "delete", flag: "delete", next: nextDelete, deletes: true}

	pgbenchCreate = operation{name: "pgbench create", flag: create.flag, creates: true, pgbench: &createWork}
	pgbenchGet    = operation{name: "pgbench get", flag: get.flag, pgbench: &getWork}
	pgbenchList   = operation{name: "pgbench list of 100", flag: listOf100.flag, pgbench: &listWork}
	pgbenchDelete = operation{name: "pgbench delete", flag: remove.flag, deletes: true, pgbench: &deleteWork}
)

// pgbenchPairs are operations with what pgbench does of the same kind.
var pgbenchPairs = [][2]operation{
	{create, pgbenchCreate}, {get, pgbenchGet}, {listOf100, pgbenchList}, {remove, pgbenchDelete},
}

func nextCreate(s source) (call, error) {
	return createCall(tenant(s.random.IntN(s.data.tenants))), nil
}

func nextGet(s source) (call, error) {
	return getCall(s.data.bucket(s.random.IntN(s.data.buckets))), nil
}

func nextList(s source) (call, error) {
	return listCall(s.data.fullTenant(s.random.IntN(s.data.full)), 1, true), nil
}

func nextDelete(s source) (call, error) {
	i, ok := s.stock.take()
	if !ok {
		return call{}, errSpent
	}
	return deleteCall(s.data.deletable(i)), nil
}

// supply is a stock of export buckets to delete, by their numbers, that several
// clients take from.
type supply struct {
	next atomic.Int64
	end  int64
}

func newSupply(next, end int) *supply {
	s := &supply{end: int64(end)}
	s.next.Store(int64(next))
	return s
}

// take returns one that nobody else has, or false if none is left.
func (s *supply) take() (int, bool) {
	i := s.next.Add(1) - 1
	return int(i), i < s.end
}

// taken returns the number after those that were taken.
func (s *supply) taken() int { return int(min(s.next.Load(), s.end)) }

// takeTurns takes what clients deleted that took turns: client i the first but i
// and every so-manieth from there. It returns how many that were, and errSpent if
// a client went on when none was left.
func (s *supply) takeTurns(deletes []int) (deleted int, err error) {
	left, clients, most := int(s.end)-s.taken(), len(deletes), 0
	for i, n := range deletes {
		share := max(left-i+clients-1, 0) / clients
		if n > share {
			err = errSpent
		}
		deleted += min(n, share)
		most = max(most, n)
	}
	s.next.Store(min(s.next.Load()+int64(most*clients), s.end))
	return deleted, err
}
