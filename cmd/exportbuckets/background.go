package main

import "context"

// inBackground runs f until the function that it returns is called, which ends the context
// of f and waits for f. That ctx ends, does not end it: requests are served after that.
func inBackground(ctx context.Context, f func(ctx context.Context)) (stop func()) {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(running)
	}()
	return func() {
		cancel()
		<-done
	}
}
