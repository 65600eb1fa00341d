package atlas

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The most that a field of a body can hold, one for each kind of field. They count
// characters or elements. Where no source of Atlas names one, it is this server's own,
// and stands in docs/differences.md.
const (
	// MaxName is for the names of organizations, projects and service accounts. Atlas'
	// specification.
	MaxName = 64
	// MaxDescription is for the descriptions of API keys and service accounts. Atlas'
	// specification.
	MaxDescription = 250
	// MaxTagText is for the key and the value of a tag. Atlas, "Resource Tags". Labels
	// and zones of clusters have no more, which is this server's own.
	MaxTagText = 255
	// MaxTags is for the tags of a project or a cluster. Atlas, "Resource Tags".
	MaxTags = 50
	// MaxLocator is for URLs and ARNs. Atlas' specification.
	MaxLocator = 2048
	// MaxContact is for who is written to about an organization: the longest mail
	// address that RFC 5321, section 4.5.3.1, allows. This server's own.
	MaxContact = 320
	// MaxElements is for every list but tags. Atlas names it for access lists alone
	// (MongoDB Limits and Thresholds, "Service Account Limits").
	MaxElements = 200
)

// HasLength reports whether a text has as many characters as it may. A zero character
// is none: PostgreSQL keeps it in no text.
func HasLength(text string, least, most int) bool {
	n := utf8.RuneCountInString(text)
	return least <= n && n <= most && !strings.ContainsRune(text, 0)
}

// CheckElements returns VALIDATION_ERROR if a list has more than MaxElements elements.
func CheckElements(name string, n int) error {
	if n > MaxElements {
		return NewError(CodeValidation, fmt.Sprintf("%s can have at most %d elements", name, MaxElements))
	}
	return nil
}
