package postgres

import (
	"os"
	"strings"
	"testing"
)

func TestTheScriptThatInstallsPostgreSQLLooksInTheSameFolders(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../tools/need")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(script), "\npostgres_folders='\n")
	list, _, _ := strings.Cut(rest, "\n'\n")
	if want := strings.Join(usualFolders(), "\n"); list != want {
		t.Errorf("postgres_folders: got\n%s\nwant\n%s", list, want)
	}
}
