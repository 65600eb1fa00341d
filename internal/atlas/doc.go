// Package atlas is the service: what is allowed and what happens.
//
// A request comes in three steps. Authenticate turns credentials into a
// Principal, in one query. The Principal, asked for what the operation needs,
// answers with a proof such as BackupWriter or with the refusal that Atlas would
// give. A method of Service takes the proof in place of a project id and does
// the work. Nothing else makes a proof, so no operation can be called for a
// project on which the caller was not checked.
//
// The package owns every transaction. What a client may read of a failure is an
// *Error; any other error is a fault of ours.
package atlas
