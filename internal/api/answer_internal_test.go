package api

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPiecesAreWhatWasWritten(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{})
	for _, sizes := range [][]int{{}, {0}, {1}, {maxPiece}, {maxPiece + 1}, {1, 600, 2, maxPiece, 5000}, {10 * maxPiece}} {
		var got pieces
		var want []byte
		for _, size := range sizes {
			p := make([]byte, size)
			_, _ = random.Read(p)
			if n, err := got.Write(p); n != size || err != nil {
				t.Errorf("%d: got %d, %v, want all written", sizes, n, err)
			}
			want = append(want, p...)
			clear(p)
		}
		if !bytes.Equal(bytes.Join(got, nil), want) {
			t.Errorf("%d: got other bytes than the %d that were written", sizes, len(want))
		}
		for _, piece := range got {
			if cap(piece) > maxPiece {
				t.Errorf("%d: got a piece of %d bytes, want at most %d", sizes, cap(piece), maxPiece)
			}
		}
	}
}

func TestWhoeverHasBeenReadingForLongestIsCutOff(t *testing.T) {
	t.Parallel()
	r := &readers{most: 10 * smallAnswer}
	var cut []string
	add := func(name string, size int) (done func()) {
		return r.add(size, func() { cut = append(cut, name) })
	}
	wantCut := func(names ...string) {
		t.Helper()
		if diff := cmp.Diff(names, cut); diff != "" {
			t.Errorf("cut off (-want +got):\n%s", diff)
		}
	}
	add("small", smallAnswer)
	first := add("first", 4*smallAnswer)
	second := add("second", 4*smallAnswer)
	add("third", 2*smallAnswer)
	wantCut()
	add("fourth", 2*smallAnswer)
	wantCut("first")
	first() // which changes nothing any more
	second()
	add("fifth", 6*smallAnswer)
	wantCut("first")
	add("one that is larger than all", 20*smallAnswer)
	wantCut("first", "third", "fourth", "fifth")
	add("the next", 2*smallAnswer)
	wantCut(slices.Concat(cut[:4], []string{"one that is larger than all"})...)
}
