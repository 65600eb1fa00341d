package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	urlEnv    = "TEST_DATABASE_URL"
	dockerEnv = "TEST_DOCKER"
)

// errNoDocker says that no Docker daemon answers.
var errNoDocker = errors.New("no Docker daemon answers")

// sources are the ways to a server.
type sources struct {
	getenv func(string) string
	// docker returns the address of a server in a container and a word on it,
	// or errNoDocker, wrapped.
	docker func(context.Context) (address, what string, err error)
	// private returns the address of a server of this process, and the server.
	private func(context.Context) (address string, own *privateServer, err error)
}

// machine returns the sources of this machine.
func machine() sources {
	return sources{getenv: os.Getenv, docker: startContainer, private: startPrivate}
}

// start returns the first server to be had and says on w which one it is. A
// server that was asked for by name is the only choice. A Docker daemon that
// happens to be there is not: one that cannot run the image, say for want of a
// network, is passed over, and the line on w says so.
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
	case "", "required":
		s, err := m.container(ctx, w)
		if err == nil {
			return s, nil
		}
		if mode == "required" {
			return nil, fmt.Errorf("%s is on: %w", dockerEnv, err)
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

func (m sources) container(ctx context.Context, w io.Writer) (*server, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	address, what, err := m.docker(ctx)
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
	ctx, cancel := context.WithTimeout(ctx, patience)
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
