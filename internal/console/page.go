package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"exportbuckets/internal/admin"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

//go:embed static templates
var files embed.FS

// page is the answer of a handler.
type page struct {
	title string // of the page, and its heading
	data  any    // for the template
	// then is the page that a change leads to, and done the sentence that it shows.
	then, done string
	// file is what is saved and not shown, under a name; nil for none.
	file               []byte
	fileName, fileType string
	// problem is what is wrong with what was sent, where the page is the form with it; nil if
	// nothing is.
	problem *staging.Problem
}

// show returns the page of a title.
func show(title string, data any) page { return page{title: title, data: data} }

// leadTo returns the answer to a change: the page that shows it, and a sentence that says
// what was done.
func leadTo(then, done string, args ...any) page {
	return page{then: then, done: fmt.Sprintf(done, args...)}
}

// view is what the templates see.
type view struct {
	Title string
	Data  any
	// Done says what was done before the page was asked for; empty for nothing.
	Done string
	// Problem is what is wrong with the form that the page has; nil if nothing is.
	Problem *staging.Problem
	// Signed is whether somebody has signed in, and Operator whether it is the operator.
	Signed, Operator bool
	// Writable is whether who has signed in may change anything.
	Writable bool
	// Org is the organization whose page it is; nil for a page of none.
	Org      *staging.Organization
	Sections []link // of the organization
	Path     string
	Version  string
	// Bare is whether the browser does not tell where requests come from.
	Bare bool
}

// section is a page that each organization has.
type section struct{ label, pattern string }

// link is a place that pages lead to.
type link struct {
	Label, Path string
	Current     string // the value of aria-current; empty if it is elsewhere
}

// parseTemplates returns the templates of all pages by their names.
func parseTemplates() map[string]*template.Template {
	const layout = "templates/layout.html"
	base := template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, layout))
	all := make(map[string]*template.Template)
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic(err) // the pattern is one
	}
	for _, name := range names {
		if name != layout {
			page := template.Must(template.Must(base.Clone()).ParseFS(files, name))
			all[strings.TrimSuffix(path.Base(name), ".html")] = page
		}
	}
	return all
}

// functions are those that templates call.
var functions = template.FuncMap{
	// machine and human write a time, which is a time.Time or a *time.Time.
	"machine": func(at any) string { return inUTC(at).Format(time.RFC3339Nano) },
	"human":   human,
	// count writes how many there are of something.
	"count": func(n any, one string) string {
		if fmt.Sprint(n) == "1" {
			return "1 " + one
		}
		return fmt.Sprintf("%v %ss", n, one)
	},
	"ago":       func(days *int) int { return -*days },
	"figure":    func(value float64) string { return strconv.FormatFloat(math.Round(value*1e6)/1e6, 'f', -1, 64) },
	"hours":     func(d time.Duration) string { return fmt.Sprintf("%gh", d.Hours()) },
	"mebibytes": func(bytes int64) string { return strconv.FormatFloat(float64(bytes)/(1<<20), 'f', 1, 64) },
	"place":     place,
}

// place returns where the page of the organization shows a row of a table, as the fragment of
// an address; empty if it does not.
func place(table, id string) string {
	if id == "" {
		return ""
	}
	switch table {
	case "projects":
		return "p" + id
	case "cloud_provider_access_roles", "export_buckets", "clusters":
		return "r" + id
	}
	return ""
}

func human(at any) string { return inUTC(at).Format("2006-01-02 15:04:05 UTC") }

func inUTC(at any) time.Time {
	if pointer, ok := at.(*time.Time); ok {
		return pointer.UTC()
	}
	return at.(time.Time).UTC() //nolint:forcetypeassert // A template that gives another is wrong.
}

// answer answers with what a handler returned, and returns the status.
func (v *visit) answer(name string, p page) int {
	switch {
	case p.then != "":
		if p.done != "" {
			v.setDone(p.done)
		}
		http.Redirect(v.w, v.Request, p.then, http.StatusSeeOther)
		return http.StatusSeeOther
	case p.file != nil:
		v.w.Header().Set("Content-Type", p.fileType)
		v.w.Header().Set("Content-Disposition", `attachment; filename="`+p.fileName+`"`)
		_, _ = v.w.Write(p.file) // whoever has gone reads nothing
		return http.StatusOK
	}
	return v.render(http.StatusOK, name, p)
}

// render answers with a page, and returns the status.
func (v *visit) render(status int, name string, p page) int {
	shown := view{
		Title: p.title, Data: p.data, Done: v.takeDone(), Problem: p.problem, Org: v.org,
		Path: v.URL.Path, Version: v.console.cfg.Version,
		Bare: v.Header.Get("Sec-Fetch-Site") == "",
	}
	if v.caller != nil {
		shown.Signed, shown.Operator, shown.Writable = true, v.caller.OrgID() == nil, !v.caller.IsReadOnly()
	}
	if v.org != nil {
		shown.Sections = v.sections()
	}
	var body bytes.Buffer
	if err := v.console.templates[name].Execute(&body, shown); err != nil {
		v.console.cfg.Log.Error("render page", "template", name, "error", err)
		status = http.StatusInternalServerError
		body.Reset()
		body.WriteString("The server has a fault; its log says which.\n")
		v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	} else {
		v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	}
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body.Bytes()) // whoever has gone reads nothing
	return status
}

// sections returns the links between the pages of the organization.
func (v *visit) sections() []link {
	links := make([]link, len(v.console.sections))
	for i, s := range v.console.sections {
		links[i] = link{Label: s.label, Path: strings.ReplaceAll(s.pattern, "{org}", v.org.ID)}
		switch {
		case v.URL.Path == links[i].Path:
			links[i].Current = "page"
		case i > 0 && strings.HasPrefix(v.URL.Path, links[i].Path+"/"):
			links[i].Current = "true"
		}
	}
	return links
}

// refusal is what a page says of a problem.
type refusal struct {
	*staging.Problem

	Advice string
}

// advice says what to do about a problem.
var advice = map[staging.Code]string{
	staging.CodeInvalid:        "Go back, mend what is wrong, and send it again. Nothing was changed.",
	staging.CodeSecretRequired: "Go back, add the secret, and send it again. Nothing was changed.",
	staging.CodeReadOnlyToken:  "Sign in with a token that may do this. Nothing was changed.",
	staging.CodeOriginRefused:  "Open the console at its own address, and do it there. Nothing was changed.",
	staging.CodeNotFound:       "It may have ended or been removed, or belong to another team.",
	staging.CodeConflict:       "Look at what is there, and decide again. Nothing was changed.",
	staging.CodeProtected: "Protected organizations are never reset. The operator marks one for staging with: " +
		"exportbuckets tenant protect --off --org ID.",
	staging.CodeTooLarge:   "Send less at a time. Nothing was changed.",
	staging.CodeLimit:      "Delete what is not needed any more, and try again. Nothing was changed.",
	staging.CodeBusy:       "Wait a moment, and try again.",
	staging.CodeUnexpected: "Try again, and tell the operator if it goes on.",
}

// refuse answers with the page of an error, and returns the status.
func (v *visit) refuse(err error) int {
	problem := tenantstate.ProblemOf(err)
	admin.SetProblemHeader(v.w.Header(), problem)
	if problem.Code == staging.CodeUnauthenticated {
		if v.cookie(sessionCookie) != "" {
			v.setCookie(sessionCookie, "", 0) // it is told once
		}
		return v.render(problem.Status, "sign-in", v.signInPage(problem))
	}
	shown := refusal{problem, advice[problem.Code]}
	return v.render(problem.Status, "problem", show(problem.Title, shown))
}
