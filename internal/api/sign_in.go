package api

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
)

// What bounds the log of failed sign-ins: of each pair of a credential and an
// address it has signInEvents in a signInPeriod, and then how many there were more.
const (
	signInPeriod = time.Minute
	signInEvents = 10
	signInPairs  = 1000 // of a period; what others do is counted together
)

// failedSignIns logs and counts sign-ins that were refused. Nobody is shut out for
// them: secrets are too long to be guessed, and one client that is set up wrong must
// not keep its neighbours from working.
type failedSignIns struct {
	log *slog.Logger

	mu    sync.Mutex
	total map[string]int64   // by reason, since the start
	pairs map[signInPair]int // of this period; nil between two
}

type signInPair struct {
	credential string // a public key or a client id, or empty if none can be told
	address    netip.Addr
}

func (p signInPair) attrs(more ...slog.Attr) []slog.Attr {
	return append([]slog.Attr{slog.String("credential", p.credential), slog.Any("address", p.address)}, more...)
}

// noteFailure notes that the request was not let in with a credential, as err says.
// A request that asks for a challenge, and one with the right secret and a nonce that
// is too old, are no failures.
func (s *Server) noteFailure(c *gin.Context, credential string, err error) {
	var reason string
	if refused, ok := errors.AsType[*iam.RefusedError](err); ok {
		reason = refused.Reason
	} else if refused, ok := errors.AsType[*atlas.Error](err); ok { // by its address
		reason = refused.Code.Name
	} else {
		return
	}
	s.cfg.Metrics.SignInFailed(scheme(c), reason)
	// What stands in the place of one could be anything, such as a secret.
	if _, ok := iam.ParseClientID(credential); !ok && !iam.IsPublicKey(credential) {
		credential = ""
	}
	s.failed.add(c.Request.Context(), reason, signInPair{credential, s.clientAddress(c)})
}

// scheme returns how the request signs in: with a signature, an access token, or the secret
// of a client.
func scheme(c *gin.Context) string {
	header := c.GetHeader("Authorization")
	if _, ok := bearerToken(header); ok {
		return "bearer"
	}
	if name, _, _ := strings.Cut(header, " "); strings.EqualFold(name, "digest") {
		return "digest"
	}
	return "client"
}

func (f *failedSignIns) add(ctx context.Context, reason string, pair signInPair) {
	f.mu.Lock()
	if f.pairs == nil {
		f.pairs = make(map[signInPair]int)
		time.AfterFunc(signInPeriod, func() { f.endPeriod(context.WithoutCancel(ctx)) })
	}
	if f.pairs[pair] == 0 && len(f.pairs) >= signInPairs {
		pair = signInPair{}
	}
	f.pairs[pair]++
	f.total[reason]++
	logged, total := f.pairs[pair] <= signInEvents, f.total[reason]
	f.mu.Unlock()
	if logged {
		f.log.LogAttrs(ctx, slog.LevelWarn, "failed sign-in",
			pair.attrs(slog.String("reason", reason), slog.Int64("total", total))...)
	}
}

// endPeriod logs how many failures of the period were not.
func (f *failedSignIns) endPeriod(ctx context.Context) {
	f.mu.Lock()
	pairs := f.pairs
	f.pairs = nil
	f.mu.Unlock()
	for pair, count := range pairs {
		if count > signInEvents {
			f.log.LogAttrs(ctx, slog.LevelWarn, "more failed sign-ins", pair.attrs(slog.Int("count", count-signInEvents))...)
		}
	}
}
