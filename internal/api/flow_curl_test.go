package api_test

import (
	"bytes"
	"net/http"
	"net/textproto"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// curlStep is a curl command and what it prints.
type curlStep struct {
	does   string
	args   []string // {url} stands for the export buckets, {v1} for the unversioned project, {name} for what was kept
	status int
	served string // date of the version; empty for a refusal
	reads  bodyReader
}

// curlVersion is what users of curl write, of no operation here.
const curlVersion = "Accept: application/vnd.atlas.2025-03-12+json"

// curlSteps use export buckets of the demo project as their documentation does.
func curlSteps() []curlStep {
	type made struct {
		ID            *string `json:"_id"`
		BucketName    *string `json:"bucketName"`
		CloudProvider *string `json:"cloudProvider"`
		Links         []link  `json:"links"`
	}
	creates := func(provider, name, body string) curlStep {
		return curlStep{
			does: "create a bucket of " + provider, status: http.StatusOK, served: "2024-05-30",
			args: []string{
				"-H", curlVersion, "-H", "Content-Type: application/json", "-X", "POST", "{url}", "-d", body,
			},
			reads: reads(func(t *testing.T, f *flow, got made) {
				t.Helper()
				equal(t, "cloudProvider", *got.CloudProvider, provider)
				equal(t, "bucketName", *got.BucketName, name)
				equal(t, "links", len(got.Links), 1)
				equal(t, "links[0].href", got.Links[0].Href, "https://cloud.example.com"+demoBuckets+"/"+*got.ID)
				f.keep("bucket", got.ID)
			}),
		}
	}
	return []curlStep{
		creates("AWS", "export-bucket", awsBody),
		creates("AZURE", "examplecontainer", azureBody),
		creates("GCP", "export-bucket", gcpBody),
		{
			does: "list", status: http.StatusOK, served: "2024-05-30",
			args: []string{"-H", curlVersion, "{url}?pretty=true"},
			reads: func(t *testing.T, _ *flow, body string) {
				t.Helper()
				if !strings.HasPrefix(body, "{\n  \"links\" : [ {\n") || !strings.HasSuffix(body, "\n  \"totalCount\" : 3\n}") {
					t.Errorf("got %s, want three as Atlas prints them", body)
				}
			},
		},
		{
			does: "get one of the first version", status: http.StatusNotFound,
			args:  []string{"-H", "Accept: application/vnd.atlas.2023-01-01+json", "{url}/{bucket}"},
			reads: refused("EXPORT_BUCKET_NOT_FOUND"), // it knows AWS alone
		},
		{
			does: "get", status: http.StatusOK, served: "2024-05-30",
			args:  []string{"-H", curlVersion, "{url}/{bucket}"},
			reads: reads(func(*testing.T, *flow, made) {}),
		},
		{
			does: "get without a version", status: http.StatusNotAcceptable,
			args: []string{"{url}/{bucket}"}, reads: refused("INVALID_VERSION_DATE"), // Accept: */*
		},
		{
			does: "create with a form", status: http.StatusUnsupportedMediaType,
			args: []string{"-H", curlVersion, "{url}", "-d", awsBody}, // the type is curl's own
		},
		// Without a version there is an API, too.
		{
			does: "get from the unversioned API", status: http.StatusNotFound,
			args:  []string{"{v1}/backup/exportBuckets/{bucket}"},
			reads: refused("EXPORT_BUCKET_NOT_FOUND"), // as before
		},
		{
			does: "list from the unversioned API", status: http.StatusOK,
			args: []string{"{v1}/backup/exportBuckets?pretty=true"},
			reads: reads(func(t *testing.T, _ *flow, got oldPage[oldBucket]) {
				t.Helper()
				equal(t, "totalCount", *got.TotalCount, 1)
				equal(t, "bucketName", *got.Results[0].BucketName, "export-bucket")
			}),
		},
		{
			does: "create a cluster by the unversioned API", status: http.StatusCreated,
			args:  []string{"-H", "Content-Type: application/json", "-X", "POST", "{v1}/clusters", "-d", oldCluster},
			reads: inState("CREATING"),
		},
		{
			does: "delete", status: http.StatusNoContent, served: "2023-01-01",
			args: []string{"-H", curlVersion, "-X", "DELETE", "{url}/{bucket}"},
		},
		{
			does: "delete again", status: http.StatusNotFound,
			args:  []string{"-H", curlVersion, "-X", "DELETE", "{url}/{bucket}"},
			reads: refused("EXPORT_BUCKET_NOT_FOUND"),
		},
	}
}

// link is a hypermedia link.
type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// curl runs the real program and returns what it printed: the headers of all
// answers and the body of the last one. Its own settings do not count.
func curl(t *testing.T, args ...string) (out, trace string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "curl",
		append([]string{"--disable", "--noproxy", "*", "--silent", "--show-error", "--verbose"}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("curl %q: got %v, %s; want no error", args, err, stderr.String())
	}
	return stdout.String(), stderr.String()
}

// answers takes what curl --include prints apart. Of a challenge it prints no
// body.
func answers(t *testing.T, out string) []answer {
	t.Helper()
	var got []answer
	for strings.HasPrefix(out, "HTTP/1.1 ") {
		head, rest, _ := strings.Cut(out, "\r\n\r\n")
		statusLine, lines, _ := strings.Cut(head, "\r\n")
		status, err := strconv.Atoi(strings.Fields(statusLine)[1])
		if err != nil {
			t.Fatal(err)
		}
		a := answer{status: status, header: make(http.Header)}
		for line := range strings.SplitSeq(lines, "\r\n") {
			name, value, _ := strings.Cut(line, ": ")
			a.header.Add(textproto.CanonicalMIMEHeaderKey(name), value)
		}
		got = append(got, a)
		out = rest
	}
	if len(got) == 0 {
		t.Fatalf("got %q from curl, want an answer", out)
	}
	got[len(got)-1].body = out
	return got
}

func TestCurl(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		credentials func(t *testing.T, b *bundle) []string
		trips       int
	}{
		"with an API key": {trips: 2, credentials: func(*testing.T, *bundle) []string {
			return []string{"--user", "demoownr:" + privateKeys["demoownr"], "--digest"}
		}},
		"with a service account": {trips: 1, credentials: func(t *testing.T, b *bundle) []string {
			t.Helper()
			out, _ := curl(t, "--include", "--user", demoClientID+":"+demoClientSecret,
				"-d", "grant_type=client_credentials", b.server.URL+"/api/oauth/token")
			f := &flow{kept: make(map[string]string)}
			reads(func(t *testing.T, f *flow, got struct {
				AccessToken *string `json:"access_token"`
				ExpiresIn   *int    `json:"expires_in"`
				TokenType   *string `json:"token_type"`
			}) {
				t.Helper()
				equal(t, "expires_in", *got.ExpiresIn, 3600)
				equal(t, "token_type", *got.TokenType, "Bearer")
				f.keep("token", got.AccessToken)
			})(t, f, answers(t, out)[0].body)
			return []string{"-H", "Authorization: Bearer " + f.kept["token"]}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			f := &flow{bundle: b, kept: map[string]string{
				"url": b.server.URL + demoBuckets, "v1": b.server.URL + v1Root + "/groups/" + demoProject,
			}}
			credentials := tt.credentials(t, b)
			for _, s := range curlSteps() {
				if !t.Run(s.does, func(t *testing.T) { f.runCurl(t, s, credentials, tt.trips) }) {
					return
				}
			}
		})
	}
}

func (f *flow) runCurl(t *testing.T, s curlStep, credentials []string, trips int) {
	t.Helper()
	args := append([]string{"--include"}, credentials...)
	for _, arg := range s.args {
		args = append(args, f.fill(arg))
	}
	out, trace := curl(t, args...)
	f.checkCurl(t, s, answers(t, out), trips)
	// curl holds a body back until it was challenged.
	withheld := trips == 2 && slices.Contains(s.args, "-d")
	equal(t, "a request without its body", strings.Contains(trace, "> Content-Length: 0"), withheld)
}

func (f *flow) checkCurl(t *testing.T, s curlStep, got []answer, trips int) {
	t.Helper()
	if len(got) != trips {
		t.Fatalf("got %d answers, want %d", len(got), trips)
	}
	if trips == 2 {
		got[0].body = challengeBody // curl does not print it
		checkChallenge(t, "challenge", got[0], "false")
	}
	last := got[trips-1]
	if last.status != s.status {
		t.Fatalf("got %d %s, want %d", last.status, last.body, s.status)
	}
	contentType := ""
	switch {
	case s.served != "":
		contentType = "application/vnd.atlas." + s.served + "+json;charset=utf-8"
	case s.reads != nil:
		contentType = "application/json"
	}
	equal(t, "Content-Type", last.header.Get("Content-Type"), contentType)
	if s.reads == nil {
		equal(t, "body", last.body, "")
		return
	}
	s.reads(t, f, last.body)
}
