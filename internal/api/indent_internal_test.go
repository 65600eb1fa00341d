package api

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// indent lays out JSON that is written in parts of the given size.
func indent(t *testing.T, compact string, size int) string {
	t.Helper()
	var pretty strings.Builder
	i := &indenter{to: &pretty}
	for part := range slices.Chunk([]byte(compact), size) {
		if _, err := i.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	return pretty.String()
}

func TestIndentWritesLikeJackson(t *testing.T) {
	t.Parallel()
	for compact, want := range map[string]string{
		`{}`:                        `{ }`,
		`[]`:                        `[ ]`,
		`5`:                         `5`,
		`true`:                      `true`,
		`[1,"x",null]`:              `[ 1, "x", null ]`,
		`[[1],[]]`:                  `[ [ 1 ], [ ] ]`,
		`{"a":1}`:                   "{\n  \"a\" : 1\n}",
		`{"a":{"b":[]},"c":{}}`:     "{\n  \"a\" : {\n    \"b\" : [ ]\n  },\n  \"c\" : { }\n}",
		`[{"a":1},{"b":2}]`:         "[ {\n  \"a\" : 1\n}, {\n  \"b\" : 2\n} ]",
		`{"a":[{"b":1}]}`:           "{\n  \"a\" : [ {\n    \"b\" : 1\n  } ]\n}",
		`{"a":"{[,:]}\"","b":"\\"}`: "{\n  \"a\" : \"{[,:]}\\\"\",\n  \"b\" : \"\\\\\"\n}",
	} {
		for _, size := range []int{1, len(compact)} {
			if diff := cmp.Diff(want, indent(t, compact, size)); diff != "" {
				t.Errorf("%s in parts of %d (-want +got):\n%s", compact, size, diff)
			}
		}
	}
}

func FuzzIndentChangesOnlyBlanks(f *testing.F) {
	f.Add(`{"a":[{"b":"x \" y"},[],{}],"c":null}`)
	f.Add(`"\\"`)
	f.Fuzz(func(t *testing.T, text string) {
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(text)) != nil {
			return
		}
		var again bytes.Buffer
		pretty := indent(t, compact.String(), 1)
		if err := json.Compact(&again, []byte(pretty)); err != nil {
			t.Fatalf("%s: got %s, which is no JSON: %v", compact.String(), pretty, err)
		}
		if compact.String() != again.String() {
			t.Errorf("got %s, want %s", again.String(), compact.String())
		}
	})
}
