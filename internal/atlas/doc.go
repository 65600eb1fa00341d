// Package atlas is the vocabulary that all families share: who is calling and
// what it may do, what a refusal is, and what part of a list is asked for. It has
// no database.
//
// A request comes in three steps. Package iam turns its credentials into a
// Principal. The Principal, asked for what the operation needs, answers with a
// proof such as BackupWriter or with the refusal that Atlas would give. A method
// of a family's Service takes the proof in place of a project's or an
// organization's id and does the work.
//
// What always holds:
//
//   - Nothing but the methods of a Principal makes a proof, so no operation can be
//     called for a project on which the caller was not checked. The zero value of
//     a proof, which anyone can write, panics when it is asked what it is for.
//   - What a client may read of a failure is an *Error. Any other error is a fault
//     of ours.
package atlas
