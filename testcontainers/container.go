package exportbuckets

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
	"github.com/testcontainers/testcontainers-go/wait"

	"exportbuckets/staging"
)

// The ports of a server in its container.
const (
	apiPort   = "8080/tcp"
	adminPort = "8081/tcp"
)

// patience is how long a container may take to be ready.
const patience = 2 * time.Minute

//go:embed base.yaml
var base []byte

// Container is a server, ready to be called.
type Container struct {
	testcontainers.Container

	baseURL  string
	adminURL string
	token    string
	postgres testcontainers.Container // nil if it has a database of somebody else's
	network  *testcontainers.DockerNetwork
}

// Run starts a server from an image of this repository, beside a PostgreSQL of its own if
// WithDatabaseURL names no other. The container that it returns has to be terminated, also
// if there is an error: testcontainers.CleanupContainer does so, and takes nil.
func Run(ctx context.Context, img string, opts ...testcontainers.ContainerCustomizer) (*Container, error) {
	settings := options{seed: base}
	for _, opt := range opts {
		if apply, ok := opt.(Option); ok {
			apply(&settings)
		}
	}
	c := &Container{token: rand.Text() + rand.Text()}
	if settings.databaseURL == "" {
		if err := c.runPostgres(ctx); err != nil {
			return c, err
		}
		settings.databaseURL = databaseURL
	}
	host, err := daemonHost(ctx)
	if err != nil {
		return c, err
	}
	const tokenFile, seedFile = "/token", "/seed.yaml"
	request := []testcontainers.ContainerCustomizer{
		testcontainers.WithExposedPorts(apiPort, adminPort),
		testcontainers.WithEnv(map[string]string{
			"DATABASE_URL":                   settings.databaseURL,
			"EXPORTBUCKETS_LISTEN":           ":8080",
			"EXPORTBUCKETS_ADMIN_LISTEN":     ":8081",
			"EXPORTBUCKETS_ADMIN_HOST":       host,
			"EXPORTBUCKETS_ADMIN_TOKEN_FILE": tokenFile,
			"EXPORTBUCKETS_STAGING":          "true",
			"EXPORTBUCKETS_SEED":             seedFile,
		}),
		testcontainers.WithFiles(
			testcontainers.ContainerFile{
				Reader: strings.NewReader(c.token), ContainerFilePath: tokenFile, FileMode: 0o444,
			},
			testcontainers.ContainerFile{
				Reader: bytes.NewReader(settings.seed), ContainerFilePath: seedFile, FileMode: 0o444,
			},
		),
		testcontainers.WithWaitStrategyAndDeadline(patience,
			wait.ForHTTP("/readyz").WithPort(apiPort), wait.ForHTTP("/readyz").WithPort(adminPort)),
	}
	if settings.noRateLimits {
		request = append(request, testcontainers.WithEnv(map[string]string{"EXPORTBUCKETS_RATE_LIMITS": "false"}))
	}
	if c.network != nil {
		request = append(request, network.WithNetwork(nil, c.network))
	}
	server, err := testcontainers.Run(ctx, img, append(request, opts...)...)
	if server != nil {
		c.Container = server
	}
	if err != nil {
		return c, fmt.Errorf("run %s: %w", img, err)
	}
	if c.baseURL, err = server.PortEndpoint(ctx, apiPort, "http"); err != nil {
		return c, fmt.Errorf("find port: %w", err)
	}
	if c.adminURL, err = server.PortEndpoint(ctx, adminPort, "http"); err != nil {
		return c, fmt.Errorf("find admin port: %w", err)
	}
	return c, nil
}

// daemonHost is the host at which published ports are reached.
func daemonHost(ctx context.Context) (string, error) {
	provider, err := testcontainers.NewDockerProvider()
	if err != nil {
		return "", fmt.Errorf("find Docker: %w", err)
	}
	defer func() { _ = provider.Close() }()
	host, err := provider.DaemonHost(ctx)
	if err != nil {
		return "", fmt.Errorf("find the host of Docker: %w", err)
	}
	return host, nil
}

const (
	postgresImage = "postgres:17.10-alpine"
	password      = "of-a-database-that-ends-with-the-test"
	databaseURL   = "postgres://postgres:" + password + "@postgres/postgres?sslmode=disable"
)

func (c *Container) runPostgres(ctx context.Context) error {
	var err error
	if c.network, err = network.New(ctx); err != nil {
		return fmt.Errorf("make network: %w", err)
	}
	postgres, err := testcontainers.Run(ctx, postgresImage,
		network.WithNetwork([]string{"postgres"}, c.network),
		testcontainers.WithEnv(map[string]string{"POSTGRES_PASSWORD": password}),
		testcontainers.WithTmpfs(map[string]string{"/var/lib/postgresql/data": "rw"}),
		// Over TCP: the server that prepares the data has a socket only.
		testcontainers.WithWaitStrategyAndDeadline(patience,
			wait.ForExec([]string{"pg_isready", "--host=127.0.0.1", "--username=postgres"})),
	)
	if postgres != nil {
		c.postgres = postgres
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", postgresImage, err)
	}
	return nil
}

// Terminate ends the server, its PostgreSQL and their network.
func (c *Container) Terminate(ctx context.Context, opts ...testcontainers.TerminateOption) error {
	var errs []error
	if c.Container != nil {
		errs = append(errs, c.Container.Terminate(ctx, opts...))
	}
	if c.postgres != nil {
		errs = append(errs, c.postgres.Terminate(ctx, opts...))
	}
	if c.network != nil {
		errs = append(errs, c.network.Remove(ctx))
	}
	return errors.Join(errs...)
}

// BaseURL is what clients of Atlas call, such as http://localhost:32768.
func (c *Container) BaseURL() string { return c.baseURL }

// AdminURL is where the staging plane is.
func (c *Container) AdminURL() string { return c.adminURL }

// Operator returns a client of the staging plane with the operator's token.
func (c *Container) Operator() *staging.Client {
	return &staging.Client{Server: c.adminURL, Token: c.token}
}
