package dbpool

import (
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// connectTimeout is how long a connection may take to be made, for each host.
	connectTimeout = 3 * time.Second
	// userTimeout is how long what was sent may stay unacknowledged. RFC 5482.
	userTimeout = 3 * time.Second
)

// ConnConfig returns how to make one connection to the database at url, with the
// bounds of those of a pool on connecting, and on a peer that is silent.
func ConnConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgxpool.ParseConfig(url) // the settings of a pool may be in it
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	configure(config.ConnConfig)
	return config.ConnConfig, nil
}

// configure makes connections give up silent peers, and those that turned read-only.
func configure(config *pgx.ConnConfig) {
	if config.ConnectTimeout == 0 { // what is in the URL wins
		config.ConnectTimeout = connectTimeout
	}
	config.DialFunc = (&net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 3},
		Control:         setUserTimeout,
	}).DialContext
	config.BuildContextWatcherHandler = newWatcher
	fatal := config.OnPgError
	config.OnPgError = func(conn *pgconn.PgConn, refusal *pgconn.PgError) bool {
		return fatal(conn, refusal) && refusal.Code != readOnly
	}
	if config.ValidateConnect == nil && severalHosts(config) {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
}

func severalHosts(config *pgx.ConnConfig) bool {
	for _, other := range config.Fallbacks { // also the same host without TLS
		if other.Host != config.Host || other.Port != config.Port {
			return true
		}
	}
	return false
}
