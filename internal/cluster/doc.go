// Package cluster is about clusters: what their owners decide about them, what state
// they are in, and the network containers that they need.
//
// There is no server behind a cluster. It is a row: settings, in the shape of the newest
// API version, and times. What a client decides in an older version is turned into that
// shape when it comes in, and back when it is shown; the settings know the first version
// that can show them. The state is a function of the times and of the clock, so that no
// restart loses it, replicas agree, and a clock that is moved moves it.
//
// What always holds:
//
//   - The clusters of a project are written by one at a time: each write locks the
//     project first.
//   - A project is settled before its clusters are looked at or written to, so a cluster
//     whose deletion is over is not there.
//   - There is a network container for every cloud and region of a dedicated cluster.
package cluster
