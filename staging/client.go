package staging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Root begins the path of every operation.
const Root = "/admin/v1"

// ProblemType is the media type of problems. RFC 9457, section 3.
const ProblemType = "application/problem+json"

// Client sends requests with a token.
type Client struct {
	// Server is the URL of the admin listener, such as http://127.0.0.1:8081.
	Server string
	// Token is an organization's, or the operator's.
	Token string
	// HTTP sends the requests; nil stands for http.DefaultClient.
	HTTP *http.Client
}

// none is the answer of operations that have nothing to say.
type none struct{}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// all returns all results of a list.
func all[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var results []T
	query := url.Values{}
	for {
		page, err := call[List[T]](ctx, c, http.MethodGet, path+"?"+query.Encode(), nil)
		if err != nil {
			return nil, err
		}
		results = append(results, page.Results...)
		if page.Next == "" {
			return results, nil
		}
		query.Set("after", page.Next)
	}
}

// call sends a request and returns its answer, which is JSON as body is, if it is not
// nil. It returns a *Problem if that is what the server answers with.
func call[A any](ctx context.Context, c *Client, method, path string, body any) (answer A, err error) {
	var sent []byte
	if body != nil {
		if sent, err = json.Marshal(body); err != nil {
			return answer, fmt.Errorf("encode request: %w", err)
		}
	}
	received, err := c.send(ctx, method, path, "application/json", sent)
	if err != nil {
		return answer, err
	}
	if _, ok := any(answer).(none); ok {
		return answer, nil
	}
	if err := json.Unmarshal(received, &answer); err != nil {
		return answer, fmt.Errorf("%s %s: the answer is not that of the staging plane: %w", method, path, err)
	}
	return answer, nil
}

// send sends a body, if there is one, and returns that of the answer.
func (c *Client) send(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	header := make(http.Header)
	if len(body) > 0 {
		header.Set("Content-Type", contentType)
	}
	return c.sendWith(ctx, header, method, path, body)
}

// sendWith does what send does, with the header and the token.
func (c *Client) sendWith(
	ctx context.Context, header http.Header, method, path string, body []byte,
) ([]byte, error) {
	address := strings.TrimRight(c.Server, "/") + Root + path
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	req.Header.Set("Authorization", "Bearer "+c.Token)
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	received, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read answer of %s: %w", address, err)
	case len(received) > maxAnswer:
		return nil, fmt.Errorf("the answer of %s is larger than %d bytes", address, maxAnswer)
	case resp.StatusCode < http.StatusBadRequest:
		return received, nil
	}
	return nil, problemOf(resp, received)
}

// problemOf returns the problem in an answer, or that it has none.
func problemOf(resp *http.Response, body []byte) error {
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	problem := new(Problem)
	if err == nil && mediaType == ProblemType && json.Unmarshal(body, problem) == nil {
		return problem
	}
	return errors.New(resp.Request.URL.String() + " answered " + resp.Status)
}
