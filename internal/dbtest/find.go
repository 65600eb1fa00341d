package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"exportbuckets/internal/waittest"
)

const (
	urlEnv    = "TEST_DATABASE_URL"
	dockerEnv = "TEST_DOCKER"
)

// errNoDocker says that no Docker daemon answers.
var errNoDocker = errors.New("no Docker daemon answers")

// sources are where a server may come from.
type sources struct {
	getenv func(string) string
	// docker returns the address of a server in a container and what to call
	// it, or errNoDocker, wrapped, if no daemon answers within the given time.
	docker func(context.Context, time.Duration) (address, what string, err error)
	// private returns the address of a server of this process, and the server.
	private func(context.Context) (address string, own *privateServer, err error)
}

// machine returns the sources of this machine.
func machine() sources {
	return sources{getenv: os.Getenv, docker: startContainer, private: startPrivate}
}

// dockerPatience is how long a Docker daemon may take to answer if it need not
// be used: some machines have one that never answers.
const dockerPatience = 5 * time.Second

// start returns the first server that there is and says on w which one it is. A
// server that TEST_DATABASE_URL or TEST_DOCKER names is the only choice. A
// Docker daemon that just happens to run is not: if it cannot run the image, for
// example without a network, it is not used, and the line on w says so.
func (m sources) start(ctx context.Context, w io.Writer) (*server, error) {
	if address := m.getenv(urlEnv); address != "" {
		s, version, err := openServer(ctx, address)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", urlEnv, err)
		}
		_, _ = fmt.Fprintf(w, "dbtest: PostgreSQL %s at %s\n", version, urlEnv)
		return s, nil
	}
	noDocker := fmt.Errorf("%s is off", dockerEnv)
	switch mode := m.getenv(dockerEnv); mode {
	case "required":
		s, err := m.container(ctx, w, waittest.Patience)
		if err != nil {
			return nil, fmt.Errorf("%s is required: %w", dockerEnv, err)
		}
		return s, nil
	case "":
		s, err := m.container(ctx, w, dockerPatience)
		if err == nil {
			return s, nil
		}
		noDocker = err
	case "off":
	default:
		return nil, fmt.Errorf("%s is %q, and may be off or required", dockerEnv, mode)
	}
	s, err := m.own(ctx, w, noDocker)
	if err != nil {
		return nil, fmt.Errorf("no PostgreSQL for the tests: install the PostgreSQL server, 15 or newer, "+
			"or start Docker, or set %s (Docker: %w; own server: %w)", urlEnv, noDocker, err)
	}
	return s, nil
}

func (m sources) container(ctx context.Context, w io.Writer, answer time.Duration) (*server, error) {
	ctx, cancel := context.WithTimeout(ctx, waittest.Patience)
	defer cancel()
	address, what, err := m.docker(ctx, answer)
	if err != nil {
		return nil, err
	}
	s, version, err := openServer(ctx, address)
	if err != nil {
		return nil, err
	}
	s.lasts = " (until the container is removed, seconds after the last test)"
	_, _ = fmt.Fprintf(w, "dbtest: PostgreSQL %s in Docker, %s\n", version, what)
	return s, nil
}

func (m sources) own(ctx context.Context, w io.Writer, noDocker error) (*server, error) {
	ctx, cancel := context.WithTimeout(ctx, waittest.Patience)
	defer cancel()
	address, own, err := m.private(ctx)
	if err != nil {
		return nil, err
	}
	s, version, err := openServer(ctx, address)
	if err != nil {
		return nil, err
	}
	s.own = own
	s.lasts = " (until this test process ends)"
	why := strings.ReplaceAll(noDocker.Error(), "\n", "; ")
	_, _ = fmt.Fprintf(w, "dbtest: PostgreSQL %s, a private server of this process; Docker: %s\n", version, why)
	return s, nil
}
