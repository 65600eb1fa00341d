package api

import (
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
)

// version is one version of an operation, named by the date of its release, or by
// preview. All dates are YYYY-MM-DD.
type version struct {
	date      string
	successor string // date of the operation's next version; empty if there is none
	sunset    string // the first day on which it is gone; empty if none is set
	root      string // of the unversioned API that it is; empty if Accept names it
}

// preview names the version of an operation that is not released. No date stands for
// it.
const preview = "preview"

// v2023 is the list of versions of an operation that never changed.
var v2023 = []version{{date: "2023-01-01"}}

// mediaType is the media type of the version's bodies.
func (v version) mediaType() string {
	if v.root != "" {
		return jsonType
	}
	return "application/vnd.atlas." + v.date + "+json;charset=utf-8"
}

// resolveVersion returns the version that an Accept header asks for: the newest
// that is not younger than the date in it. Atlas, "Versioned Atlas
// Administration API". It returns INVALID_VERSION_DATE if the header names no
// date, or one before the operation's first version.
//
// Where Atlas says nothing: of several media ranges the first with a date
// counts, and dates after the newest version mean the newest.
func resolveVersion(versions []version, accept []string) (version, error) {
	if versions[0].root != "" {
		return versions[0], nil
	}
	date, ok := acceptedDate(accept)
	if !ok {
		return version{}, noVersion(versions, strings.Join(accept, ", "))
	}
	for _, version := range slices.Backward(versions) {
		if version.date == date || version.date < date && date != preview {
			return version, nil
		}
	}
	return version{}, noVersion(versions, date)
}

// noVersion refuses a request that names no version which the operation has.
func noVersion(versions []version, asked string) error {
	first, last := versions[0].date, versions[len(versions)-1].date
	return atlas.NewError(atlas.CodeInvalidVersionDate).
		Fact("asked", shown(asked), "application/vnd.atlas."+last+"+json, or a date from "+first+" on")
}

func acceptedDate(accept []string) (string, bool) {
	for _, header := range accept {
		for mediaRange := range strings.SplitSeq(header, ",") {
			mediaType, _, _ := strings.Cut(mediaRange, ";")
			date, ok := versionDate(strings.ToLower(strings.TrimSpace(mediaType)))
			if ok {
				return date, true
			}
		}
	}
	return "", false
}

// versionDate returns the date, or preview, in application/vnd.atlas.<date>+json.
func versionDate(mediaType string) (string, bool) {
	rest, ok := strings.CutPrefix(mediaType, "application/vnd.atlas.")
	if !ok {
		return "", false
	}
	date, ok := strings.CutSuffix(rest, "+json")
	if !ok {
		return "", false
	}
	_, err := time.Parse(time.DateOnly, date)
	return date, err == nil || date == preview
}

// checkSunset counts the request, and tells in the header, if its version has a successor or
// a sunset, and refuses with VERSION_GONE one that is past its sunset.
func (s *Server) checkSunset(c *gin.Context, v version, now time.Time) error {
	if v.successor == "" && v.sunset == "" {
		return nil
	}
	s.cfg.Metrics.Deprecated(operationID(c), v.date)
	if v.successor != "" {
		c.Header("Deprecation", headerDate(v.successor))
	}
	if v.sunset == "" {
		return nil
	}
	c.Header("Sunset", headerDate(v.sunset))
	if atlas.Gone(v.sunset, now) {
		return atlas.NewError(atlas.CodeVersionGone, v.date, resourcePath(c)).
			Fact("today", now.UTC().Format(time.DateOnly), "before "+v.sunset).
			Fact("successor", v.successor, "")
	}
	return nil
}

// resourcePath is the path as Atlas names it in errors: without the first slash.
func resourcePath(c *gin.Context) string {
	return strings.TrimPrefix(c.Request.URL.EscapedPath(), "/")
}

// headerDate writes a date as Atlas does in Deprecation and Sunset: like
// RFC 9110's IMF-fixdate, but the day has no leading zero.
func headerDate(date string) string {
	t, _ := time.Parse(time.DateOnly, date) // the versions are ours
	return t.Format("Mon, 2 Jan 2006 15:04:05 GMT")
}

// isJSON says whether a Content-Type is JSON to Atlas: application/json or a
// version's media type, with or without parameters.
func isJSON(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	return mediaType == "application/json" ||
		strings.HasPrefix(mediaType, "application/vnd.atlas.") && strings.HasSuffix(mediaType, "+json")
}
