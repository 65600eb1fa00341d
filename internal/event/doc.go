// Package event keeps what has happened to organizations and projects.
//
// An event is written in the transaction of what it tells of, so that there is none
// without the other, and nothing changes it. It names project, caller and cluster by
// value: they may be gone. What has happened to an organization is kept for good; what
// has happened to a project alone goes with the project.
//
// What time does is written with what begins it, as the times of clusters and of their
// backups are, and told when a project is settled. So it is told once, with its own time,
// whoever looks and whenever. What takes another course before it happens is forgotten.
package event
