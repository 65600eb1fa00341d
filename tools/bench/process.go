//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of CPU time in /proc: USER_HZ, which is 100 on every
// machine that Go runs on.
const clockTick = 10 * time.Millisecond

// procStat is what /proc/PID/stat has of interest.
type procStat struct {
	parent int
	own    time.Duration // CPU time
	reaped time.Duration // CPU time of children that have ended
}

// parseStat reads a line of /proc/PID/stat. The name, in parentheses, may have
// anything in it.
func parseStat(line string) (procStat, error) {
	end := strings.LastIndexByte(line, ')')
	fields := strings.Fields(line[end+1:])
	if end < 0 || len(fields) < 15 {
		return procStat{}, fmt.Errorf("read /proc: %q is not the status of a process", line)
	}
	var numbers [5]int
	for i, field := range []int{1, 11, 12, 13, 14} { // ppid, utime, stime, cutime, cstime
		n, err := strconv.Atoi(fields[field])
		if err != nil {
			return procStat{}, fmt.Errorf("read /proc: %w", err)
		}
		numbers[i] = n
	}
	return procStat{
		parent: numbers[0],
		own:    time.Duration(numbers[1]+numbers[2]) * clockTick,
		reaped: time.Duration(numbers[3]+numbers[4]) * clockTick,
	}, nil
}

func readStat(pid string) (procStat, error) {
	line, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return procStat{}, err
	}
	return parseStat(string(line))
}

// familyCPU returns the CPU time of a process and all children it ever had.
func familyCPU(pid int) (time.Duration, error) {
	head, err := readStat(strconv.Itoa(pid))
	if err != nil {
		return 0, err
	}
	total := head.own + head.reaped
	children, err := children(pid)
	for _, child := range children {
		total += child.own + child.reaped
	}
	return total, err
}

// children returns the running children of a process.
func children(pid int) ([]procStat, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var list []procStat
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		child, err := readStat(entry.Name())
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH): // It ended meanwhile.
		case err != nil:
			return nil, err
		case child.parent == pid:
			list = append(list, child)
		}
	}
	return list, nil
}

// waitChildren waits until a process has no more children than that, or for two
// seconds. The CPU time of a child that is ending is nowhere to be read.
func waitChildren(ctx context.Context, pid, most int) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := children(pid)
		if err != nil || len(list) <= most {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil // Others than those awaited have begun.
		}
	}
}

// machineCPU returns the CPU time that all programs together have spent, and
// what there was to spend. What another guest of a shared host took is spent.
func machineCPU() (spent, available time.Duration, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	return parseMachine(string(text))
}

// parseMachine reads the first line of /proc/stat.
func parseMachine(text string) (spent, available time.Duration, err error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("read /proc/stat: %q is not about the CPU", line)
	}
	for i, field := range fields[1:9] { // user, nice, system, idle, iowait, irq, softirq, steal
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, 0, fmt.Errorf("read /proc/stat: %w", err)
		}
		available += time.Duration(n) * clockTick
		if i != 3 && i != 4 {
			spent += time.Duration(n) * clockTick
		}
	}
	return spent, available, nil
}

// ownCPU returns the CPU time of this process.
func ownCPU() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("CPU time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// memory is how much of a process is in memory, and the most that ever was.
type memory struct {
	RSS  int64 `json:"rss"` // bytes
	Peak int64 `json:"peak"`
}

var memoryLine = regexp.MustCompile(`(?m)^(VmRSS|VmHWM):\s+([0-9]+) kB$`)

func readMemory(pid int) (memory, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return memory{}, err
	}
	return parseMemory(string(text))
}

func parseMemory(status string) (memory, error) {
	values := map[string]int64{}
	for _, line := range memoryLine.FindAllStringSubmatch(status, -1) {
		n, err := strconv.ParseInt(line[2], 10, 64)
		if err != nil {
			return memory{}, fmt.Errorf("read /proc: %w", err)
		}
		values[line[1]] = n << 10
	}
	if len(values) != 2 {
		return memory{}, errors.New("read /proc: the status of the process does not tell its memory")
	}
	return memory{RSS: values["VmRSS"], Peak: values["VmHWM"]}, nil
}

// postmasterPID reads the process id of a PostgreSQL server from its data
// directory.
func postmasterPID(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	pid, err := strconv.Atoi(string(bytes.TrimSpace(line)))
	if err != nil {
		return 0, fmt.Errorf("process of PostgreSQL: %w", err)
	}
	return pid, nil
}
