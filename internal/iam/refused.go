package iam

import "exportbuckets/internal/atlas"

// RefusedError is a sign-in that was refused. Why is for the log: a client that
// learned it could find out who there is.
type RefusedError struct {
	Reason string // one of few
	answer error  // what the client learns
	// Account is that of the client id whose secret was wrong; nil if none is known.
	Account *atlas.Principal
}

// Error returns what the client learns, and the reason.
func (e *RefusedError) Error() string { return e.answer.Error() + ": " + e.Reason }

// Unwrap returns what the client learns: atlas.ErrUnauthenticated or
// atlas.ErrInvalidClient.
func (e *RefusedError) Unwrap() error { return e.answer }

// Refuse returns the refusal of credentials.
func Refuse(reason string) error {
	return &RefusedError{Reason: reason, answer: atlas.ErrUnauthenticated}
}

func refuseClient(reason string, account *atlas.Principal) error {
	return &RefusedError{reason, atlas.ErrInvalidClient, account}
}
