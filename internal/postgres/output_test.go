package postgres

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOutputSeesTheReadyLineInPieces(t *testing.T) {
	t.Parallel()
	o := &output{ready: make(chan struct{})}
	line := "2030-01-01 00:00:00.000 UTC [1] LOG:  " + readyLine + "\n"
	for i := range line {
		select {
		case <-o.ready:
			t.Fatalf("ready after %d of %d bytes", i, len(line))
		default:
		}
		write(t, o, line[i:i+1])
	}
	select {
	case <-o.ready:
	default:
		t.Error("not ready after the whole line")
	}
	write(t, o, line) // after a crash of a backend the server says it again
}

func TestOutputTailIsTheLastLines(t *testing.T) {
	t.Parallel()
	o := &output{ready: make(chan struct{})}
	if got := o.tail(); got != "" {
		t.Errorf("tail of nothing: got %q, want nothing", got)
	}
	for i := range 3 * maxTail {
		write(t, o, fmt.Sprintf("line %d\n", i))
	}
	write(t, o, strings.Repeat("x", 2*maxLineSize))
	lines := strings.Split(o.tail(), "\n")[1:]
	if got, want := lines[0], fmt.Sprintf("line %d", 2*maxTail); got != want {
		t.Errorf("first line: got %q, want %q", got, want)
	}
	if got, want := len(lines[len(lines)-1]), maxLineSize; got != want {
		t.Errorf("length of the last line: got %d, want %d", got, want)
	}
}

func TestOutputKeepsTwoLogFilesOfLimitedSize(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "postgres.log")
	o, err := openOutput(path)
	if err != nil {
		t.Fatal(err)
	}
	block := string(bytes.Repeat([]byte("0123456789abcde\n"), 1<<16))
	for range 10 {
		write(t, o, block)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]int64{path: 2 << 20, path + ".1": maxLogSize} {
		fi, err := os.Stat(file)
		if err != nil || fi.Size() != want {
			t.Errorf("%s: got %v, %v, want %d bytes", filepath.Base(file), fi, err, want)
		}
	}
}

func write(t *testing.T, o *output, text string) {
	t.Helper()
	if n, err := o.Write([]byte(text)); n != len(text) || err != nil {
		t.Fatalf("write: got %d, %v, want %d, nil", n, err, len(text))
	}
}
