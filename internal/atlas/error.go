package atlas

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"exportbuckets/staging"
)

// Error is a refusal that the client may read. Any other error is ours: the
// client sees UNEXPECTED_ERROR, and the log sees the rest.
type Error struct {
	Code       Code
	Detail     string // one sentence, safe to show
	Parameters []any  // what was put into the sentence: strings or integers
	// Because is what the refusal rests on, beside the parameters. It is for the journal
	// of the caller's organization, and never in an answer.
	Because []staging.Fact
}

// NewError returns the refusal that Atlas gives for code. The parameters stand in
// the body beside its sentence, and fill its places, if it has some, in order.
func NewError(code Code, parameters ...any) *Error {
	detail := code.Detail
	if strings.Contains(detail, "%v") {
		detail = fmt.Sprintf(detail, parameters...)
	}
	if code.Parameter != "" && len(parameters) > 0 {
		parameters = []any{fmt.Sprintf(code.Parameter, parameters...)}
	}
	return &Error{Code: code, Detail: detail, Parameters: parameters}
}

// Fact adds to what the refusal rests on: the value of something, and what it would have
// to be, if that can be said.
func (e *Error) Fact(name, value, needs string) *Error {
	e.Because = append(e.Because, staging.Fact{Name: name, Value: value, Needs: needs})
	return e
}

// Facts returns what the refusal rests on.
func (e *Error) Facts() []staging.Fact {
	var facts []staging.Fact
	names := strings.Fields(rules[e.Code].parameters)
	for i, name := range names[:min(len(names), len(e.Parameters))] {
		facts = append(facts, staging.Fact{Name: name, Value: fmt.Sprint(e.Parameters[i])})
	}
	return append(facts, e.Because...)
}

// Rule returns what has to hold, or else this is the refusal.
func (e *Error) Rule() string { return rules[e.Code].sentence }

// Error returns the code and the sentence.
func (e *Error) Error() string {
	return e.Code.Name + ": " + e.Detail
}

// Wrap says what was being done when err came up. It returns nil if err is nil, and
// a refusal as it is.
func Wrap(err error, doing string) error {
	if _, refused := errors.AsType[*Error](err); refused || err == nil {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// WrapMissing does what Wrap does, and returns missing if err says that there is no
// row.
func WrapMissing(err error, doing string, missing error) error {
	if errors.Is(err, sql.ErrNoRows) { // as pgx.ErrNoRows is, too
		return missing
	}
	return Wrap(err, doing)
}

var (
	// ErrUnauthenticated says that the credentials are not those of anyone.
	ErrUnauthenticated = errors.New("the credentials are not valid")
	// ErrStaleNonce says that the credentials are right, but their nonce is too
	// old. RFC 7616, section 3.3: stale.
	ErrStaleNonce = errors.New("the nonce is not fresh")
	// ErrNoOrg says that the organization is gone, and with it whoever calls for it.
	ErrNoOrg = fmt.Errorf("there is no such organization: %w", ErrUnauthenticated)
	// ErrSecretNotFound says that a service account has no such secret.
	ErrSecretNotFound = errors.New("there is no such secret")
	// ErrInvalidClient says that a service account's id and secret do not
	// match. RFC 6749, section 5.2: invalid_client.
	ErrInvalidClient = errors.New("the client id and secret are not valid")
	// ErrOutcomeUnknown says that a change may have been made, or not: the connection
	// to the database was lost while it was committed.
	ErrOutcomeUnknown = errors.New("the change may have been made")
	// ErrUnavailable says that what the request needs is not to be had now, the
	// database or a lock, and that nothing was changed. The client may come back.
	ErrUnavailable = errors.New("the service is not available")
)
