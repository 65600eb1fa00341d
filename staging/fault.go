package staging

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// The bounds of faults.
const (
	MaxFaults     = 50                      // of an organization
	MaxFaultDelay = 50 * time.Second        // of a request
	FaultLifetime = time.Hour               // of a fault that does not say when it ends
	MaxFaultLife  = 30 * 24 * time.Hour     // of one that does
	FaultHeader   = "X-Exportbuckets-Fault" // has the name of the fault in answers, unless that is silent
)

// Fault makes requests that it matches fail, or wait. Of several the first that matches
// counts, in the order in which they are stored.
type Fault struct {
	Name  string `json:"name"`
	Match Match  `json:"match,omitzero"`
	// Skip is how many requests that match are left alone first.
	Skip int64 `json:"skip,omitzero"`
	// Count is to how many requests it is applied; nil for all.
	Count *int64 `json:"count,omitzero"`
	// Probability is with which it is applied to a request, from 0 to 1; nil for 1.
	Probability *float64 `json:"probability,omitzero"`
	// Seed makes chance the same each time. Nil for another each time.
	Seed *int64 `json:"seed,omitzero"`
	// ExpiresAt is when it ends, in real time; nil for FaultLifetime from now.
	ExpiresAt *time.Time `json:"expiresAt,omitzero"`
	// Silent keeps the fault's name out of answers.
	Silent bool `json:"silent,omitzero"`
	// Effect is what is done to the requests.
	Effect Effect `json:"fault"`

	// Seen and Applied count the requests that matched, and those of them that the fault was
	// applied to. A request that a fault before this one was applied to is not seen, and none
	// is after the last of Count. They are the server's to say.
	Seen    int64 `json:"seen,omitzero"`
	Applied int64 `json:"applied,omitzero"`
}

// Match says which requests a fault is for. What is left out matches all.
type Match struct {
	Operations []string          `json:"operations,omitzero"` // operation ids of the OpenAPI document
	ProjectID  string            `json:"projectId,omitzero"`
	Principal  string            `json:"principal,omitzero"` // a public key, a client id or an id
	UserAgent  string            `json:"userAgent,omitzero"` // * stands for anything
	Header     map[string]string `json:"header,omitzero"`
}

// Kind is a kind of fault.
type Kind string

// The kinds of faults.
const (
	KindError           Kind = "error"           // a refusal of Atlas; nothing is done
	KindStatus          Kind = "status"          // the answer of a load balancer; nothing is done
	KindUnauthenticated Kind = "unauthenticated" // the credentials are refused
	KindRateLimit       Kind = "rateLimit"       // the rate limit is used up
	KindLatency         Kind = "latency"         // the answer comes later
	KindReset           Kind = "reset"           // the connection is reset
	KindSlowBody        Kind = "slowBody"        // the right answer, byte by byte
	KindTruncate        Kind = "truncate"        // the right answer, cut off
)

// The moments at which a connection is reset.
const (
	ResetBefore = "before" // anything is done
	ResetCommit = "commit" // all is done; the answer is lost
)

// The bodies of answers of a load balancer.
const (
	BodyHTML  = "html"
	BodyText  = "text"
	BodyEmpty = "empty"
)

// Effect is what a fault does. A delay may be given with every kind.
type Effect struct {
	Kind Kind `json:"kind"`

	ErrorCode  string `json:"errorCode,omitzero"` // of error: one of Atlas'
	Parameters []any  `json:"parameters,omitzero"`

	Status     int    `json:"status,omitzero"` // of status: 400 to 599
	Body       string `json:"body,omitzero"`   // of status: BodyHTML if left out
	RetryAfter int    `json:"retryAfter,omitzero"`

	At string `json:"at,omitzero"` // of reset: ResetBefore if left out

	BytesPerSecond int `json:"bytesPerSecond,omitzero"` // of slowBody
	Bytes          int `json:"bytes,omitzero"`          // of truncate: how many arrive

	// The delay in milliseconds: Ms, or from Min to Max, or with a lognormal distribution of a
	// median and a sigma, and at most Max.
	Ms     int     `json:"ms,omitzero"`
	Min    int     `json:"min,omitzero"`
	Max    int     `json:"max,omitzero"`
	Median int     `json:"median,omitzero"`
	Sigma  float64 `json:"sigma,omitzero"`
}

func faultsPath(organization string) string { return organizationPath(organization) + "/faults" }

func faultPath(organization, name string) string {
	return faultsPath(organization) + "/" + url.PathEscape(name)
}

// Faults returns the faults of an organization, in their order.
func (c *Client) Faults(ctx context.Context, organization string) ([]Fault, error) {
	return all[Fault](ctx, c, faultsPath(organization))
}

// Fault returns a fault that has not ended.
func (c *Client) Fault(ctx context.Context, organization, name string) (Fault, error) {
	return call[Fault](ctx, c, http.MethodGet, faultPath(organization, name), nil)
}

// PutFaults makes these the faults of an organization, in their order, and returns them.
func (c *Client) PutFaults(ctx context.Context, organization string, faults []Fault) ([]Fault, error) {
	if faults == nil {
		faults = []Fault{} // which nil is not in JSON
	}
	list, err := call[List[Fault]](ctx, c, http.MethodPut, faultsPath(organization), faults)
	return list.Results, err
}

// PutFault adds a fault at the end, or replaces the one of its name.
func (c *Client) PutFault(ctx context.Context, organization string, fault Fault) (Fault, error) {
	return call[Fault](ctx, c, http.MethodPut, faultPath(organization, fault.Name), fault)
}

// DeleteFault removes a fault.
func (c *Client) DeleteFault(ctx context.Context, organization, name string) error {
	_, err := call[none](ctx, c, http.MethodDelete, faultPath(organization, name), nil)
	return err
}

// ClearFaults removes all faults.
func (c *Client) ClearFaults(ctx context.Context, organization string) error {
	_, err := call[none](ctx, c, http.MethodPost, faultsPath(organization)+"/clear", nil)
	return err
}
