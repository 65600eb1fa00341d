// Package logwriter keeps the reader of a log from holding up those who write it: a
// pipe that nobody empties, a terminal that is stopped, a disk that hangs.
//
// Lines go into a buffer, and one goroutine writes them out. What comes while the
// buffer is full is dropped and counted, and the count is written in its place.
package logwriter

import (
	"bytes"
	"io"
	"sync"
	"time"
)

const (
	// size is the number of bytes that may wait, those of some 4,000 requests. As
	// many may be on their way to the reader.
	size = 1 << 20
	// whole is the number of bytes that a pipe takes all or nothing of, so that no
	// line is torn if the process ends. PIPE_BUF of Linux; see pipe(7).
	whole = 4096
)

// Writer is an io.Writer that does not wait for the one behind it. Its methods are
// safe for concurrent use.
type Writer struct {
	to   io.Writer
	size int
	torn bool          // the last write ended within a line
	wake chan struct{} // something waits, or it is the end
	done chan struct{} // closed at the end

	mu      sync.Mutex
	waiting []byte
	dropped int // lines that came after those that wait
	report  func(dropped int) []byte
	closed  bool
}

// New returns a Writer in front of another, which may be slow, hang and fail.
func New(to io.Writer) *Writer { return newWriter(to, size) }

func newWriter(to io.Writer, size int) *Writer {
	w := &Writer{
		to: to, size: size, wake: make(chan struct{}, 1), done: make(chan struct{}),
		report: func(int) []byte { return nil },
	}
	go w.run()
	return w
}

// Report sets what makes the line that stands for those that were dropped. Without
// it there is none. It must not write to w.
func (w *Writer) Report(report func(dropped int) []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report = report
}

// Write takes whole lines, or drops them. It never returns an error: whoever logs
// could tell nobody.
func (w *Writer) Write(lines []byte) (int, error) {
	w.mu.Lock()
	// Nothing overtakes what is dropped.
	if w.dropped > 0 || len(w.waiting)+len(lines) > w.size {
		w.dropped += count(lines)
	} else {
		w.waiting = append(w.waiting, lines...)
	}
	w.mu.Unlock()
	w.wakeUp()
	return len(lines), nil
}

// Close returns when all is written, but after patience at the latest: what the
// reader has not taken by then is lost.
func (w *Writer) Close(patience time.Duration) {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.wakeUp()
	select {
	case <-w.done:
	case <-time.After(patience):
	}
}

func (w *Writer) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default: // it is about to look
	}
}

// run writes out what waits, until Close.
func (w *Writer) run() {
	defer close(w.done)
	var lines []byte
	for closed := false; !closed; {
		<-w.wake
		w.mu.Lock()
		lines, w.waiting = w.waiting, lines[:0]
		dropped, report := w.dropped, w.report
		w.dropped, closed = 0, w.closed
		w.mu.Unlock()

		lost := w.writeOut(lines)
		if lost == 0 && dropped > 0 && w.writeOut(report(dropped)) == 0 {
			dropped = 0
		}
		w.mu.Lock()
		w.dropped += lost + dropped
		w.mu.Unlock()
	}
}

// writeOut returns how many of the lines could not be written.
func (w *Writer) writeOut(lines []byte) (lost int) {
	for len(lines) > 0 {
		if w.torn {
			if _, err := w.to.Write([]byte{'\n'}); err != nil {
				return count(lines)
			}
			w.torn = false
		}
		n, err := w.to.Write(first(lines))
		if err != nil {
			w.torn = n > 0 && lines[n-1] != '\n'
			return count(lines[n:])
		}
		lines = lines[n:]
	}
	return 0
}

// first returns the first of the lines, as many as a pipe takes all or nothing of.
func first(lines []byte) []byte {
	if len(lines) <= whole {
		return lines
	}
	end := bytes.LastIndexByte(lines[:whole], '\n')
	if end < 0 {
		end = bytes.IndexByte(lines, '\n') // a long one, alone
	}
	return lines[:end+1]
}

func count(lines []byte) int { return bytes.Count(lines, []byte{'\n'}) }
