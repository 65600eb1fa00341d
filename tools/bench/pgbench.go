//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pgbench runs scripts on a database.
type pgbench struct {
	program  string
	database string                // its URL
	dir      string                // for temporary files
	settling map[int]time.Duration // how long it took so many clients to settle
}

// pressure is how hard a phase pushes.
type pressure struct {
	clients  int
	threads  int // at most, of pgbench or of the HTTP clients
	duration time.Duration
}

// jobs is how many threads the clients run on.
func (p pressure) jobs() int { return min(p.threads, p.clients) }

// rampUp is how much longer pgbench runs than it is measured, so that its
// clients can connect and settle: what it took the last time, and half as long
// again.
func (p *pgbench) rampUp(clients int) time.Duration {
	took, ok := p.settling[clients]
	if !ok {
		took = time.Duration(clients) * 20 * time.Millisecond
	}
	return (took * 3 / 2).Round(time.Second)
}

// run lets pgbench run a script and returns what it did while all clients had
// settled. The count is of all that it did. It returns errUnsettled if there was
// less of that time than asked for; then the next run is longer.
func (p *pgbench) run(ctx context.Context, s *script, with pressure) (outcome, error) {
	dir, err := os.MkdirTemp(p.dir, "pgbench-")
	if err != nil {
		return outcome{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	logs := filepath.Join(dir, "logs")
	file := filepath.Join(dir, "script.sql")
	if err := errors.Join(os.Mkdir(logs, 0o700), os.WriteFile(file, []byte(s.text), 0o600)); err != nil {
		return outcome{}, err
	}
	began := time.Now()
	out, err := p.start(ctx, s, with, "--file="+file, "--log", "--log-prefix="+filepath.Join(logs, "log"))
	if err != nil {
		return out, err
	}
	done, err := readLogs(logs)
	if err != nil {
		return out, err
	}
	if len(done) != out.count {
		return out, fmt.Errorf("pgbench: %d transactions in its log, and %d processed", len(done), out.count)
	}
	out.byClient = make([]int, with.clients)
	for _, t := range done {
		out.byClient[t.client]++
	}
	from, to, err := steady(done, with.clients)
	if err != nil {
		p.settling[with.clients] = max(time.Second, 2*p.rampUp(with.clients))
		return out, fmt.Errorf("pgbench with %d clients: %w", with.clients, err)
	}
	p.settling[with.clients] = from.Sub(began)
	out.latencies = between(done, from, to)
	out.rate = float64(len(out.latencies)) / to.Sub(from).Seconds()
	return out, nil
}

// start starts pgbench and waits for its end.
func (p *pgbench) start(ctx context.Context, s *script, with pressure, flags ...string) (outcome, error) {
	args := append([]string{
		"--no-vacuum", "--protocol=prepared",
		"--client=" + strconv.Itoa(with.clients),
		"--jobs=" + strconv.Itoa(with.jobs()),
		"--time=" + strconv.Itoa(int(p.lasts(with).Seconds())),
		"--define=clients=" + strconv.Itoa(with.clients),
	}, flags...)
	for _, v := range s.variables {
		args = append(args, "--define="+v.name+"="+v.value)
	}
	cmd := exec.CommandContext(ctx, p.program, append(args, p.database)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC"}
	if err := cmd.Run(); err != nil {
		return outcome{}, fmt.Errorf("pgbench: %w\n%s", err, said.String())
	}
	out, err := parseSummary(said.String())
	out.clientCPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return out, err
}

// lasts is how long pgbench runs to be measured for a time, in whole seconds.
func (p *pgbench) lasts(with pressure) time.Duration {
	seconds := math.Ceil((with.duration + p.rampUp(with.clients)).Seconds())
	return time.Duration(seconds) * time.Second
}

var (
	processed = regexp.MustCompile(`(?m)^number of transactions actually processed: ([0-9]+)$`)
	failed    = regexp.MustCompile(`(?m)^number of failed transactions: ([0-9]+) `)
)

// parseSummary reads what pgbench says at its end. A transaction that failed,
// or a client that gave up, is an error.
func parseSummary(said string) (outcome, error) {
	count := processed.FindStringSubmatch(said)
	if count == nil {
		return outcome{}, fmt.Errorf("pgbench did not say how much it did: %s", said)
	}
	if f := failed.FindStringSubmatch(said); f != nil && f[1] != "0" || strings.Contains(said, "aborted") {
		return outcome{}, fmt.Errorf("pgbench: transactions failed: %s", said)
	}
	n, err := strconv.Atoi(count[1])
	if err != nil {
		return outcome{}, fmt.Errorf("pgbench: read its figures: %w", err)
	}
	return outcome{count: n}, nil
}

// transaction is one of pgbench's.
type transaction struct {
	client int
	took   time.Duration
	end    time.Time
}

// readLogs reads the logs of all threads in a directory.
func readLogs(dir string) ([]transaction, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []transaction
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			t, err := parseTransaction(line)
			if err != nil {
				return nil, err
			}
			all = append(all, t)
		}
	}
	return all, nil
}

// parseTransaction reads a line of pgbench's log: client, number of the
// transaction, microseconds it took, script, and when it ended, in seconds and
// microseconds.
func parseTransaction(line string) (transaction, error) {
	fields := strings.Fields(line)
	if len(fields) < 6 {
		return transaction{}, fmt.Errorf("pgbench: line of its log: %q", line)
	}
	var n [6]int
	for i := range n {
		var err error
		if n[i], err = strconv.Atoi(fields[i]); err != nil {
			return transaction{}, fmt.Errorf("pgbench: line of its log: %w", err)
		}
	}
	return transaction{
		client: n[0],
		took:   time.Duration(n[2]) * time.Microsecond,
		end:    time.Unix(int64(n[4]), int64(n[5])*int64(time.Microsecond)),
	}, nil
}

// settled is how many transactions a client does before it counts. Until then
// its connection fills its caches and plans each statement anew: the server's
// connections have that behind them.
const settled = 10

// errUnsettled says that not all clients settled in the time there was.
var errUnsettled = errors.New("the clients took too long to connect")

// steady returns the time in which all clients had settled and none had stopped.
// It puts the transactions in their order.
func steady(done []transaction, clients int) (from, to time.Time, err error) {
	slices.SortFunc(done, func(a, b transaction) int { return a.end.Compare(b.end) })
	count := make(map[int]int)
	last := make(map[int]time.Time)
	ready := 0
	for _, t := range done {
		count[t.client]++
		last[t.client] = t.end
		if count[t.client] == settled {
			ready++
			from = t.end
		}
	}
	if ready < clients {
		return from, to, errUnsettled
	}
	to = slices.MinFunc(slices.Collect(maps.Values(last)), time.Time.Compare)
	if !from.Before(to) {
		return from, to, errUnsettled
	}
	return from, to, nil
}

// between returns how long the transactions took that ended after from and not
// after to.
func between(done []transaction, from, to time.Time) []time.Duration {
	var took []time.Duration
	for _, t := range done {
		if t.end.After(from) && !t.end.After(to) {
			took = append(took, t.took)
		}
	}
	return took
}
