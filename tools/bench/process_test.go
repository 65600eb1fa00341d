//go:build linux

package main

import (
	"os"
	"testing"
	"time"
)

func TestParseStatReadsCPUTimes(t *testing.T) {
	t.Parallel()
	got, err := parseStat("812 (a (strange) name) S 77 812 812 0 -1 4194560 9 8 7 6 30 12 500 100 20 0 1 0 5 1 1")
	want := procStat{parent: 77, own: 420 * time.Millisecond, reaped: 6 * time.Second}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, line := range []string{
		"", "812 (short) S 77", "812 (name) S x 812 812 0 -1 4194560 9 8 7 6 30 12 500 100 20",
	} {
		if got, err := parseStat(line); err == nil {
			t.Errorf("%q: got %+v, want an error", line, got)
		}
	}
}

func TestParseMachineLeavesIdleTimeOut(t *testing.T) {
	t.Parallel()
	spent, available, err := parseMachine("cpu  100 1 50 800 40 2 3 4 0 0\ncpu0 9 9 9 9 9 9 9 9 9 9\n")
	if err != nil || spent != 1600*time.Millisecond || available != 10*time.Second {
		t.Errorf("got %s of %s, %v, want 1.6s of 10s", spent, available, err)
	}
	for _, text := range []string{"", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8 9", "cpu 1 2 3 4 5 6 7 x"} {
		if _, _, err := parseMachine(text); err == nil {
			t.Errorf("%q: got no error, want one", text)
		}
	}
}

func TestParseMemoryReadsBytes(t *testing.T) {
	t.Parallel()
	got, err := parseMemory("Name:\tx\nVmHWM:\t   40960 kB\nVmRSS:\t   20480 kB\n")
	if want := (memory{RSS: 20 << 20, Peak: 40 << 20}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got, err := parseMemory("Name:\tkthreadd\n"); err == nil {
		t.Errorf("got %+v of a kernel thread, want an error", got)
	}
}

func TestThisProcessHasMemoryAndCPUTime(t *testing.T) {
	t.Parallel()
	m, err := readMemory(os.Getpid())
	if err != nil || m.RSS < 1<<20 || m.Peak < m.RSS {
		t.Errorf("memory: got %+v, %v, want more than a mebibyte, and a peak that is no less", m, err)
	}
	if _, err := familyCPU(os.Getpid()); err != nil {
		t.Errorf("CPU time: got error %v, want none", err)
	}
}

func TestOthersIsWhatNobodyMeasuredSpent(t *testing.T) {
	t.Parallel()
	before := used{client: time.Second, machine: 10 * time.Second, available: 100 * time.Second}
	after := used{
		client: 2 * time.Second, server: time.Second, postgres: time.Second,
		machine: 15 * time.Second, available: 110 * time.Second,
	}
	if got := after.others(before); got != 0.2 {
		t.Errorf("got %g, want 0.2", got)
	}
	if got := before.others(before); got != 0 {
		t.Errorf("no time at all: got %g, want 0", got)
	}
	if got, want := after.each(before, 1000), (cpu{Client: 1000, Server: 1000, Postgres: 1000}); got != want {
		t.Errorf("each: got %v, want %v", got, want)
	}
}
