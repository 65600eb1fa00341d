package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// documented is the address that the documents send requests to.
const documented = "http://127.0.0.1:8080/"

func TestTheCommandsOfTheReadmeAndTheRecipesDoWhatTheySay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		document string
		answers  map[string]int // how many times each is wanted
	}{
		{"README.md", map[string]int{
			`"bucketName":"export-bucket","cloudProvider":"AWS"`: 1,
			`"bucketName":"export-bucket","cloudProvider":"GCP"`: 1,
			`"totalCount" : 2`: 1,
		}},
		{"docs/clients.md", map[string]int{
			`"bucketName":"export-bucket","cloudProvider":"AWS"`:      2,
			`"bucketName":"examplecontainer","cloudProvider":"AZURE"`: 2,
			`"bucketName":"export-bucket","cloudProvider":"GCP"`:      2,
			`"totalCount" : 6`:                1,
			`"requirePrivateNetworking":true`: 1,
			"HTTP/1.1 204 No Content":         1,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.document, func(t *testing.T) {
			t.Parallel()
			script := requestsIn(t, tt.document)
			p := serve(t, settings{flags: []string{"--state-dir", newStateDir(t)}})
			commands := strings.ReplaceAll(script, documented, "http://"+p.address+"/")
			cmd := exec.CommandContext(t.Context(), "bash", "-euc", commands)
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("got error %v from:\n%s\nit wrote: %s", err, commands, out)
			}
			for want, times := range tt.answers {
				if got := strings.Count(string(out), want); got != times {
					t.Errorf("%s: got it %d times, want %d, in %s", want, got, times, out)
				}
			}
		})
	}
}

// requestsIn returns the paragraphs of a document that are code and send a
// request to the server with curl.
func requestsIn(t *testing.T, document string) string {
	t.Helper()
	return codeWith(t, document, "curl ", documented)
}

// codeWith returns the paragraphs of a document that are code with these words in it.
func codeWith(t *testing.T, document string, words ...string) string {
	t.Helper()
	return strings.Join(paragraphsWith(t, document, words...), "\n") + "\n"
}

// paragraphsWith is codeWith with each paragraph by itself.
func paragraphsWith(t *testing.T, document string, words ...string) []string {
	t.Helper()
	var code []string
	for paragraph := range strings.SplitSeq(documents(t)[document], "\n\n") {
		lacks := func(word string) bool { return !strings.Contains(paragraph, word) }
		if strings.HasPrefix(paragraph, "    ") && !slices.ContainsFunc(words, lacks) {
			code = append(code, paragraph)
		}
	}
	if len(code) == 0 {
		t.Fatalf("%s: got no code with %q", document, words)
	}
	return code
}
