package atlas

import "time"

// Gone reports whether a version is past its sunset, a date, YYYY-MM-DD, the first day on
// which it is gone. It never is if the date is empty.
func Gone(sunset string, now time.Time) bool {
	return sunset != "" && now.UTC().Format(time.DateOnly) >= sunset
}
