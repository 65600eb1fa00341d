package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestTheCommandsOfTheReadmeDoWhatItSays(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for paragraph := range strings.SplitSeq(string(readme), "\n\n") {
		// Indented text is code.
		if strings.HasPrefix(paragraph, "    ") && strings.Contains(paragraph, "http://127.0.0.1:8080/") {
			script.WriteString(paragraph + "\n")
		}
	}
	p := serve(t, settings{flags: []string{"--state-dir", newStateDir(t)}})
	commands := strings.ReplaceAll(script.String(), "http://127.0.0.1:8080/", "http://"+p.address+"/")
	cmd := exec.CommandContext(t.Context(), "bash", "-euc", commands)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("got error %v from:\n%s\nit wrote: %s", err, commands, out)
	}
	for want, times := range map[string]int{
		`"bucketName":"export-bucket","cloudProvider":"AWS"`:      2,
		`"bucketName":"examplecontainer","cloudProvider":"AZURE"`: 2,
		`"bucketName":"export-bucket","cloudProvider":"GCP"`:      2,
		`"totalCount" : 6`: 1,
	} {
		if got := strings.Count(string(out), want); got != times {
			t.Errorf("%s: got it %d times, want %d, in %s", want, got, times, out)
		}
	}
}
