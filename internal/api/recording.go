package api

import (
	"cmp"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/fault"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/journal"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// recordingKey is where the context of a request has its *recording, if the journal of
// the organization whose credential was sent wants one.
const recordingKey = "recording"

// recording is what the journal is to know of a request, beside what its context has.
type recording struct {
	orgID     objectid.ID
	principal string // public key or client id
	operation string
	errorCode string
	fault     string // name of the one that it met
	version   *staging.Version
	trace     *atlas.Trace // nil if the journal keeps lines alone
	response  journal.Body
}

// recordingOf returns the recording of a request, or nil.
func recordingOf(c *gin.Context) *recording {
	r, ok := c.Get(recordingKey)
	if !ok {
		return nil
	}
	return r.(*recording) //nolint:forcetypeassert // It is record's.
}

// traceOf returns the trace of a request, or nil.
func traceOf(c *gin.Context) *atlas.Trace {
	if r := recordingOf(c); r != nil {
		return r.trace
	}
	return nil
}

// record begins the recording of a request that was sent with a credential of the
// principal, who may be nil, and returns its trace.
func (s *Server) record(c *gin.Context, principal *atlas.Principal) *atlas.Trace {
	if s.journal == nil || principal == nil || principal.Journal() == "" || principal.Journal() == staging.JournalOff {
		return nil
	}
	if !s.journal.HasRoom(principal.OrgID()) {
		return nil
	}
	r := &recording{
		orgID:     principal.OrgID(),
		principal: principal.PublicKey(),
		operation: operationID(c),
	}
	if r.principal == "" {
		r.principal = iam.ClientIDPrefix + principal.ID().String()
	}
	c.Set(recordingKey, r)
	if principal.Journal() != staging.JournalFull {
		return nil
	}
	r.trace = new(atlas.Trace)
	c.Request = c.Request.WithContext(atlas.WithTrace(c.Request.Context(), r.trace))
	r.trace.Step(atlas.StepRoute)
	if r.operation != "" {
		r.trace.Fact("operation", r.operation)
	}
	return r.trace
}

// recordSignIn records how a principal was found, or why it may not call.
func recordSignIn(trace *atlas.Trace, credential string, address netip.Addr, err error) {
	if trace == nil {
		return
	}
	trace.Step(atlas.StepAuthenticate).Fact("credential", credential)
	_, refused := errors.AsType[*atlas.Error](err)
	if err == nil || refused {
		trace.Step(atlas.StepAddress)
	}
	if err == nil { // or the refusal has it
		trace.Fact("address", address.String())
	}
}

// recordRefusal records the error that a request is answered with, which ends its trace.
func recordRefusal(c *gin.Context, err error) {
	trace := traceOf(c)
	if trace == nil {
		return
	}
	refusal, isRefusal := errors.AsType[*atlas.Error](err)
	signIn, isSignIn := errors.AsType[*iam.RefusedError](err)
	oauth, isOAuth := errors.AsType[*oauthError](err)
	empty, isEmpty := errors.AsType[emptyError](err)
	switch {
	case isRefusal:
		trace.Refuse(refusal.Rule(), refusal.Facts()...)
	case isSignIn:
		trace.Refuse("the credentials are valid", staging.Fact{Name: "reason", Value: signIn.Reason})
	case errors.Is(err, atlas.ErrStaleNonce):
		trace.Refuse("the nonce is not older than five minutes")
	case isOAuth:
		trace.Refuse("the token endpoint takes the request", staging.Fact{Name: oauth.code, Value: oauth.description})
	case isEmpty && int(empty) == http.StatusUnsupportedMediaType:
		trace.Refuse("the body is said to be JSON", staging.Fact{
			Name: "Content-Type", Value: c.ContentType(), Needs: "application/json, or the media type of a version",
		})
	case isEmpty:
		trace.Refuse("the path has the method", staging.Fact{
			Name: "method", Value: c.Request.Method, Needs: c.Writer.Header().Get("Allow"),
		})
	case ended(c):
		unavailable := atlas.NewError(atlas.CodeUnavailable)
		trace.Refuse(unavailable.Rule())
	default: // the log of the server has the cause, which may tell of others
		unexpected := faultOf(err)
		trace.Refuse(unexpected.Rule(), unexpected.Facts()...)
	}
}

// recordAnswer keeps the body of an answer.
func recordAnswer(c *gin.Context, contentType string, size int, body [][]byte) {
	r := recordingOf(c)
	if r == nil || r.trace == nil {
		return
	}
	r.response = journal.Body{Type: contentType, Size: size}
	if size > journal.MaxBody {
		return
	}
	r.response.Data = make([]byte, 0, size)
	for _, piece := range body {
		r.response.Data = append(r.response.Data, piece...)
	}
}

// The headers that the journal shows. Others may have secrets in them.
var (
	shownRequestHeaders  = []string{"Accept", "Accept-Encoding", "Content-Type", "Traceparent", "User-Agent"}
	shownResponseHeaders = []string{
		"Allow", "Content-Type", "Deprecation", "RateLimit-Limit", "RateLimit-Remaining", "Retry-After", "Sunset",
		"X-Error-Code",
	}
)

// maxShown is how much of a header or a path the journal shows, in bytes.
const maxShown = 1024

func shown(text string) string { return text[:min(len(text), maxShown)] }

func shownHeaders(h http.Header, names []string) map[string]string {
	headers := make(map[string]string)
	for _, name := range names {
		if values := h.Values(name); len(values) > 0 {
			headers[name] = shown(strings.Join(values, ", "))
		}
	}
	return headers
}

// journalRequest hands a request that has been answered to the journal.
func (s *Server) journalRequest(c *gin.Context, id string, began time.Time, took time.Duration) {
	r := recordingOf(c)
	if r == nil {
		return
	}
	record := journal.Record{OrgID: r.orgID, Entry: staging.JournalEntry{
		Kind:       staging.EntryRequest,
		At:         began,
		Operation:  r.operation,
		Method:     c.Request.Method,
		Path:       shown(c.Request.URL.EscapedPath()),
		Status:     c.Writer.Status(),
		ErrorCode:  cmp.Or(r.errorCode, c.Writer.Header().Get("X-Error-Code")),
		Fault:      r.fault,
		AnswerLost: stagedOf(c).lost(),
		DurationMS: float64(took.Microseconds()) / 1000,
		RequestID:  id,
		Project:    c.Param("groupId"),
		Principal:  r.principal,
		Address:    s.clientAddress(c).String(),
		UserAgent:  shown(c.Request.UserAgent()),
		Version:    r.version,
		Steps:      r.trace.Steps(),
	}}
	if r.trace != nil {
		received := workOf(c).received
		record.Request = journal.Body{Type: c.GetHeader("Content-Type"), Size: len(received)}
		if len(received) <= journal.MaxBody {
			record.Request.Data = received
		}
		record.Response = r.response
		record.Entry.Request = &staging.Message{
			Query:   c.Request.URL.Query(),
			Headers: shownHeaders(c.Request.Header, shownRequestHeaders),
		}
		record.Entry.Response = &staging.Message{
			Headers: shownHeaders(c.Writer.Header(), shownResponseHeaders),
		}
	}
	s.journal.Add(record)
}

// recordVersion records which version is asked for and which one serves it.
func recordVersion(c *gin.Context, v version) {
	r := recordingOf(c)
	if r == nil {
		return
	}
	asked, ok := acceptedDate(c.Request.Header.Values("Accept"))
	if !ok {
		asked = "none"
	}
	served := cmp.Or(v.date, v.root)
	if served != "" {
		r.version = &staging.Version{Asked: asked, Served: served, Successor: v.successor, Sunset: v.sunset}
	}
	if r.trace == nil {
		return
	}
	r.trace.Step(atlas.StepVersion).Fact("asked", asked)
	if v.date != "" {
		r.trace.Fact("served", v.date)
	}
	if v.sunset != "" {
		r.trace.Fact("sunset", v.sunset)
	}
}

// recordFault records the fault that a request meets.
func recordFault(c *gin.Context, rule *fault.Rule) {
	r := recordingOf(c)
	if r == nil {
		return
	}
	r.fault = rule.Name
	if r.trace != nil {
		r.trace.Step(atlas.StepFault).Fact("name", rule.Name).Fact("kind", string(rule.Effect.Kind))
	}
}

// recordRateLimit records how many requests are left.
func recordRateLimit(trace *atlas.Trace, from rateLimit, left int) {
	if trace != nil {
		trace.Step(atlas.StepRateLimit).Fact("limit", from.name).Fact("left", strconv.Itoa(left))
	}
}
