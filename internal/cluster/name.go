package cluster

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"exportbuckets/internal/atlas"
)

// The lengths of a cluster's name, and of the part of it that names hosts. Atlas gives
// the rules without the numbers.
const (
	maxName    = 64
	namePrefix = 23
)

var (
	nameForm     = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]*$`)
	reservedName = regexp.MustCompile(`^atlas-[a-z0-9]{6}$`)
)

// hostPrefix returns the part of a name that begins the names of hosts.
func hostPrefix(name string) string {
	return strings.ToLower(name[:min(len(name), namePrefix)])
}

// checkName refuses what no cluster can be called.
func checkName(name string) error {
	switch {
	case utf8.RuneCountInString(name) > maxName:
		return atlas.NewError(atlas.CodeClusterNameTooLong, name, maxName)
	case !nameForm.MatchString(name):
		return atlas.NewError(atlas.CodeClusterNameInvalid, name)
	case strings.HasSuffix(hostPrefix(name), "-"):
		return atlas.NewError(atlas.CodeClusterNamePrefixInvalid, name, namePrefix, hostPrefix(name))
	case reservedName.MatchString(name):
		return atlas.NewError(atlas.CodeReservedClusterName, name)
	}
	return nil
}
