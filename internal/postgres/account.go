package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// account is the user the server programs run as. A nil account is the user of
// this process.
type account struct {
	name   string
	uid    uint32
	gid    uint32
	groups []uint32
}

// accountFor returns the account that a server runs as if this process is root:
// the owner of the data directory. If there is no directory yet it is the user
// postgres, or nobody if that does not exist.
func accountFor(data string) (*account, error) {
	if fi, err := os.Stat(data); err == nil {
		if uid, _ := owner(fi); uid != 0 {
			return lookupAccount(user.LookupId(strconv.FormatUint(uint64(uid), 10)))
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	a, err := lookupAccount(user.Lookup("postgres"))
	if err == nil {
		return a, nil
	}
	a, err = lookupAccount(user.Lookup("nobody"))
	if err != nil {
		return nil, fmt.Errorf("postgres does not run as root, and there is no user postgres or nobody: %w", err)
	}
	return a, nil
}

func lookupAccount(u *user.User, err error) (*account, error) {
	if err != nil {
		return nil, fmt.Errorf("user for postgres: %w", err)
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("groups of user %s: %w", u.Username, err)
	}
	var numbers []uint32
	for _, id := range append([]string{u.Uid, u.Gid}, ids...) {
		n, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("ids of user %s: %w", u.Username, err)
		}
		numbers = append(numbers, uint32(n))
	}
	return &account{name: u.Username, uid: numbers[0], gid: numbers[1], groups: numbers[1:]}, nil
}

// credential returns what a child process needs to run as the account.
func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid, Groups: a.groups}
}

// mkdir makes a folder that only the account may enter.
func (a *account) mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	if a == nil {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// checkEnter returns an error that names the first folder on the path to dir, or
// dir itself, that the account may not enter. It reads permission bits only.
// initdb would fail at the same folder, but not name it.
func (a *account) checkEnter(dir string) error {
	if a == nil {
		return nil
	}
	for _, folder := range ancestors(dir) {
		fi, err := os.Stat(folder)
		if err != nil {
			return fmt.Errorf("directory for postgres: %w", err)
		}
		if !a.mayEnter(fi) {
			return fmt.Errorf("postgres runs as user %s, who may not enter %s: allow it with chmod a+x, or %s",
				a.name, folder, otherDir)
		}
	}
	return nil
}

func (a *account) mayEnter(fi os.FileInfo) bool {
	uid, gid := owner(fi)
	bit := os.FileMode(0o001)
	switch {
	case uid == a.uid:
		bit = 0o100
	case slices.Contains(a.groups, gid):
		bit = 0o010
	}
	return fi.Mode().Perm()&bit != 0
}

func owner(fi os.FileInfo) (uid, gid uint32) {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return st.Uid, st.Gid
	}
	return 0, 0
}

// ancestors returns the folders from the root down to dir.
func ancestors(dir string) []string {
	var list []string
	for {
		list = append(list, dir)
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	slices.Reverse(list)
	return list
}
