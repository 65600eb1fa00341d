package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/settle"
)

// endpoint is what an operation asks of its caller, and what it does.
type endpoint struct {
	access  string // the name of the proof that it takes; empty if it takes none
	public  bool   // whether it asks for no credentials
	status  int    // of the answer to what went well, unless that has no content
	settles bool   // whether the project is brought up to its clock before
	absent  bool   // whether it is on one of what there are none of
	serve   func(*call) (any, error)
}

// call is an authenticated request of a versioned operation.
type call struct {
	gin       *gin.Context
	work      *work
	baseURL   string // of links
	principal *atlas.Principal
	version   version
	body      *received       // nil until it is received
	settler   *settle.Service // nil if the operation settles nothing
	trace     *atlas.Trace    // nil if nobody wants it
}

// settle brings the project of the proof up to its clock, if the operation is one that
// sees what time does.
func (c *call) settle(proof atlas.Proof) error {
	project, ok := proof.(atlas.ProjectProof)
	if c.settler == nil || !ok {
		return nil
	}
	return c.settler.Project(c.gin.Request.Context(), project)
}

// received is a body, or why there is none.
type received struct {
	data []byte
	err  error
}

// receive returns the request's body when all of it is there.
func (c *call) receive() ([]byte, error) {
	if c.body == nil {
		data, err := c.work.receive()
		c.body = &received{data, err}
	}
	return c.body.data, c.body.err
}

// skipBody waits for a body that the operation has no use for, but not for that of GET
// or HEAD.
func (c *call) skipBody() error {
	if reads(c.gin.Request.Method) {
		return nil
	}
	if _, err := c.receive(); !errors.Is(err, errCutOff) {
		return err
	}
	return nil
}

// apiURL begins the links to what the API has, as the caller speaks to it.
func (c *call) apiURL() string { return c.baseURL + c.root() }

// root begins the paths of the API that the caller speaks to.
func (c *call) root() string { return cmp.Or(c.version.root, apiRoot) }

// param returns a parameter of the path, unchecked.
func (c *call) param(name string) string { return c.gin.Param(name) }

// id returns a parameter of the path that isID says is an id.
func (c *call) id(name string) objectid.ID {
	id, _ := objectid.Parse(c.param(name)) // checkIDs has
	return id
}

// query returns a parameter of the query, or nothing.
func (c *call) query(name string) string { return c.gin.Query(name) }

// noContent is the answer of operations that have nothing to say.
type noContent struct{}

// access is a method of the principal: it returns the proof that an operation
// takes, or the refusal of a caller who may not.
type access[P atlas.Proof] = func(*atlas.Principal) (P, error)

// anyCaller admits everyone with credentials.
func anyCaller(p *atlas.Principal) (*atlas.Principal, error) { return p, nil }

var (
	orgReader             access[atlas.OrgReader]             = (*atlas.Principal).OrgReader
	orgOwner              access[atlas.OrgOwner]              = (*atlas.Principal).OrgOwner
	credentialReader      access[atlas.CredentialReader]      = (*atlas.Principal).CredentialReader
	credentialOwner       access[atlas.CredentialOwner]       = (*atlas.Principal).CredentialOwner
	serviceAccountInviter access[atlas.ServiceAccountInviter] = (*atlas.Principal).ServiceAccountInviter
	projectReader         access[atlas.ProjectReader]         = (*atlas.Principal).ProjectReader
	projectOwner          access[atlas.ProjectOwner]          = (*atlas.Principal).ProjectOwner
	backupWriter          access[atlas.BackupWriter]          = (*atlas.Principal).BackupWriter
	snapshotWriter        access[atlas.SnapshotWriter]        = (*atlas.Principal).SnapshotWriter
	scheduleWriter        access[atlas.ScheduleWriter]        = (*atlas.Principal).ScheduleWriter
	clusterWriter         access[atlas.ClusterWriter]         = (*atlas.Principal).ClusterWriter
	databaseUserWriter    access[atlas.DatabaseUserWriter]    = (*atlas.Principal).DatabaseUserWriter
)

// anyone returns the endpoint of a handler that asks for no credentials.
func anyone(handle func(*call) (any, error)) endpoint {
	return endpoint{public: true, status: http.StatusOK, serve: handle}
}

// with returns the endpoint of a handler that takes no body, or decodes it itself.
func with[P atlas.Proof, B any](prove access[P], handle func(context.Context, P, *call) (B, error)) endpoint {
	return newEndpoint(prove, func(proof P, c *call) (any, error) {
		if err := c.skipBody(); err != nil {
			return nil, err
		}
		return handle(c.gin.Request.Context(), proof, c)
	})
}

// withBody returns the endpoint of a handler that takes a body: an object, or an
// array if R is a slice.
func withBody[P atlas.Proof, R, B any](prove access[P], handle func(context.Context, P, *call, R) (B, error)) endpoint {
	kind := jsontext.KindBeginObject
	if reflect.TypeFor[R]().Kind() == reflect.Slice {
		kind = jsontext.KindBeginArray
	}
	return withBodyOf(prove, func(c *call) (R, error) {
		var request R
		err := decode(c, kind, &request)
		return request, err
	}, handle)
}

// withBodyOf is withBody for a body that is read otherwise, as one that differs by
// version.
func withBodyOf[P atlas.Proof, R, B any](
	prove access[P], read func(*call) (R, error), handle func(context.Context, P, *call, R) (B, error),
) endpoint {
	return newEndpoint(prove, func(proof P, c *call) (any, error) {
		request, err := read(c)
		if err != nil {
			return nil, err
		}
		return handle(c.gin.Request.Context(), proof, c, request)
	})
}

// withPage returns the endpoint of a handler that returns a page of a list.
func withPage[P atlas.Proof, B any](
	prove access[P], handle func(context.Context, P, *call, atlas.Page) (atlas.List[B], error),
) endpoint {
	return newEndpoint(prove, func(proof P, c *call) (any, error) {
		page, err := queryPage(c)
		if err != nil {
			return nil, err
		}
		items, err := handle(c.gin.Request.Context(), proof, c, page)
		return newList(c, page, items), err
	})
}

// large returns the handler of a list whose items can be of many kilobytes. Few of
// such lists are read at a time.
func large[P atlas.Proof, B any](
	handle func(context.Context, P, *call, atlas.Page) (atlas.List[B], error),
) func(context.Context, P, *call, atlas.Page) (atlas.List[B], error) {
	return func(ctx context.Context, proof P, c *call, page atlas.Page) (list atlas.List[B], err error) {
		if err := c.work.takeItems(page.Size); err != nil {
			return list, err
		}
		return handle(ctx, proof, c, page)
	}
}

func newEndpoint[P atlas.Proof](prove access[P], serve func(P, *call) (any, error)) endpoint {
	access := reflect.TypeFor[P]().String()
	_, name, _ := strings.Cut(access, ".")
	return endpoint{
		access: access,
		status: http.StatusOK,
		serve: func(c *call) (any, error) {
			c.trace.Step(atlas.StepAuthorize).Fact("proof", name)
			proof, err := prove(c.principal)
			if err != nil {
				return nil, err
			}
			if c.trace != nil {
				c.trace.Fact("has", c.principal.Roles()).Step(atlas.StepRule)
			}
			if err := checkIDs(c.gin); err != nil {
				return nil, err
			}
			if err := c.settle(proof); err != nil {
				return nil, err
			}
			return serve(proof, c)
		},
	}
}

// answers returns the endpoint with another status than 200.
func (e endpoint) answers(status int) endpoint {
	e.status = status
	return e
}

// settled returns the endpoint for an operation that sees what time does: it settles its
// project first.
func (e endpoint) settled() endpoint {
	e.settles = true
	return e
}
