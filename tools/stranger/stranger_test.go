// Package stranger is a test as a team writes it that knows the server's image and its
// public packages alone.
package stranger

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"

	"exportbuckets/staging"
	exportbuckets "exportbuckets/testcontainers"
)

// client calls the API as a service account.
type client struct {
	t     *testing.T
	url   string
	token string
}

func signIn(t *testing.T, server *exportbuckets.Container, account staging.ServiceAccount) *client {
	t.Helper()
	c := &client{t: t, url: server.BaseURL()}
	form := url.Values{"grant_type": {"client_credentials"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url+"/api/oauth/token",
		strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(account.ClientID, account.Secrets[0].Secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		t.Fatalf("sign in: got %s, %v, want a token", resp.Status, err)
	}
	c.token = answer.AccessToken
	return c
}

// send returns status and body of an answer, or the error of a request that got none.
func (c *client) send(method, path, body string) (int, string, error) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+"/api/atlas/v2"+path, bytes.NewBufferString(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/vnd.atlas.2025-03-12+json")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err
}

func TestATenantOfItsOwn(t *testing.T) {
	t.Parallel()
	if os.Getenv("TEST_DOCKER") != "required" {
		t.Skip("TEST_DOCKER is not required")
	}
	image := os.Getenv("TEST_IMAGE")
	if image == "" {
		t.Fatal("TEST_IMAGE names no image")
	}
	server, err := exportbuckets.Run(t.Context(), image, exportbuckets.WithoutRateLimits())
	testcontainers.CleanupContainer(t, server)
	if err != nil {
		t.Fatal(err)
	}
	org, other := server.NewOrganization(t, exportbuckets.From("base")), server.NewOrganization(t)
	if org.ID() == other.ID() || org.Project("Project") == other.Project("Project") {
		t.Fatal("got the same organization twice, want one for each")
	}
	if key := org.APIKey("owner"); !slices.Contains(org.Env(), "MONGODB_ATLAS_PUBLIC_API_KEY="+key.PublicKey) {
		t.Errorf("got environment %v, want the owner's key", org.Env())
	}
	account := org.Created().ServiceAccounts[0]
	c := signIn(t, server, account)
	buckets := "/groups/" + org.Project("Project") + "/backup/exportBuckets"
	body := `{"cloudProvider":"AWS","bucketName":"bucket","iamRoleId":"` + org.Copy("5e0000000000000000000d01") + `"}`
	count := func() int {
		t.Helper()
		status, answer, err := c.send(http.MethodGet, buckets, "")
		if err != nil || status != http.StatusOK {
			t.Fatalf("list: got %d %s, %v", status, answer, err)
		}
		return strings.Count(answer, `"bucketName"`)
	}

	// The answer of a create is lost when the bucket is there.
	org.Snapshot("empty")
	org.Fault(staging.Fault{
		Name: "lost", Match: staging.Match{Operations: []string{"createGroupBackupExportBucket"}},
		Effect: staging.Effect{Kind: staging.KindReset, At: staging.ResetCommit},
	})
	if status, answer, err := c.send(http.MethodPost, buckets, body); err == nil {
		t.Errorf("got %d %s, want no answer", status, answer)
	}
	if got := count(); got != 1 {
		t.Errorf("got %d buckets after the answer was lost, want 1", got)
	}
	lost := org.Requests(staging.JournalQuery{Fault: "lost"})
	if len(lost) != 1 || lost[0].Operation != "createGroupBackupExportBucket" {
		t.Errorf("got %+v in the journal, want the create that met the fault", lost)
	}
	org.Restore("empty")
	if got := count(); got != 0 {
		t.Errorf("got %d buckets in the restored organization, want none", got)
	}

	// An access token lasts for an hour.
	org.Advance(61 * time.Minute)
	if status, answer, err := c.send(http.MethodGet, buckets, ""); err != nil || status != http.StatusUnauthorized {
		t.Errorf("got %d %s, %v an hour later, want 401", status, answer, err)
	}
	if why := org.Why(); why.Status != http.StatusUnauthorized || len(why.Steps) == 0 {
		t.Errorf("got %+v, want the steps of the 401", why)
	}
	c = signIn(t, server, account)
	if got := count(); got != 0 {
		t.Errorf("got %d buckets, want none", got)
	}
	org.Reset()
	c = signIn(t, server, account) // a token from after the present is none
	status, answer, err := c.send(http.MethodGet, "/groups/"+other.Project("Project"), "")
	if err != nil || !strings.Contains(answer, `"errorCode":"USER_UNAUTHORIZED"`) {
		t.Errorf("got %d %s, %v for the project of another organization, want USER_UNAUTHORIZED", status, answer, err)
	}
}
