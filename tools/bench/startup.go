//go:build linux

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// startup is how long starts of the server took, from exec to the first 200 of
// /readyz.
type startup struct {
	Name     string    `json:"name"`
	External bool      `json:"external"` // else the database is embedded
	Seconds  float64   `json:"seconds"`  // the median
	Each     []float64 `json:"each"`
}

func newStartup(name string, external bool, took []time.Duration) startup {
	s := startup{Name: name, External: external}
	for _, d := range took {
		s.Each = append(s.Each, d.Seconds())
	}
	s.Seconds = median(s.Each)
	return s
}

// measureStartup starts the server on databases and state directories that are
// new, and then again and again on the last of them.
func (b *bench) measureStartup(ctx context.Context) error {
	fresh, again := 3, 5
	if b.cfg.Quick {
		fresh, again = 1, 3
	}
	external := func(i int) (env, flags []string, err error) {
		url, err := b.cluster.create(ctx, fmt.Sprintf("start_%d", i))
		return []string{"DATABASE_URL=" + url}, nil, err
	}
	embedded := func(i int) (env, flags []string, err error) {
		return nil, []string{"--state-dir", filepath.Join(b.dir, fmt.Sprintf("state%d", i))}, nil
	}
	for _, kind := range []struct {
		external  bool
		configure func(i int) (env, flags []string, err error)
	}{{true, external}, {false, embedded}} {
		var first, later []time.Duration
		var env, flags []string
		var err error
		for i := range fresh {
			if env, flags, err = kind.configure(i); err != nil {
				return err
			}
			if first, err = b.timeStart(ctx, first, env, flags); err != nil {
				return err
			}
		}
		for range again {
			if later, err = b.timeStart(ctx, later, env, flags); err != nil {
				return err
			}
		}
		b.report.Startup = append(b.report.Startup,
			newStartup("first start", kind.external, first), newStartup("later starts", kind.external, later))
	}
	return nil
}

func (b *bench) timeStart(ctx context.Context, took []time.Duration, env, flags []string) ([]time.Duration, error) {
	s, err := startServer(ctx, b.programs[0], env, flags...)
	if err != nil {
		return took, err
	}
	s.stop()
	return append(took, s.took), nil
}
