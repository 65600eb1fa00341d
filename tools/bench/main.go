//go:build linux

// Command bench measures the server and PostgreSQL alone side by side, in one
// run on one machine, and says how far the server is from its goals. Given two
// servers, it measures them in turn and says how far they are apart.
//
// It starts a private PostgreSQL with the settings that the server gives its
// own, builds the server, lets it migrate a database, loads tenants and export
// buckets, and starts it. Then it lets pgbench run the very statements of a
// create, a get, a list and a delete, and the server answer these over HTTP, in
// turn and in several rounds: of two figures that are compared, both come from
// the same seconds. Every answer is checked and the rows are counted at the end.
// A run with a wrong answer or a lost row fails.
//
//	make bench                                             about eight minutes
//	make bench BENCH=--quick                               about one
//	make bench BENCH='--growth --json F.json --svg F.svg'
//	make bench BENCH='--events 1000000'
//	make bench BENCH='--server OLD --server NEW'
//
// The machine should do nothing else: each phase tells what part of it other
// programs took. Root and users alike may run it; it needs Go, the server
// programs of PostgreSQL and pgbench, and leaves nothing behind.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "bench: %s\n", err)
		os.Exit(1)
	}
}

// description is the head of the help.
const description = `Measures the server beside pgbench. PostgreSQL, the server and the clients share this machine.

To compare two builds of the server, name both:

    git worktree add ../old v1
    go build -C ../old -o /tmp/old ./cmd/exportbuckets
    go build -o /tmp/new ./cmd/exportbuckets
    make bench BENCH='--server /tmp/old --server /tmp/new --operations list --clients 64'

The first is A, the second is B. Each has a PostgreSQL of its own with a database that it migrated
itself. Both do each operation one after the other, each first in every second round, 20 rounds of
a second. Shown are the medians of both, and of B ÷ A within a round the median and the quartiles:
if 1 lies between those, the builds may be alike. Compare a build with itself to see the noise.
pgbench is not run.`

// run is the program. It leaves nothing behind, however ctx ends.
func run(ctx context.Context, args []string, stdout io.Writer) (err error) {
	var cfg config
	parser, err := kong.New(&cfg,
		kong.Name("bench"),
		kong.Description(description),
		kong.Writers(stdout, os.Stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	if _, err := parser.Parse(args); err != nil {
		return err
	}
	b, err := newBench(ctx, cfg.effective(), stdout)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := b.close(); err == nil {
			err = closeErr
		}
	}()
	return b.run(ctx)
}
