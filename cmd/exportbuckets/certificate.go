package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateAge is how old what is known of the files of a certificate may be.
const certificateAge = time.Second

// certificate is what the server shows to clients that begin to speak TLS. It is read
// again when its files have changed. While they can't be used, such as between the
// writes of one and the other, that from before goes on.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu        sync.Mutex
	looked    time.Time
	cert, key []byte // as in the files when they could last be used
	current   *tls.Certificate
	complaint string // why they can't be used now
}

// newTLSConfig returns how to speak TLS with the certificate of two PEM files.
// HTTP/2 is net/http's to offer.
func newTLSConfig(certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, looked: time.Now()}
	if err := c.read(); err != nil {
		return nil, fmt.Errorf("--tls-cert (EXPORTBUCKETS_TLS_CERT), --tls-key (EXPORTBUCKETS_TLS_KEY): %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < certificateAge {
		return c.current, nil
	}
	c.looked = time.Now()
	before := c.current
	complaint := ""
	if err := c.read(); err != nil {
		complaint = err.Error()
	}
	switch {
	case complaint != "" && complaint != c.complaint:
		c.log.Warn("the new certificate can't be used, that from before goes on", "error", complaint)
	case c.current != before:
		c.log.Info("the certificate was read again")
	}
	c.complaint = complaint
	return c.current, nil
}

// read reads the files if they have changed.
func (c *certificate) read() error {
	cert, certErr := os.ReadFile(c.certFile)
	key, keyErr := os.ReadFile(c.keyFile)
	if err := errors.Join(certErr, keyErr); err != nil {
		return err
	}
	if bytes.Equal(cert, c.cert) && bytes.Equal(key, c.key) {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("%s and %s: %w", c.certFile, c.keyFile, err)
	}
	c.cert, c.key, c.current = cert, key, &pair
	return nil
}
