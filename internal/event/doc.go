// Package event keeps what has happened to organizations and projects.
//
// An event is written in the transaction of what it tells of, so that there is none
// without the other, and nothing changes it. It names project, caller and cluster by
// value: they may be gone. What has happened to an organization is kept for good; what
// has happened to a project alone goes with the project.
package event
