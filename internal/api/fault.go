package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/fault"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// findFault returns the fault that a request of someone is to meet, or nil. The half of a
// digest call that asks for a challenge is nobody's, and meets none.
func (s *Server) findFault(c *gin.Context, principal *atlas.Principal) (*fault.Rule, error) {
	if s.fault == nil || principal.StagingVersion() == 0 {
		return nil, nil //nolint:nilnil // Most requests meet none.
	}
	asked := fault.Request{
		Operation:  operationID(c),
		Principals: []string{principal.ID().String(), principal.PublicKey(), iam.ClientIDPrefix + principal.ID().String()},
		Header:     c.Request.Header.Values,
	}
	if project, ok := principal.Project(); ok {
		asked.Project = &project
	}
	return s.fault.Find(c.Request.Context(), principal.OrgID(), principal.StagingVersion(), asked)
}

// meetFault answers a request as the fault says.
func (s *Server) meetFault(c *gin.Context, op operation, principal *atlas.Principal, rule *fault.Rule) error {
	staged := &stagedFault{name: rule.Name}
	c.Set(stagedKey, staged)
	recordFault(c, rule)
	s.cfg.Metrics.FaultApplied(string(rule.Effect.Kind))
	if !rule.Silent {
		c.Header(staging.FaultHeader, rule.Name)
	}
	if err := s.delay(c, principal.OrgID(), rule.Delay()); err != nil {
		return err
	}
	effect := rule.Effect
	switch effect.Kind {
	case staging.KindError:
		return rule.Refusal
	case staging.KindStatus:
		traceOf(c).Refuse("no fault is staged for the request")
		s.writeBalancer(c, effect)
		return nil
	case staging.KindUnauthenticated:
		return atlas.ErrUnauthenticated
	case staging.KindRateLimit:
		tellLimit(c, op, op.limit, 0)
		return errLimited(c, op.limit, max(effect.RetryAfter, 1))
	case staging.KindReset:
		staged.reset = true
		// What is written from now on goes nowhere.
		c.Writer = &lostWriter{ResponseWriter: c.Writer, header: make(http.Header)}
		if effect.At == staging.ResetBefore {
			traceOf(c).Refuse("no fault is staged for the request")
			return nil
		}
	case staging.KindSlowBody:
		orgID := principal.OrgID()
		if !s.delayed.enter(orgID) {
			return atlas.ErrUnavailable
		}
		context.AfterFunc(c.Request.Context(), func() { s.delayed.leave(orgID) })
		c.Writer = &slowWriter{
			ResponseWriter: c.Writer, ctx: c.Request.Context(), perSecond: effect.BytesPerSecond,
			until: time.Now().Add(staging.MaxFaultDelay), patience: s.bounds.Answer,
		}
	case staging.KindTruncate:
		c.Writer = &cutWriter{ResponseWriter: c.Writer, staged: staged, left: effect.Bytes}
	case staging.KindLatency:
	}
	return s.serveCaller(c, op, principal)
}

// stagedFault is the fault that a request met.
type stagedFault struct {
	name  string
	reset bool // the connection, when all is done
	cut   bool // the connection, when what is written has been sent
}

func stagedOf(c *gin.Context) *stagedFault {
	staged, _ := c.Get(stagedKey)
	met, _ := staged.(*stagedFault)
	return met
}

// lost reports whether nothing of the answer is sent.
func (f *stagedFault) lost() bool { return f != nil && f.reset }

// end ends the connection, or the stream of HTTP/2, if the fault does.
func (f *stagedFault) end(c *gin.Context) {
	if f == nil || !f.reset && !f.cut {
		return
	}
	if lost, ok := c.Writer.(*lostWriter); ok && c.Request.ProtoMajor == 1 { // a stream of HTTP/2 is no connection
		conn, _, err := http.NewResponseController(lost.ResponseWriter).Hijack()
		if err == nil {
			resetConn(conn)
			return
		}
	}
	panic(http.ErrAbortHandler) // net/http's way to drop a connection
}

// resetConn closes a connection so that its peer reads that it was reset.
func resetConn(conn net.Conn) {
	inner := conn
	for {
		outer, ok := inner.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		inner = outer.NetConn()
	}
	if tcp, ok := inner.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = inner.Close() // without what TLS says at the end
}

// lostWriter is of an answer that goes nowhere. It keeps the status, which is 0 until there
// is one.
type lostWriter struct {
	gin.ResponseWriter

	header http.Header
	status int
}

func (w *lostWriter) Header() http.Header                { return w.header }
func (w *lostWriter) WriteHeader(status int)             { w.status = status }
func (w *lostWriter) Status() int                        { return w.status }
func (w *lostWriter) Written() bool                      { return w.status != 0 }
func (*lostWriter) WriteHeaderNow()                      {}
func (*lostWriter) Write(p []byte) (int, error)          { return len(p), nil }
func (*lostWriter) WriteString(text string) (int, error) { return len(text), nil }
func (*lostWriter) Flush()                               {}

// slowWriter sends so many bytes a second, for a while. Then the rest comes at once.
type slowWriter struct {
	gin.ResponseWriter

	ctx       context.Context //nolint:containedctx // It is the request's.
	perSecond int
	until     time.Time
	patience  time.Duration // with a client that does not read
}

// tick is how often a slowWriter sends something.
const tick = 100 * time.Millisecond

// Write implements io.Writer.
func (w *slowWriter) Write(p []byte) (int, error) {
	written := 0
	client := http.NewResponseController(w.ResponseWriter)
	for len(p) > 0 {
		n, pause := min(max(w.perSecond/10, 1), len(p)), tick
		if w.perSecond < 10 {
			pause = time.Second / time.Duration(w.perSecond)
		}
		if time.Now().After(w.until) {
			n = len(p)
		} else if err := wait(w.ctx, pause); err != nil {
			return written, err
		}
		_ = client.SetWriteDeadline(time.Now().Add(w.patience))
		sent, err := w.ResponseWriter.Write(p[:n])
		written += sent
		if err != nil {
			return written, err
		}
		w.Flush()
		p = p[n:]
	}
	return written, nil
}

// errCut says that a fault cut the answer off.
var errCut = errors.New("a fault cut the answer off")

// cutWriter sends so many bytes of a body, and then ends the connection.
type cutWriter struct {
	gin.ResponseWriter

	staged *stagedFault
	left   int
}

// Write implements io.Writer.
func (w *cutWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:min(w.left, len(p))])
	w.left -= n
	if err != nil || n == len(p) {
		return n, err
	}
	w.Flush()
	w.staged.cut = true
	return n, errCut
}

// maxDelayed is how many requests of an organization a fault may keep waiting.
const maxDelayed = 200

// delayed counts the requests of organizations that faults keep waiting, or their clients.
type delayed struct {
	mu    sync.Mutex
	count map[objectid.ID]int
}

// enter returns false if there are too many.
func (d *delayed) enter(orgID objectid.ID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.count[orgID] >= maxDelayed {
		return false
	}
	if d.count == nil {
		d.count = make(map[objectid.ID]int)
	}
	d.count[orgID]++
	return true
}

func (d *delayed) leave(orgID objectid.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count[orgID]--
	if d.count[orgID] == 0 {
		delete(d.count, orgID)
	}
}

// delay waits. The request is not at work meanwhile. It returns atlas.ErrUnavailable if too
// many of the organization wait.
func (s *Server) delay(c *gin.Context, orgID objectid.ID, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if !s.delayed.enter(orgID) {
		return atlas.ErrUnavailable
	}
	defer s.delayed.leave(orgID)
	work := workOf(c)
	work.timer.Stop()
	defer work.timer.Reset(s.bounds.Work)
	return wait(c.Request.Context(), d)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // It is the request's.
	}
}

// writeBalancer answers as something before the server does that can't reach it.
func (s *Server) writeBalancer(c *gin.Context, effect staging.Effect) {
	if effect.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(effect.RetryAfter))
	}
	title := strconv.Itoa(effect.Status) + " " + http.StatusText(effect.Status)
	switch effect.Body {
	case staging.BodyText:
		s.writeBody(c, effect.Status, "text/plain; charset=utf-8", []byte(title+"\n"))
	case staging.BodyEmpty:
		s.writeBody(c, effect.Status, "text/plain; charset=utf-8")
	default:
		s.writeBody(c, effect.Status, "text/html", []byte("<html>\r\n<head><title>"+title+"</title></head>\r\n<body>\r\n"+
			"<center><h1>"+title+"</h1></center>\r\n</body>\r\n</html>\r\n"))
	}
}
