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
	for _, want := range []string{
		`"bucketName":"export-bucket","cloudProvider":"AWS"`,
		`"bucketName":"examplecontainer","cloudProvider":"AZURE"`,
		`"bucketName":"export-bucket","cloudProvider":"GCP"`,
		`"totalCount" : 3`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("got %s\nwant %s in it", out, want)
		}
	}
}
