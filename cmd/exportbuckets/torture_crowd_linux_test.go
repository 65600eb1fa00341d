package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/torture"
	"exportbuckets/internal/waittest"
)

// A crowd that takes whatever it can takes little memory, and keeps nobody from
// reading.
func TestTortureCrowd(t *testing.T) {
	t.Parallel()
	clients := 400
	if torture.Long() {
		clients = 2000
	}
	p, database := serveLargeOrg(t)
	stranger := p.strangersToken(t, database)
	c := &crowd{ledger: newLedger(), address: p.address, owner: p.token(t), reader: p.readerToken(t)}
	ctx, cancel := context.WithDeadline(waittest.Context(t), torture.Deadline(t, 5*time.Second))
	defer cancel()
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() { c.join(ctx, i) })
	}
	neighbours, strangers := newLedger(), newLedger()
	for range 2 {
		group.Go(func() { c.readHonestly(ctx, neighbours, c.reader, demoBuckets) })
		group.Go(func() { c.readHonestly(ctx, strangers, stranger, strangersBuckets) })
	}
	group.Wait()

	p.wantLittleMemory(t)
	torture.Figure(t, "clients", clients)
	torture.Figure(t, "answers", c)
	torture.Figure(t, "answers-to-neighbours", neighbours)
	torture.Figure(t, "answers-to-strangers", strangers)
	torture.Figure(t, "slowest-of-strangers", strangers.slowest)
	if neighbours.acknowledged() == 0 {
		t.Errorf("answers to neighbours: got %v, want some served", neighbours)
	}
	if strangers.acknowledged() == 0 || len(strangers.statuses) > 1 {
		t.Errorf("answers to strangers: got %v, want all served", strangers)
	}
	for status := range c.statuses {
		if status == http.StatusInternalServerError {
			t.Errorf("answers: got %v, want none of a fault", c)
		}
	}
}

// The largest pages that there can be are those of projects.
func TestTortureLargestPages(t *testing.T) {
	t.Parallel()
	p, _ := serveLargeOrg(t)
	token := p.token(t)
	deadline := torture.Deadline(t, time.Second)
	answers := newLedger()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			via := withToken(t, token)
			for served := false; !served || time.Now().Before(deadline); {
				began := time.Now()
				got := p.ask(t, via, largeLists[0], "")
				answers.answered(got.status, time.Since(began))
				if served = got.status == http.StatusOK; served && len(got.body) < 24<<20 {
					t.Errorf("got %d bytes, want more than 24 MiB", len(got.body))
				}
			}
		})
	}
	group.Wait()
	p.wantLittleMemory(t)
	torture.Figure(t, "answers", answers)
	// A busy machine may be too slow for all of them at once.
	if torture.Long() && len(answers.statuses) > 1 {
		t.Errorf("answers: got %v, want none refused", answers)
	}
}

// serveLargeOrg starts a server, and gives the demo organization the most projects that
// it can have, each with the longest tags that it can have, and Demo Project a large
// page of export buckets.
func serveLargeOrg(t *testing.T) (p *program, database string) {
	t.Helper()
	database = dbtest.NewEmptyURL(t)
	p = serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--no-rate-limits"},
		env:   []string{"DATABASE_URL=" + database},
	})
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, statement := range []string{
		`INSERT INTO projects (id, org_id, name, created_at, with_default_alerts_settings, managed_slow_ms, tags, settings, limits)
			SELECT lpad(to_hex(n), 24, '0'), org_id, 'Large ' || n, created_at, true, true,
				(SELECT jsonb_agg(jsonb_build_object('key', rpad(m || 'k', 255, '𐐀'), 'value', rpad('', 255, '𐐀')))
					FROM generate_series(1, 50) m), settings, limits
			FROM projects, generate_series(1, 248) n WHERE name = 'Demo Project'`,
		`INSERT INTO export_buckets (id, project_id, role_id, cloud_provider, bucket_name, region, require_private_networking, created_at)
			SELECT lpad(to_hex(n), 24, '0'), project_id, id, cloud_provider, rpad('b' || n, 63, 'x'), 'us-east-1', false, created_at
			FROM cloud_provider_access_roles, generate_series(1, 500) n WHERE id = '5f0000000000000000000d01'`,
	} {
		execute(t, conn, statement)
	}
	return p, database
}

const (
	strangersBuckets = "/api/atlas/v2/groups/5f0000000000000000001b01/backup/exportBuckets"
	strangersSeed    = `organizations:
  - id: 5f0000000000000000001a01
    name: Strangers
    projects:
      - id: 5f0000000000000000001b01
        name: Project
    serviceAccounts:
      - clientId: mdb_sa_id_5f0000000000000000001c01
        name: owner
        description: Owner
        secrets:
          - secret: mdb_sa_sk_stranger-secret-not-for-production-0001
            expiresAt: 2099-12-31T00:00:00Z
        orgRoles: [ORG_OWNER]
`
)

// strangersToken returns a token of another organization, which it adds.
func (p *program) strangersToken(t *testing.T, database string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "strangers.yaml")
	if err := os.WriteFile(file, []byte(strangersSeed), 0o600); err != nil {
		t.Fatal(err)
	}
	wantDone(t, runProgram(t, []string{"DATABASE_URL=" + database}, "seed", file), "")
	return p.tokenOf(t, "mdb_sa_id_5f0000000000000000001c01", "mdb_sa_sk_stranger-secret-not-for-production-0001")
}

func (p *program) tokenOf(t *testing.T, id, secret string) string {
	t.Helper()
	got := p.askForm(t, "/api/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret},
	})
	wantStatus(t, got, http.StatusOK)
	return text(t, got.body, "access_token")
}

// readerToken returns a token that may only read.
func (p *program) readerToken(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://"+p.address+"/api/atlas/v2/groups/5f0000000000000000000b01/serviceAccounts",
		strings.NewReader(`{"name":"reader","description":"d","secretExpiresAfterHours":8,"roles":["GROUP_READ_ONLY"]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.atlas.2025-03-12+json")
	req.Header.Set("Content-Type", "application/json")
	got := send(t, withToken(t, p.token(t)), req)
	wantStatus(t, got, http.StatusCreated)
	secret := regexp.MustCompile(`"secret":"([^"]+)"`).FindStringSubmatch(got.body)
	if secret == nil {
		t.Fatalf("got %s, want a secret", got.body)
	}
	return p.tokenOf(t, text(t, got.body, "clientId"), secret[1])
}

// wantLittleMemory fails the test if the program has had more memory at a time than it
// should.
func (p *program) wantLittleMemory(t *testing.T) {
	t.Helper()
	goal := 256 // MiB
	if waittest.RaceDetector() {
		goal *= 4
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if match == nil {
		t.Fatalf("got %s, want the peak in it", status)
	}
	kilobytes, err := strconv.Atoi(string(match[1]))
	if err != nil {
		t.Fatal(err)
	}
	peak := kilobytes >> 10
	torture.Figure(t, "peak-memory", fmt.Sprintf("%d MiB", peak))
	if peak > goal {
		t.Errorf("memory: got a peak of %d MiB, want at most %d", peak, goal)
	}
}

// crowd is many clients, each of which takes whatever it can, in a way of its own. The
// ledger has what they were answered.
type crowd struct {
	*ledger

	address       string
	owner, reader string // tokens
}

// ways are what a client does on a connection.
var ways = []func(*crowd, context.Context, *caller){
	(*crowd).sendLargeBody,
	(*crowd).sendSlowBody,
	(*crowd).sendLargeBody,
	(*crowd).sendSlowBody,
	(*crowd).readLargeList,
	(*crowd).readSlowly,
	(*crowd).sendNothing,
	(*crowd).sendHeadSlowly,
}

// join is a client, which goes on until ctx ends.
func (c *crowd) join(ctx context.Context, number int) {
	for turn := 0; ctx.Err() == nil; turn++ {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.address)
		if err != nil {
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		ways[number%len(ways)](c, ctx, &caller{conn, bufio.NewReader(conn), number + turn})
		stop()
		_ = conn.Close()
	}
}

// caller is a connection of a client.
type caller struct {
	net.Conn
	answers *bufio.Reader
	turn    int
}

func (c *caller) ask(method, path, token, more string) error {
	_, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
		"Accept: application/vnd.atlas.2025-03-12+json\r\nContent-Type: application/json\r\n%s\r\n", method, path, token, more)
	return err
}

// answer notes the answer, of which it reads nothing yet.
func (c *crowd) answer(on *caller) (*http.Response, error) {
	resp, err := http.ReadResponse(on.answers, nil)
	if err == nil {
		c.answered(resp.StatusCode, 0)
	}
	return resp, err
}

func (c *crowd) sendLargeBody(_ context.Context, on *caller) {
	if on.ask(http.MethodPost, demoBuckets, c.reader, fmt.Sprintf("Content-Length: %d\r\n", 1<<20)) != nil {
		return
	}
	blank := strings.Repeat(" ", 64<<10)
	for range 16 {
		if _, err := io.WriteString(on, blank); err != nil {
			break
		}
	}
	_, _ = c.answer(on)
}

func (c *crowd) sendSlowBody(_ context.Context, on *caller) {
	length, part := fmt.Sprintf("Content-Length: %d\r\n", 256<<10), strings.Repeat(" ", 1<<10)
	if on.turn%3 == 0 {
		length, part = "Transfer-Encoding: chunked\r\n", fmt.Sprintf("400\r\n%s\r\n", part)
	}
	if on.ask(http.MethodPost, demoBuckets, c.owner, length) != nil {
		return
	}
	answered := make(chan struct{})
	go func() {
		_, _ = c.answer(on)
		close(answered)
	}()
	for range 256 {
		select {
		case <-answered:
			return
		case <-time.After(200 * time.Millisecond):
		}
		if _, err := io.WriteString(on, part); err != nil {
			break
		}
	}
	<-answered
}

var largeLists = []string{
	"/api/atlas/v2/groups?itemsPerPage=500&pretty=true",
	demoBuckets + "?itemsPerPage=500&pretty=true",
	"/api/atlas/v2/groups/5f0000000000000000000b01/cloudProviderAccess?pretty=true",
}

func (c *crowd) readLargeList(_ context.Context, on *caller) {
	for {
		path := largeLists[on.turn%len(largeLists)]
		on.turn++
		if on.ask(http.MethodGet, path, c.owner, "") != nil {
			return
		}
		resp, err := c.answer(on)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return
		}
	}
}

func (c *crowd) readSlowly(ctx context.Context, on *caller) {
	if on.ask(http.MethodGet, largeLists[on.turn%len(largeLists)], c.owner, "") != nil {
		return
	}
	resp, err := c.answer(on)
	for err == nil && ctx.Err() == nil {
		pause(ctx, 200*time.Millisecond)
		_, err = io.CopyN(io.Discard, resp.Body, 1<<10)
	}
}

func (c *crowd) sendNothing(_ context.Context, on *caller) { _, _ = c.answer(on) }

func (c *crowd) sendHeadSlowly(ctx context.Context, on *caller) {
	_, err := io.WriteString(on, "GET / HTTP/1.1\r\nHost: x\r\n")
	for i := 0; err == nil && ctx.Err() == nil; i++ {
		pause(ctx, 100*time.Millisecond)
		_, err = fmt.Fprintf(on, "X-%d: %s\r\n", i, strings.Repeat("x", 200))
	}
}

// readHonestly lists buckets, again and again.
func (c *crowd) readHonestly(ctx context.Context, l *ledger, token, buckets string) {
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: withHeader{"Authorization", "Bearer " + token, transport}, Timeout: answerTimeout}
	for ctx.Err() == nil {
		req, err := http.NewRequest(http.MethodGet, "http://"+c.address+buckets+"?itemsPerPage=20", http.NoBody)
		if err != nil {
			panic(err)
		}
		req.Header.Set("Accept", "application/vnd.atlas.2025-03-12+json")
		began, status := time.Now(), 0
		if resp, err := client.Do(req); err == nil {
			status = resp.StatusCode
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		l.answered(status, time.Since(began))
		pause(ctx, 50*time.Millisecond)
	}
}
