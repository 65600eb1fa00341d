// Package tenant is about organizations and projects, with what Atlas keeps with
// them and this server only keeps and shows: settings and limits.
//
// What a project owns goes with it: DeleteProject deletes it in one transaction,
// which locks the project first, then its access roles, and then deletes the rows
// of each table in ownedTables. Who adds something to the project locks the project
// or the access role, and so either is there before or finds it gone.
package tenant
