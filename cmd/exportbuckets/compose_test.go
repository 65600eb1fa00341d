package main

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"exportbuckets/internal/dbtest"
)

// service is what the tests read of a service of docker-compose.yml.
type service struct {
	Image       string            `yaml:"image"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	MemLimit    string            `yaml:"mem_limit"`
	PidsLimit   int               `yaml:"pids_limit"`
}

func composeServices(t *testing.T) map[string]service {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]service `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Services
}

func TestTheServicesOfComposeHaveLimits(t *testing.T) {
	t.Parallel()
	services := composeServices(t)
	if len(services) != 3 {
		t.Errorf("got %d services, want 3", len(services))
	}
	for name, s := range services {
		if s.MemLimit == "" || s.PidsLimit == 0 {
			t.Errorf("%s: got memory %q and processes %d, want limits", name, s.MemLimit, s.PidsLimit)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: got port %s, want it on this machine only", name, port)
			}
		}
	}
}

func TestTheServerOfComposeDoesNotOwnItsSchema(t *testing.T) {
	t.Parallel()
	services := composeServices(t)
	api, migrate, postgres := services["api"].Environment, services["migrate"].Environment, services["postgres"].Environment
	user := func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return u.User.Username()
	}
	if got := user(migrate["DATABASE_URL"]); got != postgres["POSTGRES_USER"] {
		t.Errorf("migrate runs as %s, want the owner, %s", got, postgres["POSTGRES_USER"])
	}
	if got := user(api["DATABASE_URL"]); got == "" || got == postgres["POSTGRES_USER"] {
		t.Errorf("the server runs as %q, want it to run as another than the owner", got)
	}
	if api["DATABASE_URL"] != migrate["EXPORTBUCKETS_GRANT_TO"] || api["EXPORTBUCKETS_MIGRATE"] != "false" {
		t.Errorf("got %v and %v, want the server's role granted what it needs, and no migration by it", api, migrate)
	}
}

func TestImagesHaveExactTags(t *testing.T) {
	t.Parallel()
	if got := composeServices(t)["postgres"].Image; got != dbtest.Image {
		t.Errorf("PostgreSQL of docker-compose.yml: got %s, want that of the tests, %s", got, dbtest.Image)
	}
	module, err := os.ReadFile(filepath.Join(root, "testcontainers", "container.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(module), `"`+dbtest.Image+`"`) {
		t.Errorf("PostgreSQL of the module testcontainers: got another than that of the tests, %s", dbtest.Image)
	}
	dockerfile, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	images := []string{dbtest.Image}
	for _, from := range regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(string(dockerfile), -1) {
		images = append(images, from[1])
	}
	exact := regexp.MustCompile(`:\d+\.\d+(\.\d+)?(-\w+)?$`)
	for _, image := range images {
		// Distroless images have no other tags.
		if !exact.MatchString(image) && !strings.HasPrefix(image, "gcr.io/distroless/") {
			t.Errorf("%s: got no exact version, want one", image)
		}
	}
}
