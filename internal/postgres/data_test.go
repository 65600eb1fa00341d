package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFillDataFallsBackToALocaleThatTheSystemHas(t *testing.T) {
	t.Parallel()
	fresh := filepath.Join(newDir(t), "data.new")
	user, progs := installed(t, fresh)
	if err := fillData(t.Context(), progs, fresh, user, []string{"xx_XX.UTF-8", "C"}, false); err != nil {
		t.Fatal(err)
	}
	if major, err := dataMajor(fresh); err != nil || major != progs.major {
		t.Errorf("data directory: got version %d, %v, want %d", major, err, progs.major)
	}
}

func TestFillDataFailsWithWhatInitdbSaid(t *testing.T) {
	t.Parallel()
	fresh := filepath.Join(newDir(t), "data.new")
	user, progs := installed(t, fresh)
	err := fillData(t.Context(), progs, fresh, user, []string{"xx_XX.UTF-8"}, false)
	if err == nil || !strings.Contains(err.Error(), "xx_XX.UTF-8") {
		t.Errorf("got %v, want an error that quotes initdb", err)
	}
}

func installed(t *testing.T, data string) (*account, programs) {
	t.Helper()
	var user *account
	if os.Geteuid() == 0 {
		var err error
		if user, err = accountFor(data); err != nil {
			t.Fatal(err)
		}
	}
	progs, err := findPrograms(t.Context(), nil, data, user)
	if err != nil {
		t.Fatal(err)
	}
	return user, progs
}
