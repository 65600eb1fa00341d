//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const summaryText = `pgbench (15.18 (Debian 15.18-0+deb12u1))
transaction type: create.sql
scaling factor: 1
query mode: prepared
number of clients: 8
number of threads: 2
maximum number of tries: 1
duration: 2 s
number of transactions actually processed: 4711
number of failed transactions: 0 (0.000%)
latency average = 3.397 ms
initial connection time = 21.470 ms
tps = 2355.240862 (without initial connection time)
`

func TestParseSummaryReadsHowMuchPgbenchDid(t *testing.T) {
	t.Parallel()
	got, err := parseSummary(summaryText)
	if err != nil || got.count != 4711 {
		t.Errorf("got %d, %v, want 4711", got.count, err)
	}
}

func TestParseSummaryRefusesARunThatFailed(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]string{
		"nothing said": "",
		"failed transactions": strings.Replace(summaryText,
			"number of failed transactions: 0 (0.000%)", "number of failed transactions: 3 (0.064%)", 1),
		"a client that gave up": "pgbench: error: client 3 aborted in command 4 (SQL) of script 0\n" + summaryText,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := parseSummary(said); err == nil {
				t.Errorf("got %d transactions, want an error", got.count)
			}
		})
	}
}

func TestReadLogsReadsThoseOfAllThreads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"log.77":   "0 199 2241 0 1175850568 995598\n1 2 24 0 1175850569 608\n",
		"log.77.1": "2 1 700 0 1175850569 7 15\n", // with the lag of --rate
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readLogs(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []transaction{
		{client: 0, took: 2241 * time.Microsecond, end: time.Unix(1175850568, 995598000)},
		{client: 1, took: 24 * time.Microsecond, end: time.Unix(1175850569, 608000)},
		{client: 2, took: 700 * time.Microsecond, end: time.Unix(1175850569, 7000)},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(transaction{})); diff != "" {
		t.Errorf("transactions (-want +got):\n%s", diff)
	}
}

func TestALineThatIsNoTransactionIsRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"", "0 199 2241 0 1175850568", "0 199 skipped 0 1175850568 995598"} {
		if got, err := parseTransaction(line); err == nil {
			t.Errorf("%q: got %v, want an error", line, got)
		}
	}
}

// at returns a transaction that ended so many milliseconds after a moment.
func at(client, ms int) transaction {
	return transaction{
		client: client,
		took:   time.Duration(ms) * time.Microsecond,
		end:    time.Unix(1, 0).Add(time.Duration(ms) * time.Millisecond),
	}
}

func TestSteadyIsWhileAllClientsHaveSettledAndNoneHasStopped(t *testing.T) {
	t.Parallel()
	var done []transaction
	for i := range 30 {
		done = append(done, at(0, 10*i)) // settled at 90, stopped at 290
	}
	for i := range 20 {
		done = append(done, at(1, 105+10*i)) // settled at 195, stopped at 295
	}
	from, to, err := steady(done, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := at(1, 195).end; !from.Equal(want) {
		t.Errorf("from: got %v, want %v", from, want)
	}
	if want := at(0, 290).end; !to.Equal(want) {
		t.Errorf("to: got %v, want %v", to, want)
	}
	// Ten of client 0, from 200 on, and nine of client 1, from 205 on.
	took := between(done, from, to)
	if len(took) != 19 || took[0] != 200*time.Microsecond || took[18] != 290*time.Microsecond {
		t.Errorf("got %v, want the 19 that ended in between", took)
	}
}

func TestARunInWhichNotAllClientsSettledIsNotSteady(t *testing.T) {
	t.Parallel()
	var late, apart []transaction
	for i := range 30 {
		late = append(late, at(0, 10*i))
		apart = append(apart, at(0, 10*i), at(1, 1000+10*i))
	}
	for i := range settled - 1 {
		late = append(late, at(1, 10*i))
	}
	for name, done := range map[string][]transaction{
		"none did anything":             nil,
		"one had not settled":           late,
		"one stopped before the other":  apart,
		"one of them never came to act": apart[:0:0],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if from, to, err := steady(done, 2); !errors.Is(err, errUnsettled) {
				t.Errorf("got %v to %v, %v, want an error", from, to, err)
			}
		})
	}
}

func TestRampUpIsWhatItTookTheLastTimeAndHalfAsLongAgain(t *testing.T) {
	t.Parallel()
	p := pgbench{settling: map[int]time.Duration{8: 100 * time.Millisecond, 64: 2 * time.Second}}
	for clients, want := range map[int]time.Duration{1: 0, 8: 0, 64: 3 * time.Second, 50: 2 * time.Second} {
		if got := p.rampUp(clients); got != want {
			t.Errorf("%d clients: got %s, want %s", clients, got, want)
		}
	}
}
