package main

import (
	"net"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/seed"
)

func TestPlanIsDecidedFromTheSettings(t *testing.T) {
	t.Parallel()
	demo, err := seed.Parse(seed.Demo)
	if err != nil {
		t.Fatalf("got error %v, want the demo tenant", err)
	}
	url := func(url string) databaseConfig {
		return databaseConfig{DatabaseURL: &url, StateDir: "/state", MaxConnections: 8}
	}
	private := databaseConfig{StateDir: "/state", MaxConnections: 8}
	privateSource := source{privateDir: "/state/postgres", maxConnections: 8}
	ownKey := sealing{file: "/state/sealing.key", own: true}
	api := apiConfig{Listen: "127.0.0.1:0", BaseURL: "https://example.com", RateLimits: true}
	loopback := apiConfig{Listen: "localhost:0"}
	beside := adminPlan{
		listen: "127.0.0.1:8081", optional: true, staging: true, tokenFile: "/state/operator-token", own: true,
	}
	everyField := cmp.Exporter(func(reflect.Type) bool { return true })
	for name, tt := range map[string]struct {
		command serveCommand
		want    plan
	}{
		"without a database, a private PostgreSQL with the demo tenant": {
			serveCommand{databaseConfig: private, apiConfig: loopback, Migrate: true},
			plan{source: privateSource, sharesMachine: true, migrate: true, sealing: ownKey, tenants: demo, demo: true, api: loopback, admin: beside},
		},
		"a seed file takes the place of the demo tenant": {
			serveCommand{databaseConfig: private, apiConfig: loopback, Migrate: true, Seed: demoSeedFile},
			plan{source: privateSource, sharesMachine: true, migrate: true, sealing: ownKey, tenants: demo, api: loopback, admin: beside},
		},
		"a configured database gets no tenant": {
			serveCommand{databaseConfig: url("postgres://db.example.com/app"), Migrate: true},
			plan{source: source{url: "postgres://db.example.com/app", maxConnections: 8}, migrate: true},
		},
		"a configured database gets the tenants of a seed file": {
			serveCommand{databaseConfig: url("postgres://db.example.com/app"), apiConfig: loopback, Migrate: true, Seed: demoSeedFile},
			plan{source: source{url: "postgres://db.example.com/app", maxConnections: 8}, migrate: true, tenants: demo, api: loopback},
		},
		"a configured database may be on this machine": {
			serveCommand{databaseConfig: url("postgres://localhost/app")},
			plan{source: source{url: "postgres://localhost/app", maxConnections: 8}, sharesMachine: true},
		},
		"a configured database gets the admin listener that is asked for": {
			serveCommand{databaseConfig: url("postgres://db.example.com/app"), adminConfig: adminConfig{
				AdminListen: new(":8081"), AdminTokenFile: "token", AdminHost: []string{"a"}, Staging: new(true),
			}},
			plan{
				source: source{url: "postgres://db.example.com/app", maxConnections: 8},
				admin:  adminPlan{listen: ":8081", staging: true, hosts: []string{"a"}, tokenFile: "token"},
			},
		},
		"the admin listener can be left out": {
			serveCommand{databaseConfig: private, apiConfig: loopback, adminConfig: adminConfig{AdminListen: new("")}},
			plan{
				source: privateSource, sharesMachine: true, sealing: ownKey, tenants: demo, demo: true, api: loopback,
				admin: adminPlan{tokenFile: "/state/operator-token", own: true},
			},
		},
		"the settings of the API stay as they are": {
			serveCommand{databaseConfig: url("postgres://db.example.com/app"), apiConfig: api},
			plan{source: source{url: "postgres://db.example.com/app", maxConnections: 8}, api: api},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.command.plan()
			if err != nil {
				t.Fatalf("got error %v, want a plan", err)
			}
			if diff := cmp.Diff(tt.want, got, everyField); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinksBeginWithTheBaseURLOrTheAddressListenedOn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		baseURL string // the setting
		address net.TCPAddr
		want    string
	}{
		"the setting":          {"https://example.com/atlas/", net.TCPAddr{}, "https://example.com/atlas"},
		"an address":           {"", net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, "http://127.0.0.1:8080"},
		"an IPv6 address":      {"", net.TCPAddr{IP: net.IPv6loopback, Port: 8080}, "http://[::1]:8080"},
		"every address":        {"", net.TCPAddr{IP: net.IPv4zero, Port: 8080}, "http://localhost:8080"},
		"every address of all": {"", net.TCPAddr{IP: net.IPv6unspecified, Port: 80}, "http://localhost:80"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (plan{api: apiConfig{BaseURL: tt.baseURL}}).baseURL(&tt.address); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
