// Package fault makes requests fail that are to: what a team has asked for, to see how its
// clients take it. It decides whether a request is to fail and how; package api does it.
package fault

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// Rule is a fault that has been checked.
type Rule struct {
	staging.Fault

	project *objectid.ID
	// revision tells it from another of its name that takes its place.
	revision int64
	// Refusal is what the fault answers with if it is of the kind error.
	Refusal *atlas.Error
	// spent is set when it has been applied to as many requests as it says. It isn't looked
	// at after that: what is left of its time costs nothing.
	spent *atomic.Bool
}

// bounds of what faults say.
const (
	maxHeaders     = 10
	maxOperations  = 200
	maxText        = 256
	maxNumber      = 1<<53 - 1 // JSON numbers are exact up to here
	maxRetryAfter  = 3600
	maxBytesPerSec = 1 << 20
)

// Compile checks a fault. It returns INVALID with the place of the first value that can't
// be. An operation is one of known. A fault that does not say when it ends does so
// staging.FaultLifetime from now.
func Compile(fault staging.Fault, known func(operation string) bool, now time.Time) (Rule, error) {
	rule := Rule{Fault: fault, spent: new(atomic.Bool)}
	rule.Seen, rule.Applied = 0, 0
	if rule.ExpiresAt == nil {
		rule.ExpiresAt = new(now.Add(staging.FaultLifetime))
	}
	for _, check := range []func() error{
		rule.checkName,
		func() error { return rule.checkMatch(known) }, func() error { return rule.checkChance(now) },
		rule.checkKind, rule.checkDelay, rule.checkForeign,
	} {
		if err := check(); err != nil {
			return Rule{}, err
		}
	}
	return rule, nil
}

func (r *Rule) checkName() error {
	if r.Name == "clear" {
		return staging.Invalid("/name", "A path has the name: .../faults/clear.")
	}
	return staging.CheckName(r.Name)
}

func (r *Rule) checkMatch(known func(string) bool) error {
	m := r.Match
	if len(m.Operations) > maxOperations {
		return staging.Invalid("/match/operations", "A fault names at most %d operations.", maxOperations)
	}
	for i, operation := range m.Operations {
		if !known(operation) {
			return staging.Invalid(pointer("/match/operations", i),
				"There is no such operation; the OpenAPI document has their ids.")
		}
	}
	if m.ProjectID != "" {
		id, err := objectid.Parse(m.ProjectID)
		if err != nil {
			return staging.Invalid("/match/projectId", "This is no id of a project.")
		}
		r.project = &id
	}
	for at, text := range map[string]string{"/match/principal": m.Principal, "/match/userAgent": m.UserAgent} {
		if len(text) > maxText {
			return staging.Invalid(at, "This has more than %d characters.", maxText)
		}
	}
	if len(m.Header) > maxHeaders {
		return staging.Invalid("/match/header", "A fault names at most %d headers.", maxHeaders)
	}
	for key, value := range m.Header {
		if key == "" || len(key)+len(value) > maxText {
			return staging.Invalid("/match/header", "A header has a name, and at most %d characters.", maxText)
		}
	}
	return nil
}

func (r *Rule) checkChance(now time.Time) error {
	switch {
	case r.Skip < 0:
		return staging.Invalid("/skip", "This is less than 0.")
	case r.Count != nil && *r.Count < 1:
		return staging.Invalid("/count", "This is less than 1.")
	case r.Probability != nil && !(*r.Probability >= 0 && *r.Probability <= 1):
		return staging.Invalid("/probability", "This is not from 0 to 1.")
	case !r.ExpiresAt.After(now):
		return staging.Invalid("/expiresAt", "This is past.")
	case r.ExpiresAt.After(now.Add(staging.MaxFaultLife)):
		return staging.Invalid("/expiresAt", "A fault lasts at most %d days.", int(staging.MaxFaultLife.Hours()/24))
	}
	return nil
}

func (r *Rule) checkKind() error {
	e := &r.Effect
	switch e.Kind {
	case staging.KindError:
		return r.checkRefusal()
	case staging.KindStatus:
		if e.Status < 400 || e.Status > 599 {
			return staging.Invalid("/fault/status", "A status of a fault is from 400 to 599.")
		}
		if e.Body == "" {
			e.Body = staging.BodyHTML
		}
		if e.Body != staging.BodyHTML && e.Body != staging.BodyText && e.Body != staging.BodyEmpty {
			return staging.Invalid("/fault/body", "A body is html, text or empty.")
		}
	case staging.KindReset:
		if e.At == "" {
			e.At = staging.ResetBefore
		}
		if e.At != staging.ResetBefore && e.At != staging.ResetCommit {
			return staging.Invalid("/fault/at", "A connection is reset before or at commit.")
		}
	case staging.KindSlowBody:
		if e.BytesPerSecond < 1 || e.BytesPerSecond > maxBytesPerSec {
			return staging.Invalid("/fault/bytesPerSecond", "This is not from 1 to %d.", maxBytesPerSec)
		}
	case staging.KindTruncate:
		if e.Bytes < 0 {
			return staging.Invalid("/fault/bytes", "This is less than 0.")
		}
	case staging.KindLatency:
		if e.Ms == 0 && e.Max == 0 && e.Median == 0 {
			return staging.Invalid("/fault", "A latency has ms, min and max, or median, sigma and max.")
		}
	case staging.KindUnauthenticated, staging.KindRateLimit:
	default:
		return staging.Invalid("/fault/kind", "There is no such kind of fault.")
	}
	if e.RetryAfter < 0 || e.RetryAfter > maxRetryAfter {
		return staging.Invalid("/fault/retryAfter", "This is not from 0 to %d seconds.", maxRetryAfter)
	}
	return nil
}

func (r *Rule) checkRefusal() error {
	codes := atlas.Codes()
	i := slices.IndexFunc(codes, func(c atlas.Code) bool { return c.Name == r.Effect.ErrorCode })
	if i < 0 {
		return staging.Invalid("/fault/errorCode", "There is no such error code; the OpenAPI document has them.")
	}
	if holes := codes[i].Parameters(); len(r.Effect.Parameters) != holes {
		return staging.Invalid("/fault/parameters", "The sentence of the code has %d.", holes)
	}
	parameters := slices.Clone(r.Effect.Parameters)
	for j, parameter := range parameters {
		switch value := parameter.(type) {
		case string:
			if len(value) > maxText {
				return staging.Invalid(pointer("/fault/parameters", j), "This has more than %d characters.", maxText)
			}
		case float64:
			if value != math.Trunc(value) || math.Abs(value) > maxNumber {
				return staging.Invalid(pointer("/fault/parameters", j), "This is no whole number up to %d.", maxNumber)
			}
			parameters[j] = int64(value)
		default:
			return staging.Invalid(pointer("/fault/parameters", j), "A parameter is a text or a number.")
		}
	}
	r.Refusal = atlas.NewError(codes[i], parameters...)
	return nil
}

func (r *Rule) checkDelay() error {
	e := r.Effect
	most := int(staging.MaxFaultDelay.Milliseconds())
	for at, ms := range map[string]int{"ms": e.Ms, "min": e.Min, "max": e.Max, "median": e.Median} {
		if ms < 0 || ms > most {
			return staging.Invalid("/fault/"+at, "A delay is from 0 to %d milliseconds.", most)
		}
	}
	given := 0
	for _, form := range []bool{e.Ms > 0, e.Median > 0, e.Median == 0 && (e.Max > 0 || e.Min > 0)} {
		if form {
			given++
		}
	}
	switch {
	case given > 1:
		return staging.Invalid("/fault", "A delay has ms, or min and max, or median, sigma and max, and no more.")
	case e.Median == 0 && e.Max < e.Min:
		return staging.Invalid("/fault/max", "This is less than min.")
	case e.Median > 0 && e.Min > 0:
		return staging.Invalid("/fault/min", "A delay with a median has no min.")
	case e.Median > 0 && e.Max < e.Median:
		return staging.Invalid("/fault/max", "A delay with a median has a max, which is no less.")
	case e.Sigma < 0 || e.Sigma > 10 || e.Median == 0 && e.Sigma != 0:
		return staging.Invalid("/fault/sigma", "A sigma is from 0 to 10, and stands beside a median.")
	}
	return nil
}

// checkForeign refuses what another kind of fault has.
func (r *Rule) checkForeign() error {
	e := r.Effect
	is := func(kinds ...staging.Kind) bool { return slices.Contains(kinds, e.Kind) }
	for _, field := range []struct {
		at    string
		wrong bool
	}{
		{"errorCode", e.ErrorCode != "" && !is(staging.KindError)},
		{"parameters", len(e.Parameters) > 0 && !is(staging.KindError)},
		{"status", e.Status != 0 && !is(staging.KindStatus)},
		{"body", e.Body != "" && !is(staging.KindStatus)},
		{"retryAfter", e.RetryAfter != 0 && !is(staging.KindStatus, staging.KindRateLimit)},
		{"at", e.At != "" && !is(staging.KindReset)},
		{"bytesPerSecond", e.BytesPerSecond != 0 && !is(staging.KindSlowBody)},
		{"bytes", e.Bytes != 0 && !is(staging.KindTruncate)},
	} {
		if field.wrong {
			return staging.Invalid("/fault/"+field.at, "A fault of the kind %s has no such thing.", e.Kind)
		}
	}
	return nil
}

// Request is what a fault looks at.
type Request struct {
	Operation string // its id
	Project   *objectid.ID
	// Principals are what the caller is called: its id, and its public key or client id.
	Principals []string
	// Header returns the values that a header has.
	Header func(name string) []string
}

// Matches reports whether the fault is for the request.
func (r *Rule) Matches(request Request) bool {
	m := r.Match
	if len(m.Operations) > 0 && !slices.Contains(m.Operations, request.Operation) ||
		r.project != nil && (request.Project == nil || *request.Project != *r.project) ||
		m.Principal != "" && !slices.Contains(request.Principals, m.Principal) ||
		m.UserAgent != "" && !slices.ContainsFunc(request.Header("User-Agent"), r.isUserAgent) {
		return false
	}
	for key, value := range m.Header {
		if !slices.Contains(request.Header(key), value) {
			return false
		}
	}
	return true
}

// isUserAgent reports whether the name is that of the clients that the fault is for. It takes
// no longer than to read both: a team chooses them, and others wait for the processor.
func (r *Rule) isUserAgent(name string) bool {
	first, rest, wild := strings.Cut(r.Match.UserAgent, "*")
	name, ok := strings.CutPrefix(name, first)
	if !ok || !wild {
		return ok && name == ""
	}
	parts := strings.Split(rest, "*")
	last := len(parts) - 1
	for _, part := range parts[:last] {
		// What comes first leaves the most for the other parts.
		if _, name, ok = strings.Cut(name, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(name, parts[last])
}

// Delay returns how long an answer is to wait.
func (r *Rule) Delay() time.Duration {
	e := r.Effect
	ms := float64(e.Ms)
	switch {
	case e.Median > 0:
		//nolint:gosec // Nobody gains by guessing it.
		ms = min(float64(e.Median)*math.Exp(e.Sigma*rand.NormFloat64()), float64(e.Max))
	case e.Max > 0:
		//nolint:gosec // As above.
		ms = float64(e.Min) + rand.Float64()*float64(e.Max-e.Min)
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// pointer is the place of an element of a list.
func pointer(list string, i int) string { return list + "/" + strconv.Itoa(i) }
