package logwriter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/waittest"
)

// reader is what a Writer writes to. It takes nothing while it is shut.
type reader struct {
	shut sync.Mutex

	mu    sync.Mutex
	text  bytes.Buffer
	fails error // of a write, which takes the first bytes alone
	taken int   // writes so far
}

// Write takes the bytes once the reader is open.
func (r *reader) Write(p []byte) (int, error) {
	r.shut.Lock()
	defer r.shut.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken++
	if r.fails != nil {
		n, _ := r.text.Write(p[:min(3, len(p))])
		return n, r.fails
	}
	return r.text.Write(p)
}

func (r *reader) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// fail makes writes fail from now on, or succeed again.
func (r *reader) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails = err
}

func (r *reader) writes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken
}

func note(dropped int) []byte { return fmt.Appendf(nil, "%d dropped\n", dropped) }

// line returns a line of eight bytes.
func line(i int) string { return fmt.Sprintf("line%3d\n", i) }

func write(t *testing.T, w *Writer, lines string) {
	t.Helper()
	if n, err := w.Write([]byte(lines)); n != len(lines) || err != nil {
		t.Errorf("got %d bytes and error %v, want %d and none", n, err, len(lines))
	}
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestLinesComeWholeAndInOrder(t *testing.T) {
	t.Parallel()
	var r reader
	w := New(&r)
	var lines strings.Builder
	for i := range 999 {
		lines.WriteString(line(i))
		write(t, w, line(i))
	}
	w.Close(waittest.Patience)
	want(t, r.String(), lines.String())
}

func TestAReaderThatStopsHoldsUpNobodyAndWhatIsDroppedIsCounted(t *testing.T) {
	t.Parallel()
	var r reader
	w := newWriter(&r, 4*len(line(0)))
	w.Report(note)
	r.shut.Lock()
	write(t, w, line(0))
	waittest.Until(t, "the line is on its way", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.waiting) == 0
	})
	for i := range 10 {
		write(t, w, line(1+i))
	}
	write(t, w, "\n") // there would be room for a short one
	r.shut.Unlock()
	waittest.Until(t, "the reader has caught up", func() bool { return strings.Contains(r.String(), "dropped") })
	write(t, w, line(99))
	w.Close(waittest.Patience)
	want(t, r.String(), line(0)+line(1)+line(2)+line(3)+line(4)+"7 dropped\n"+line(99))
}

func TestWhatAReaderThatFailsDidNotGetIsCounted(t *testing.T) {
	t.Parallel()
	var r reader
	w := newWriter(&r, 100)
	w.Report(note)
	r.fail(errors.New("no space left on device"))
	write(t, w, line(1))
	waittest.Until(t, "the first line is tried", func() bool { return r.writes() == 1 })
	r.fail(nil)
	write(t, w, line(2))
	w.Close(waittest.Patience)
	got := r.String()
	// The second line may have come before the first was known to be lost.
	if got != "lin\n1 dropped\n"+line(2) && got != "lin\n"+line(2)+"1 dropped\n" && got != "lin\n2 dropped\n" {
		t.Errorf("log: got %q, want the loss of the first line in it", got)
	}
}

func TestWritesAreNotLargerThanAPipeTakesAtOnce(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*whole) + "\n"
	text := strings.Repeat(line(1), whole/8) + line(2) + long + line(3)
	var writes []int
	for rest := []byte(text); len(rest) > 0; rest = rest[len(first(rest)):] {
		writes = append(writes, len(first(rest)))
	}
	if diff := cmp.Diff([]int{whole, len(line(2)), len(long), len(line(3))}, writes); diff != "" {
		t.Errorf("lengths of the writes (-want +got):\n%s", diff)
	}
}

func TestCloseWaitsForTheReaderButNotForEver(t *testing.T) {
	t.Parallel()
	var r reader
	w := New(&r)
	r.shut.Lock()
	write(t, w, line(1))
	w.Close(time.Millisecond)
	want(t, r.String(), "")
	r.shut.Unlock()
	w.Close(waittest.Patience)
	want(t, r.String(), line(1))
}

// BenchmarkLine is the event of a request, to a reader that keeps up: written at
// once, and behind a Writer.
func BenchmarkLine(b *testing.B) {
	for name, open := range map[string]func(b *testing.B) io.Writer{
		"file": func(b *testing.B) io.Writer {
			b.Helper()
			file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			return file
		},
		"pipe": func(b *testing.B) io.Writer {
			b.Helper()
			r, w, err := os.Pipe()
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = w.Close() })
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return w
		},
	} {
		b.Run(name+"/at once", func(b *testing.B) { logRequests(b, open(b)) })
		b.Run(name+"/behind a Writer", func(b *testing.B) {
			w := New(open(b))
			dropped := 0
			w.Report(func(n int) []byte {
				dropped += n
				return nil
			})
			logRequests(b, w)
			w.Close(waittest.Patience)
			b.ReportMetric(float64(dropped)/float64(b.N), "dropped/op")
		})
	}
}

func logRequests(b *testing.B, to io.Writer) {
	b.Helper()
	log := slog.New(slog.NewJSONHandler(to, nil))
	for b.Loop() {
		log.LogAttrs(b.Context(), slog.LevelInfo, "request",
			slog.String("request_id", "5f0000000000000000000b015f000000"), slog.String("method", "GET"),
			slog.String("path", "/api/atlas/v2/groups/5f0000000000000000000b01/backup/exportBuckets"),
			slog.Int("status", 200), slog.Int("bytes", 512), slog.Duration("duration", time.Millisecond))
	}
}
