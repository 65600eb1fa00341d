package dbpool

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestTheHostThatWasSilentIsTriedLast(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig("postgres://user@one:1,two:2,three:3/db?sslmode=prefer")
	if err != nil {
		t.Fatal(err)
	}
	h := new(hosts)
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{"ip-of-" + host}, nil }
	h.watch(config, func() {})
	for _, host := range []string{"one", "two", "three"} {
		if _, err := config.LookupFunc(t.Context(), host); err != nil {
			t.Fatal(err)
		}
	}
	tried := func() string {
		t.Helper()
		one := config.Copy()
		if err := h.order(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		hosts := []string{one.Host}
		for _, fallback := range one.Fallbacks {
			hosts = append(hosts, fallback.Host)
		}
		return strings.Join(hosts, " ")
	}
	h.note("ip-of-one:1", os.ErrNotExist) // it was not silent
	h.note("ip-of-one:2", os.ErrDeadlineExceeded)
	for _, tt := range []struct{ silent, want string }{
		{"ip-of-none:1", "one one two two three three"}, // each with TLS, and without
		{"ip-of-one:1", "two two three three one one"},
		{"ip-of-two:2", "one one three three two two"},
	} {
		h.note(tt.silent, os.ErrDeadlineExceeded)
		if diff := cmp.Diff(tt.want, tried()); diff != "" {
			t.Errorf("%s was silent (-want +got):\n%s", tt.silent, diff)
		}
	}
}
