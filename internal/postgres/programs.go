package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// minMajor is the oldest PostgreSQL that the queries and the tests run on.
const minMajor = 15

// ErrNoBinaries says that there are no server programs to run. Its text says
// what to do about that.
var ErrNoBinaries = fmt.Errorf("no PostgreSQL %d or newer found on this machine: "+
	"install the PostgreSQL server, or set DATABASE_URL to a database of your own, or use docker compose", minMajor)

// programs are one installation of PostgreSQL.
type programs struct {
	initdb   string
	postgres string
	version  string // 15.14
	major    int
}

// usualFolders returns patterns of where known systems put PostgreSQL: Debian,
// Red Hat, PostgreSQL's own default, Gentoo and Alpine, Arch and BSD, Homebrew on
// both kinds of Mac, MacPorts, Postgres.app.
func usualFolders() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/lib64/postgresql*/bin",
		"/usr/pgsql-*/bin",
		"/usr/local/pgsql/bin",
		"/usr/local/pgsql*/bin",
		"/usr/libexec/postgresql*",
		"/usr/bin",
		"/usr/local/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
		"/opt/local/lib/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	}
}

// findPrograms returns the programs to run on the data directory. If it exists
// they are of the major version that made it, since no other version can read
// it. Otherwise they are the ones on PATH, or else the newest in the usual
// folders. If folders is not nil, only these are searched.
func findPrograms(ctx context.Context, folders []string, data string, user *account) (programs, error) {
	want, err := dataMajor(data)
	if err != nil {
		return programs{}, err
	}
	first, rest := []string(nil), folders
	if folders == nil {
		first, rest = pathFolders(), expand(usualFolders())
	}
	known := map[string]bool{}
	found, refused := inspect(ctx, first, known, user)
	if p, ok := choose(found, want); ok {
		return p, nil
	}
	more, closed := inspect(ctx, rest, known, user)
	slices.SortStableFunc(more, func(a, b programs) int { return cmp.Compare(b.major, a.major) })
	if p, ok := choose(more, want); ok {
		return p, nil
	}
	refused = append(refused, closed...)
	var seen []string
	for _, p := range append(found, more...) {
		seen = append(seen, fmt.Sprintf("%s (%s)", p.version, filepath.Dir(p.postgres)))
	}
	switch {
	case want != 0 && len(seen) > 0:
		return programs{}, fmt.Errorf("%s was made by PostgreSQL %d, and this machine has PostgreSQL %s: "+
			"install PostgreSQL %d, or %s", data, want, strings.Join(seen, ", "), want, otherDir)
	case len(refused) > 0:
		return programs{}, fmt.Errorf("%w; not accessible: %s", ErrNoBinaries, strings.Join(refused, "; "))
	case len(seen) > 0:
		return programs{}, fmt.Errorf("%w; too old: %s", ErrNoBinaries, strings.Join(seen, ", "))
	case want != 0:
		return programs{}, fmt.Errorf("%w; %s needs PostgreSQL %d", ErrNoBinaries, data, want)
	default:
		return programs{}, ErrNoBinaries
	}
}

// choose returns the first installation that has the major version, or for 0
// the first that is new enough.
func choose(found []programs, major int) (programs, bool) {
	i := slices.IndexFunc(found, func(p programs) bool {
		return p.major == major || major == 0 && p.major >= minMajor
	})
	if i < 0 {
		return programs{}, false
	}
	return found[i], true
}

// dataMajor returns the major version that made the data directory, or 0 if
// there is none yet.
func dataMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(data); errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
		return 0, fmt.Errorf("%s exists but holds no PostgreSQL data: remove it, or %s", data, otherDir)
	}
	if err != nil {
		return 0, fmt.Errorf("version of data directory: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("version of data directory %s: %w", data, err)
	}
	return major, nil
}

// pathFolders returns the folders of PATH that have a postgres. If it is a
// symbolic link, the folder that it leads to comes first, as initdb may be in
// that one only.
func pathFolders() []string {
	var list []string
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		if !filepath.IsAbs(folder) {
			continue
		}
		if path, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres")); err == nil {
			list = append(list, filepath.Dir(path), folder)
		}
	}
	return list
}

// expand returns the folders that match the patterns.
func expand(patterns []string) []string {
	var list []string
	for _, p := range patterns {
		matches, _ := filepath.Glob(p) // fails on a malformed pattern only
		list = append(list, matches...)
	}
	return list
}

// inspect returns the installations in the folders, and those that the account
// may not enter. It skips the known programs and adds what it finds to them.
func inspect(
	ctx context.Context, folders []string, known map[string]bool, user *account,
) (found []programs, refused []string) {
	for _, folder := range folders {
		p := programs{initdb: filepath.Join(folder, "initdb"), postgres: filepath.Join(folder, "postgres")}
		if !executable(p.initdb) || !executable(p.postgres) {
			continue
		}
		file, err := filepath.EvalSymlinks(p.postgres)
		if err != nil || known[file] {
			continue
		}
		known[file] = true
		if err := errors.Join(user.checkEnter(folder), user.checkEnter(filepath.Dir(file))); err != nil {
			refused = append(refused, fmt.Sprintf("%s, which user %s may not enter", folder, user.name))
			continue
		}
		if p.version, p.major, err = askVersion(ctx, p.postgres); err == nil {
			found = append(found, p)
		}
	}
	return found, refused
}

func executable(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular() && fi.Mode().Perm()&0o111 != 0
}

// versionLine matches what postgres -V prints, of releases and of betas alike.
var versionLine = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

func askVersion(ctx context.Context, postgres string) (version string, major int, err error) {
	cmd := exec.CommandContext(ctx, postgres, "-V")
	cmd.Env = environment()
	text, err := cmd.Output()
	if err != nil {
		return "", 0, fmt.Errorf("version of %s: %w", postgres, err)
	}
	m := versionLine.FindSubmatch(text)
	if m == nil {
		return "", 0, fmt.Errorf("version of %s: not found in %q", postgres, text)
	}
	major, err = strconv.Atoi(string(m[2]))
	return string(m[1]), major, err
}
