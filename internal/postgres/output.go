package postgres

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
)

// How much of the output is kept.
const (
	maxLogSize  = 4 << 20 // of each of two log files
	maxTail     = 20      // lines for an error
	maxLineSize = 4 << 10 // of each of these lines
)

// readyLine is in the server's log once it accepts connections.
const readyLine = "database system is ready to accept connections"

// output is what a server program writes to: it copies everything to the log
// file if there is one, and keeps the last lines for an error.
type output struct {
	ready chan struct{} // closed when the server says it is ready

	mu      sync.Mutex
	path    string
	file    *os.File
	size    int
	line    []byte // the beginning of a line that has not ended yet
	lines   []string
	isReady bool
}

// openOutput opens a new log file at path. The one before is renamed to path.1.
func openOutput(path string) (*output, error) {
	o := &output{ready: make(chan struct{}), path: path}
	if err := o.rotate(); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *output) rotate() error {
	if o.file != nil {
		_ = o.file.Close()
		o.file = nil
	}
	_ = os.Rename(o.path, o.path+".1") // the first time there is none
	f, err := os.OpenFile(o.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("postgres log: %w", err)
	}
	o.file, o.size = f, 0
	return nil
}

// Write never fails: a full disk may cost the log, but the server must still be
// able to write to its standard error.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file != nil && o.size+len(p) > maxLogSize {
		_ = o.rotate()
	}
	if o.file != nil {
		n, _ := o.file.Write(p)
		o.size += n
	}
	o.remember(p)
	return len(p), nil
}

// remember splits what was written into lines and keeps the last ones.
func (o *output) remember(p []byte) {
	for {
		part, rest, ended := bytes.Cut(p, []byte("\n"))
		room := max(maxLineSize-len(o.line), 0)
		o.line = append(o.line, part[:min(len(part), room)]...)
		if !ended {
			return
		}
		line := string(o.line)
		if !o.isReady && strings.Contains(line, readyLine) {
			o.isReady = true
			close(o.ready)
		}
		if len(o.lines) == maxTail {
			o.lines = o.lines[1:]
		}
		o.lines = append(o.lines, line)
		o.line = o.line[:0]
		p = rest
	}
}

// tail returns the last lines, as the end of an error's text.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := o.lines
	if len(o.line) > 0 {
		lines = append(slices.Clip(lines), string(o.line))
	}
	if len(lines) == 0 {
		return ""
	}
	return "; the last lines of its log:\n" + strings.Join(lines, "\n")
}

func (o *output) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file == nil {
		return nil
	}
	err := o.file.Close()
	o.file = nil
	return err
}
