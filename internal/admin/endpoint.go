package admin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// call is a request of someone who has a token.
type call struct {
	*http.Request
	Record

	w      http.ResponseWriter
	caller tenantstate.Caller
}

// endpoint is what an operation asks of its caller, and what it does.
type endpoint func(*call) (any, error)

// nothing is the answer of operations that have nothing to say.
type nothing struct{}

// written is an answer that is not JSON.
type written struct {
	contentType string
	body        []byte
}

// asCaller returns the endpoint of a handler for everyone who has a token.
func asCaller[A any](handle func(context.Context, tenantstate.Caller, *call) (A, error)) endpoint {
	return func(c *call) (any, error) { return handle(c.Context(), c.caller, c) }
}

// asReader returns the endpoint of a handler for those who may see the organization in the
// path.
func asReader[A any](handle func(context.Context, tenantstate.Reader, *call) (A, error)) endpoint {
	return func(c *call) (any, error) {
		reader, err := c.caller.Reader(c.Context(), c.PathValue("org"))
		if err != nil {
			return nil, err
		}
		return handle(c.Context(), reader, c)
	}
}

// asWriter returns the endpoint of a handler for those who may change the organization in
// the path.
func asWriter[A any](handle func(context.Context, tenantstate.Writer, *call) (A, error)) endpoint {
	return func(c *call) (any, error) {
		writer, err := c.caller.Writer(c.Context(), c.PathValue("org"))
		if err != nil {
			return nil, err
		}
		return handle(c.Context(), writer, c)
	}
}

// asOperator returns the endpoint of a handler for the operator, on the organization in
// the path.
func asOperator[A any](
	handle func(context.Context, tenantstate.Operator, tenantstate.Reader, *call) (A, error),
) endpoint {
	return asReader(func(ctx context.Context, reader tenantstate.Reader, c *call) (answer A, err error) {
		operator, err := c.caller.Operator()
		if err != nil {
			return answer, err
		}
		return handle(ctx, operator, reader, c)
	})
}

// operation returns the handler that makes the checks before op and serves it.
func (s *Server) operation(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r, Record: NewRecord(r), w: w}
		answer, err := s.serve(c, op)
		status := op.status
		if err != nil {
			status = s.writeProblem(w, err)
		} else {
			c.Tell(s.Journal, op.method+" "+op.path.Pattern())
			s.write(w, status, answer)
		}
		c.Log(s.cfg.Log, status, err)
	}
}

// serve makes the checks that all operations share.
func (s *Server) serve(c *call, op operation) (any, error) {
	if !s.cfg.Staging {
		return nil, staging.NewProblem(staging.CodeStagingOff, "The server runs without --staging.")
	}
	var err error
	if c.caller, err = s.authenticate(c.Request); err != nil {
		return nil, err
	}
	c.SignedIn(c.caller)
	if op.path != "" { // or it is none
		if err := CheckAddress(c.URL, op.path.Parameters()); err != nil {
			return nil, err
		}
	}
	return op.serve(c)
}

// CheckAddress returns INVALID for a path or a query that is no text, and for a parameter
// that is not known.
func CheckAddress(address *url.URL, known []string) error {
	query, err := url.ParseQuery(address.RawQuery)
	if err != nil || !isText(address.Path) {
		return staging.Invalid("", "The path or the query can't be read.")
	}
	return CheckParameters(query, known)
}

// CheckParameters returns INVALID for a parameter that is not one text, or not known: what
// is misspelt is not left out, such as the one that says to change nothing.
func CheckParameters(parameters url.Values, known []string) error {
	for name, values := range parameters {
		if !slices.Contains(known, name) {
			return staging.Invalid("/"+name, "There is no such parameter.")
		}
		if len(values) > 1 || !isText(values[0]) {
			return staging.Invalid("/"+name, "This is not one text.")
		}
	}
	return nil
}

// isText reports whether PostgreSQL could keep a text.
func isText(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

// authenticate returns who presents the token of a request.
func (s *Server) authenticate(r *http.Request) (tenantstate.Caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	return s.TenantState.Authenticate(r.Context(), token)
}

// noOperation is the endpoint of everything that is none.
func noOperation(c *call) (any, error) {
	return nil, staging.NewProblem(staging.CodeNotFound, "There is no operation %s %s.", c.Method, c.URL.EscapedPath())
}

// body returns the whole body of the request, or TOO_LARGE.
func (c *call) body() ([]byte, error) {
	data, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, staging.MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, staging.NewProblem(staging.CodeTooLarge, "A body has at most %d bytes.", staging.MaxBody)
	}
	if err != nil {
		return nil, staging.NewProblem(staging.CodeInvalid, "The body did not come to its end.")
	}
	return data, nil
}

// decode reads a body, which is an object in JSON. It returns INVALID with the place of what
// is wrong.
func decode[T any](c *call) (T, error) {
	data, err := c.body()
	if err != nil {
		var none T
		return none, err
	}
	return Decode[T](data)
}

// Decode reads JSON, and returns what decode does.
func Decode[T any](data []byte) (value T, err error) {
	if at, found := zeroIn(data); found {
		return value, staging.Invalid(at, "A text has no zero character.")
	}
	err = json.Unmarshal(data, &value, json.RejectUnknownMembers(true))
	if mismatch, ok := errors.AsType[*json.SemanticError](err); ok {
		at := string(mismatch.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			return value, staging.Invalid(at, "There is no such key.")
		}
		return value, staging.Invalid(at, "This is not of the kind that belongs here.")
	}
	if malformed, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return value, staging.Invalid(string(malformed.JSONPointer), "The body is not JSON.")
	}
	if err != nil {
		return value, staging.Invalid("", "The body is not JSON.")
	}
	return value, nil
}

// zeroIn returns the place of a text with a zero character in JSON, if there is one.
func zeroIn(data []byte) (at string, found bool) {
	for decoder := jsontext.NewDecoder(bytes.NewReader(data)); ; {
		token, err := decoder.ReadToken()
		if err != nil {
			return "", false
		}
		if token.Kind() == jsontext.KindString && !isText(token.String()) {
			return string(decoder.StackPointer()), true
		}
	}
}
