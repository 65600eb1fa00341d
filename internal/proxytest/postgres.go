package proxytest

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
)

// NewPostgres returns a proxy to the server of a database, and the database's URL
// through it.
func NewPostgres(t testing.TB, databaseURL string) (*Proxy, string) {
	t.Helper()
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		t.Fatalf("proxytest: %v", err)
	}
	network, server := "tcp", net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	if filepath.IsAbs(config.Host) {
		network, server = "unix", fmt.Sprintf("%s/.s.PGSQL.%d", config.Host, config.Port)
	}
	p := New(t, network, server)
	through := &url.URL{
		Scheme: "postgres", Host: p.Addr().String(), Path: "/" + config.Database, RawQuery: "sslmode=disable",
		User: url.UserPassword(config.User, config.Password),
	}
	return p, through.String()
}
