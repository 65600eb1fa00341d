package console

import (
	"context"
	"net/http"

	"exportbuckets/internal/admin"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// visit is a request of a browser.
type visit struct {
	*http.Request
	admin.Record

	console *Console
	w       http.ResponseWriter
	// caller is who has signed in; nil for nobody, and signedOut says why.
	caller    *tenantstate.Caller
	signedOut error
	// org is the organization in the path, once its reader or writer is known.
	org *staging.Organization
}

// handler is what a page asks of its caller, and what it does.
type handler func(*visit) (page, error)

// asAnyone returns the handler for everyone.
func asAnyone(handle func(context.Context, *visit) (page, error)) handler {
	return func(v *visit) (page, error) { return handle(v.Context(), v) }
}

// asCaller returns the handler for everyone who has signed in.
func asCaller(handle func(context.Context, tenantstate.Caller, *visit) (page, error)) handler {
	return func(v *visit) (page, error) {
		if v.caller == nil {
			return page{}, v.signedOut
		}
		return handle(v.Context(), *v.caller, v)
	}
}

// asReader returns the handler for those who may see the organization in the path.
func asReader(handle func(context.Context, tenantstate.Reader, *visit) (page, error)) handler {
	return asCaller(func(ctx context.Context, caller tenantstate.Caller, v *visit) (page, error) {
		reader, err := caller.Reader(ctx, v.PathValue("org"))
		if err != nil {
			return page{}, err
		}
		org, err := v.console.TenantState.Organization(ctx, reader)
		if err != nil {
			return page{}, err
		}
		v.org = &org
		return handle(ctx, reader, v)
	})
}

// asWriter returns the handler for those who may change the organization in the path.
func asWriter(handle func(context.Context, tenantstate.Writer, *visit) (page, error)) handler {
	return asReader(func(ctx context.Context, _ tenantstate.Reader, v *visit) (page, error) {
		writer, err := v.caller.Writer(ctx, v.PathValue("org"))
		if err != nil {
			return page{}, err
		}
		return handle(ctx, writer, v)
	})
}

// asOperator returns the handler for the operator.
func asOperator(handle func(context.Context, tenantstate.Operator, *visit) (page, error)) handler {
	return asCaller(func(ctx context.Context, caller tenantstate.Caller, v *visit) (page, error) {
		operator, err := caller.Operator()
		if err != nil {
			return page{}, err
		}
		return handle(ctx, operator, v)
	})
}

// visit returns the handler that makes the checks before a route and answers with its page.
func (c *Console) visit(r route) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		v := &visit{Request: request, Record: admin.NewRecord(request), console: c, w: w}
		shown, err := c.serve(v, r)
		var status int
		switch {
		case err != nil:
			status = v.refuse(err)
		case shown.problem != nil:
			err = shown.problem
			status = v.render(shown.problem.Status, r.template, shown)
		default:
			v.Tell(c.Journal, r.method+" "+r.path.Pattern())
			status = v.answer(r.template, shown)
		}
		v.Log(c.cfg.Log, status, err)
	}
}

// serve makes the checks that all pages share.
func (c *Console) serve(v *visit, r route) (page, error) {
	v.findCaller()
	if r.path != "" { // or it is none
		if err := admin.CheckAddress(v.URL, r.path.Parameters()); err != nil {
			return page{}, err
		}
	}
	return r.serve(v)
}

// findCaller finds who has signed in.
func (v *visit) findCaller() {
	session := v.cookie(sessionCookie)
	if session == "" {
		v.signedOut = errSignedOut
		return
	}
	caller, err := v.console.TenantState.CallerOfSession(v.Context(), session)
	if err != nil {
		v.signedOut = err
		return
	}
	v.caller = &caller
	v.SignedIn(caller)
}
