// Command exportbuckets serves the part of the Atlas Administration API v2 that
// manages snapshot export buckets, and what clients need along with that.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/alecthomas/kong"

	"exportbuckets/internal/logwriter"
	"exportbuckets/internal/tuning"
)

// flushTimeout is how long the end waits for whoever reads the log.
const flushTimeout = time.Second

func main() {
	tuning.SetMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	stderr := logwriter.New(os.Stderr)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, stderr)
	stopped := ctx.Err() != nil && errors.Is(err, context.Canceled) // while it was starting
	stop()
	failed := err != nil && !stopped
	if failed {
		_, _ = fmt.Fprintf(stderr, "exportbuckets: %s\n", printable(err.Error()))
	}
	stderr.Close(flushTimeout)
	if failed {
		os.Exit(exitCode(err))
	}
}

// The exit codes of a program that could not do what it was asked.
const (
	exitFailed = 1
	exitUsage  = 2 // the command line or a setting can't be
	// exitDifference says that all went well, and that the answer is no: there is a
	// difference, or an expectation is not met.
	exitDifference = 3
)

// The errors of commands that have printed what they found.
var (
	errDifference = errors.New("there is a difference")
	errUnmet      = errors.New("expectation not met")
)

func exitCode(err error) int {
	if errors.Is(err, errDifference) || errors.Is(err, errUnmet) {
		return exitDifference
	}
	if _, ok := errors.AsType[*kong.ParseError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// printable escapes what a terminal could take for a command. Messages have names in
// them that others have chosen, and may have several lines.
func printable(text string) string {
	var shown strings.Builder
	for _, r := range text {
		if r == '\n' || unicode.IsPrint(r) {
			shown.WriteRune(r)
		} else {
			shown.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return shown.String()
}

// run is the program: args are its command and flags, environ the settings in
// the environment, as NAME=value.
func run(ctx context.Context, args, environ []string, stdout io.Writer, stderr *logwriter.Writer) error {
	var cli commandLine
	parser, err := newParser(&cli, stdout, stderr)
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	if err := checkEnvironment(parser.Model, environ); err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return err
	}
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(output{out: stdout, log: cli.logger(stderr)})
	return command.Run()
}

// newParser returns the parser that fills the command line.
func newParser(cli *commandLine, stdout, stderr io.Writer) (*kong.Kong, error) {
	return kong.New(cli,
		kong.Name("exportbuckets"),
		kong.Description("Serves the Atlas Administration API v2 for snapshot export buckets.\n\n"+
			"Every flag is also an environment variable; a flag wins over it."),
		kong.Writers(stdout, stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Resolvers(kong.ResolverFunc(fromFile)),
		defaults(defaultStateDir()),
	)
}

// defaults are those of settings that are not the same everywhere. A token is looked for
// where a server with this environment keeps it.
func defaults(stateDir string) kong.Vars {
	set := cmp.Or(os.Getenv("EXPORTBUCKETS_STATE_DIR"), stateDir)
	return kong.Vars{"state_dir": stateDir, "operator_token": filepath.Join(set, operatorTokenFile)}
}

// output is where a command writes: out is for the user, log for the operator.
type output struct {
	out io.Writer
	log *slog.Logger
}
