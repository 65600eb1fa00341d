package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderThatTheServersUserMayNotEnterIsNamed(t *testing.T) {
	t.Parallel()
	// Only root runs the server as another user. Any other user tests the check
	// alone.
	user := &account{name: "stranger", uid: 4242, gid: 4242, groups: []uint32{4242}}
	closed := filepath.Join(newDir(t), "closed")
	dir := filepath.Join(closed, "state")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	check := func() error {
		if os.Geteuid() != 0 {
			return user.checkEnter(dir)
		}
		_, err := Start(t.Context(), quick(dir))
		return err
	}

	err := check()
	if err == nil {
		t.Fatal("got no error")
	}
	for _, part := range []string{closed + ":", "--state-dir", "EXPORTBUCKETS_STATE_DIR"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want it to mention %s", err, part)
		}
	}
}

func TestMayEnterReadsTheBitsOfTheRightClass(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	self := uint32(os.Geteuid())
	group := uint32(os.Getegid())
	for name, tt := range map[string]struct {
		mode os.FileMode
		user account
		want bool
	}{
		"owner with the bit":            {mode: 0o100, user: account{uid: self}, want: true},
		"owner without, others with":    {mode: 0o011, user: account{uid: self}, want: false},
		"group with the bit":            {mode: 0o010, user: account{uid: 4242, groups: []uint32{4242, group}}, want: true},
		"group without, others with":    {mode: 0o101, user: account{uid: 4242, groups: []uint32{group}}, want: false},
		"others with the bit":           {mode: 0o001, user: account{uid: 4242, groups: []uint32{4242}}, want: true},
		"others with read but not pass": {mode: 0o774, user: account{uid: 4242, groups: []uint32{4242}}, want: false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			fi, err := os.Stat(folder)
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.user.mayEnter(modeInfo{FileInfo: fi, mode: tt.mode}); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

// modeInfo replaces the permission bits of a file. On disk they must let the
// test remove the file.
type modeInfo struct {
	os.FileInfo
	mode os.FileMode
}

func (m modeInfo) Mode() os.FileMode { return os.ModeDir | m.mode }
