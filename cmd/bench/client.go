package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"exportbuckets/internal/objectid"
)

// patience is how long an answer may take. A later one fails the run.
const patience = 30 * time.Second

// client sends one request after another over one connection.
type client struct {
	http     fasthttp.HostClient
	request  *fasthttp.Request
	response *fasthttp.Response
	random   *rand.Rand
	data     dataset
	supply   *supply // of export buckets to delete
	created  []bucket
	deleted  int
}

func newClient(address string, data dataset, s *supply, seed int) *client {
	return &client{
		http: fasthttp.HostClient{
			Addr:                      address,
			MaxConns:                  1,
			MaxIdemponentCallAttempts: 1, // A request that fails is a failure.
			NoDefaultUserAgentHeader:  true,
			ReadTimeout:               patience,
			WriteTimeout:              patience,
		},
		request:  fasthttp.AcquireRequest(),
		response: fasthttp.AcquireResponse(),
		random:   rand.New(rand.NewPCG(uint64(data.now.UnixNano()), uint64(seed))), //nolint:gosec // Nothing to guess here.
		data:     data,
		supply:   s,
	}
}

func (c *client) close() {
	c.http.CloseIdleConnections()
	fasthttp.ReleaseRequest(c.request)
	fasthttp.ReleaseResponse(c.response)
}

// send sends a request and checks the status of its answer. The body is good
// until the next request.
func (c *client) send(r call) ([]byte, error) {
	c.request.Reset()
	c.request.Header.SetMethod(r.method)
	c.request.SetRequestURI("http://" + c.http.Addr + r.path)
	c.request.Header.Set("Accept", mediaType)
	if r.authorization != "" {
		c.request.Header.Set("Authorization", r.authorization)
	}
	if r.body != "" {
		c.request.Header.SetContentType("application/json")
		c.request.SetBodyString(r.body)
	}
	if err := c.http.Do(c.request, c.response); err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return c.response.Body(), r.check(c.response.StatusCode(), c.response.Body())
}

const mediaType = "application/vnd.atlas.2025-03-12+json"

// call is a request and what its answer must be.
type call struct {
	method, path, authorization, body string

	status   int
	contains string // what the answer must have in it
	times    int    // how often
}

// check returns an error if the answer is not the right one.
func (r call) check(status int, body []byte) error {
	if status != r.status {
		return fmt.Errorf("%s %s: got status %d, want %d: %.300s", r.method, r.path, status, r.status, body)
	}
	if r.contains == "" {
		return nil
	}
	if got := bytes.Count(body, []byte(r.contains)); got != r.times {
		return fmt.Errorf("%s %s: got %s %d times, want %d: %.300s", r.method, r.path, r.contains, got, r.times, body)
	}
	return nil
}

func bucketsPath(t tenant) string {
	return "/api/atlas/v2/groups/" + t.project().String() + "/backup/exportBuckets"
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

// operation is one kind of work of a client. Its function does it once, from the
// first request to the checked answer.
type operation struct {
	name string
	do   func(c *client) error
}

// errSpent ends a phase before its time: nothing is left to delete.
var errSpent = errors.New("nothing left to delete")

func (c *client) create() error {
	t := tenant(c.random.IntN(c.data.tenants))
	body, err := c.send(createCall(t))
	if err != nil {
		return err
	}
	return c.keep(t, body)
}

func createCall(t tenant) call {
	return call{
		method: "POST", path: bucketsPath(t), authorization: bearer(t), body: createBody(t),
		status: 200, contains: idKey, times: 1,
	}
}

func createBody(t tenant) string {
	return `{"cloudProvider":"AWS","bucketName":"` + bucketName + `","iamRoleId":"` + t.role().String() + `"}`
}

// keep remembers what was created.
func (c *client) keep(t tenant, body []byte) error {
	id, err := createdID(body)
	if err != nil {
		return err
	}
	c.created = append(c.created, bucket{tenant: t, id: id})
	return nil
}

// digestCreate is a create by API key: a request that is challenged, and the
// same with an answer to the challenge.
func (c *client) digestCreate() error {
	t := tenant(c.random.IntN(c.data.tenants))
	r := createCall(t)
	challenged := r
	challenged.authorization, challenged.status, challenged.contains = "", 401, ""
	if _, err := c.send(challenged); err != nil {
		return err
	}
	var err error
	challenge := string(c.response.Header.Peek("WWW-Authenticate"))
	if r.authorization, err = answerChallenge(challenge, t, r.method, r.path); err != nil {
		return err
	}
	body, err := c.send(r)
	if err != nil {
		return err
	}
	return c.keep(t, body)
}

func (c *client) get() error {
	_, err := c.send(getCall(c.data.bucket(c.random.IntN(c.data.buckets))))
	return err
}

func getCall(b bucket) call {
	id := b.id.String()
	return call{
		method: "GET", path: bucketsPath(b.tenant) + "/" + id, authorization: bearer(b.tenant),
		status: 200, contains: idKey + id, times: 1,
	}
}

func (c *client) list() error {
	_, err := c.send(listCall(c.data.fullTenant(c.random.IntN(c.data.full)), 1, true))
	return err
}

// listCall asks for a full page.
func listCall(t tenant, page int, count bool) call {
	query := fmt.Sprintf("?includeCount=%t&itemsPerPage=%d&pageNum=%d", count, pageSize, page)
	return call{
		method: "GET", path: bucketsPath(t) + query, authorization: bearer(t),
		status: 200, contains: idKey, times: pageSize,
	}
}

func (c *client) delete() error {
	b, ok := c.supply.take()
	if !ok {
		return errSpent
	}
	if _, err := c.send(deleteCall(b)); err != nil {
		return err
	}
	c.deleted++
	return nil
}

func deleteCall(b bucket) call {
	return call{
		method: "DELETE", path: bucketsPath(b.tenant) + "/" + b.id.String(), authorization: bearer(b.tenant),
		status: 204,
	}
}

// supply is a stock of export buckets that several clients take from.
type supply struct {
	buckets []bucket
	taken   atomic.Int64
}

func (s *supply) take() (bucket, bool) {
	i := s.taken.Add(1) - 1
	if i >= int64(len(s.buckets)) {
		return bucket{}, false
	}
	return s.buckets[i], true
}

// rest returns what was not taken.
func (s *supply) rest() []bucket {
	return s.buckets[min(int(s.taken.Load()), len(s.buckets)):]
}

// closedLoop lets clients do an operation again and again, each as fast as the
// answers come, and returns what they did. The first wrong answer is an error
// and ends it.
func closedLoop(ctx context.Context, address string, data dataset, stock *supply, op operation, with pressure) (outcome, error) {
	clients := make([]*client, with.clients)
	for i := range clients {
		clients[i] = newClient(address, data, stock, i)
		defer clients[i].close()
		// The connection is made before the clock runs.
		if _, err := clients[i].send(call{method: "GET", path: "/healthz", status: 200}); err != nil {
			return outcome{}, err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	latencies := make([][]time.Duration, with.clients)
	var all sync.WaitGroup
	began := time.Now()
	for i, c := range clients {
		all.Go(func() {
			var err error
			latencies[i], err = c.repeat(ctx, op, began.Add(with.duration))
			if err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	elapsed := time.Since(began)
	if err := context.Cause(ctx); err != nil {
		return outcome{}, fmt.Errorf("%s: %w", op.name, err)
	}
	var out outcome
	for i, c := range clients {
		out.latencies = append(out.latencies, latencies[i]...)
		out.created = append(out.created, c.created...)
		out.deleted += c.deleted
	}
	out.count = len(out.latencies)
	out.rate = float64(out.count) / elapsed.Seconds()
	return out, nil
}

// repeat does an operation until the deadline and returns how long it took each
// time.
func (c *client) repeat(ctx context.Context, op operation, deadline time.Time) ([]time.Duration, error) {
	latencies := make([]time.Duration, 0, 1<<14)
	for now := time.Now(); now.Before(deadline) && ctx.Err() == nil; {
		err := op.do(c)
		if errors.Is(err, errSpent) {
			break
		}
		if err != nil {
			return nil, err
		}
		then := now
		now = time.Now()
		latencies = append(latencies, now.Sub(then))
	}
	return latencies, nil
}

// challengeNonce reads the nonce of a digest challenge.
func challengeNonce(challenge string) (string, error) {
	_, rest, ok := strings.Cut(challenge, `nonce="`)
	nonce, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed || !strings.HasPrefix(challenge, "Digest ") {
		return "", fmt.Errorf("not a digest challenge: %q", challenge)
	}
	return nonce, nil
}
