package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"

	"exportbuckets/internal/api"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/seed"
)

// The credentials of the demo tenant are public. Where strangers can reach the
// server they are refused, unless --demo says that something else keeps strangers
// out, such as a port that is published on a loopback address only.

// checkDemoFile refuses to add credentials of the demo tenant where strangers can
// use them.
func (p plan) checkDemoFile(demo seed.File) error {
	public := demo.Credentials()
	if p.keepsStrangersOut() || !slices.ContainsFunc(p.tenants.Credentials(), func(c seed.Credential) bool {
		return slices.Contains(public, c)
	}) {
		return nil
	}
	return fmt.Errorf("--listen (EXPORTBUCKETS_LISTEN): strangers may reach %s, and the credentials of the demo tenant "+
		"are public: give tenants of your own with --seed (EXPORTBUCKETS_SEED), or say with --demo (EXPORTBUCKETS_DEMO) "+
		"that strangers are kept out", p.api.Listen)
}

// checkDemoRows refuses to serve credentials of the demo tenant that are in the
// database, of whatever start, where strangers can use them, and warns elsewhere.
func (p plan) checkDemoRows(ctx context.Context, callers *iam.Service, log *slog.Logger) error {
	demo, err := seed.Parse(seed.Demo)
	if err != nil {
		return err
	}
	var valid []string
	for _, c := range demo.Credentials() {
		is, err := callers.IsValid(ctx, c.Name, c.Secret)
		if err != nil {
			return err
		}
		if is {
			valid = append(valid, c.Name)
		}
	}
	switch {
	case len(valid) == 0:
		return nil
	case !p.keepsStrangersOut():
		return fmt.Errorf("--listen (EXPORTBUCKETS_LISTEN): strangers may reach %s, and credentials of the demo tenant, "+
			"which are public, are valid in the database: delete %s or use another database, or say with --demo "+
			"(EXPORTBUCKETS_DEMO) that strangers are kept out", p.api.Listen, strings.Join(valid, ", "))
	}
	log.Warn("credentials of the demo tenant are valid, and public", "credentials", valid)
	return nil
}

// docsOf returns what the API reference shows: requests to the demo tenant, wherever it is.
func docsOf(demo seed.File) *api.Docs {
	var docs api.Docs
	for _, c := range demo.Credentials() {
		signIn := c.Name + ":" + c.Secret
		switch {
		case strings.HasPrefix(c.Name, iam.ClientIDPrefix):
			docs.ServiceAccount = cmp.Or(docs.ServiceAccount, signIn)
		default:
			docs.APIKey = cmp.Or(docs.APIKey, signIn)
		}
	}
	return &docs
}

// keepsStrangersOut reports whether only users of this machine can reach the server,
// or whoever runs it says so.
func (p plan) keepsStrangersOut() bool {
	return p.api.Demo || isLoopback(p.api.Listen)
}

// isLoopback reports whether only users of this machine can reach a HOST:PORT.
func isLoopback(listen string) bool {
	host, _, _ := net.SplitHostPort(listen)
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// printHint prints what to do with the demo tenant, and where to look at it, if there is a
// console.
func printHint(out io.Writer, baseURL, console, tokenFile string) {
	if console != "" {
		_, _ = fmt.Fprintf(out, "To look at it all, open %s and sign in with the token in %s\n\n", console, tokenFile)
	}
	_, _ = fmt.Fprintf(out, demoHint, baseURL)
}

const demoHint = `To create an export bucket of the demo tenant:

curl --user demoownr:d3300000-0000-4000-8000-000000000001 --digest \
  -H 'Accept: application/vnd.atlas.2025-03-12+json' \
  -H 'Content-Type: application/json' \
  -X POST '%s/api/atlas/v2/groups/5f0000000000000000000b01/backup/exportBuckets' \
  -d '{"cloudProvider":"AWS","bucketName":"export-bucket","iamRoleId":"5f0000000000000000000d01"}'

`
