package api

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// jsonType is the media type of bodies that have no version.
const jsonType = "application/json"

// pieces are an encoded body. So a large one is not moved while it grows, and what
// has been sent of it is not kept.
type pieces [][]byte

const (
	firstPiece = 512
	maxPiece   = 32 << 10
)

// Write implements io.Writer.
func (b *pieces) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		last := len(*b) - 1
		if last < 0 || len((*b)[last]) == cap((*b)[last]) {
			size := firstPiece
			if last >= 0 {
				size = 2 * cap((*b)[last])
			}
			*b = append(*b, make([]byte, 0, min(max(size, len(p)), maxPiece)))
			last++
		}
		piece := (*b)[last]
		n := min(len(p), cap(piece)-len(piece))
		(*b)[last] = append(piece, p[:n]...)
		p = p[n:]
	}
	return written, nil
}

// writeBody writes the whole answer. By then the request is no longer at work.
func (s *Server) writeBody(c *gin.Context, status int, contentType string, body ...[]byte) {
	if w, ok := c.Get(workKey); ok {
		w.(*work).end() //nolint:forcetypeassert // It is limitWork's.
	}
	size := 0
	for _, piece := range body {
		size += len(piece)
	}
	recordAnswer(c, contentType, size, body)
	h := c.Writer.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(size))
	c.Status(status)
	client := http.NewResponseController(c.Writer)
	_ = client.SetWriteDeadline(time.Now().Add(s.bounds.Answer))
	read := s.readers.add(size, func() { _ = client.SetWriteDeadline(time.Unix(1, 0)) })
	defer read()
	for i := range body {
		if _, err := c.Writer.Write(body[i]); err != nil {
			_ = c.Error(err) // A client that is gone, or too slow, needs no answer.
			return
		}
		body[i] = nil
	}
}

// smallAnswer is the size up to which an answer is not counted, in bytes. Most of it
// is in the buffers of the connection at once.
const smallAnswer = 16 << 10

// readers are the clients that are reading answers that are not small. If these are
// too large together, the client that has been reading for longest is cut off. So
// nobody waits for one that is slow, and no answer is refused because of it.
type readers struct {
	most int // bytes

	mu   sync.Mutex
	size int       // of their answers, in bytes
	all  []*reader // the one that has been reading for longest first
}

type reader struct {
	size int
	cut  func()
}

// add adds a client, whom cut is to cut off, until done is called.
func (r *readers) add(size int, cut func()) (done func()) {
	if size <= smallAnswer {
		return func() {}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one := &reader{size, cut}
	r.all = append(r.all, one)
	r.size += size
	for r.size > r.most && len(r.all) > 1 {
		r.all[0].cut()
		r.remove(0)
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if i := slices.Index(r.all, one); i >= 0 {
			r.remove(i)
		}
	}
}

func (r *readers) remove(i int) {
	r.size -= r.all[i].size
	r.all = slices.Delete(r.all, i, i+1)
}
