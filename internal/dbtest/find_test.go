package dbtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTheServerIsTheFirstThatThereIs(t *testing.T) {
	t.Parallel()
	address := sharedServer(t).url
	refused := errors.New("refused")
	for name, tt := range map[string]struct {
		env     map[string]string
		docker  error
		private error
		said    []string // in the one line that is printed
		failed  []string // in the error, if one is expected
	}{
		"an address comes before all else": {
			env:  map[string]string{urlEnv: address, dockerEnv: "required"},
			said: []string{urlEnv},
		},
		"an address that does not answer is an error": {
			env:    map[string]string{urlEnv: "postgres:///?host=/nowhere"},
			failed: []string{urlEnv, "/nowhere"},
		},
		"Docker comes before a private server": {
			said: []string{"in Docker, container abc"},
		},
		"no Docker means a private server": {
			docker: fmt.Errorf("%w: %w", errNoDocker, errors.Join(refused, refused)),
			said:   []string{"private server", "no Docker daemon answers", "refused; refused"},
		},
		"Docker that fails is not used and the line says so": {
			docker: errors.New("no such image"),
			said:   []string{"private server", "no such image"},
		},
		"Docker that was asked for must work": {
			env:    map[string]string{dockerEnv: "required"},
			docker: errNoDocker,
			failed: []string{dockerEnv, "no Docker daemon answers"},
		},
		"Docker that was switched off is not asked": {
			env:  map[string]string{dockerEnv: "off"},
			said: []string{"private server", dockerEnv + " is off"},
		},
		"a third value is refused": {
			env:    map[string]string{dockerEnv: "maybe"},
			failed: []string{dockerEnv, "maybe", "off or required"},
		},
		"no server is an error that says what to do": {
			docker:  errNoDocker,
			private: refused,
			failed:  []string{"install the PostgreSQL server", "start Docker", "set " + urlEnv, "no Docker daemon", "refused"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := sources{
				getenv: func(name string) string { return tt.env[name] },
				docker: func(context.Context, time.Duration) (string, string, error) {
					if tt.env[dockerEnv] == "off" {
						t.Error("Docker was asked")
					}
					return address, "container abc", tt.docker
				},
				private: func(context.Context) (string, *privateServer, error) { return address, nil, tt.private },
			}
			var out strings.Builder
			s, err := m.start(t.Context(), &out)
			if s != nil {
				t.Cleanup(s.admin.Close)
			}
			if tt.failed == nil {
				if err != nil {
					t.Fatal(err)
				}
				wantLine(t, out.String(), append(tt.said, "dbtest: PostgreSQL "))
				return
			}
			if err == nil {
				t.Fatal("got no error")
			}
			for _, part := range tt.failed {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error: got %q, want it to contain %q", err, part)
				}
			}
			if out.Len() > 0 {
				t.Errorf("output: got %q, want none", &out)
			}
		})
	}
}

func wantLine(t *testing.T, got string, parts []string) {
	t.Helper()
	if !strings.HasSuffix(got, "\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("output: got %q, want one line", got)
	}
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("output: got %q, want it to contain %q", got, part)
		}
	}
}
