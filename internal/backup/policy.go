package backup

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// PolicyItem is when snapshots are taken, and how long they are kept.
type PolicyItem struct {
	FrequencyInterval int         `json:"frequencyInterval"`
	FrequencyType     string      `json:"frequencyType"` // one of frequencies
	ID                objectid.ID `json:"id"`
	RetentionUnit     string      `json:"retentionUnit"` // one of retentionUnits
	RetentionValue    int         `json:"retentionValue"`
	Next              time.Time   `json:"next"` // when the next one is taken
}

// How often snapshots are taken, the most frequent first.
const (
	hourly  = "hourly"
	daily   = "daily"
	weekly  = "weekly"
	monthly = "monthly"
	yearly  = "yearly"
)

var frequencies = []string{hourly, daily, weekly, monthly, yearly}

// retentionUnits are what a retention is counted in.
var retentionUnits = []string{"days", "weeks", "months", "years"}

// lastDay is the interval of the last day of a month.
const lastDay = 40

// The intervals that Atlas has: hours, days of a week from Monday, days of a month, months.
func hasInterval(frequency string, interval int) bool {
	switch frequency {
	case hourly:
		return slices.Contains([]int{1, 2, 4, 6, 8, 12}, interval)
	case daily:
		return interval == 1
	case weekly:
		return interval >= 1 && interval <= 7
	case monthly:
		return interval >= 1 && interval <= 28 || interval == lastDay
	default:
		return interval >= 1 && interval <= 12
	}
}

// defaultPolicy is what Atlas gives a new schedule: with an hourly item if backup is
// continuous.
func defaultPolicy(continuous bool) []PolicyItem {
	items := []PolicyItem{
		{FrequencyInterval: 6, FrequencyType: hourly, RetentionUnit: "days", RetentionValue: 7},
		{FrequencyInterval: 1, FrequencyType: daily, RetentionUnit: "days", RetentionValue: 7},
		{FrequencyInterval: 6, FrequencyType: weekly, RetentionUnit: "weeks", RetentionValue: 4},
		{FrequencyInterval: lastDay, FrequencyType: monthly, RetentionUnit: "months", RetentionValue: 12},
		{FrequencyInterval: 12, FrequencyType: yearly, RetentionUnit: "years", RetentionValue: 1},
	}
	if !continuous {
		items = items[1:]
	}
	return items
}

// reference is the time of the day of snapshots that are not hourly, in UTC.
type reference struct{ hour, minute int }

// after returns when the item is due next after a time. Hourly ones count from that time.
func (i PolicyItem) after(t time.Time, at reference) time.Time {
	if i.FrequencyType == hourly {
		return t.Add(time.Duration(i.FrequencyInterval) * time.Hour)
	}
	t = t.UTC()
	next := time.Date(t.Year(), t.Month(), t.Day(), at.hour, at.minute, 0, 0, time.UTC)
	for !next.After(t) || !i.isDay(next) {
		next = next.AddDate(0, 0, 1)
	}
	return next
}

// isDay reports whether the item is due on the day.
func (i PolicyItem) isDay(day time.Time) bool {
	switch i.FrequencyType {
	case weekly:
		return int(day.Weekday()) == i.FrequencyInterval%7 // Sunday is 0 to Go, and 7 to Atlas
	case monthly:
		if i.FrequencyInterval == lastDay {
			return day.AddDate(0, 0, 1).Day() == 1
		}
		return day.Day() == i.FrequencyInterval
	case yearly:
		return day.Day() == 1 && int(day.Month()) == i.FrequencyInterval
	default:
		return true
	}
}

// retention is how long a snapshot is kept.
type retention struct {
	unit  string // one of retentionUnits
	value int
}

func (i PolicyItem) retention() retention { return retention{i.RetentionUnit, i.RetentionValue} }

// maxRetentionYears keeps times within what they can be written as.
const maxRetentionYears = 100

// isPossible reports whether something can be kept for so long.
func (r retention) isPossible() bool {
	return r.value >= 1 && r.value <= maxRetentionYears*366 && r.months(28) <= maxRetentionYears*12
}

// end returns when what is kept from a time is past.
func (r retention) end(from time.Time) time.Time {
	switch r.unit {
	case "days":
		return from.AddDate(0, 0, r.value)
	case "weeks":
		return from.AddDate(0, 0, 7*r.value)
	case "months":
		return from.AddDate(0, r.value, 0)
	default:
		return from.AddDate(r.value, 0, 0)
	}
}

// isInMonths reports whether the unit is of months, whose length differs.
func (r retention) isInMonths() bool { return r.unit == "months" || r.unit == "years" }

// days returns the retention in days, with so many in a month.
func (r retention) days(inMonth int) int {
	switch r.unit {
	case "days":
		return r.value
	case "weeks":
		return 7 * r.value
	case "months":
		return inMonth * r.value
	default:
		return 12 * inMonth * r.value
	}
}

// months returns the retention in whole months, with so many days in one.
func (r retention) months(days int) int {
	switch r.unit {
	case "months":
		return r.value
	case "years":
		return 12 * r.value
	default:
		return r.days(days) / days
	}
}

// shorterThan reports whether r is shorter than the other for sure or maybe: where one is
// in days and one in months, a month of r is short and one of the other long.
func (r retention) shorterThan(other retention) bool {
	const shortMonth, longMonth = 28, 31
	if r.isInMonths() && other.isInMonths() {
		return r.months(shortMonth) < other.months(shortMonth)
	}
	return r.days(shortMonth) < other.days(longMonth)
}

// leastRetention is how long the snapshots of a frequency are kept at least.
func leastRetention(frequency string, r retention) bool {
	switch frequency {
	case weekly:
		return r.days(31) >= 7
	case monthly:
		return r.days(31) >= 31
	case yearly:
		return r.isInMonths() && r.months(31) >= 12 || r.days(31) >= 365
	default:
		return true
	}
}

// checkPolicy returns INVALID_BACKUP_POLICY for the first of Atlas' rules that the items
// break together.
func checkPolicy(items []PolicyItem) error {
	invalid := func(format string, args ...any) error {
		return atlas.NewError(atlas.CodeInvalidBackupPolicy, fmt.Sprintf(format, args...))
	}
	count := make(map[string]int)
	for _, item := range items {
		count[item.FrequencyType]++
		switch {
		case !hasInterval(item.FrequencyType, item.FrequencyInterval):
			return invalid("%d is not a frequency interval of %s snapshots", item.FrequencyInterval, item.FrequencyType)
		case !item.retention().isPossible():
			return invalid("snapshots can be kept for 1 day to %d years", maxRetentionYears)
		case !leastRetention(item.FrequencyType, item.retention()):
			return invalid("%s snapshots must be kept until the next one is taken", item.FrequencyType)
		}
	}
	for _, frequency := range []string{hourly, daily} {
		if count[frequency] > 1 {
			return invalid("there can be one %s policy item", frequency)
		}
	}
	for _, rarer := range items {
		for _, other := range items {
			if rank(rarer) > rank(other) && rarer.retention().shorterThan(other.retention()) {
				return invalid("%s snapshots must be kept as long as %s ones", rarer.FrequencyType, other.FrequencyType)
			}
		}
	}
	return nil
}

// rank orders items by their frequency, the most frequent first.
func rank(item PolicyItem) int { return slices.Index(frequencies, item.FrequencyType) }

// dueFirst returns when the first of the items is due, and those that are due then, the
// rarest first; or nothing if there are no items.
func dueFirst(items []PolicyItem) (time.Time, []PolicyItem) {
	var first time.Time
	for _, item := range items {
		if first.IsZero() || item.Next.Before(first) {
			first = item.Next
		}
	}
	due := slices.DeleteFunc(slices.Clone(items), func(item PolicyItem) bool { return !item.Next.Equal(first) })
	slices.SortStableFunc(due, func(a, b PolicyItem) int { return cmp.Compare(rank(b), rank(a)) })
	return first, due
}
