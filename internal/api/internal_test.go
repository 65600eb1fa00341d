package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/atlas"
)

func TestEveryErrorCodeHasAStatus(t *testing.T) {
	t.Parallel()
	codes := atlas.Codes()
	for _, code := range codes {
		if status := statuses[code]; status < 400 || http.StatusText(status) == "" {
			t.Errorf("%s: got status %d, want that of an error", code, status)
		}
	}
	for code := range statuses {
		if !slices.Contains(codes, code) {
			t.Errorf("%s: got a status for what is no code", code)
		}
	}
}

func TestIndentWritesLikeJackson(t *testing.T) {
	t.Parallel()
	for compact, want := range map[string]string{
		`{}`:                        `{ }`,
		`[]`:                        `[ ]`,
		`5`:                         `5`,
		`true`:                      `true`,
		`[1,"x",null]`:              `[ 1, "x", null ]`,
		`[[1],[]]`:                  `[ [ 1 ], [ ] ]`,
		`{"a":1}`:                   "{\n  \"a\" : 1\n}",
		`{"a":{"b":[]},"c":{}}`:     "{\n  \"a\" : {\n    \"b\" : [ ]\n  },\n  \"c\" : { }\n}",
		`[{"a":1},{"b":2}]`:         "[ {\n  \"a\" : 1\n}, {\n  \"b\" : 2\n} ]",
		`{"a":[{"b":1}]}`:           "{\n  \"a\" : [ {\n    \"b\" : 1\n  } ]\n}",
		`{"a":"{[,:]}\"","b":"\\"}`: "{\n  \"a\" : \"{[,:]}\\\"\",\n  \"b\" : \"\\\\\"\n}",
	} {
		if diff := cmp.Diff(want, string(indent([]byte(compact)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", compact, diff)
		}
	}
}

func FuzzIndentChangesOnlyBlanks(f *testing.F) {
	f.Add(`{"a":[{"b":"x \" y"},[],{}],"c":null}`)
	f.Add(`"\\"`)
	f.Fuzz(func(t *testing.T, text string) {
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(text)) != nil {
			return
		}
		var again bytes.Buffer
		pretty := indent(compact.Bytes())
		if err := json.Compact(&again, pretty); err != nil {
			t.Fatalf("%s: got %s, which is no JSON: %v", compact.String(), pretty, err)
		}
		if compact.String() != again.String() {
			t.Errorf("got %s, want %s", again.String(), compact.String())
		}
	})
}

// FuzzDecode holds decode against encoding/json: what it takes, the other takes
// too and reads the same, but for the case of keys.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"cloudProvider":"AWS","bucketName":"b","iamRoleId":"5f0000000000000000000d01","requirePrivateNetworking":true}`,
		`{"cloudProvider":"AZURE","roleId":"x","serviceUrl":"https://a","tenantId":null,"links":[{}]}`,
		`{"_id":1,"region":{}}`, `{"bucketName":5}`, `{"bucketname":"x"}`, `{"a":{}}`, `[]`, `null`, ``,
		`{"bucketName":"a","bucketName":"b"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		c.Request.Header.Set("Content-Type", "application/json")
		var got atlas.ExportBucketRequest
		err := decode(c, &got)
		var refusal *atlas.Error
		switch {
		case errors.As(err, &refusal):
			if malformed := refusal.Code == atlas.CodeMalformedJSON; malformed && json.Valid(body) && !unusual(body) {
				t.Errorf("%q: got %v for valid JSON", body, err)
			}
		case err != nil:
			t.Errorf("%q: got %v, want a refusal that the client may read", body, err)
		default:
			var want atlas.ExportBucketRequest
			if err := json.Unmarshal(body, &want); err != nil {
				t.Fatalf("%q: accepted, but encoding/json says %v", body, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q (-encoding/json +got):\n%s", body, diff)
			}
		}
	})
}

// unusual says whether a body has what encoding/json lets pass and RFC 8259 or
// this server's decoder does not: bytes that are not UTF-8, halves of surrogate
// pairs, great depth.
func unusual(body []byte) bool {
	return strings.ToValidUTF8(string(body), "") != string(body) ||
		bytes.Contains(bytes.ToLower(body), []byte(`\ud`)) || len(body) > 5000
}

func TestPanicsAreFaultsOfOurs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := &Server{cfg: Config{Log: slog.New(slog.NewJSONHandler(&log, nil)), Now: time.Now}}
	engine := gin.New()
	engine.Use(s.logRequest, s.recover)
	engine.GET("/", func(*gin.Context) { panic("the reason") })
	recorder := httptest.NewRecorder()
	engine.ServeHTTP(recorder, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil))
	if recorder.Code != http.StatusInternalServerError || strings.Contains(recorder.Body.String(), "the reason") {
		t.Errorf("got %d %s, want 500 without the reason", recorder.Code, recorder.Body)
	}
	if !strings.Contains(log.String(), "panic: the reason") || !strings.Contains(log.String(), `"level":"ERROR"`) {
		t.Errorf("got log %s, want an error event with the reason", log.String())
	}
}

func TestBucketsThatAreFullAgainAreForgotten(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 10, 0, 0, 0, 0, time.UTC)
	l := newRateLimiter(func() time.Time { return now })
	for range 600 {
		l.take(cloudBackups, "drained")
	}
	l.take(cloudBackups, "touched")
	now = now.Add(refillPeriod)
	l.take(cloudBackups, "new")
	if _, ok := l.buckets[bucketKey{cloudBackups.name, "touched"}]; ok {
		t.Error("got a full bucket kept, want it forgotten")
	}
	if left, _ := l.take(cloudBackups, "drained"); left != 1200-600+500-1 {
		t.Errorf("got %d left, want %d", left, 1200-600+500-1)
	}
}
