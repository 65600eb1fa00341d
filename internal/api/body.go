package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
)

// errCutOff says that a body is not what its header promises.
var errCutOff = errors.New("the body is cut off, or not in its form")

// limitBody bounds how long the body may take. What is left of it when the request
// has been answered is read and forgotten by net/http, within that time, too. Of GET
// and HEAD the body is not waited for.
func (s *Server) limitBody(c *gin.Context) {
	if c.Request.ContentLength == 0 {
		return
	}
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(s.bounds.Body))
	if reads(c.Request.Method) {
		closeConnection(c)
	}
}

// closeConnection has the connection closed after the answer, so that the answer need
// not wait for what is left of the body. Of HTTP/2 the stream is.
func closeConnection(c *gin.Context) {
	if c.Request.ProtoMajor < 2 {
		c.Header("Connection", "close")
	}
}

// reads says whether requests of a method only read, and so have no use for a body.
func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// receive returns the body when all of it is there. While it comes the request is
// not at work. It returns REQUEST_TOO_LARGE, the refusal of a body that is too slow,
// errCutOff, or atlas.ErrUnavailable if there is no memory for it.
func (w *work) receive() ([]byte, error) {
	size := w.gin.Request.ContentLength
	if size == 0 {
		return nil, nil
	}
	if size < 0 { // It is chunked.
		size = maxBody
	}
	data, err := w.receiveBytes(size)
	if ended(w.gin) {
		err = atlas.ErrUnavailable
	}
	if err != nil {
		closeConnection(w.gin)
	}
	return data, err
}

func (w *work) receiveBytes(size int64) ([]byte, error) {
	if size > maxBody {
		return nil, atlas.NewError(atlas.CodeRequestTooLarge)
	}
	if !w.timer.Stop() {
		return nil, errOutOfTime
	}
	w.pause()
	free, err := w.server.bodies.Take(w.gin.Request.Context(), w.user, size)
	if err != nil {
		return nil, err
	}
	w.held = append(w.held, free)
	data, err := readBody(w.gin.Request, size)
	if err != nil {
		return nil, err
	}
	// Without this the end of the time would look as if the client had left.
	_ = http.NewResponseController(w.gin.Writer).SetReadDeadline(time.Time{})
	w.received = data
	if err := w.resume(); err != nil {
		return nil, err
	}
	w.timer.Reset(w.server.bounds.Work)
	return data, nil
}

// discard reads the body and forgets it.
func (w *work) discard() {
	r := w.gin.Request
	if r.ContentLength > maxBody { // net/http closes the connection.
		return
	}
	w.pause()
	w.timer.Stop()
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(nil, r.Body, maxBody))
}

// readBody reads a body of the given size, or of that size at most.
func readBody(r *http.Request, size int64) (data []byte, err error) {
	if r.ContentLength < 0 {
		data, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, size))
	} else {
		data = make([]byte, size)
		_, err = io.ReadFull(r.Body, data)
	}
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		return data, nil
	case tooLarge:
		return nil, atlas.NewError(atlas.CodeRequestTooLarge)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, atlas.NewError(atlas.CodeRequestTimeout)
	}
	return nil, fmt.Errorf("%w: %w", errCutOff, err)
}
