package cluster

import "time"

// State is the state of a cluster, as Atlas names it.
type State string

// The states of clusters. Atlas knows REPAIRING as well, which nothing here needs.
const (
	Creating State = "CREATING"
	Idle     State = "IDLE"
	Updating State = "UPDATING"
	Deleting State = "DELETING"
)

// state returns the state at a time of a cluster with these times.
func state(readyAt, appliedAt time.Time, goneAt *time.Time, now time.Time) State {
	switch {
	case goneAt != nil:
		return Deleting
	case now.Before(readyAt):
		return Creating
	case now.Before(appliedAt):
		return Updating
	}
	return Idle
}
