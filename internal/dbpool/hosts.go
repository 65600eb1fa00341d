package dbpool

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// hosts is the order in which the hosts of a database are tried. One that was silent
// comes last: otherwise each new connection would wait for it, for as long as a
// connection may take.
type hosts struct {
	names  sync.Map               // of the hosts by their addresses
	silent atomic.Pointer[string] // host and port of the one that was silent last
}

// watch makes the connections of a pool tell when their host is silent. lost is
// called for one whose other connections can't be good either.
func (h *hosts) watch(config *pgx.ConnConfig, lost func()) {
	lookup, dial := config.LookupFunc, config.DialFunc
	config.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
		addresses, err := lookup(ctx, host)
		for _, address := range addresses {
			h.names.Store(address, host)
		}
		return addresses, err
	}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			h.note(address, err)
			return nil, err
		}
		return watchedConn{conn, func(err error) {
			h.note(address, err)
			if errors.Is(err, syscall.ETIMEDOUT) {
				lost()
			}
		}}, nil
	}
}

// note remembers the host of an address if the error says that it was silent.
func (h *hosts) note(address string, err error) {
	timeout, ok := errors.AsType[net.Error](err)
	ip, port, splitErr := net.SplitHostPort(address)
	if !ok || !timeout.Timeout() || splitErr != nil {
		return
	}
	if name, ok := h.names.Load(ip); ok {
		host := net.JoinHostPort(name.(string), port) //nolint:forcetypeassert // watch stores strings.
		h.silent.Store(&host)
	}
}

// order puts the host that was silent last at the end.
func (h *hosts) order(_ context.Context, config *pgx.ConnConfig) error {
	silent := h.silent.Load()
	if silent == nil {
		return nil
	}
	all := append([]*pgconn.FallbackConfig{
		{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig},
	}, config.Fallbacks...)
	isSilent := func(one *pgconn.FallbackConfig) int {
		if net.JoinHostPort(one.Host, strconv.Itoa(int(one.Port))) == *silent {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b *pgconn.FallbackConfig) int { return isSilent(a) - isSilent(b) })
	config.Host, config.Port, config.TLSConfig = all[0].Host, all[0].Port, all[0].TLSConfig
	config.Fallbacks = all[1:]
	return nil
}

// watchedConn tells of errors of reads.
type watchedConn struct {
	net.Conn
	failed func(error)
}

// Read implements net.Conn.
func (c watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, syscall.ETIMEDOUT) || errors.Is(err, os.ErrDeadlineExceeded) {
		c.failed(err)
	}
	return n, err
}
