package staging

import (
	"fmt"
	"net/http"
	"regexp"
)

// Code tells kinds of problems apart.
type Code string

// The codes of problems.
const (
	CodeInvalid         Code = "INVALID"                // of what was sent; At is the place
	CodeSecretRequired  Code = "SECRET_REQUIRED"        // a credential that is not there yet has no secret
	CodeUnauthenticated Code = "UNAUTHENTICATED"        // no token, or an unknown one
	CodeReadOnlyToken   Code = "READ_ONLY_TOKEN"        // the token may not change anything, or not this
	CodeOriginRefused   Code = "ORIGIN_REFUSED"         // a host that is not the server's, or a page of a stranger
	CodeNotFound        Code = "NOT_FOUND"              // or another team's
	CodeConflict        Code = "CONFLICT"               // with what is there
	CodeProtected       Code = "ORGANIZATION_PROTECTED" // the organization is not marked for staging
	CodeStagingOff      Code = "STAGING_OFF"            // the server runs without --staging
	CodeTooLarge        Code = "TOO_LARGE"              // a body of more than MaxBody
	CodeLimit           Code = "LIMIT"                  // more than there may be
	CodeBusy            Code = "BUSY"                   // the database, a lock or a place can't be had; try again
	CodeUnexpected      Code = "UNEXPECTED"             // a fault of the server
)

// MaxBody is how many bytes the body of a request can have.
const MaxBody = 8 << 20

var statuses = map[Code]int{
	CodeInvalid:         http.StatusBadRequest,
	CodeSecretRequired:  http.StatusBadRequest,
	CodeUnauthenticated: http.StatusUnauthorized,
	CodeReadOnlyToken:   http.StatusForbidden,
	CodeOriginRefused:   http.StatusForbidden,
	CodeNotFound:        http.StatusNotFound,
	CodeConflict:        http.StatusConflict,
	CodeProtected:       http.StatusConflict,
	CodeStagingOff:      http.StatusConflict,
	CodeTooLarge:        http.StatusRequestEntityTooLarge,
	CodeLimit:           http.StatusUnprocessableEntity,
	CodeBusy:            http.StatusServiceUnavailable,
	CodeUnexpected:      http.StatusInternalServerError,
}

// Status returns the HTTP status that answers have with the code.
func (c Code) Status() int { return statuses[c] }

// Problem is why a request was refused: the body of the answer, of the media type
// application/problem+json. RFC 9457.
type Problem struct { //nolint:errname // RFC 9457 calls it so.
	Title  string `json:"title"`  // of the status
	Status int    `json:"status"` // of the answer
	Detail string `json:"detail"`
	Code   Code   `json:"code"`
	// At is the place in the body or the query that is wrong, as a JSON pointer (RFC
	// 6901). Empty if it is no place.
	At string `json:"at,omitempty"`
}

// NewProblem returns a problem of the code. The detail is a sentence.
func NewProblem(code Code, format string, args ...any) *Problem {
	return &Problem{
		Title:  http.StatusText(code.Status()),
		Status: code.Status(),
		Detail: fmt.Sprintf(format, args...),
		Code:   code,
	}
}

// Invalid returns the problem of a value at a place.
func Invalid(at, format string, args ...any) *Problem {
	problem := NewProblem(CodeInvalid, format, args...)
	problem.At = at
	return problem
}

// name is the form of the names of states and faults: those that need no quotes in a shell
// and no escape in a path, can stand in a header, and are no . or .. in a path.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckName returns INVALID at /name for what can't be the name of a state or a fault.
func CheckName(text string) error {
	if name.MatchString(text) {
		return nil
	}
	return Invalid("/name", "A name has up to 64 letters, digits, dots, underscores and hyphens, "+
		"and begins with a letter or a digit.")
}

// Error returns code, place and detail.
func (p *Problem) Error() string {
	if p.At != "" {
		return fmt.Sprintf("%s at %s: %s", p.Code, p.At, p.Detail)
	}
	return fmt.Sprintf("%s: %s", p.Code, p.Detail)
}
