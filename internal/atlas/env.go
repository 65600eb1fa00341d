package atlas

import (
	"time"

	"exportbuckets/internal/objectid"
)

// Env is the time and chance that services work with. Tests put their own in the
// place of them.
type Env struct {
	// Clock tells the real time. Required.
	Clock func() time.Time
	// NewID makes the id of what is created at a time. Required.
	NewID func(time.Time) objectid.ID
	// NewEventID makes the id of an event at a time. Required.
	NewEventID func(time.Time) objectid.ID
	// Pace is how long things take. What has begun keeps the times of the pace that it
	// began at.
	Pace Pace
}

// Now returns the real time as PostgreSQL keeps it, in microseconds. It is asked for once a
// request, when that comes in; what knows its principal asks the principal, whose
// organization may have a clock of its own.
func (e Env) Now() time.Time {
	return e.Clock().UTC().Truncate(time.Microsecond)
}

// The bounds of how long the secret of a service account is good. Atlas, "Service
// Accounts".
const (
	MinSecretHours = 8
	MaxSecretHours = 8760
)
