package admin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"exportbuckets/staging"
)

const faults = staging.Root + "/organizations/" + demo + "/faults"

func TestFaultsAreStoredInTheirOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.as(writeToken)
	names := func() string {
		list, err := client.Faults(t.Context(), demo)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, fault := range list {
			names = append(names, fault.Name+" "+string(fault.Effect.Kind))
		}
		return strings.Join(names, ", ")
	}
	put := func(name string, kind staging.Kind) {
		t.Helper()
		fault, err := client.PutFault(t.Context(), demo, staging.Fault{Name: name, Effect: staging.Effect{Kind: kind}})
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(*fault.ExpiresAt); left < staging.FaultLifetime-time.Minute || left > staging.FaultLifetime {
			t.Errorf("got an end in %s, want it in %s", left, staging.FaultLifetime)
		}
	}
	put("one", staging.KindReset)
	put("two", staging.KindRateLimit)
	put("one", staging.KindUnauthenticated)
	if got := names(); got != "one unauthenticated, two rateLimit" {
		t.Errorf("got %s", got)
	}
	if err := client.DeleteFault(t.Context(), demo, "one"); err != nil {
		t.Fatal(err)
	}
	isProblem(t, client.DeleteFault(t.Context(), demo, "one"), staging.CodeNotFound)
	if got := names(); got != "two rateLimit" {
		t.Errorf("got %s", got)
	}
	stored, err := client.PutFaults(t.Context(), demo, []staging.Fault{
		{Name: "a", Effect: staging.Effect{Kind: staging.KindReset, At: staging.ResetCommit}},
		{Name: "b", Effect: staging.Effect{Kind: staging.KindLatency, Ms: 5}},
	})
	if err != nil || len(stored) != 2 || names() != "a reset, b latency" {
		t.Errorf("got %+v, %v, and %s", stored, err, names())
	}
	one, err := b.as(readToken).Fault(t.Context(), demo, "b")
	if err != nil || one.Name != "b" || one.Effect.Ms != 5 || one.ExpiresAt == nil {
		t.Errorf("got %+v, %v, want the second", one, err)
	}
	_, err = client.Fault(t.Context(), demo, "two")
	isProblem(t, err, staging.CodeNotFound)
	_, err = b.as(neighborToken).Fault(t.Context(), demo, "b")
	isProblem(t, err, staging.CodeNotFound)
	if _, err := client.PutFaults(t.Context(), demo, nil); err != nil || names() != "" {
		t.Errorf("got %v and %s, want that none replace them", err, names())
	}
	put("one", staging.KindReset)
	if err := client.ClearFaults(t.Context(), demo); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "" {
		t.Errorf("got %s, want none", got)
	}
	_, err = b.as(readToken).PutFault(t.Context(), demo, staging.Fault{Name: "x"})
	isProblem(t, err, staging.CodeReadOnlyToken)
	_, err = b.as(neighborToken).PutFault(t.Context(), demo, staging.Fault{Name: "x"})
	isProblem(t, err, staging.CodeNotFound)
}

func TestFaultsOfAProtectedOrganizationAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	yes := true
	_, err := b.as(operatorToken).UpdateOrganization(t.Context(), demo, staging.OrganizationUpdate{Protected: &yes})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.as(writeToken).PutFault(t.Context(), demo,
		staging.Fault{Name: "x", Effect: staging.Effect{Kind: staging.KindReset}})
	isProblem(t, err, staging.CodeProtected)
}

// Whoever protects an organization ends its faults: its team may not any more.
func TestFaultsEndWhenTheirOrganizationIsProtected(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.as(writeToken).PutFault(t.Context(), demo,
		staging.Fault{Name: "x", Effect: staging.Effect{Kind: staging.KindReset}}); err != nil {
		t.Fatal(err)
	}
	version := func() (version int64) {
		t.Helper()
		if err := b.pool.QueryRow(t.Context(), "SELECT staging_version FROM orgs WHERE id = $1", demo).Scan(&version); err != nil {
			t.Fatal(err)
		}
		return version
	}
	before, yes := version(), true
	_, err := b.as(operatorToken).UpdateOrganization(t.Context(), demo, staging.OrganizationUpdate{Protected: &yes})
	if err != nil {
		t.Fatal(err)
	}
	list, err := b.as(readToken).Faults(t.Context(), demo)
	if err != nil || len(list) > 0 || version() == before {
		t.Errorf("got %v, %v, version %d; want none, and that replicas are told", list, err, version())
	}
}

func TestFaultsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	long := strings.Repeat("x", 300)
	for _, tt := range []struct{ body, at string }{
		{`{"fault":{"kind":"reset"},"x":1}`, "/x"},
		{`{"fault":{"kind":"reset"},"name":"other"}`, "/name"},
		{`{}`, "/fault/kind"},
		{`{"fault":{"kind":"burn"}}`, "/fault/kind"},
		{`{"fault":{"kind":"reset","at":"later"}}`, "/fault/at"},
		{`{"fault":{"kind":"reset","status":500}}`, "/fault/status"},
		{`{"fault":{"kind":"status","status":200}}`, "/fault/status"},
		{`{"fault":{"kind":"status","status":503,"body":"xml"}}`, "/fault/body"},
		{`{"fault":{"kind":"status","status":503,"retryAfter":4000}}`, "/fault/retryAfter"},
		{`{"fault":{"kind":"reset","body":"html"}}`, "/fault/body"},
		{`{"fault":{"kind":"reset","retryAfter":1}}`, "/fault/retryAfter"},
		{`{"fault":{"kind":"status","status":503,"at":"commit"}}`, "/fault/at"},
		{`{"fault":{"kind":"error","errorCode":"NOTHING"}}`, "/fault/errorCode"},
		{`{"fault":{"kind":"error","errorCode":"GROUP_NOT_FOUND"}}`, "/fault/parameters"},
		{`{"fault":{"kind":"error","errorCode":"GROUP_NOT_FOUND","parameters":[{}]}}`, "/fault/parameters/0"},
		{`{"fault":{"kind":"error","errorCode":"GROUP_NOT_FOUND","parameters":["` + long + `"]}}`, "/fault/parameters/0"},
		{`{"fault":{"kind":"error","errorCode":"GROUP_NOT_FOUND","parameters":["x",1]}}`, "/fault/parameters"},
		{`{"fault":{"kind":"error","errorCode":"NOT_IN_GROUP","parameters":["x"]}}`, "/fault/parameters"},
		{`{"fault":{"kind":"error","errorCode":"AWS_IAM_ROLE_IN_USE"}}`, "/fault/parameters"},
		{`{"fault":{"kind":"error","errorCode":"CLUSTER_NOT_FOUND","parameters":["x",1e300]}}`, "/fault/parameters/1"},
		{`{"fault":{"kind":"error","errorCode":"GROUP_NOT_FOUND","parameters":[1.5]}}`, "/fault/parameters/0"},
		{`{"fault":{"kind":"error","errorCode":"GROUP_NOT_FOUND","parameters":[9007199254740993]}}`, "/fault/parameters/0"},
		{`{"fault":{"kind":"error","errorCode":"GROUP_NOT_FOUND","parameters":[true]}}`, "/fault/parameters/0"},
		{`{"fault":{"kind":"reset","errorCode":"GROUP_NOT_FOUND"}}`, "/fault/errorCode"},
		{`{"fault":{"kind":"reset","parameters":["x"]}}`, "/fault/parameters"},
		{`{"fault":{"kind":"slowBody"}}`, "/fault/bytesPerSecond"},
		{`{"fault":{"kind":"reset","bytesPerSecond":1}}`, "/fault/bytesPerSecond"},
		{`{"fault":{"kind":"truncate","bytes":-1}}`, "/fault/bytes"},
		{`{"fault":{"kind":"reset","bytes":1}}`, "/fault/bytes"},
		{`{"fault":{"kind":"latency"}}`, "/fault"},
		{`{"fault":{"kind":"latency","ms":50001}}`, "/fault/ms"},
		{`{"fault":{"kind":"latency","ms":-1}}`, "/fault/ms"},
		{`{"fault":{"kind":"latency","min":2,"max":1}}`, "/fault/max"},
		{`{"fault":{"kind":"latency","ms":1,"max":1}}`, "/fault"},
		{`{"fault":{"kind":"latency","median":5}}`, "/fault/max"},
		{`{"fault":{"kind":"latency","median":5,"max":9,"min":1}}`, "/fault/min"},
		{`{"fault":{"kind":"latency","median":5,"max":9,"sigma":11}}`, "/fault/sigma"},
		{`{"fault":{"kind":"latency","ms":5,"sigma":1}}`, "/fault/sigma"},
		{`{"fault":{"kind":"reset"},"skip":-1}`, "/skip"},
		{`{"fault":{"kind":"reset"},"count":0}`, "/count"},
		{`{"fault":{"kind":"reset"},"count":"1"}`, "/count"},
		{`{"fault":{"kind":"reset"},"probability":1.5}`, "/probability"},
		{`{"fault":{"kind":"reset"},"expiresAt":"2020-01-01T00:00:00Z"}`, "/expiresAt"},
		{`{"fault":{"kind":"reset"},"expiresAt":"2120-01-01T00:00:00Z"}`, "/expiresAt"},
		{`{"fault":{"kind":"reset"},"match":{"operations":["createGroupBackupExportBucket","flyToTheMoon"]}}`, "/match/operations/1"},
		{`{"fault":{"kind":"reset"},"match":{"projectId":"x"}}`, "/match/projectId"},
		{`{"fault":{"kind":"reset"},"match":{"userAgent":"` + long + `"}}`, "/match/userAgent"},
		{`{"fault":{"kind":"reset"},"match":{"header":{"":"x"}}}`, "/match/header"},
	} {
		got := b.do(t, http.MethodPut, faults+"/x", writeToken, tt.body)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"at": "`+tt.at+`"`) {
			t.Errorf("%s: got %d %s, want 400 at %s", tt.body, got.status, got.body, tt.at)
		}
	}
	got := b.do(t, http.MethodPut, faults+"/-x", writeToken, `{"fault":{"kind":"reset"}}`)
	if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"at": "/name"`) {
		t.Errorf("got %d %s, want 400 at /name", got.status, got.body)
	}
	for body, at := range map[string]string{
		`[{"name":"a","fault":{"kind":"reset"}},{"name":"a","fault":{"kind":"reset"}}]`: "/1/name",
		`[{"name":"a","fault":{"kind":"reset"}},{"name":"b","fault":{"kind":"burn"}}]`:  "/1/fault/kind",
		`[{"name":"a","fault":{"kind":"reset"}},{"name":"b","fault":{"kind":1}}]`:       "/1/fault/kind",
	} {
		got := b.do(t, http.MethodPut, faults, writeToken, body)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"at": "`+at+`"`) {
			t.Errorf("%s: got %d %s, want 400 at %s", body, got.status, got.body, at)
		}
	}
	list, err := b.as(readToken).Faults(t.Context(), demo)
	if err != nil || len(list) > 0 {
		t.Errorf("got %v, %v, want none stored", list, err)
	}
	many := make([]string, 0, staging.MaxFaults+1)
	for i := range staging.MaxFaults + 1 {
		many = append(many, `{"name":"f`+strings.Repeat("x", i)+`","fault":{"kind":"reset"}}`)
	}
	many[staging.MaxFaults] = `{}` // is not looked at
	got = b.do(t, http.MethodPut, faults, writeToken, "["+strings.Join(many, ",")+"]")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("got %d %s, want 422", got.status, got.body)
	}
}
