package atlas

import "time"

// Pace is how long things take that Atlas does in the background.
type Pace struct {
	// Creating, Updating and Deleting are how long clusters take to be made, changed and
	// gone. A free one is made in FreeCreating, and updated once after it.
	Creating, FreeCreating, Updating, Deleting time.Duration

	// SnapshotQueued, SnapshotTaken and SnapshotCompleted are how long after it was asked
	// for a snapshot is begun, shows the cluster, and is completed.
	SnapshotQueued, SnapshotTaken, SnapshotCompleted time.Duration

	// ExportQueued and Exporting are how long an export job waits, if it waits for no
	// other, and how long it takes then.
	ExportQueued, Exporting time.Duration
}

// attention is how long a state lasts that clients insist on seeing: the Atlas CLI fails
// if the first look at a new cluster does not say CREATING, or at one that is being
// deleted DELETING, and looks again every four seconds.
const attention = 6 * time.Second

// Paces are the paces that an installation can have, by their names. That of Atlas is as
// it was recorded.
var Paces = map[string]Pace{
	"fast": {
		Creating: attention, FreeCreating: attention, Updating: 2 * time.Second, Deleting: attention,
		SnapshotQueued: time.Second, SnapshotTaken: 3 * time.Second, SnapshotCompleted: 5 * time.Second,
		ExportQueued: 2 * time.Second, Exporting: 4 * time.Second,
	},
	"atlas": {
		Creating: 12*time.Minute + 47*time.Second, FreeCreating: 20 * time.Second,
		Updating: 5 * time.Minute, Deleting: 3*time.Minute + 19*time.Second,
		SnapshotQueued: 5 * time.Second, SnapshotTaken: 95 * time.Second, SnapshotCompleted: 170 * time.Second,
		ExportQueued: time.Minute, Exporting: 13*time.Minute + 31*time.Second,
	},
	"instant": {Creating: attention, FreeCreating: attention, Deleting: attention},
}
