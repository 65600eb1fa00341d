package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

type healthcheckCommand struct {
	Listen  string `env:"EXPORTBUCKETS_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address that the server listens on (${default})."`
	TLSCert string `name:"tls-cert" env:"EXPORTBUCKETS_TLS_CERT" placeholder:"FILE" help:"Given if the server speaks TLS."`
	URL     string `arg:"" optional:"" help:"What to ask, in place of /readyz at that address."`
}

// Run returns an error unless the server answers that it is ready.
func (h healthcheckCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second) // a server answers within one
	defer cancel()
	client, scheme := http.DefaultClient, "http://"
	if h.TLSCert != "" && h.URL == "" {
		// The certificate is for the names that clients use, and nothing is told here
		// that somebody else at the address may not know.
		config := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // See above.
		client, scheme = &http.Client{Transport: &http.Transport{TLSClientConfig: config}}, "https://"
	}
	url := h.URL
	if url == "" {
		host, port, err := net.SplitHostPort(h.Listen)
		if err != nil {
			return fmt.Errorf("--listen (EXPORTBUCKETS_LISTEN): %q is not HOST:PORT", h.Listen)
		}
		if address, err := netip.ParseAddr(host); host == "" || err == nil && address.IsUnspecified() {
			host = "127.0.0.1" // it listens on every address
		}
		url = scheme + net.JoinHostPort(host, port) + "/readyz"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
