//go:build linux

package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"exportbuckets/internal/objectid"
)

// serve starts an HTTP server and returns its address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// anySource is a source for operations of which nothing is in a database.
func anySource(int) source {
	return newSource(dataset{tenants: 10, buckets: 10, full: 1, each: pageSize, now: aMoment}, &supply{}, 1)
}

func createdAnswer(w http.ResponseWriter) {
	_, _ = w.Write([]byte(`{"_id":"` + objectid.New(aMoment).String() + `"}`))
}

func isHealth(r *http.Request) bool { return r.URL.Path == "/healthz" }

func TestAClosedLoopCountsEveryAnswer(t *testing.T) {
	t.Parallel()
	var answered atomic.Int64
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !isHealth(r) {
			answered.Add(1)
		}
		createdAnswer(w)
	})
	with := pressure{clients: 5, threads: 2, duration: 20 * time.Millisecond}
	out, err := closedLoop(t.Context(), address, create, with, anySource)
	if err != nil {
		t.Fatal(err)
	}
	got := int(answered.Load())
	if got < with.clients || out.count != got || len(out.latencies) != got || out.created != got {
		t.Errorf("got %d counted, %d latencies and %d created, want %d, and at least one for each client",
			out.count, len(out.latencies), out.created, got)
	}
	if out.rate <= 0 {
		t.Errorf("got a rate of %g, want more", out.rate)
	}
}

func TestAClientAnswersTheChallengeOfEachRequest(t *testing.T) {
	t.Parallel()
	var challenged, signed atomic.Int64
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch authorization := r.Header.Get("Authorization"); {
		case isHealth(r):
		case authorization == "":
			challenged.Add(1)
			w.Header().Set("WWW-Authenticate", `Digest realm="x", nonce="n1"`)
			w.WriteHeader(http.StatusUnauthorized)
		case strings.Contains(authorization, `nonce="n1"`):
			signed.Add(1)
			createdAnswer(w)
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	})
	with := pressure{clients: 2, threads: 1, duration: 20 * time.Millisecond}
	out, err := closedLoop(t.Context(), address, digestCreate, with, anySource)
	if err != nil {
		t.Fatal(err)
	}
	if got := int(signed.Load()); out.count != got || int(challenged.Load()) != got || got == 0 {
		t.Errorf("got %d counted, %d challenged and %d signed, want as many of each", out.count, challenged.Load(), got)
	}
}

func TestAnOpenLoopBeginsAsManyAsTheRateAsks(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { createdAnswer(w) })
	out, err := openLoop(t.Context(), address, create, 1000, 50*time.Millisecond, anySource)
	if err != nil || out.count != 50 || len(out.latencies) != 50 {
		t.Errorf("got %d, %v, want 50", out.count, err)
	}
}

func TestAnOperationThatBeginsLateHasWaitedSinceItWasDue(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { createdAnswer(w) })
	c, err := newClient(address, create, anySource(0))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	w := &worker{next: now.Add(-time.Minute), every: 30 * time.Second, until: now}
	w.add(c)
	t.Cleanup(w.close)
	if err := w.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.latencies) != 2 || w.latencies[0] < time.Minute || w.latencies[1] < 30*time.Second {
		t.Errorf("got %v, want one of a minute and one of half a minute at least", w.latencies)
	}
}

func TestAWrongAnswerEndsALoop(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"a wrong status":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) },
		"no id":           func(http.ResponseWriter, *http.Request) {},
		"a broken answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if !isHealth(r) {
					answer(w, r)
				}
			})
			with := pressure{clients: 3, threads: 2, duration: time.Hour}
			if out, err := closedLoop(t.Context(), address, create, with, anySource); err == nil {
				t.Errorf("got %+v, want an error", out)
			}
		})
	}
}

func TestALoopEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !isHealth(r) {
			cancel()
		}
		createdAnswer(w)
	})
	with := pressure{clients: 2, threads: 1, duration: time.Hour}
	if _, err := closedLoop(ctx, address, create, with, anySource); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

func TestALoopWithNothingLeftToDeleteSaysSo(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !isHealth(r) {
			w.WriteHeader(http.StatusNoContent)
		}
	})
	stock := newSupply(0, 3)
	with := pressure{clients: 2, threads: 1, duration: time.Hour}
	out, err := closedLoop(t.Context(), address, remove, with,
		func(int) source { return newSource(dataset{tenants: 2, now: aMoment}, stock, 1) })
	if !errors.Is(err, errSpent) || out.deleted != 3 {
		t.Errorf("got %d deleted, %v, want 3 and %v", out.deleted, err, errSpent)
	}
}

func TestAClientThatWaitsTooLongIsAnError(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := &worker{}
	w.add(&client{began: now.Add(-patience - time.Second)})
	if err := w.checkPatience(now); err != nil {
		t.Errorf("one that waits for nothing: got error %v, want none", err)
	}
	w.polls[0].fd = 3
	if err := w.checkPatience(now); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got error %v, want %v", err, os.ErrDeadlineExceeded)
	}
}

func TestAnAddressThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := newClient("nowhere", create, anySource(0)); err == nil {
		t.Error("got no error, want one")
	}
}
