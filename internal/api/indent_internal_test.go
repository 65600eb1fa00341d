package api

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		if diff := cmp.Diff(want, string(indent([]byte(compact)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", compact, diff)
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
		pretty := indent(compact.Bytes())
		if err := json.Compact(&again, pretty); err != nil {
			t.Fatalf("%s: got %s, which is no JSON: %v", compact.String(), pretty, err)
		}
		if compact.String() != again.String() {
			t.Errorf("got %s, want %s", again.String(), compact.String())
		}
	})
}
