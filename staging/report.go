package staging

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Usage says who refers to an access role or to an export bucket, as of the organization's
// now, and what its removal would be answered.
type Usage struct {
	Kind    ResourceKind `json:"kind"`
	ID      string       `json:"id"`
	Project string       `json:"project"`
	// UsedBy are the first 100, by their ids.
	UsedBy []Reference `json:"usedBy"`
	// ErrorCode is what the removal would be refused with; empty if it would not be.
	ErrorCode string `json:"errorCode,omitempty"`
}

// ResourceKind is what refers to something, or is referred to.
type ResourceKind string

// The kinds that refer to others, and that are referred to.
const (
	ResourceAccessRole     ResourceKind = "accessRole"
	ResourceExportBucket   ResourceKind = "exportBucket"
	ResourceBackupSchedule ResourceKind = "backupSchedule"
	ResourceExportJob      ResourceKind = "exportJob"
)

// Reference is what refers to something.
type Reference struct {
	Kind ResourceKind `json:"kind"`
	ID   string       `json:"id"` // of a schedule that of its cluster
	Name string       `json:"name,omitempty"`
	// Blocks is whether its removal is refused for that. A job is history: it blocks nothing.
	Blocks bool `json:"blocks"`
}

// Sunset is how a client asks for an operation, and how long that will do.
type Sunset struct {
	UserAgent string `json:"userAgent"`
	Operation string `json:"operation"` // as the OpenAPI document names it

	Version

	// DaysLeft is how many whole days are left at the time of the report; negative after
	// the end, and nil if none is set.
	DaysLeft *int `json:"daysLeft,omitempty"`
	// Gone is whether it is answered 410 VERSION_GONE then.
	Gone     bool      `json:"gone"`
	Requests int64     `json:"requests"` // that the journal has
	LastSeen time.Time `json:"lastSeen"`
}

// Version is which version of an operation a request asked for and which one served it. All
// dates are YYYY-MM-DD.
type Version struct {
	Asked     string `json:"asked"`               // date in Accept, or preview; none if there is none
	Served    string `json:"served"`              // date of the version, or the unversioned API's root
	Successor string `json:"successor,omitempty"` // date of the operation's next version
	Sunset    string `json:"sunset,omitempty"`    // the first day on which it is gone
}

// SunsetReport tells of the versions that clients use.
type SunsetReport struct {
	At time.Time `json:"at"`
	// Results are those that end first before the others.
	Results []Sunset `json:"results"`
}

// RoleUsage returns who refers to an access role.
func (c *Client) RoleUsage(ctx context.Context, organization, role string) (Usage, error) {
	return c.usage(ctx, organization, "role", role)
}

// BucketUsage returns who refers to an export bucket.
func (c *Client) BucketUsage(ctx context.Context, organization, bucket string) (Usage, error) {
	return c.usage(ctx, organization, "bucket", bucket)
}

func (c *Client) usage(ctx context.Context, organization, kind, id string) (Usage, error) {
	query := url.Values{kind: {id}}
	return call[Usage](ctx, c, http.MethodGet, organizationPath(organization)+"/usage?"+query.Encode(), nil)
}

// Sunset returns which versions the clients of the organization use, of the requests that
// its journal has, and how long they have left at a time; at now, if that is zero.
func (c *Client) Sunset(ctx context.Context, organization string, at time.Time) (SunsetReport, error) {
	path := organizationPath(organization) + "/sunset"
	if !at.IsZero() {
		path += "?" + url.Values{"at": {at.Format(time.RFC3339)}}.Encode()
	}
	return call[SunsetReport](ctx, c, http.MethodGet, path, nil)
}
