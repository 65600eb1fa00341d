package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/wait"

	"exportbuckets/internal/waittest"
)

// Image is the PostgreSQL of the tests and of docker-compose.yml.
const Image = "postgres:17.10-alpine"

// containerTries is how often a container is started. The one of this session
// may be about to be removed, if no test used it for a while.
const containerTries = 3

// startContainer returns the address of the session's container, and starts it
// if it does not exist. The daemon, and the container's port once it is
// published, must answer within the given time. A session is one run of "go test"
// with all its packages. Test processes take turns: testcontainers alone would
// let two of them start the reaper at once.
func startContainer(ctx context.Context, patience time.Duration) (address, what string, err error) {
	// The line that says which server is used is enough.
	log.SetDefault(log.NewNoopLogger())
	if err := askDocker(patience); err != nil {
		return "", "", err
	}
	unlock, err := lockSession()
	if err != nil {
		return "", "", err
	}
	defer unlock()
	var tries []error
	for range containerTries {
		address, id, err := runContainer(ctx, patience)
		if err == nil {
			return address, fmt.Sprintf("container %.12s of %s", id, Image), nil
		}
		tries = append(tries, err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return "", "", errors.Join(tries...)
		}
	}
	return "", "", errors.Join(tries...)
}

// askDocker returns errNoDocker, wrapped, unless a daemon answers. Without one
// some functions of testcontainers panic.
func askDocker(patience time.Duration) error {
	answer := make(chan error, 1)
	go func() {
		// This looks for a daemon in all the usual places, and has no deadline.
		provider, err := testcontainers.NewDockerProvider()
		if err == nil {
			err = provider.Close()
		}
		answer <- err
	}()
	select {
	case err := <-answer:
		if err != nil {
			return fmt.Errorf("%w: %w", errNoDocker, err)
		}
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%w within %s", errNoDocker, patience)
	}
}

// lockSession makes other test processes of this user wait until the returned
// function is called.
func lockSession() (func(), error) {
	name := fmt.Sprintf("exportbuckets-test-%d.lock", os.Getuid())
	f, err := os.OpenFile(filepath.Join(os.TempDir(), name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

func runContainer(ctx context.Context, patience time.Duration) (address, id string, err error) {
	const password = "exportbuckets"
	c, err := testcontainers.Run(ctx, Image,
		testcontainers.WithReuseByName(fmt.Sprintf("exportbuckets-test-%.12s", testcontainers.SessionID())),
		testcontainers.WithEnv(map[string]string{"POSTGRES_PASSWORD": password}),
		testcontainers.WithExposedPorts("5432/tcp"),
		testcontainers.WithTmpfs(map[string]string{"/var/lib/postgresql/data": "rw"}), // as sharedMemory
		testcontainers.WithCmd("postgres",
			"-c", "autovacuum=off",
			"-c", "fsync=off",
			"-c", "full_page_writes=off",
			"-c", "max_connections=300",
			"-c", "max_wal_size=128MB",
			"-c", "synchronous_commit=off",
		),
		// The first of these lines is of the server that prepares the data.
		testcontainers.WithWaitStrategyAndDeadline(waittest.Patience,
			wait.ForLog("database system is ready to accept connections").WithOccurrence(2).
				WithStartupTimeout(waittest.Patience)),
	)
	if err != nil {
		return "", "", fmt.Errorf("run %s: %w", Image, err)
	}
	host, err := c.PortEndpoint(ctx, "5432/tcp", "")
	if err != nil {
		return "", "", fmt.Errorf("address of container: %w", err)
	}
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", password),
		Host:     host,
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}
	if err := waitForServer(ctx, u.String(), patience); err != nil {
		return "", "", err
	}
	return u.String(), c.GetContainerID(), nil
}

// waitForServer tries to connect until that succeeds. The server is ready by now,
// but its port may not be published yet.
func waitForServer(ctx context.Context, address string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, address)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("connect to container, whose host TESTCONTAINERS_HOST_OVERRIDE may change: %w", err)
		}
	}
}
