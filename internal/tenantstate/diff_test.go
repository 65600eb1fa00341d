package tenantstate

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/staging"
)

func TestADiffNamesTheRowsThatDiffer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.declare(t)
	b.exec(t,
		"UPDATE export_buckets SET bucket_name = 'other-backups' WHERE id = '5f0000000000000000000f01'",
		"UPDATE projects SET name = 'Renamed', managed_slow_ms = NOT managed_slow_ms WHERE id = '"+otherProject+"'",
		"DELETE FROM api_keys WHERE public_key = 'demoread'",
		`UPDATE api_keys SET ha1 = '\xdeadbeefdeadbeefdeadbeefdeadbeef' WHERE public_key = 'demoproj'`,
	)
	got, err := b.service.Diff(t.Context(), b.writer.Reader(), staging.Declared, staging.Live)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, change := range got.Changes {
		for _, row := range change.Rows {
			rows = append(rows, fmt.Sprint(change.Kind, " ", row.Change, " ", row.ID, " ", row.Name, " ", row.ProjectID, row.Fields))
		}
	}
	want := []string{
		"apiKeys updated 5f0000000000000000000e02 demoproj [ha1]",
		"apiKeys removed 5f0000000000000000000e03 demoread []",
		"projects updated " + otherProject + " Renamed [name managedSlowMs]",
		"exportBuckets updated 5f0000000000000000000f01 other-backups " + backupsProject + "[bucketName]",
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestADiffNamesSoManyRows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.declare(t)
	b.exec(t, `INSERT INTO projects SELECT (jsonb_populate_record(p, jsonb_build_object(
			'id', '5f000000000000000000' || lpad(n::text, 4, '0'), 'name', n))).*
		FROM projects AS p, generate_series(1, 150) AS n WHERE p.id = '`+otherProject+`'`)
	got, err := b.service.Diff(t.Context(), b.writer.Reader(), staging.Declared, staging.Live)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Changes) != 1 || got.Changes[0].Added != 150 || len(got.Changes[0].Rows) != staging.MaxChangedRows {
		t.Errorf("got %+v, want 150 rows of one kind, of which %d are named", got.Changes, staging.MaxChangedRows)
	}
}
