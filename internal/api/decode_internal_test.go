package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
)

// FuzzDecode holds decode against encoding/json: what it takes, the other takes
// too and reads the same, but for the case of keys.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"cloudProvider":"AWS","bucketName":"b","iamRoleId":"5f0000000000000000000d01","requirePrivateNetworking":true}`,
		`{"cloudProvider":"AZURE","roleId":"x","serviceUrl":"https://a","tenantId":null,"links":[{}]}`,
		`{"_id":1,"region":{}}`, `{"bucketName":5}`, `{"bucketname":"x"}`, `{"a":{}}`, `[]`, `null`, ``,
		`{"bucketName":"a","bucketName":"b"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		c.Request.Header.Set("Content-Type", "application/json")
		var got backup.ExportBucketRequest
		err := decode(&call{gin: c, body: &received{data: body}}, jsontext.KindBeginObject, &got)
		var refusal *atlas.Error
		switch {
		case errors.As(err, &refusal):
			if malformed := refusal.Code == atlas.CodeMalformedJSON; malformed && json.Valid(body) && !unusual(body) {
				t.Errorf("%q: got %v for valid JSON", body, err)
			}
		case err != nil:
			t.Errorf("%q: got %v, want a refusal that the client may read", body, err)
		default:
			var want backup.ExportBucketRequest
			if err := json.Unmarshal(body, &want); err != nil {
				t.Fatalf("%q: accepted, but encoding/json says %v", body, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q (-encoding/json +got):\n%s", body, diff)
			}
		}
	})
}

// unusual says whether a body has what encoding/json lets pass and RFC 8259 or
// this server's decoder does not: bytes that are not UTF-8, halves of surrogate
// pairs, great depth.
func unusual(body []byte) bool {
	return strings.ToValidUTF8(string(body), "") != string(body) ||
		bytes.Contains(bytes.ToLower(body), []byte(`\ud`)) || len(body) > 5000
}
