package seed

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// PlaceError is what is wrong at a place in a seed file. It repeats no value: that may be a
// secret.
type PlaceError struct {
	Line int    // 0 if it is not known
	At   string // a JSON pointer (RFC 6901) to the place
	Err  error
}

// Error returns the line and what is wrong there.
func (f *PlaceError) Error() string {
	if f.Line == 0 {
		return f.Err.Error()
	}
	return fmt.Sprintf("line %d: %v", f.Line, f.Err)
}

// Unwrap returns what is wrong.
func (f *PlaceError) Unwrap() error { return f.Err }

// faultAt returns what is wrong with a node of the file.
func faultAt(node ast.Node, err error) *PlaceError {
	return &PlaceError{Line: node.GetToken().Position.Line, At: pointer(node.GetPath()), Err: err}
}

// pathPart is a part of a path as the YAML library writes it, such as .name and [0].
var pathPart = regexp.MustCompile(`\.'([^']*)'|\.([^.\[]+)|\[(\d+)\]`)

// pointer returns a path of the YAML library as a JSON pointer.
func pointer(path string) string {
	var at strings.Builder
	for _, part := range pathPart.FindAllStringSubmatch(path, -1) {
		at.WriteByte('/')
		at.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(part[1] + part[2] + part[3]))
	}
	return at.String()
}

// within says at which element of a list what was wrong with it was found.
func within(list string, i int, err error) error {
	if err == nil {
		return nil
	}
	return &element{list + "/" + strconv.Itoa(i), err}
}

// atPlace says at which key what was wrong was found.
func atPlace(key string, err error) error {
	if err == nil {
		return nil
	}
	return &element{key, err}
}

// element is an error with the place of the element that it is about, below that of the
// error around it.
type element struct {
	at  string
	err error
}

func (e *element) Error() string { return e.err.Error() }

func (e *element) Unwrap() error { return e.err }

// Locate returns the fault that an error of ApplyOrg is, for the organization of that
// place in the file that was parsed.
func Locate(data []byte, i int, err error) *PlaceError {
	parts := []string{"/organizations", strconv.Itoa(i)}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if part, ok := cause.(*element); ok { //nolint:errorlint // Each of the chain is looked at.
			parts = append(parts, part.at)
		}
	}
	at := strings.Join(parts, "/")
	return &PlaceError{Line: lineOf(data, at), At: at, Err: err}
}

// lineOf returns the line of a place in a file, or of what the place is missing in.
func lineOf(data []byte, at string) int {
	found := make(map[string]int)
	walk(data, func(node ast.Node) {
		at := pointer(node.GetPath())
		if _, known := found[at]; !known {
			found[at] = node.GetToken().Position.Line
		}
	})
	for ; at != "" && found[at] == 0; at = at[:strings.LastIndexByte(at, '/')] {
		continue
	}
	return found[at]
}

// placeOf returns the place of a token.
func placeOf(data []byte, where *token.Token) (at string) {
	walk(data, func(node ast.Node) {
		position := node.GetToken().Position
		if position.Line == where.Position.Line && position.Column == where.Position.Column {
			at = pointer(node.GetPath())
		}
	})
	return at
}

// walk calls f for each node of a file.
func walk(data []byte, f func(node ast.Node)) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return
	}
	for _, document := range file.Docs {
		if document.Body != nil {
			ast.Walk(visitor(f), document.Body)
		}
	}
}

type visitor func(node ast.Node)

// Visit implements ast.Visitor.
func (v visitor) Visit(node ast.Node) ast.Visitor { //nolint:ireturn // as the interface has it
	v(node)
	return v
}
