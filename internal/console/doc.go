// Package console is what a browser sees of the staging plane: pages that call what the
// HTTP plane calls, with the same proofs, and have no power of their own. Every page works
// without scripts.
//
// A page is one line of the table in routes.go: method, path, template, and the handler,
// which says what it asks of its caller. The handler is a function of the context, the proof
// and the visit that returns a page, which is data for the template, or an error, which
// becomes a page that says what is wrong. A change is a POST that leads to a page that says
// what was done; where a secret is shown, which is once, it is the answer of the POST.
package console
