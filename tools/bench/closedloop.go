//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// patience is how long an answer may take. A later one fails the run.
const patience = 30 * time.Second

// client sends one request after another over one connection. It is a lean one:
// what it spends the server lacks.
type client struct {
	http     fasthttp.HostClient
	request  *fasthttp.Request
	response *fasthttp.Response
	source   source
	created  []bucket
	deleted  int
}

// newClient returns a client, which may have a thread of its own.
func newClient(address string, s source, ownThread bool) *client {
	c := &client{
		http: fasthttp.HostClient{
			Addr:                      address,
			MaxConns:                  1,
			MaxIdemponentCallAttempts: 1, // A request that fails is a failure.
			NoDefaultUserAgentHeader:  true,
		},
		request:  fasthttp.AcquireRequest(),
		response: fasthttp.AcquireResponse(),
		source:   s,
	}
	if ownThread {
		c.http.Dial = func(address string) (net.Conn, error) { return dialBlocking(address, patience) }
	} else {
		c.http.ReadTimeout, c.http.WriteTimeout = patience, patience
	}
	return c
}

func (c *client) close() {
	c.http.CloseIdleConnections()
	fasthttp.ReleaseRequest(c.request)
	fasthttp.ReleaseResponse(c.response)
}

// send sends a request and checks its answer. The body is good until the next
// request.
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

// do does an operation once, from the first request to the checked answer.
func (c *client) do(op operation) error {
	r, err := op.next(c.source)
	if err != nil {
		return err
	}
	if op.digest {
		if _, err := c.send(r.challenged()); err != nil {
			return err
		}
		challenge := string(c.response.Header.Peek("WWW-Authenticate"))
		if r.authorization, err = answerChallenge(challenge, r); err != nil {
			return err
		}
	}
	body, err := c.send(r)
	switch {
	case err != nil:
		return err
	case op.creates:
		id, err := createdID(body)
		if err != nil {
			return err
		}
		c.created = append(c.created, bucket{tenant: r.tenant, id: id})
	case op.deletes:
		c.deleted++
	}
	return nil
}

// repeat does an operation until the deadline and returns how long it took each
// time.
func (c *client) repeat(ctx context.Context, op operation, deadline time.Time) ([]time.Duration, error) {
	latencies := make([]time.Duration, 0, 1<<14)
	for now := time.Now(); now.Before(deadline) && ctx.Err() == nil; {
		err := c.do(op)
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

// closedLoop lets clients do an operation again and again, each as fast as the
// answers come, and returns what they did. The first wrong answer is an error
// and ends it.
func closedLoop(
	ctx context.Context, address string, op operation, with pressure, newSource func(seed int) source,
) (outcome, error) {
	ownThreads := with.clients <= with.threads
	clients := make([]*client, with.clients)
	for i := range clients {
		clients[i] = newClient(address, newSource(i), ownThreads)
	}
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	for _, c := range clients {
		// The connection is made before the clock runs.
		if _, err := c.send(call{method: http.MethodGet, path: "/healthz", status: http.StatusOK}); err != nil {
			return outcome{}, err
		}
	}
	// At most as many threads as pgbench has run Go code.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(with.jobs()))
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
