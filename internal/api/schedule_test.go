package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const demoSchedule = demoClusters + "/c/backup/schedule"

// cut returns what is between a text in a body and the next quotation mark.
func cut(t testing.TB, body, after string) string {
	t.Helper()
	_, rest, found := strings.Cut(body, after)
	part, _, ends := strings.Cut(rest, `"`)
	if !found || !ends {
		t.Fatalf("got %s, want something after %s", body, after)
	}
	return part
}

func TestASchedulePassesThroughAllItCanBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody)
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters,
		strings.Replace(newCluster("c"), "{", `{"backupEnabled":true,"pitEnabled":true,`, 1))
	b.sendAs(t, "2024-08-05", 404, http.MethodGet, demoSchedule, "") // it is not there yet
	b.pass(t, time.Minute)
	first := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSchedule, "")
	golden(t, "schedule_20230101", first) // as recorded
	golden(t, "schedule", b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoSchedule, ""))
	golden(t, "schedule_deleted", b.sendAs(t, "2024-08-05", 200, http.MethodDelete, demoSchedule, ""))
	b.sendAs(t, "2024-10-23", 200, http.MethodPatch, demoClusters+"/c", `{"pitEnabled":false}`)

	// As the Terraform provider changes it.
	policy := cut(t, first, `"policies":[{"id":"`)
	golden(t, "schedule_exports", b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule,
		`{"autoExportEnabled":true,"export":{"exportBucketId":"6a7900010203040506000001","frequencyType":"monthly"},`+
			`"policies":[{"id":"`+policy+`","policyItems":[{"frequencyInterval":1,"frequencyType":"daily",`+
			`"retentionUnit":"days","retentionValue":7},{"frequencyInterval":40,"frequencyType":"monthly",`+
			`"retentionUnit":"months","retentionValue":12}]}],"referenceHourOfDay":3,"referenceMinuteOfHour":45,`+
			`"restoreWindowDays":4,"useOrgAndGroupNamesInExportPrefix":true}`))
	// As the Atlas CLI does.
	b.sendAs(t, "2023-01-01", 200, http.MethodPatch, demoSchedule,
		`{"clusterName":"c","autoExportEnabled":true,"export":{"frequencyType":"daily"}}`)
	zone := cut(t, b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoClusters+"/c", ""), `"zoneId":"`)
	golden(t, "schedule_copies", b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule,
		`{"copySettings":[{"cloudProvider":"AWS","frequencies":["HOURLY","ON_DEMAND"],"regionName":"US_WEST_2",`+
			`"zoneId":"`+zone+`","shouldCopyOplogs":false}],"extraRetentionSettings":[{"frequencyType":"DAILY",`+
			`"retentionDays":2}],"copyPolicyItemsEnabled":true}`))
	golden(t, "schedule_copies_20230101", b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSchedule, ""))
	// What it shows can be sent back, and changes nothing.
	for _, version := range []string{"2023-01-01", "2024-08-05"} {
		before := b.sendAs(t, version, 200, http.MethodGet, demoSchedule, "")
		if after := b.sendAs(t, version, 200, http.MethodPatch, demoSchedule, before); after != before {
			t.Errorf("sent back as of %s: got %s, want %s", version, after, before)
		}
	}
	got := b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{"autoExportEnabled":false,"copySettings":[]}`)
	if strings.Contains(got, `"export":`) || !strings.Contains(got, `"autoExportEnabled":false`) ||
		!strings.Contains(got, `"copySettings":[]`) {
		t.Errorf("exports switched off: got %s, want none, and no copies", got)
	}
}

func TestSchedulesThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	b.create(t, awsBody)
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters,
		strings.Replace(newCluster("c"), "{", `{"backupEnabled":true,"pitEnabled":true,`, 1))
	b.createCluster(t, "d")
	b.pass(t, time.Minute)
	before := b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoSchedule, "")
	daily := cut(t, before, `"frequencyType":"daily","id":"`)
	const (
		hourlyItem = `{"frequencyInterval":6,"frequencyType":"hourly","retentionUnit":"days","retentionValue":7}`
		reason     = "Invalid Backup Policy: %s."
	)
	items := func(items ...string) string {
		return `{"policies":[{"policyItems":[` + strings.Join(items, ",") + `]}]}`
	}
	item := func(frequency string, interval int, unit string, value int) string {
		return fmt.Sprintf(`{"frequencyInterval":%d,"frequencyType":%q,"retentionUnit":%q,"retentionValue":%d}`,
			interval, frequency, unit, value)
	}
	const pit = "Reason: Continuous Cloud Backup cannot be on without an hourly policy item."
	for name, tt := range map[string]struct{ body, code, detail string }{
		"no policy":         {`{"policies":[]}`, "INVALID_NUM_OF_POLICIES", "Must have exactly one policy."},
		"two policies":      {`{"policies":[{},{}]}`, "INVALID_NUM_OF_POLICIES", "Must have exactly one policy."},
		"no item":           {items(), "INVALID_NUM_OF_POLICY_ITEMS", "Must have at least one policy item."},
		"another policy":    {`{"policies":[{"id":"x"}]}`, "INVALID_POLICY_ID", "The policy id x is invalid."},
		"half an item":      {items(`{"frequencyType":"daily"}`), "MISSING_POLICY_ITEM_PARAMETERS", "Each policy item must contain all required fields."},
		"an unknown item":   {items(`{"id":"x",` + hourlyItem[1:]), "INVALID_POLICY_ITEM_ID", "The specified policy item id x does not exist."},
		"another frequency": {items(`{"id":"` + daily + `",` + hourlyItem[1:]), "INVALID_FREQUENCY_TYPE_CHANGE", "The frequency type of a policy item must not be changed."},
		"an unknown frequency": {
			items(item("ondemand", 1, "days", 7)), "INVALID_ENUM_VALUE", "An invalid enumeration value ondemand was specified.",
		},
		"an unknown unit": {
			items(item("daily", 1, "hours", 7)), "INVALID_ENUM_VALUE", "An invalid enumeration value hours was specified.",
		},
		"an interval of hours":  {items(item("hourly", 3, "days", 7)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "3 is not a frequency interval of hourly snapshots")},
		"an interval of days":   {items(item("daily", 2, "days", 7)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "2 is not a frequency interval of daily snapshots")},
		"an eighth weekday":     {items(item("weekly", 8, "weeks", 4)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "8 is not a frequency interval of weekly snapshots")},
		"a 29th day":            {items(item("monthly", 29, "months", 4)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "29 is not a frequency interval of monthly snapshots")},
		"a 13th month":          {items(item("yearly", 13, "years", 4)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "13 is not a frequency interval of yearly snapshots")},
		"no day":                {items(item("daily", 1, "days", 0)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "snapshots can be kept for 1 day to 100 years")},
		"101 years":             {items(item("daily", 1, "years", 101)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "snapshots can be kept for 1 day to 100 years")},
		"a week of six days":    {items(hourlyItem, item("weekly", 1, "days", 6)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "weekly snapshots must be kept until the next one is taken")},
		"a month of four weeks": {items(hourlyItem, item("monthly", 1, "weeks", 4)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "monthly snapshots must be kept until the next one is taken")},
		"a year of 11 months":   {items(hourlyItem, item("yearly", 1, "months", 11)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "yearly snapshots must be kept until the next one is taken")},
		"two daily items":       {items(hourlyItem, item("daily", 1, "days", 7), item("daily", 1, "days", 8)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "there can be one daily policy item")},
		"a rarer one for less":  {items(hourlyItem, item("daily", 1, "days", 6)), "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "daily snapshots must be kept as long as hourly ones")},
		"a month, that may be short, for less": {
			items(hourlyItem, item("daily", 1, "days", 29), item("monthly", 1, "months", 1)), "INVALID_BACKUP_POLICY",
			fmt.Sprintf(reason, "monthly snapshots must be kept as long as daily ones"),
		},
		"no hourly item of continuous backup":     {items(item("daily", 1, "days", 7)), "ATLAS_GENERAL_ERROR", pit},
		"a window that is longer than it is kept": {`{"restoreWindowDays":8}`, "INVALID_BACKUP_POLICY", fmt.Sprintf(reason, "policy item retention cannot be less than restore window")},
		"a 25th hour":            {`{"referenceHourOfDay":24}`, "INVALID_REFERENCE_HOUR_OF_DAY", "Snapshot schedule reference hour must be between 0 and 23, inclusive."},
		"a minute before":        {`{"referenceMinuteOfHour":-1}`, "INVALID_REFERENCE_MINUTE_OF_HOUR", "Snapshot schedule reference minute must be between 0 and 59, inclusive."},
		"no window":              {`{"restoreWindowDays":0}`, "INVALID_RESTORE_WINDOW", "The restore window days should be a positive number."},
		"exports to nowhere":     {`{"autoExportEnabled":true}`, "MISSING_ATTRIBUTE", "The required attribute export was not specified."},
		"exports of nothing":     {`{"autoExportEnabled":true,"export":{"exportBucketId":"6a7900010203040506000001"}}`, "MISSING_ATTRIBUTE", "The required attribute frequencyType was not specified."},
		"exports to no bucket":   {`{"autoExportEnabled":true,"export":{"frequencyType":"daily"}}`, "MISSING_ATTRIBUTE", "The required attribute exportBucketId was not specified."},
		"hourly exports":         {`{"autoExportEnabled":true,"export":{"exportBucketId":"6a7900010203040506000001","frequencyType":"hourly"}}`, "INVALID_ENUM_VALUE", "An invalid enumeration value hourly was specified."},
		"a bucket that is no id": {`{"export":{"exportBucketId":"x"}}`, "INVALID_JSON_ATTRIBUTE", "Received JSON for the export.exportBucketId attribute does not match expected format."},
		"an unknown bucket": {
			`{"autoExportEnabled":true,"export":{"exportBucketId":"6a7900010203040506999999","frequencyType":"daily"}}`,
			"EXPORT_BUCKET_NOT_FOUND", "No export Bucket with ID 6a7900010203040506999999 does not exist.",
		},
		"a copy to another zone": {
			`{"copySettings":[{"cloudProvider":"AWS","regionName":"US_EAST_1","zoneId":"6a7900010203040506999999"}]}`,
			"INVALID_ATTRIBUTE", "Invalid attribute zoneId specified.",
		},
		"a copy to no region": {
			`{"copySettings":[{"cloudProvider":"AWS","regionName":"x","zoneId":"6a7900010203040506999999"}]}`,
			"INVALID_ATTRIBUTE", "Invalid attribute regionName specified.",
		},
		"a field that is not": {`{"policy":{}}`, "INVALID_ATTRIBUTE", "Invalid attribute policy specified."},
	} {
		got := b.do(t, request{
			method: http.MethodPatch, path: demoSchedule, body: tt.body, header: http.Header{"Accept": {v2025}},
		}).body
		if !strings.HasPrefix(got, `{"detail":"`+tt.detail+`","error":40`) || !strings.Contains(got, `"`+tt.code+`"`) {
			t.Errorf("%s: got %s, want %s, %s", name, got, tt.code, tt.detail)
		}
	}
	if diff := cmp.Diff(before, b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoSchedule, "")); diff != "" {
		t.Errorf("the schedule after what was refused (-want +got):\n%s", diff)
	}
	for _, name := range []string{"d", "e"} { // without backup, and none
		for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodDelete} {
			body := ""
			if method == http.MethodPatch {
				body = "{}"
			}
			b.sendAs(t, "2024-08-05", 404, method, demoClusters+"/"+name+"/backup/schedule", body)
		}
	}
	// Without continuous backup, hourly snapshots may be kept for less than the window.
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoClusters+"/c", `{"pitEnabled":false}`)
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, items(item("hourly", 6, "days", 1)))
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, items(item("daily", 1, "days", 1)))
	if got := b.sendAs(t, "2024-08-05", 400, http.MethodPatch, demoClusters+"/c", `{"pitEnabled":true}`); !strings.Contains(got, pit) {
		t.Errorf("continuous backup without hourly snapshots: got %s, want %s", got, pit)
	}
}

// A schedule begins with backup, whenever that is, and is hidden without it.
func TestAScheduleIsThereAsLongAsBackupIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createCluster(t, "c")
	b.pass(t, time.Minute)
	b.sendAs(t, "2024-08-05", 404, http.MethodGet, demoSchedule, "")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoClusters+"/c", `{"backupEnabled":true}`)
	made := b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoSchedule, "")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoClusters+"/c", `{"backupEnabled":false}`)
	b.sendAs(t, "2024-08-05", 404, http.MethodGet, demoSchedule, "")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoClusters+"/c", `{"backupEnabled":true}`)
	if got := b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoSchedule, ""); got != made {
		t.Errorf("the schedule when backup is on again: got %s, want %s", got, made)
	}
	if strings.Contains(made, `"hourly"`) {
		t.Errorf("got %s, want no hourly snapshots without continuous backup", made)
	}
}

// The table of what a client may rely on when it deletes a bucket.
func TestABucketThatAScheduleExportsToStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	inUse := refusal(400, "EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE",
		"Failed to delete export Bucket with ID "+bucket+" because it is in use.", bucket)
	stays := func(when string) {
		t.Helper()
		if got := b.send(t, 400, http.MethodDelete, demoBuckets+"/"+bucket, ""); got != inUse {
			t.Errorf("%s: got %s, want %s", when, got, inUse)
		}
	}
	exports := `{"clusterName":"c","autoExportEnabled":true,"export":{"exportBucketId":"` + bucket + `","frequencyType":"monthly"}}`
	b.sendAs(t, "2023-01-01", 200, http.MethodPatch, demoSchedule, exports)
	stays("with exports")
	got := b.sendAs(t, "2024-08-05", 200, http.MethodDelete, demoSchedule, "")
	if !strings.Contains(got, `"autoExportEnabled":true`) || !strings.Contains(got, `"policyItems":[]`) {
		t.Errorf("delete the schedule: got %s, want no items, and exports", got)
	}
	stays("without policy items")
	b.sendAs(t, "2023-01-01", 200, http.MethodPatch, demoSchedule, `{"clusterName":"c","autoExportEnabled":false}`)
	b.send(t, 204, http.MethodDelete, demoBuckets+"/"+bucket, "")

	bucket = bucketID(t, b.create(t, awsBody).body)
	inUse = refusal(400, "EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE",
		"Failed to delete export Bucket with ID "+bucket+" because it is in use.", bucket)
	b.sendAs(t, "2023-01-01", 200, http.MethodPatch, demoSchedule,
		`{"autoExportEnabled":true,"export":{"exportBucketId":"`+bucket+`","frequencyType":"monthly"}}`)
	b.sendAs(t, "2023-02-01", 202, http.MethodDelete, demoClusters+"/c", "")
	stays("while the cluster is being deleted")
	b.clock.advance(6 * time.Second)
	b.send(t, 204, http.MethodDelete, demoBuckets+"/"+bucket, "") // the cluster is gone
}
