package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	demoOrg     = "5f0000000000000000000a01"
	demoProject = "5f0000000000000000000b01"
	demoBuckets = "/api/atlas/v2/groups/" + demoProject + "/backup/exportBuckets"
	missing     = demoBuckets + "/5f0000000000000000000fff"

	// markup is what every field has that may have it. No page is to run it.
	markup = `"'><script>ran=1</script><img src=x onerror="ran=1">`
	agent  = "browser-test " + markup
)

// entries is how many requests the journal has.
const entries = 2000

// seed is the demo tenant with markup in every text that takes it.
func seed() (string, error) {
	demo, err := os.ReadFile("../../internal/seed/demo.yaml")
	if err != nil {
		return "", err
	}
	quoted := "'" + strings.ReplaceAll(markup, "'", "''") + "'"
	return strings.NewReplacer(
		"name: Demo Organization", "name: "+quoted,
		"description: Demo key of an Organization Owner", "description: "+quoted,
		"comment: Demo office", "comment: "+quoted,
		"description: Demo snapshot,", "description: "+quoted+",",
	).Replace(string(demo)), nil
}

// stage asks for what the pages show. A bucket that is not there comes last.
func (s *server) stage(ctx context.Context) error {
	form := url.Values{"grant_type": {"client_credentials"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.api+"/api/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("mdb_sa_id_5f0000000000000000000c01", "mdb_sa_sk_demo-owner-secret-not-for-production-01")
	answer, err := send(req, http.StatusOK)
	if err != nil {
		return err
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(answer, &token); err != nil {
		return err
	}
	s.bearer = token.AccessToken
	fault, err := json.Marshal(map[string]any{
		"match": map[string]any{"operations": []string{"listGroups"}, "userAgent": agent},
		"fault": map[string]any{"kind": "status", "status": http.StatusInternalServerError, "body": "html"},
	})
	if err != nil {
		return err
	}
	org := "/admin/v1/organizations/" + demoOrg
	_, noState := s.askAdmin(ctx, http.MethodPut, org+"/snapshots/before", "")
	_, noFault := s.askAdmin(ctx, http.MethodPut, org+"/faults/broken", string(fault))
	err = errors.Join(noState, noFault,
		s.fillJournal(ctx),
		s.ask(ctx, http.MethodPost, demoBuckets, newBucket("export-bucket"), http.StatusOK),
		s.ask(ctx, http.MethodGet, "/api/atlas/v2/groups", "", http.StatusInternalServerError),
		s.ask(ctx, http.MethodGet, "/api/atlas/v2/groups/"+url.PathEscape(markup), "", http.StatusNotFound),
	)
	if err != nil {
		return err
	}
	if err := s.ask(ctx, http.MethodGet, missing, "", http.StatusNotFound); err != nil {
		return err
	}
	s.refused = make(map[string]string)
	for _, code := range []string{"INVALID_GROUP_ID", "EXPORT_BUCKET_NOT_FOUND"} {
		if s.refused[code], err = s.entry(ctx, code); err != nil {
			return err
		}
	}
	return nil
}

// entry waits until the journal has an entry with the error code, and returns its id.
func (s *server) entry(ctx context.Context, code string) (string, error) {
	const patience = 10 * time.Second
	for began := time.Now(); time.Since(began) < patience; time.Sleep(50 * time.Millisecond) {
		var list struct {
			Results []struct {
				ID string `json:"id"`
			} `json:"results"`
		}
		path := "/admin/v1/organizations/" + demoOrg + "/journal?errorCode=" + code
		answer, err := s.askAdmin(ctx, http.MethodGet, path, "")
		if err == nil {
			err = json.Unmarshal(answer, &list)
		}
		if err != nil {
			return "", err
		}
		if len(list.Results) > 0 {
			return list.Results[0].ID, nil
		}
	}
	return "", fmt.Errorf("got no entry of a %s in the journal for %s, want one", code, patience)
}

// newBucket is the body of a request that creates an export bucket.
func newBucket(name string) string {
	return `{"cloudProvider":"AWS","bucketName":"` + name + `","iamRoleId":"5f0000000000000000000d01"}`
}

// fillJournal sends as many requests as the journal is to have, no faster than it keeps them
// all: some 1,000 a second of an organization.
func (s *server) fillJournal(ctx context.Context) error {
	pace := time.NewTicker(2 * time.Millisecond)
	defer pace.Stop()
	for range entries {
		<-pace.C
		if err := s.ask(ctx, http.MethodGet, demoBuckets, "", http.StatusOK); err != nil {
			return err
		}
	}
	return nil
}

// ask sends a request to the API.
func (s *server) ask(ctx context.Context, method, path, body string, want int) error {
	req, err := http.NewRequestWithContext(ctx, method, s.api+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.bearer)
	req.Header.Set("Accept", "application/vnd.atlas.2025-03-12+json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", agent)
	_, err = send(req, want)
	return err
}

// askAdmin sends a request to the staging plane, which is to serve it.
func (s *server) askAdmin(ctx context.Context, method, path, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.admin+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	return send(req, 0)
}

// send returns the body of an answer that has the status, or 2xx if that is 0.
func send(req *http.Request, want int) ([]byte, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != want && (want != 0 || resp.StatusCode/100 != 2) {
		return nil, fmt.Errorf("%s %s: got %s %s, want %d", req.Method, req.URL, resp.Status, body, want)
	}
	return body, err
}
