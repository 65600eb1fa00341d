package main

import (
	"net"
	"net/netip"
	"strings"

	"exportbuckets/internal/api"
	"exportbuckets/internal/console"
	"exportbuckets/internal/seed"
)

// plan is what serve is to run. It is decided from the settings alone, before
// anything is started.
type plan struct {
	source        source    // where the rows are
	sharesMachine bool      // the database needs processors of this machine, too
	migrate       bool      // at start
	sealing       sealing   // of the secrets in the database
	tenants       seed.File // added to the database at start
	demo          bool      // the tenants are the demo tenant
	api           apiConfig
	docs          *api.Docs // nil for none
	admin         adminPlan
	settings      []console.Setting // to be shown
}

// plan decides what is to be run. It reads the seed file and starts nothing.
func (s serveCommand) plan() (plan, error) {
	from := s.source()
	administration, err := s.adminConfig.plan(s.databaseConfig)
	if err != nil {
		return plan{}, err
	}
	p := plan{
		source:        from,
		sharesMachine: from.onThisMachine(),
		migrate:       s.Migrate,
		sealing:       s.sealing(s.databaseConfig),
		api:           s.apiConfig,
		admin:         administration,
	}
	demo, err := seed.Parse(seed.Demo)
	switch {
	case err != nil:
		return plan{}, err
	case s.Seed != "":
		if p.tenants, err = readSeed(s.Seed); err != nil {
			return plan{}, err
		}
	case from.private():
		p.demo, p.tenants = true, demo
	}
	if s.Docs {
		p.docs = docsOf(demo)
	}
	return p, p.checkDemoFile(demo)
}

// baseURL returns what links begin with, given the address that is listened on.
func (p plan) baseURL(listening net.Addr) string {
	if p.api.BaseURL != "" {
		return strings.TrimRight(p.api.BaseURL, "/")
	}
	return urlOf(listening, p.api.TLSCert != "")
}

// urlOf returns the URL by which this machine reaches an address that is listened on.
func urlOf(listening net.Addr, secure bool) string {
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	address, err := netip.ParseAddrPort(listening.String())
	if err != nil || address.Addr().IsUnspecified() {
		_, port, _ := net.SplitHostPort(listening.String())
		return scheme + "localhost:" + port
	}
	return scheme + address.String()
}
