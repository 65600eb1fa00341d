package objectid_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/objectid"
)

func TestIDsInJSONAreThoseThatANameSaysToBe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"role_id", `"5f0000000000000000000001"`, []string{"5f0000000000000000000001"}},
		{"policy_item_ids", `["5f0000000000000000000001","5f0000000000000000000002"]`,
			[]string{"5f0000000000000000000001", "5f0000000000000000000002"}},
		{"body", `{"id":"5f0000000000000000000001","policies":[{"zoneId":"5f0000000000000000000002"}],"_id":"5f0000000000000000000003"}`,
			[]string{"5f0000000000000000000001", "5f0000000000000000000002", "5f0000000000000000000003"}},
		{"tags", `[{"key":"sha","value":"5f0000000000000000000001"}]`, nil},
		{"id", `"5f000000000000000000000x"`, nil},
		{"id", `"5f0000000000000000000001`, nil},
		{"identity", `"5f0000000000000000000001"`, nil},
	} {
		got := objectid.Strings(objectid.InJSON(tt.name, []byte(tt.text)))
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got, cmp.Transformer("len", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.name, tt.text, diff)
		}
	}
}
