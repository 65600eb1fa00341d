package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/waittest"
)

// authority is a CA, and the files of the certificate that it has issued last.
type authority struct {
	certificate       *x509.Certificate
	key               *ecdsa.PrivateKey
	caFile            string
	certFile, keyFile string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	dir := t.TempDir()
	a := &authority{
		caFile:   filepath.Join(dir, "ca.crt"),
		certFile: filepath.Join(dir, "server.crt"),
		keyFile:  filepath.Join(dir, "server.key"),
	}
	a.certificate, a.key = a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA of a test"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, a.caFile)
	a.issue(t, 2)
	return a
}

// sign makes a key and signs the certificate for it, which it writes to a file.
func (a *authority) sign(t *testing.T, template *x509.Certificate, file string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, file, "CERTIFICATE", der)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

// issue writes a certificate for this machine, and its key.
func (a *authority) issue(t *testing.T, serial int64) {
	t.Helper()
	_, key := a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"},
	}, a.certFile)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, a.keyFile, "PRIVATE KEY", der)
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// settings are those of a server with the certificate, and the demo tenant.
func (a *authority) settings(t *testing.T) settings {
	t.Helper()
	return settings{
		flags: []string{"--tls-cert", a.certFile, "--tls-key", a.keyFile, "--seed", demoSeedFile},
		env:   []string{"DATABASE_URL=" + dbtest.NewURL(t)},
	}
}

// config is that of a client that trusts the CA.
func (a *authority) config() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

// transport is a client's, of HTTP/2 if the server speaks it.
func (a *authority) transport(t *testing.T) *http.Transport {
	t.Helper()
	transport := newTransport(t)
	transport.TLSClientConfig = a.config()
	transport.ForceAttemptHTTP2 = true
	return transport
}

// get asks for a path over TLS.
func (p *program) get(t *testing.T, via http.RoundTripper, path string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+p.address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.atlas.2024-05-30+json")
	resp, err := via.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s: got error %v, want an answer", path, err)
	}
	_ = resp.Body.Close()
	return resp
}

// shake shakes hands, and returns the serial number of the server's certificate.
func (p *program) shake(t *testing.T, config *tls.Config) (serial int64, err error) {
	t.Helper()
	config.VerifyConnection = func(state tls.ConnectionState) error {
		serial = state.PeerCertificates[0].SerialNumber.Int64()
		return nil
	}
	conn, err := (&tls.Dialer{Config: config}).DialContext(waittest.Context(t), "tcp", p.address)
	if err == nil {
		err = conn.Close()
	}
	return serial, err
}

func TestTLSIsSpokenWithHTTP2(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	p := serve(t, a.settings(t))
	resp := p.get(t, digestThrough(a.transport(t), "demoownr"), demoBuckets)
	if resp.StatusCode != http.StatusOK || resp.Proto != "HTTP/2.0" {
		t.Errorf("got %s %s, want 200 over HTTP/2", resp.Proto, resp.Status)
	}
	if got, want := resp.Header.Get("Strict-Transport-Security"), "max-age=31536000; includeSubdomains;"; got != want {
		t.Errorf("Strict-Transport-Security: got %q, want %q", got, want)
	}
	if want := "base_url=https://127.0.0.1:"; !strings.Contains(p.log.String(), want) {
		t.Errorf("got log %s, want %s", p.log, want)
	}
	for version, accepted := range map[uint16]bool{
		tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true,
	} {
		config := a.config()
		config.MinVersion, config.MaxVersion = version, version
		if _, err := p.shake(t, config); (err == nil) != accepted {
			t.Errorf("%s: got %v, want it accepted: %t", tls.VersionName(version), err, accepted)
		}
	}
}

func TestStrictTransportSecurityIsSaidOnlyWhereTLSIsSpoken(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + dbtest.NewURL(t)}
	for baseURL, want := range map[string]bool{"http://atlas.example.com": false, "https://atlas.example.com": true} {
		p := serve(t, settings{flags: []string{"--seed", demoSeedFile, "--base-url", baseURL}, env: env})
		got := p.ask(t, digestKey(t, "demoownr"), demoBuckets, "")
		wantStatus(t, got, http.StatusOK)
		if sent := got.header.Get("Strict-Transport-Security") != ""; sent != want {
			t.Errorf("%s: got Strict-Transport-Security sent %t, want %t", baseURL, sent, want)
		}
	}
}

func TestANewCertificateNeedsNoRestart(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	p := serve(t, a.settings(t))
	shown := func() int64 {
		serial, err := p.shake(t, a.config())
		if err != nil {
			t.Fatal(err)
		}
		return serial
	}
	kept := a.transport(t)
	p.get(t, kept, "/healthz")
	if got := shown(); got != 2 {
		t.Errorf("got certificate %d, want 2", got)
	}

	// Half of a change: the certificate is of another key.
	a.sign(t, &x509.Certificate{SerialNumber: big.NewInt(3), DNSNames: []string{"localhost"}}, a.certFile)
	const warning = "the new certificate can't be used"
	waittest.Until(t, "the server warns of the certificate", func() bool {
		return shown() == 2 && strings.Contains(p.log.String(), warning)
	})
	if err := os.Remove(a.keyFile); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the server warns of the key", func() bool {
		return shown() == 2 && strings.Count(p.log.String(), warning) == 2
	})
	a.issue(t, 4)
	waittest.Until(t, "the new certificate is shown", func() bool { return shown() == 4 })
	p.get(t, kept, "/healthz") // on the connection from before
	if got := strings.Count(p.log.String(), warning); got != 2 {
		t.Errorf("got %d warnings, want one for each that can't be used", got)
	}
}

func TestACertificateThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	a, other := newAuthority(t), newAuthority(t)
	for name, flags := range map[string][]string{
		"no key":                       {"--tls-cert", a.certFile},
		"no certificate":               {"--tls-key", a.keyFile},
		"the key of another":           {"--tls-cert", a.certFile, "--tls-key", other.keyFile},
		"a certificate that is none":   {"--tls-cert", a.keyFile, "--tls-key", a.keyFile},
		"a certificate that's nowhere": {"--tls-cert", a.certFile + "x", "--tls-key", a.keyFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := []string{"DATABASE_URL=postgres://127.0.0.1:1/db"}
			wantRefusal(t, launchServer(t, settings{flags: flags, env: env}).wait(t), "--tls-cert", "--tls-key")
		})
	}
}

func TestHealthcheckSpeaksTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	p := serve(t, a.settings(t))
	env := []string{"EXPORTBUCKETS_LISTEN=" + p.address, "EXPORTBUCKETS_TLS_CERT=" + a.certFile}
	wantDone(t, runProgram(t, env, "healthcheck"), "")
	// A URL is looked at as by any other client.
	url := "https://localhost:" + p.address[strings.LastIndexByte(p.address, ':')+1:] + "/readyz"
	wantRefusal(t, runProgram(t, env, "healthcheck", url), "certificate")
	wantDone(t, runProgram(t, append(env, "SSL_CERT_FILE="+a.caFile), "healthcheck", url), "")
}

func TestTheTLSRecipeDoesWhatItSays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := func(command string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), waittest.Patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, "bash", "-euc", command)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("got error %v from:\n%s\nit wrote: %s", err, command, out)
		}
		return string(out)
	}
	run(codeWith(t, "docs/tls.md", "openssl "))
	serving := strings.TrimSpace(codeWith(t, "docs/tls.md", " serve "))
	const command = "exportbuckets serve --listen 127.0.0.1:8443 "
	flags, ok := strings.CutPrefix(serving, command)
	if !ok {
		t.Fatalf("got %q, want it to begin with %q", serving, command)
	}
	p := serve(t, settings{
		flags: strings.Fields(strings.ReplaceAll(flags, "server.", filepath.Join(dir, "server."))),
		env:   []string{"EXPORTBUCKETS_STATE_DIR=" + newStateDir(t)},
	})
	port := p.address[strings.LastIndexByte(p.address, ':'):]
	here := strings.NewReplacer(":8443", port)
	got := run(strings.TrimSpace(here.Replace(codeWith(t, "docs/tls.md", "curl "))) + " -w 'HTTP/%{http_version} %{http_code}'")
	if !strings.HasSuffix(got, "HTTP/2 200") {
		t.Errorf("curl: got %s, want 200 over HTTP/2", got)
	}
	healthcheck := here.Replace(codeWith(t, "docs/tls.md", " healthcheck "))
	directory, url, _ := strings.Cut(healthcheck, "exportbuckets healthcheck")
	env := run(directory + "\necho $SSL_CERT_DIR")
	wantDone(t, runProgram(t, []string{"SSL_CERT_DIR=" + strings.TrimSpace(env)}, "healthcheck", strings.TrimSpace(url)), "")
}

// An HTTP/2 connection on which the server has answered at its end is used no more.
func TestAServerThatEndsSendsItsHTTP2ClientsElsewhere(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s := a.settings(t)
	s.flags = append(s.flags, "--drain", waittest.Patience.String())
	p := serve(t, s)
	kept, probes := a.transport(t), a.transport(t)
	ask := func() (reused bool) {
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			GotConn: func(got httptrace.GotConnInfo) { reused = got.Reused },
		})
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+p.address+"/healthz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := kept.RoundTrip(req)
		if err != nil {
			t.Fatalf("got error %v, want an answer", err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
			t.Errorf("got %s %s, want 200 over HTTP/2", resp.Proto, resp.Status)
		}
		return reused
	}
	ask()
	if !ask() {
		t.Error("before the end: got a new connection, want the one from before")
	}
	p.signal(syscall.SIGTERM)
	waittest.Until(t, "the server is not ready", func() bool {
		return p.get(t, probes, "/readyz").StatusCode == http.StatusServiceUnavailable
	})
	if !ask() {
		t.Error("at the end: got a new connection, want an answer on the one from before")
	}
	waittest.Until(t, "a new connection is used", func() bool { return !ask() })
	p.signal(syscall.SIGTERM) // the second one ends it at once
	p.wait(t)
}

func TestSIGTERMCutsNoHTTP2RequestUnderLoad(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s := a.settings(t)
	s.flags = append(s.flags, "--no-rate-limits", "--drain", "300ms")
	p := serve(t, s)
	token := p.tokenOverTLS(t, a.transport(t))
	var answered atomic.Int64
	var clients sync.WaitGroup
	for range 3 {
		transport := a.transport(t) // which repeats what it is told was not begun
		for range 4 {               // on one connection
			clients.Go(func() {
				client := http.Client{Transport: withHeader{"Authorization", "Bearer " + token, transport}}
				for {
					err := readBuckets(t.Context(), &client, "https://"+p.address)
					if errors.Is(err, syscall.ECONNREFUSED) {
						return
					}
					if err != nil {
						t.Errorf("got error %v, want an answer", err)
						return
					}
					answered.Add(1)
				}
			})
		}
	}
	waittest.Until(t, "requests are answered", func() bool { return answered.Load() > 200 })
	p.signal(syscall.SIGTERM)
	clients.Wait()
	wantCleanEnd(t, p)
	t.Logf("%d requests were answered", answered.Load())
}

func readBuckets(ctx context.Context, client *http.Client, server string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+demoBuckets, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/vnd.atlas.2024-05-30+json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(resp.Status))
	}
	return errors.Join(err, resp.Body.Close())
}

// tokenOverTLS returns a token of the demo service account.
func (p *program) tokenOverTLS(t *testing.T, via http.RoundTripper) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+p.address+"/api/oauth/token",
		strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(demoAccount, demoSecret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := send(t, via, req)
	wantStatus(t, got, http.StatusOK)
	return text(t, got.body, "access_token")
}
