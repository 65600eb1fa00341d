package api_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"exportbuckets/internal/waittest"
)

// fillOrg gives the demo organization the most projects that it can have, each with
// the longest tags that it can have. A list of them has more than 24 MiB.
func (b *bundle) fillOrg(t *testing.T) {
	t.Helper()
	_, err := b.pool.Exec(t.Context(), `
		INSERT INTO projects (id, org_id, name, created_at, with_default_alerts_settings, managed_slow_ms, tags, settings, limits)
		SELECT lpad(to_hex(n), 24, '0'), org_id, 'Large ' || n, created_at, true, true,
			(SELECT jsonb_agg(jsonb_build_object('key', rpad(m || 'k', 255, '𐐀'), 'value', rpad('', 255, '𐐀')))
				FROM generate_series(1, 50) m), settings, limits
		FROM projects, generate_series(1, 250 - (SELECT count(*) FROM projects WHERE org_id = $1)) n WHERE id = $2`,
		demoOrg, demoProject)
	if err != nil {
		t.Fatal(err)
	}
}

// The first client asks for as much as the second, and does not read it.
func TestNobodyWaitsForAClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.bounds.Answers = 1 << 20 })
	b.fillOrg(t)
	b.serveUnchecked(t)
	token := b.token(t)
	const path = apiRoot + "/groups?itemsPerPage=500&pretty=true"
	slow := b.dial(t)
	slow.send(t, http.MethodGet, path, token, length(0), "")
	got := slow.head(t)
	size, err := strconv.Atoi(got.Get("Content-Length"))
	if err != nil || size < 24<<20 {
		t.Fatalf("got Content-Length %d, %v, want one of many megabytes", size, err)
	}

	began := time.Now()
	second := b.do(t, request{path: path, token: token})
	if second.status != http.StatusOK || len(second.body) != size {
		t.Errorf("got %d with %d bytes, want 200 with %d", second.status, len(second.body), size)
	}
	if took := time.Since(began); took > time.Minute/2 {
		t.Errorf("took %s, want that nobody waits", took)
	}
	n, err := io.Copy(io.Discard, slow.answers)
	if n >= int64(size) {
		t.Errorf("got all %d bytes, %v, want the answer cut off", n, err)
	}
	waittest.Until(t, "both are logged", func() bool { return strings.Count(b.log.String(), `"msg":"request"`) == 2 })
	if log := b.log.String(); strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, `"error":"write tcp`) {
		t.Errorf("got log %s, want why the first was cut off", log)
	}
}
