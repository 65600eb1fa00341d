// Package backup is about snapshots of clusters, the schedules that ask for them, and what
// they are exported to: export buckets, and the cloud provider access roles that may write
// to them.
//
// Nothing is copied or exported. A snapshot is a row with times, from which its state
// follows, as that of a cluster does, and so is an export job; package settle makes those
// that are due. Jobs name bucket and snapshot by value: they are history, and outlive both.
//
// The create of an export bucket makes one round trip, in one statement that
// requests which come at the same moment share (package batch): it locks the access
// role FOR SHARE, so that the role is as it must be until the commit, and inserts
// the bucket. A role that someone else is changing is skipped; its bucket waits for
// the role alone, and then tries again.
//
// What always holds:
//
//   - An export bucket has a role of its own project and cloud provider. The schema
//     says so.
//   - It was inserted while its role was authorized.
//   - A backup schedule exports to a bucket of its own project, which can't be deleted as
//     long as it does. The schema says so.
//   - Rows are locked in this order: the project, the access role, export buckets,
//     clusters, their schedules and snapshots.
package backup
