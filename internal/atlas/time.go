package atlas

import (
	"fmt"
	"time"
)

// Time is a time in a request.
type Time time.Time

// timeForms are what clients write of ISO 8601. Each takes a fraction of a second, too;
// without a zone it is UTC.
var timeForms = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07",
	"2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly,
}

// ParseTime reads a time in ISO 8601, in UTC, as PostgreSQL keeps it, in microseconds.
func ParseTime(text string) (time.Time, error) {
	for _, form := range timeForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC().Truncate(time.Microsecond), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no time", text)
}

// UnmarshalText does what ParseTime does.
func (t *Time) UnmarshalText(text []byte) error {
	parsed, err := ParseTime(string(text))
	*t = Time(parsed)
	return err
}
