package metrics_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"exportbuckets/db"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/metrics"
)

func TestNothingIsCountedWithoutMetrics(t *testing.T) {
	t.Parallel()
	var none *metrics.Metrics
	none.Enter()
	none.Leave()
	none.Request("getGroup", 200, time.Second)
	none.Refused("GROUP_NOT_FOUND")
	none.Deprecated("getGroup", "2023-01-01")
	none.SignInFailed("digest", "unknown public key")
	none.RateLimited("projects")
	none.Batch("ListPrincipals", 1)
	none.FaultApplied("reset")
	none.Reset()
	if none.QueryTracer() != nil {
		t.Error("got a tracer, want none")
	}
}

// counted returns metrics in which each kind has been counted, with queries that went well
// and that failed.
func counted(t *testing.T) *metrics.Metrics {
	t.Helper()
	m := metrics.New("test")
	m.Enter()
	m.Request("getGroup", 200, time.Second)
	m.Request("", 404, time.Second)
	m.Refused("GROUP_NOT_FOUND")
	m.Deprecated("getGroup", "2023-01-01")
	m.SignInFailed("digest", "unknown public key")
	m.RateLimited("projects")
	m.Batch("ListPrincipals", 3)
	m.FaultApplied("reset")
	m.Reset()
	pool, err := dbpool.Open(t.Context(), dbtest.NewURL(t), 2, m.QueryTracer())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	m.WatchPool(pool.Pool)
	m.WatchJournal(func() (written, dropped int64) { return 5, 2 })
	if _, err := db.New().CountOrgs(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "SELECT nothing"); err == nil {
		t.Fatal("got no error of a query that can't be")
	}
	return m
}

// scrape returns what Prometheus reads.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	return "\n" + answer.Body.String()
}

func TestWhatIsCounted(t *testing.T) {
	t.Parallel()
	text := scrape(t, counted(t))
	for _, want := range []string{
		`exportbuckets_http_requests_total{code="200",operation="getGroup"} 1`,
		`exportbuckets_http_requests_total{code="404",operation=""} 1`,
		`exportbuckets_http_request_duration_seconds_sum{operation="getGroup"} 1`,
		`exportbuckets_http_requests_in_flight 1`,
		`exportbuckets_http_refusals_total{error_code="GROUP_NOT_FOUND"} 1`,
		`exportbuckets_http_deprecated_requests_total{operation="getGroup",version="2023-01-01"} 1`,
		`exportbuckets_auth_failures_total{reason="unknown public key",scheme="digest"} 1`,
		`exportbuckets_rate_limited_total{set="projects"} 1`,
		`exportbuckets_batch_size_sum{statement="ListPrincipals"} 3`,
		`exportbuckets_resets_total 1`,
		`exportbuckets_faults_applied_total{kind="reset"} 1`,
		`exportbuckets_db_query_seconds_total{query="CountOrgs"} `,
		`exportbuckets_db_query_errors_total{class="42",query="other"} 1`,
		`exportbuckets_db_pool_max_connections 2`,
		`exportbuckets_journal_entries_total 5`,
		`exportbuckets_journal_dropped_total 2`,
		`exportbuckets_build_info{`,
		`go_goroutines `,
		`process_cpu_seconds_total `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("there is no %s in:\n%s", want, text)
		}
	}
}

func TestMetricsAreNamedAsPrometheusAsks(t *testing.T) {
	t.Parallel()
	problems, err := testutil.GatherAndLint(metrics.Gatherer(counted(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

var metricName = regexp.MustCompile(`\b(exportbuckets|go|process)_[a-z_]+\b`)

// What the dashboard and the alerts ask for is there.
func TestTheDashboardAndTheAlertsAskForMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	families, err := metrics.Gatherer(counted(t)).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		known[family.GetName()] = true
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			known[family.GetName()+suffix] = family.GetType().String() == "HISTOGRAM"
		}
	}
	for path, expressions := range map[string][]string{
		"../../docs/grafana/exportbuckets.json": dashboard(t),
		"../../docs/prometheus/alerts.yml":      alerts(t),
	} {
		if len(expressions) < 4 {
			t.Errorf("%s: got %d expressions, want more", path, len(expressions))
		}
		for _, expression := range expressions {
			names := metricName.FindAllString(expression, -1)
			if len(names) == 0 {
				t.Errorf("%s: %q names no metric", path, expression)
			}
			for _, name := range names {
				if !known[name] {
					t.Errorf("%s: there is no metric %s; there are %s", path, name,
						strings.Join(slices.Sorted(maps.Keys(known)), ", "))
				}
			}
		}
	}
}

// dashboard returns the expressions of the Grafana dashboard.
func dashboard(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../docs/grafana/exportbuckets.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	var expressions []string
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			expressions = append(expressions, target.Expr)
		}
	}
	return expressions
}

// alerts returns the expressions of the alerts.
func alerts(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../docs/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert string `yaml:"alert"`
				Expr  string `yaml:"expr"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(fmt.Errorf("alerts: %w", err))
	}
	var expressions []string
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			expressions = append(expressions, rule.Expr)
		}
	}
	return expressions
}
