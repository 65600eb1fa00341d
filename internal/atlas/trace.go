package atlas

import (
	"context"

	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// Trace tells why a request is answered as it is: the steps of the way, in order, each
// written by the code that decides. A nil Trace is one that nobody wants: its methods do
// nothing, and allocate nothing as long as what they are given is at hand. Not for
// concurrent use.
type Trace struct{ steps []staging.Step }

// The names of steps.
const (
	StepRoute        = "route"
	StepAuthenticate = "authenticate"
	StepAddress      = "address"
	StepFault        = "fault" // that somebody has staged
	StepRateLimit    = "rateLimit"
	StepVersion      = "version"
	StepAuthorize    = "authorize"
	StepRule         = "rule" // a rule of the operation, such as of its body
	StepRows         = "rows"
)

type traceKey struct{}

// WithTrace returns a context with a trace.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the trace of a context, or nil.
func TraceOf(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

// Step begins a step, which goes well unless Refuse says otherwise.
func (t *Trace) Step(name string) *Trace {
	if t != nil {
		t.steps = append(t.steps, staging.Step{Name: name, OK: true})
	}
	return t
}

// Fact adds a fact to the step.
func (t *Trace) Fact(name, value string) *Trace {
	if t != nil {
		t.fact(staging.Fact{Name: name, Value: value})
	}
	return t
}

// ID adds a fact to the step that is an id.
func (t *Trace) ID(name string, id objectid.ID) *Trace {
	if t != nil {
		t.fact(staging.Fact{Name: name, Value: id.String()})
	}
	return t
}

func (t *Trace) fact(fact staging.Fact) {
	last := &t.steps[len(t.steps)-1]
	last.Facts = append(last.Facts, fact)
}

// Refuse ends the step, and the trace: the rule does not hold.
func (t *Trace) Refuse(rule string, facts ...staging.Fact) {
	if t == nil {
		return
	}
	if len(t.steps) == 0 {
		t.Step(StepRule)
	}
	last := &t.steps[len(t.steps)-1]
	last.OK, last.Rule = false, rule
	last.Facts = append(last.Facts, facts...)
}

// Rows adds a change of rows.
func (t *Trace) Rows(rows ...staging.Row) {
	if t == nil || len(rows) == 0 {
		return
	}
	if len(t.steps) == 0 || t.steps[len(t.steps)-1].Name != StepRows {
		t.Step(StepRows)
	}
	last := &t.steps[len(t.steps)-1]
	last.Rows = append(last.Rows, rows...)
}

// Steps returns the steps.
func (t *Trace) Steps() []staging.Step {
	if t == nil {
		return nil
	}
	return t.steps
}
