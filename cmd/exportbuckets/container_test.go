package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/network"
	"github.com/testcontainers/testcontainers-go/wait"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/waittest"
)

// dockerEnv is the variable without which the test of the image is skipped: to
// build the image can take longer than all other tests together.
const dockerEnv = "TEST_DOCKER"

// imageEnv is the variable that names an image of this repository to test.
// Without it the test builds one.
const imageEnv = "TEST_IMAGE"

// maxImageSize is the largest size of the image, in bytes.
const maxImageSize = 32_000_000

// This test is not parallel: it changes the logger of testcontainers, which all
// of the process shares.
func TestTheImageKeepsItsBucketsOverARestart(t *testing.T) { //nolint:paralleltest // See above.
	docker := needDocker(t)
	nw, err := network.New(t.Context())
	testcontainers.CleanupNetwork(t, nw)
	if err != nil {
		t.Fatalf("got error %v, want a network", err)
	}
	startPostgres(t, nw)
	container := startImage(t, nw)
	wantSmallImage(t, docker, container)

	p := programIn(t, container)
	account := withToken(t, p.token(t))
	aws := p.ask(t, digestKey(t, "demoownr"), demoBuckets, demoBucket)
	wantStatus(t, aws, http.StatusOK)
	gcp := p.ask(t, account, demoBuckets,
		`{"cloudProvider":"GCP","bucketName":"export-bucket","roleId":"5f0000000000000000000d03"}`)
	wantStatus(t, gcp, http.StatusOK)
	before := p.ask(t, account, demoBuckets, "")
	wantStatus(t, before, http.StatusOK)
	want := []string{text(t, aws.body, "_id"), text(t, gcp.body, "_id")}
	if got := listed(t, before.body); !slices.Equal(got, want) {
		t.Fatalf("buckets: got %v, want %v", got, want)
	}

	restart(t, container)

	// The container's port may be published as another one now. The access
	// token from before is still valid.
	p = programIn(t, container)
	for credentials, via := range map[string]http.RoundTripper{
		"an API key":       digestKey(t, "demoread"),
		"the access token": account,
	} {
		after := p.ask(t, via, demoBuckets, "")
		wantStatus(t, after, http.StatusOK)
		if after.body != before.body {
			t.Errorf("buckets after the restart, with %s: got %s, want %s", credentials, after.body, before.body)
		}
	}
}

// needDocker skips the test unless Docker is required.
func needDocker(t *testing.T) *testcontainers.DockerProvider {
	t.Helper()
	if os.Getenv(dockerEnv) != "required" {
		t.Skipf("%s is not required", dockerEnv)
	}
	log.SetDefault(log.NewNoopLogger())
	docker, err := testcontainers.NewDockerProvider()
	if err != nil {
		t.Fatalf("got error %v, want a Docker daemon that answers", err)
	}
	t.Cleanup(func() { _ = docker.Close() })
	return docker
}

func startPostgres(t *testing.T, nw *testcontainers.DockerNetwork) {
	t.Helper()
	c, err := testcontainers.Run(t.Context(), dbtest.Image,
		network.WithNetwork([]string{"postgres"}, nw),
		testcontainers.WithEnv(map[string]string{"POSTGRES_PASSWORD": databasePassword}),
		// Over TCP: the server that prepares the data has a socket only.
		waitFor(wait.ForExec([]string{"pg_isready", "--host=127.0.0.1", "--username=postgres"}).
			WithStartupTimeout(waittest.Patience)),
	)
	cleanUp(t, c, "PostgreSQL")
	if err != nil {
		t.Fatalf("got error %v, want PostgreSQL started", err)
	}
}

// startImage starts the image of this repository.
func startImage(t *testing.T, nw *testcontainers.DockerNetwork) *testcontainers.DockerContainer {
	t.Helper()
	const seedFile = "/seed.yaml"
	var build bytes.Buffer
	options := []testcontainers.ContainerCustomizer{
		network.WithNetwork(nil, nw),
		testcontainers.WithFiles(testcontainers.ContainerFile{
			HostFilePath:      demoSeedFile,
			ContainerFilePath: seedFile,
			FileMode:          0o444,
		}),
		testcontainers.WithEnv(map[string]string{
			"DATABASE_URL":       "postgres://postgres:" + databasePassword + "@postgres/postgres?sslmode=disable",
			"EXPORTBUCKETS_SEED": seedFile,
			"EXPORTBUCKETS_DEMO": "true", // testcontainers publishes the port, on a test machine
		}),
		testcontainers.WithExposedPorts("8080/tcp"),
		waitFor(wait.ForHTTP("/readyz").WithPort("8080/tcp").WithStartupTimeout(waittest.Patience)),
	}
	image := os.Getenv(imageEnv)
	if image == "" {
		options = append(options, testcontainers.WithDockerfile(testcontainers.FromDockerfile{
			Context:        "../..",
			Repo:           "exportbuckets-test",
			BuildLogWriter: &build,
		}))
	}
	c, err := testcontainers.Run(t.Context(), image, options...)
	cleanUp(t, c, "the image")
	if err != nil {
		t.Fatalf("got error %v, want the image started; its build:\n%s", err, &build)
	}
	return c
}

// waitFor makes the start of a container wait for as long as tests do.
func waitFor(ready wait.Strategy) testcontainers.CustomizeRequestOption {
	return testcontainers.WithWaitStrategyAndDeadline(waittest.Patience, ready)
}

// cleanUp removes the container after the test, and shows the log of a test
// that failed.
func cleanUp(t *testing.T, c *testcontainers.DockerContainer, what string) {
	t.Helper()
	if c == nil {
		return
	}
	testcontainers.CleanupContainer(t, c)
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		logs, err := c.Logs(context.WithoutCancel(t.Context()))
		if err != nil {
			t.Logf("the log of %s: %v", what, err)
			return
		}
		defer func() { _ = logs.Close() }()
		content, err := io.ReadAll(logs)
		t.Logf("the log of %s (%v):\n%s", what, err, content)
	})
}

func wantSmallImage(t *testing.T, docker *testcontainers.DockerProvider, c *testcontainers.DockerContainer) {
	t.Helper()
	container, err := c.Inspect(t.Context())
	if err != nil {
		t.Fatalf("got error %v, want the container", err)
	}
	image, err := docker.Client().ImageInspect(t.Context(), container.Image)
	if err != nil {
		t.Fatalf("got error %v, want the image", err)
	}
	t.Logf("the image has %d bytes", image.Size)
	if image.Size > maxImageSize {
		t.Errorf("size of the image: got %d bytes, want at most %d", image.Size, maxImageSize)
	}
}

// programIn returns the program that runs in the container.
func programIn(t *testing.T, c *testcontainers.DockerContainer) *program {
	t.Helper()
	address, err := c.PortEndpoint(t.Context(), "8080/tcp", "")
	if err != nil {
		t.Fatalf("got error %v, want the address of the container", err)
	}
	return &program{address: address}
}

// restart stops the container, which must exit with 0, and starts it again.
func restart(t *testing.T, c *testcontainers.DockerContainer) {
	t.Helper()
	grace := waittest.Patience
	if err := c.Stop(t.Context(), &grace); err != nil {
		t.Fatalf("got error %v, want the container stopped", err)
	}
	state, err := c.State(t.Context())
	if err != nil {
		t.Fatalf("got error %v, want the state of the stopped container", err)
	}
	if state.ExitCode != 0 {
		t.Errorf("exit code: got %d, want 0", state.ExitCode)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatalf("got error %v, want the container started again", err)
	}
}
