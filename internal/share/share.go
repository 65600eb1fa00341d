// Package share divides what there is little of: connections, memory, places. Of
// each thing one user, an organization say, can have a part and no more, so that
// nobody waits for a stranger who has taken all of it.
package share

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"exportbuckets/internal/atlas"
)

// Pool is what is divided. Its methods are safe for concurrent use.
type Pool[User comparable] struct {
	each     int64
	patience time.Duration
	all      *semaphore.Weighted

	mu    sync.Mutex
	users map[User]*user // who have something, or wait for it
}

// few is how many users are remembered who have nothing.
const few = 1000

// user is the part that one user can have.
type user struct {
	*semaphore.Weighted
	takers int
}

// New returns a Pool of so many, of which each user can have a number, and at least
// one. Whoever finds none waits for as long as the patience.
func New[User comparable](all, each int64, patience time.Duration) *Pool[User] {
	all = max(all, 1)
	return &Pool[User]{
		each:     min(max(each, 1), all),
		patience: patience,
		all:      semaphore.NewWeighted(all),
		users:    make(map[User]*user),
	}
}

// Take takes n of the pool, or as many as a user can have, if that is less. They are
// the user's until giveBack is called. Those who wait get theirs in the order in
// which they came. It returns atlas.ErrUnavailable if that takes too long, or ctx's
// error if ctx ends first.
func (p *Pool[User]) Take(ctx context.Context, of User, n int64) (giveBack func(), err error) {
	n = min(n, p.each)
	u := p.enter(of)
	if !p.try(u, n) {
		if err := p.wait(ctx, u, n); err != nil {
			p.leave(of)
			return nil, err
		}
	}
	return func() {
		p.all.Release(n)
		u.Release(n)
		p.leave(of)
	}, nil
}

// try takes n if nobody has to wait for it.
func (p *Pool[User]) try(u *user, n int64) bool {
	if !u.TryAcquire(n) {
		return false
	}
	if !p.all.TryAcquire(n) {
		u.Release(n)
		return false
	}
	return true
}

func (p *Pool[User]) wait(ctx context.Context, u *user, n int64) error {
	bounded, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	err := u.Acquire(bounded, n)
	if err == nil {
		if err = p.all.Acquire(bounded, n); err != nil {
			u.Release(n)
		}
	}
	if err != nil && ctx.Err() == nil {
		err = atlas.ErrUnavailable
	}
	return atlas.Wrap(err, "wait for a share")
}

func (p *Pool[User]) enter(of User) *user {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.users[of]
	if u == nil {
		u = &user{Weighted: semaphore.NewWeighted(p.each)}
		p.users[of] = u
	}
	u.takers++
	return u
}

// leave forgets a user who has nothing and waits for nothing, unless there are few:
// most come again.
func (p *Pool[User]) leave(of User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.users[of]
	u.takers--
	if u.takers == 0 && len(p.users) > few {
		delete(p.users, of)
	}
}
