package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/seed"
)

// root is the top of the repository, from here.
const root = "../.."

// documents returns the texts of what readers read, by path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	read := func(path string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		texts[filepath.ToSlash(name)] = string(text)
		return err
	}
	top, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range top {
		if err := read(path); err != nil {
			t.Fatal(err)
		}
	}
	err = filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		return read(path)
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// fences are the blocks of code that lines of backquotes enclose.
var fences = regexp.MustCompile("(?s)\n```.*?\n```\n")

// link is [text](target).
var link = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)

func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	texts := documents(t)
	links := 0
	for name, text := range texts {
		for _, match := range link.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
			if strings.Contains(match[1], "://") {
				continue // elsewhere, which no test here should ask
			}
			links++
			target, anchor, _ := strings.Cut(match[1], "#")
			path := name
			if target != "" {
				path = filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(path))); err != nil {
				t.Errorf("%s links to %s: %v", name, match[1], err)
				continue
			}
			if anchor != "" && !hasHeading(texts[path], anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", name, match[1], path)
			}
		}
	}
	if links == 0 {
		t.Error("got no link in any document, want some")
	}
}

// heading is one of any level.
var heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)

// notInAnchors is what GitHub leaves out of a heading when it makes an anchor.
var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

func hasHeading(text, anchor string) bool {
	for _, match := range heading.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
		name := notInAnchors.ReplaceAllString(strings.ToLower(match[1]), "")
		if strings.ReplaceAll(name, " ", "-") == anchor {
			return true
		}
	}
	return false
}

// file is one of the repository, or a pattern of some, as documents name them.
var file = regexp.MustCompile("`((?:cmd|db|docs|internal|migrations|tools)/[\\w./*-]+\\.[a-z]+)`")

func TestFilesThatDocumentsNameAreThere(t *testing.T) {
	t.Parallel()
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" {
			continue // it tells of files that were
		}
		for _, match := range file.FindAllStringSubmatch(text, -1) {
			found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(match[1])))
			if err != nil || len(found) == 0 {
				t.Errorf("%s names %s: got no such file (error %v)", name, match[1], err)
			}
		}
	}
}

func TestTheReadmeIsShort(t *testing.T) {
	t.Parallel()
	const most = 200
	if lines := strings.Count(documents(t)["README.md"], "\n"); lines > most {
		t.Errorf("got %d lines, want at most %d", lines, most)
	}
}

func TestTheReadmeNamesEverySettingOfServe(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(new(commandLine), defaults("DIR"))
	if err != nil {
		t.Fatal(err)
	}
	readme := documents(t)["README.md"]
	settings := 0
	for _, command := range parser.Model.Leaves(false) {
		if command.Name != "serve" {
			continue
		}
		for _, flags := range command.AllFlags(false) {
			for _, flag := range flags {
				if len(flag.Envs) == 0 {
					continue
				}
				settings++
				name := "--" + flag.Name
				if flag.Tag.Negatable != "" {
					name = "--[no-]" + flag.Name
				}
				row := "| `" + flag.Envs[0] + "` | `" + name + "` |"
				if !strings.Contains(readme, row) {
					t.Errorf("got no row of the README that begins with %s", row)
				}
			}
		}
	}
	if rows := strings.Count(readme, "| `--"); rows != settings || settings == 0 {
		t.Errorf("got %d rows of settings in the README, want %d", rows, settings)
	}
}

func TestTheSeedFileOfTheRecipesIsOneOfItsOwn(t *testing.T) {
	t.Parallel()
	text := documents(t)["docs/clients.md"]
	_, rest, begins := strings.Cut(text, "--from-file=seed.yaml=/dev/stdin <<EOF\n")
	file, _, ends := strings.Cut(rest, "    EOF\n")
	if !begins || !ends {
		t.Fatal("got no seed file in docs/clients.md, want one")
	}
	const key = "0b7e2a54-6c5d-4f0e-9a35-9d8f6a6a0001"
	tenants, err := seed.Parse([]byte(strings.ReplaceAll(file, "$KEY", key)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]seed.Credential{{Name: "operator", Secret: key}}, tenants.Credentials()); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
}
