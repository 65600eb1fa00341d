package api

import (
	"context"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// errOutOfTime ends the context of a request that is at work for too long.
var errOutOfTime = fmt.Errorf("the request was at work for too long: %w", atlas.ErrUnavailable)

// workKey is where the context of a request has its *work.
const workKey = "work"

// work is what a request does between its body and its answer. It has a time for that,
// which begins anew when the body has been received, and a place from when it is known
// whose request it is.
type work struct {
	server *Server
	gin    *gin.Context
	user   objectid.ID // whose share it takes; none of those of whom nothing is known
	timer  *time.Timer // ends the request's context
	leave  func()      // gives the place back; nil if there is none
	held   []func()    // give back what the request holds until it is answered

	received []byte // the body
}

// limitWork bounds for how long the request may be at work.
func (s *Server) limitWork(c *gin.Context) {
	ctx, cancel := context.WithCancelCause(c.Request.Context())
	defer cancel(nil)
	c.Request = c.Request.WithContext(ctx)
	w := &work{server: s, gin: c}
	c.Set(workKey, w)
	defer w.end()
	w.timer = time.AfterFunc(s.bounds.Work, func() { cancel(errOutOfTime) })
	c.Next()
}

func workOf(c *gin.Context) *work {
	w, _ := c.MustGet(workKey).(*work)
	return w
}

// enter takes a place of the user's. It returns atlas.ErrUnavailable if there is none.
func (w *work) enter(user objectid.ID) (err error) {
	w.user = user
	return w.resume()
}

func (w *work) resume() (err error) {
	if w.user == (objectid.ID{}) {
		return nil
	}
	w.leave, err = w.server.places.Take(w.gin.Request.Context(), w.user, 1)
	return err
}

// pause gives the place back, until resume takes another.
func (w *work) pause() {
	if w.leave != nil {
		w.leave()
		w.leave = nil
	}
}

// takeItems waits until so many items of a large list may be read. Meanwhile the
// request has no place, but its time goes on.
func (w *work) takeItems(n int) error {
	w.pause()
	giveBack, err := w.server.lists.Take(w.gin.Request.Context(), w.user, int64(n))
	if err != nil {
		return err
	}
	w.held = append(w.held, giveBack)
	return w.resume()
}

// end gives back all that the request has.
func (w *work) end() {
	w.pause()
	if w.timer != nil {
		w.timer.Stop()
	}
	for _, giveBack := range w.held {
		giveBack()
	}
	w.held = nil
}
