package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

type healthcheckCommand struct {
	Listen string `env:"EXPORTBUCKETS_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address that the server listens on (${default})."`
	URL    string `arg:"" optional:"" help:"What to ask, in place of /readyz at that address."`
}

// Run returns an error unless the server answers that it is ready.
func (h healthcheckCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second) // a server answers within one
	defer cancel()
	url := h.URL
	if url == "" {
		host, port, err := net.SplitHostPort(h.Listen)
		if err != nil {
			return fmt.Errorf("--listen (EXPORTBUCKETS_LISTEN): %q is not HOST:PORT", h.Listen)
		}
		if address, err := netip.ParseAddr(host); host == "" || err == nil && address.IsUnspecified() {
			host = "127.0.0.1" // it listens on every address
		}
		url = "http://" + net.JoinHostPort(host, port) + "/readyz"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
