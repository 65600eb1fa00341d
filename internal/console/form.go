package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"exportbuckets/internal/admin"
	"exportbuckets/staging"
)

// field is a field of a form.
type field struct {
	Name, Label, Hint string
	Options           []option // empty if any text does
	Value             string
	Wrong             bool // whether the page says that the value can't be
}

// option is a value that can be chosen.
type option struct{ Value, Label string }

// filled returns the fields with what was sent, and the one that a problem is about marked.
func filled(fields []field, sent url.Values, problem *staging.Problem) []field {
	fields = slices.Clone(fields)
	for i := range fields {
		fields[i].Value = sent.Get(fields[i].Name)
		fields[i].Wrong = problem != nil && slices.Contains(strings.Split(problem.At, "/"), fields[i].Name)
	}
	return fields
}

// names returns those of the fields.
func names(fields []field) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
	}
	return all
}

// withoutEmpty returns the parameters that have a value.
func withoutEmpty(parameters url.Values) url.Values {
	rest := make(url.Values, len(parameters))
	for name := range parameters {
		if value := strings.TrimSpace(parameters.Get(name)); value != "" {
			rest.Set(name, value)
		}
	}
	return rest
}

// address returns a path with a query, if there is one.
func address(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// refill returns the page of a form as it was filled in, if what is wrong with that is the
// sender's to mend, and else the error. The data is that of the page with the problem.
func refill(title string, err error, data func(*staging.Problem) (any, error)) (page, error) {
	problem, ok := errors.AsType[*staging.Problem](err)
	if !ok || problem.Code != staging.CodeInvalid {
		return page{}, err
	}
	shown, err := data(problem)
	if err != nil {
		return page{}, err
	}
	return page{title: title, data: shown, problem: problem}, nil
}

// maxForm is how many bytes a form has at most. Also who has not signed in sends one.
const maxForm = 64 << 10

// form returns what a form has sent. It returns INVALID for a field that is not one text, or
// not known, and TOO_LARGE.
func (v *visit) form(known ...string) (url.Values, error) {
	v.Body = http.MaxBytesReader(v.w, v.Body, maxForm)
	err := v.ParseForm()
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, staging.NewProblem(staging.CodeTooLarge, "A form has at most %d bytes.", maxForm)
	}
	if err != nil {
		return nil, staging.NewProblem(staging.CodeInvalid, "The form can't be read.")
	}
	return v.PostForm, admin.CheckParameters(v.PostForm, known)
}
