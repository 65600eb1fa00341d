package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/waittest"
)

// The tests of torture_*_test.go break what the program stands on while traffic
// goes on, and then compare what its clients were answered with the rows that there
// are. Package torture says how long they last.

// answerTimeout is how long a client waits. The server answers before
// that, whatever has become of the database.
const answerTimeout = 30 * time.Second

// A fate is what is known of a row from the answers to those who wrote it.
type fate int

const (
	unknown fate = iota // there was no answer, or one that says so: either is right
	present
	absent
)

// ledger is what the clients were answered.
type ledger struct {
	mu       sync.Mutex
	rows     map[string]fate // by the name of the bucket
	statuses map[int]int     // of answers; 0 is no answer
	slowest  time.Duration
	done     time.Time // when the last write was acknowledged
	failed   time.Time // when the last one was not
}

func newLedger() *ledger {
	return &ledger{rows: make(map[string]fate), statuses: make(map[int]int)}
}

// settle notes what has become of a row.
func (l *ledger) settle(name string, f fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows[name] = f
}

func (l *ledger) answered(status int, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.statuses[status]++
	l.slowest = max(l.slowest, took)
	if status/100 == 2 {
		l.done = time.Now()
	} else {
		l.failed = time.Now()
	}
}

// doneSince reports whether a write was acknowledged after the given time.
func (l *ledger) doneSince(then time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done.After(then)
}

// lastFailure returns when a write was last answered otherwise than as done.
func (l *ledger) lastFailure() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// waitRecovered waits until writes are acknowledged, and for a second none fails. It
// returns how long after the given time the first was, and the last one failed.
func (l *ledger) waitRecovered(t *testing.T, since time.Time) (first, last time.Duration) {
	t.Helper()
	waittest.Until(t, "writes are acknowledged again", func() bool { return l.doneSince(since) })
	first = time.Since(since)
	waittest.Until(t, "all writes are acknowledged again", func() bool {
		return time.Since(l.lastFailure()) > time.Second && l.doneSince(time.Now().Add(-time.Second))
	})
	return first, max(l.lastFailure().Sub(since), 0)
}

// acknowledged counts the writes that were answered as done.
func (l *ledger) acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.statuses[http.StatusOK] + l.statuses[http.StatusNoContent]
}

// String returns how many answers of each status there were.
func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprint(l.statuses)
}

// compare fails the test for each row that was acknowledged and is not there, and
// for each that is there and was not.
func (l *ledger) compare(t *testing.T, databaseURL string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatalf("got error %v, want a connection", err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	there := query[string](t, conn, "SELECT bucket_name FROM export_buckets WHERE bucket_name <> 'demo-backups'")
	l.mu.Lock()
	defer l.mu.Unlock()
	lost, ghosts := differences(l.rows, there)
	if len(lost)+len(ghosts) > 0 {
		t.Errorf("rows: got %d lost %v and %d ghosts %v, want none; the answers were %v",
			len(lost), lost, len(ghosts), ghosts, l.statuses)
	}
	for status := range l.statuses {
		if status/100 == 4 {
			t.Errorf("answers: got %v, want none of a client's mistake", l.statuses)
		}
	}
}

// differences returns the rows that should be there and are not, and those that are
// there and should not be.
func differences(rows map[string]fate, there []string) (lost, ghosts []string) {
	is := make(map[string]bool)
	for _, name := range there {
		is[name] = true
		if f, ok := rows[name]; !ok || f == absent {
			ghosts = append(ghosts, name)
		}
	}
	for name, f := range rows {
		if f == present && !is[name] {
			lost = append(lost, name)
		}
	}
	slices.Sort(lost)
	slices.Sort(ghosts)
	return lost, ghosts
}

func TestALedgerFindsWhatIsLostAndWhatShouldNotBe(t *testing.T) {
	t.Parallel()
	rows := map[string]fate{"kept": present, "lost": present, "gone": absent, "ghost": absent, "a": unknown, "b": unknown}
	lost, ghosts := differences(rows, []string{"kept", "ghost", "a", "stray"})
	if got, want := fmt.Sprint(lost, ghosts), "[lost] [ghost stray]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// traffic is eight clients that create and delete export buckets of the demo project,
// each on a connection of its own.
type traffic struct {
	*ledger

	token   string
	address atomic.Pointer[string] // of the server, which may change
	names   atomic.Int64
}

// newTraffic returns the traffic for a server that has the demo tenant.
func newTraffic(t *testing.T, p *program) *traffic {
	t.Helper()
	l := &traffic{ledger: newLedger(), token: p.token(t)}
	l.address.Store(&p.address)
	return l
}

// start starts the clients. The returned function ends them, each after the answer
// that it waits for.
func (l *traffic) start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { l.client(ctx) })
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// bucket is an export bucket that a client has created.
type bucket struct{ name, id string }

func (l *traffic) client(ctx context.Context) {
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	via := withHeader{"Authorization", "Bearer " + l.token, transport}
	var mine []bucket
	for n := 1; ctx.Err() == nil; n++ {
		ok := true
		if n%3 == 0 && len(mine) > 0 {
			ok = l.remove(via, mine[0])
			mine = mine[1:]
		} else if b, created := l.create(via); created {
			mine = append(mine, b)
		} else {
			ok = false
		}
		if !ok {
			pause(ctx, 5*time.Millisecond)
		}
	}
}

func (l *traffic) create(via http.RoundTripper) (bucket, bool) {
	b := bucket{name: fmt.Sprintf("row-%d", l.names.Add(1))}
	l.settle(b.name, unknown)
	status, body := l.ask(via, http.MethodPost, demoBuckets, strings.Replace(demoBucket, "export-bucket", b.name, 1))
	l.settle(b.name, fateAfter(status, present, absent))
	var answer struct {
		ID string `json:"_id"`
	}
	err := json.Unmarshal([]byte(body), &answer)
	b.id = answer.ID
	return b, status == http.StatusOK && err == nil
}

func (l *traffic) remove(via http.RoundTripper, b bucket) bool {
	l.settle(b.name, unknown)
	status, _ := l.ask(via, http.MethodDelete, demoBuckets+"/"+b.id, "")
	l.settle(b.name, fateAfter(status, absent, present))
	return status == http.StatusNoContent
}

// fateAfter returns what is known after an answer to a write.
func fateAfter(status int, done, refused fate) fate {
	switch {
	case status/100 == 2:
		return done
	case status == http.StatusServiceUnavailable:
		return refused
	default:
		return unknown
	}
}

// ask returns status 0 if there is no whole answer. It is not cancelled, so that
// what becomes of a row is known whenever the server tells.
func (l *traffic) ask(via http.RoundTripper, method, path, body string) (status int, object string) {
	began := time.Now()
	got, _ := try(via, method, "http://"+*l.address.Load()+path, body)
	l.answered(got.status, time.Since(began))
	return got.status, got.body
}

// try sends a request, and returns an error if there is no whole answer in time.
func try(via http.RoundTripper, method, url, body string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Accept", "application/vnd.atlas.2024-05-30+json")
	req.Header.Set("Content-Type", "application/json")
	resp, err := via.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	whole, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{resp.StatusCode, resp.Header, string(whole), resp.Close}, nil
}

// pause waits for the given time, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
