package admin_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"exportbuckets/staging"
)

// What a project of the demo file has.
const (
	demoBackups = "5f0000000000000000000b03"
	demoRole    = "5f0000000000000000000d10"
	demoBucket  = "5f0000000000000000000f01"
)

// withDemo gives the demo organization what the demo file declares.
func (b *bundle) withDemo(t *testing.T) {
	t.Helper()
	file, err := os.ReadFile("../seed/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.as(operatorToken).Declare(t.Context(), demo, file, staging.Add, false); err != nil {
		t.Fatal(err)
	}
}

func TestUsageNamesWhatARemovalIsRefusedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withDemo(t)
	bucket := staging.Usage{
		Kind: staging.ResourceExportBucket, ID: demoBucket, Project: demoBackups,
		UsedBy: []staging.Reference{
			{Kind: staging.ResourceBackupSchedule, ID: "5f0000000000000000000f02", Name: "Cluster0", Blocks: true},
			{Kind: staging.ResourceExportJob, ID: "5f0000000000000000000f04"},
		},
		ErrorCode: "EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE",
	}
	got, err := b.as(readToken).BucketUsage(t.Context(), demo, demoBucket)
	if diff := gocmp.Diff(bucket, got); diff != "" || err != nil {
		t.Errorf("bucket: %v (-want +got):\n%s", err, diff)
	}
	role := staging.Usage{
		Kind: staging.ResourceAccessRole, ID: demoRole, Project: demoBackups,
		UsedBy:    []staging.Reference{{Kind: staging.ResourceExportBucket, ID: demoBucket, Name: "demo-backups", Blocks: true}},
		ErrorCode: "AWS_IAM_ROLE_IN_USE",
	}
	got, err = b.as(readToken).RoleUsage(t.Context(), demo, demoRole)
	if diff := gocmp.Diff(role, got); diff != "" || err != nil {
		t.Errorf("role: %v (-want +got):\n%s", err, diff)
	}
	got, err = b.as(readToken).RoleUsage(t.Context(), demo, "5f0000000000000000000d01")
	if err != nil || len(got.UsedBy) != 0 || got.ErrorCode != "" {
		t.Errorf("got %+v, %v; want that nothing uses the role", got, err)
	}
	_, err = b.as(neighborToken).RoleUsage(t.Context(), neighbor, demoRole)
	isProblem(t, err, staging.CodeNotFound)
	_, err = b.as(neighborToken).BucketUsage(t.Context(), neighbor, demoBucket)
	isProblem(t, err, staging.CodeNotFound)
	_, err = b.as(readToken).BucketUsage(t.Context(), neighbor, demoBucket)
	isProblem(t, err, staging.CodeNotFound)
}

func TestTheSunsetReportCountsWhatClientsUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ends := staging.Version{Asked: "2023-02-01", Served: "2023-01-01", Successor: "2023-10-04", Sunset: "2027-07-01"}
	stays := staging.Version{Asked: "2025-03-12", Served: "2023-01-01"}
	for _, entry := range []staging.JournalEntry{
		{UserAgent: "tf/1", Operation: "listInvites", Version: &ends},
		{UserAgent: "tf/1", Operation: "listInvites", Version: &ends},
		{UserAgent: "cli/2", Operation: "getGroup", Version: &stays},
		{UserAgent: "cli/2", Operation: "getGroup"}, // refused before
	} {
		b.ask(demo, entry)
	}
	b.ask(neighbor, staging.JournalEntry{UserAgent: "other", Operation: "listInvites", Version: &ends})
	for at, want := range map[string]staging.Sunset{
		"2027-06-30T23:59:59Z": {DaysLeft: new(0)},
		"2027-07-01T00:00:00Z": {DaysLeft: new(0), Gone: true},
		"2027-07-01T00:00:01Z": {DaysLeft: new(-1), Gone: true},
		"2027-06-01T00:00:00Z": {DaysLeft: new(30)},
		"9999-12-31T00:00:00Z": {DaysLeft: new(-2911896), Gone: true},
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		report, err := b.as(readToken).Sunset(t.Context(), demo, moment)
		if err != nil {
			t.Fatal(err)
		}
		for i := range report.Results {
			if time.Since(report.Results[i].LastSeen) > time.Minute {
				t.Errorf("got last seen %s, want it now", report.Results[i].LastSeen)
			}
			report.Results[i].LastSeen = time.Time{}
		}
		want.UserAgent, want.Operation, want.Version, want.Requests = "tf/1", "listInvites", ends, 2
		all := staging.SunsetReport{At: moment, Results: []staging.Sunset{
			want, {UserAgent: "cli/2", Operation: "getGroup", Version: stays, Requests: 1},
		}}
		if diff := gocmp.Diff(all, report); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", at, diff)
		}
	}
}

func TestReportsRefuseWhatNamesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, at := range map[string]string{
		"/usage": "/role", "/usage?role=x": "/role", "/usage?bucket=x": "/bucket",
		"/usage?role=" + noProject + "&bucket=" + noProject: "/role", "/sunset?at=tomorrow": "/at",
	} {
		got := b.do(t, http.MethodGet, staging.Root+"/organizations/"+demo+path, readToken, "")
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"at": "`+at+`"`) {
			t.Errorf("%s: got %d %s, want INVALID at %s", path, got.status, got.body, at)
		}
	}
}
