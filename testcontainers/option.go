package exportbuckets

import "github.com/testcontainers/testcontainers-go"

type options struct {
	seed         []byte
	databaseURL  string
	noRateLimits bool
}

// Option changes what Run starts.
type Option func(*options)

// Customize implements testcontainers.ContainerCustomizer. Run reads the option itself.
func (Option) Customize(*testcontainers.GenericContainerRequest) error { return nil }

// WithSeed has the server begin with the organizations of a seed file, in place of the one
// that is called base. It has to mark those that are copied with staging.
func WithSeed(file []byte) Option {
	return func(o *options) { o.seed = file }
}

// WithDatabaseURL has the server use a PostgreSQL that it reaches by the URL from its
// container, in place of one of its own.
func WithDatabaseURL(url string) Option {
	return func(o *options) { o.databaseURL = url }
}

// WithoutRateLimits has the server refuse no request for coming too soon.
func WithoutRateLimits() Option {
	return func(o *options) { o.noRateLimits = true }
}
