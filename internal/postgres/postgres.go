// Package postgres runs a private PostgreSQL server from the server programs
// that are installed on the machine: the database of a server that was given
// none, and of tests where there is no Docker.
//
// Start locks the directory, ends and removes what a killed run left behind,
// makes the data directory if there is none, and returns once the server
// accepts connections. The directory then holds
//
//	data/         what PostgreSQL calls its data directory
//	data.new/     the same while initdb fills it; never used, only renamed
//	socket/       the Unix socket; the server listens on nothing else
//	postgres.log  the server's log; postgres.log.1 is the part before
//	lock          held for as long as the server runs
//
// There is one server per directory. It does not outlive this process, however
// this process ends (on Linux; elsewhere it goes on when this process is
// killed). A Ctrl-C at the terminal reaches this process only, which then stops
// the server. If this process is root, the server runs as the user postgres or
// nobody, since PostgreSQL does not run as root.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"exportbuckets/internal/tuning"
)

// ErrInUse says that another server holds the directory.
var ErrInUse = errors.New("in use by another running instance")

// role is the only role of the server, a superuser. There is no password:
// whoever may enter the socket's folder may connect.
const role = "exportbuckets"

// port is only a part of the socket's name: nothing listens on TCP.
const port = "5432"

// patience is how long a server may take to end.
type patience struct {
	stop     time.Duration // in good order, before it is told to drop everything
	quit     time.Duration // dropping everything, before it is killed
	leftover time.Duration // a server of an earlier run, after each signal
}

func defaultPatience() patience {
	return patience{stop: 15 * time.Second, quit: 10 * time.Second, leftover: 3 * time.Second}
}

// Config says where a server lives and how it differs from the default.
type Config struct {
	// Dir is the directory of this server. It is made if it is missing.
	Dir string
	// Settings are PostgreSQL parameters by name. They win over those that this
	// package sets and over postgresql.conf. Without them the server is durable.
	Settings map[string]string

	// folders replaces PATH and the usual folders in the search for the server
	// programs.
	folders []string
	// patience replaces defaultPatience unless it is zero.
	patience patience
}

// Server is a running PostgreSQL server.
type Server struct {
	socket   string
	patience patience
	proc     *process
	stopping atomic.Bool
	done     chan struct{}
	err      error // set before done is closed
}

// Start starts the server of cfg.Dir and returns when it accepts connections.
// It returns ErrNoBinaries, wrapped, if the machine has no PostgreSQL 15 or
// newer, and ErrInUse, wrapped, if a server of this directory is running. If
// ctx ends first, Start returns its error and leaves neither a process nor a
// lock. After Start has returned, the end of ctx does not end the server.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.patience == (patience{}) {
		cfg.patience = defaultPatience()
	}
	dir, err := makeDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "socket")
	if err := checkSocketPath(socket); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, cfg, dir, socket, lock)
	if err != nil {
		lock.release()
		return nil, err
	}
	return s, nil
}

// start is Start with the lock held. The lock passes to the server it returns.
func start(ctx context.Context, cfg Config, dir, socket string, lock dirLock) (*Server, error) {
	data := filepath.Join(dir, "data")
	var user *account
	if os.Geteuid() == 0 {
		var err error
		if user, err = accountFor(data); err != nil {
			return nil, err
		}
	}
	if err := user.checkEnter(dir); err != nil {
		return nil, err
	}
	progs, err := findPrograms(ctx, cfg.folders, data, user)
	if err != nil {
		return nil, err
	}
	for _, folder := range []string{data, freshData(data)} {
		if err := endLeftover(ctx, folder, cfg.patience.leftover); err != nil {
			return nil, err
		}
	}
	if err := ensureData(ctx, progs, data, user, cfg.Settings["fsync"] != "off"); err != nil {
		return nil, err
	}
	// What is in the folder belongs to a server that is gone. Its socket lock
	// would keep the new one from starting if its process id is in use again.
	if err := os.RemoveAll(socket); err != nil {
		return nil, fmt.Errorf("clear socket folder: %w", err)
	}
	if err := user.mkdir(socket); err != nil {
		return nil, fmt.Errorf("make socket folder: %w", err)
	}

	out, err := openOutput(filepath.Join(dir, "postgres.log"))
	if err != nil {
		return nil, err
	}
	// The end of ctx does not end the server.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), progs.postgres, arguments(data, socket, cfg.Settings)...)
	cmd.Dir = data
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = out, out
	proc, err := startProcess(cmd, user, syscall.SIGINT)
	if err != nil {
		_ = out.Close()
		return nil, fmt.Errorf("start %s: %w", progs.postgres, err)
	}
	s := &Server{socket: socket, patience: cfg.patience, proc: proc, done: make(chan struct{})}
	go s.watch(out, lock)

	select {
	case <-out.ready:
		return s, nil
	case <-s.done:
		return nil, s.err
	case <-ctx.Done():
		_ = s.Stop(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("start postgres: %w", ctx.Err())
	}
}

// watch waits for the process to end, keeps the reason, and releases the
// directory.
func (s *Server) watch(out *output, lock dirLock) {
	<-s.proc.done
	switch asked := s.stopping.Load(); {
	case s.proc.err != nil:
		s.err = fmt.Errorf("postgres ended: %w%s", s.proc.err, out.tail())
	case !asked:
		s.err = fmt.Errorf("postgres was stopped by someone else%s", out.tail())
	}
	_ = out.Close()
	lock.release()
	close(s.done)
}

// ConnString returns the URL of a database of this server. A new server has one
// named postgres.
func (s *Server) ConnString(database string) string {
	query := url.Values{"host": {s.socket}, "port": {port}, "sslmode": {"disable"}}
	// To PostgreSQL clients a plus sign in a URL is a plus sign.
	plain := strings.ReplaceAll(query.Encode(), "+", "%20")
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database, RawQuery: plain}
	return u.String()
}

// Done is closed when the server process has ended, for whatever reason, and the
// directory is released.
func (s *Server) Done() <-chan struct{} {
	return s.done
}

// Err returns nil while the server runs and after it was stopped with Stop.
// Otherwise it returns why the server ended, with the last lines of its log.
func (s *Server) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Stop ends the server: open transactions are rolled back, everything committed
// is written to disk. If that takes longer than fifteen seconds, or ctx ends,
// the server is told to drop everything. Nothing that was committed is lost by
// that, but the next start has to recover. Stop returns what Err returns then.
// It may be called again, also at the same time, with the same result.
func (s *Server) Stop(ctx context.Context) error {
	s.stopping.Store(true)
	late := time.NewTimer(s.patience.stop)
	defer late.Stop()
	s.proc.signal(syscall.SIGINT)
	select {
	case <-s.done:
		return s.err
	case <-late.C:
	case <-ctx.Done():
	}
	// On SIGQUIT the server kills its children itself if they take longer than
	// five seconds.
	s.proc.signal(syscall.SIGQUIT)
	select {
	case <-s.done:
	case <-time.After(s.patience.quit):
		s.proc.signal(syscall.SIGKILL)
		<-s.done
	}
	return s.err
}

// arguments returns the command line of the server.
func arguments(data, socket string, settings map[string]string) []string {
	all := map[string]string{
		"listen_addresses":        "",
		"port":                    port,
		"unix_socket_directories": `"` + strings.ReplaceAll(socket, `"`, `""`) + `"`,
		"unix_socket_permissions": "0700",
		"cluster_name":            role,
		// Start waits for a line of the log, in English, on standard error.
		"logging_collector": "off",
		"log_destination":   "stderr",
		"lc_messages":       "C",
		// The client gets its errors. In the log they could show values of
		// rows.
		"log_error_verbosity":     "terse",
		"log_min_error_statement": "panic",
		"log_checkpoints":         "off",
	}
	maps.Copy(all, settings)
	args := []string{"-D", data}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}

// environment returns the variables of the server programs. They do not inherit
// those of this process, which may be secrets, or PG... variables for clients.
func environment() []string {
	env := append([]string{"LC_ALL=C", "TZ=UTC"}, tuning.PostgresEnvironment()...)
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}
