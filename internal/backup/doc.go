// Package backup is about what snapshots are exported to: export buckets, and the
// cloud provider access roles that may write to them.
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
//   - Rows are locked in this order: the project, the access role, export buckets.
package backup
