//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"exportbuckets/internal/objectid"
)

// openLoop sends requests at a fixed rate, whether or not the answers come, as
// callers that know nothing of each other do, and returns what became of them.
// An answer that waits makes no other request wait, and is counted in full.
func openLoop(ctx context.Context, address string, op operation, rate int, d time.Duration, s source) (outcome, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true}
	defer transport.CloseIdleConnections()
	var via http.RoundTripper = transport
	if op.digest {
		via = digestTransport{transport}
	}
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{Transport: via}),
		vegeta.Timeout(patience),
		vegeta.Workers(64),
	)
	unwatch := context.AfterFunc(ctx, func() { attacker.Stop() })
	defer unwatch()
	sent := &sentCalls{calls: map[string]call{}}
	results := attacker.Attack(sent.targets(address, op, s), vegeta.Rate{Freq: rate, Per: time.Second}, d, "")
	var out outcome
	var failure error
	began, last := time.Now(), time.Now()
	for result := range results {
		if result.URL == "" {
			continue // There was nothing left to send.
		}
		r := sent.call(result)
		if err := out.add(op, r, result); err != nil && failure == nil {
			failure = err
			attacker.Stop()
		}
		if end := result.End(); end.After(last) {
			last = end
		}
	}
	if err := errors.Join(failure, ctx.Err()); err != nil {
		return out, fmt.Errorf("%s at %d/s: %w", op.name, rate, err)
	}
	out.rate = float64(out.count) / last.Sub(began).Seconds()
	return out, nil
}

// add checks a result and takes it down.
func (o *outcome) add(op operation, r call, result *vegeta.Result) error {
	if result.Code == 0 {
		return fmt.Errorf("%s %s: %s", result.Method, result.URL, result.Error)
	}
	if err := r.check(int(result.Code), result.Body); err != nil {
		return err
	}
	o.count++
	o.latencies = append(o.latencies, result.Latency)
	switch {
	case op.creates:
		id, err := createdID(result.Body)
		if err != nil {
			return err
		}
		o.created = append(o.created, bucket{tenant: r.tenant, id: id})
	case op.deletes:
		o.deleted++
	}
	return nil
}

// sentCalls knows by its URL what a result was asked for. Calls of one operation
// on one URL are the same.
type sentCalls struct {
	mu    sync.Mutex
	calls map[string]call
}

func (s *sentCalls) targets(address string, op operation, from source) vegeta.Targeter {
	return func(t *vegeta.Target) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		r, err := op.next(from)
		if err != nil {
			return err
		}
		*t = vegeta.Target{
			Method: r.method,
			URL:    "http://" + address + r.path,
			Body:   []byte(r.body),
			Header: http.Header{"Accept": {mediaType}, "Authorization": {r.authorization}},
		}
		if r.body != "" {
			t.Header.Set("Content-Type", "application/json")
		}
		s.calls[t.URL] = r
		return nil
	}
}

func (s *sentCalls) call(result *vegeta.Result) call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[result.URL]
}

// digestTransport sends each request without credentials, and again with an
// answer to the challenge.
type digestTransport struct{ next http.RoundTripper }

// RoundTrip makes two round trips.
func (t digestTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	project, _, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, projectsPath), "/")
	id, err := objectid.Parse(project)
	if err != nil {
		return nil, err
	}
	who, err := tenantOf(id)
	if err != nil {
		return nil, err
	}
	first, err := again(request)
	if err != nil {
		return nil, err
	}
	first.Header.Del("Authorization")
	response, err := t.next.RoundTrip(first)
	if err != nil {
		return nil, fmt.Errorf("without credentials: %w", err)
	}
	_, _ = io.Copy(io.Discard, response.Body) // or the connection would not be used again
	_ = response.Body.Close()
	r := call{tenant: who, method: request.Method, path: request.URL.RequestURI()}
	if r.authorization, err = answerChallenge(response.Header.Get("WWW-Authenticate"), r); err != nil {
		return nil, err
	}
	second, err := again(request)
	if err != nil {
		return nil, err
	}
	second.Header.Set("Authorization", r.authorization)
	return t.next.RoundTrip(second)
}

// again returns the request as it was before it was sent.
func again(request *http.Request) (*http.Request, error) {
	r := request.Clone(request.Context())
	if request.GetBody == nil {
		return r, nil
	}
	var err error
	r.Body, err = request.GetBody()
	if err != nil {
		return nil, fmt.Errorf("body of the request: %w", err)
	}
	return r, nil
}
