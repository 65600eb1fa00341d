package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// What a new cluster can't be, each refused with what names it. Nothing of it is kept.
func TestClustersThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	b.createCluster(t, "a-cluster-with-a-long-name")
	plain := newCluster("c")
	change := func(from, to string) string {
		if !strings.Contains(plain, from) {
			t.Fatalf("got no %s in %s", from, plain)
		}
		return strings.Replace(plain, from, to, 1)
	}
	with := func(fields string) string { return change("{", "{"+fields+",") }
	const (
		missing = "The required attribute %s was not specified."
		invalid = "Invalid attribute %s specified."
		enum    = "An invalid enumeration value %s was specified."
	)
	for name, tt := range map[string]struct {
		version string // the newest if empty
		body    string
		code    string
		detail  string
	}{
		"no name":         {"", change(`"name":"c",`, ""), "MISSING_ATTRIBUTE", fmt.Sprintf(missing, "name")},
		"no type":         {"", change(`"clusterType":"REPLICASET",`, ""), "MISSING_ATTRIBUTE", fmt.Sprintf(missing, "clusterType")},
		"no shards":       {"", `{"name":"c","clusterType":"REPLICASET"}`, "MISSING_ATTRIBUTE", fmt.Sprintf(missing, "replicationSpecs")},
		"an empty shard":  {"", change(newShard, "{}"), "MISSING_ATTRIBUTE", fmt.Sprintf(missing, "regionConfigs")},
		"no nodes":        {"", change(`"nodeCount":3`, `"nodeCount":0`), "MISSING_ATTRIBUTE", fmt.Sprintf(missing, "electableSpecs")},
		"no region":       {"", change(`,"regionName":"US_EAST_1"`, ""), "MISSING_ATTRIBUTE", fmt.Sprintf(missing, "regionName")},
		"a region of AWS": {"", change("US_EAST_1", "us-east-1"), "INVALID_ATTRIBUTE", fmt.Sprintf(invalid, "regionName")},
		"a region of another cloud": {
			"", change("US_EAST_1", "EASTERN_US"), "INVALID_ATTRIBUTE", fmt.Sprintf(invalid, "regionName"),
		},
		"an unknown cloud":    {"", change(`"AWS"`, `"IBM"`), "INVALID_ENUM_VALUE", fmt.Sprintf(enum, "IBM")},
		"an unknown size":     {"", change("M10", "M11"), "INVALID_ENUM_VALUE", fmt.Sprintf(enum, "M11")},
		"an unknown type":     {"", change("REPLICASET", "SET"), "INVALID_ENUM_VALUE", fmt.Sprintf(enum, "SET")},
		"too high a priority": {"", change(`"priority":7`, `"priority":8`), "INVALID_ATTRIBUTE", fmt.Sprintf(invalid, "priority")},
		"two nodes": {
			"", change(`"nodeCount":3`, `"nodeCount":2`), "INVALID_CLUSTER_CONFIGURATION",
			"The specified cluster configuration is not valid.",
		},
		"a replica set of two shards": {
			"", change(newShard, newShard+","+newShard), "INVALID_CLUSTER_CONFIGURATION",
			"The specified cluster configuration is not valid.",
		},
		"continuous backup alone": {
			"", with(`"pitEnabled":true`), "INVALID_CLUSTER_CONFIGURATION",
			"The specified cluster configuration is not valid.",
		},
		"disks that differ": {
			"", change(`"electableSpecs":{`, `"readOnlySpecs":{"diskSizeGB":20},"electableSpecs":{"diskSizeGB":10,`),
			"DISK_SIZE_GB_INCONSISTENT", "The disk size must be the same for all nodes and shards of a cluster.",
		},
		"a disk of nothing": {
			"", change(`"electableSpecs":{`, `"electableSpecs":{"diskSizeGB":0,`), "CLUSTER_DISK_SIZE_INVALID", "Invalid disk size: 0.",
		},
		"an old MongoDB": {
			"", with(`"mongoDBMajorVersion":"3.6"`), "MONGODB_VERSION_INVALID", "An invalid MongoDB version 3.6 was specified.",
		},
		"paused": {"", with(`"paused":true`), "CANNOT_CREATE_PAUSED_CLUSTER", "Cluster c cannot be created in a paused state."},
		"flex": {
			"", change(`"AWS"`, `"FLEX"`), "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API",
			"Flex cluster c cannot be used in the Cluster API.",
		},
		"a free one with backup": {
			"", strings.Replace(freeCluster, "{", `{"backupEnabled":true,`, 1), "INVALID_TENANT_BACKUP_ENABLED",
			"The tenantBackupField field must be omitted or set to false on M0 clusters.",
		},
		"a field that is not": {"", with(`"size":"M10"`), "INVALID_ATTRIBUTE", fmt.Sprintf(invalid, "size")},
		"a disk size at the root": {
			"", with(`"diskSizeGB":10`), "INVALID_ATTRIBUTE", fmt.Sprintf(invalid, "diskSizeGB"),
		},
		"no shards of a zone": {
			"2023-02-01", change(newShard, strings.Replace(newShard, "{", `{"numShards":0,`, 1)), "CLUSTER_NUM_SHARDS_INVALID",
			"The cluster's shard count must be between 1 and 50.",
		},
		"log redaction in an old version": {
			"2023-02-01", with(`"redactClientLogData":true`), "INVALID_ATTRIBUTE", fmt.Sprintf(invalid, "redactClientLogData"),
		},
		"no provider": {
			"2023-01-01", `{"name":"c"}`, "MISSING_ATTRIBUTE", fmt.Sprintf(missing, "providerSettings"),
		},
		"backup of the retired kind": {
			"2023-01-01", `{"name":"c","backupEnabled":true,"providerSettings":{"providerName":"AWS","instanceSizeName":"M10",` +
				`"regionName":"US_EAST_1"}}`,
			"CONTINUOUS_BACKUP_NOT_SUPPORTED_ON_NEW_CLUSTERS", "Continuous backup is no longer supported for new clusters.",
		},
		"an empty name": {
			"", newCluster(""), "CLUSTER_NAME_INVALID",
			"The cluster name  is invalid. The name can only contain ASCII letters, numbers, and hyphens.",
		},
		"a name with an underscore": {
			"", newCluster("a_b"), "CLUSTER_NAME_INVALID",
			"The cluster name a_b is invalid. The name can only contain ASCII letters, numbers, and hyphens.",
		},
		"a name that is too long": {
			"", newCluster(strings.Repeat("n", 65)), "CLUSTER_NAME_TOO_LONG",
			"Cluster name " + strings.Repeat("n", 65) + " is limited to 64 characters.",
		},
		"a name whose host ends with a hyphen": {
			"", newCluster(strings.Repeat("n", 22) + "-n"), "CLUSTER_NAME_PREFIX_INVALID",
			`Cluster name \"` + strings.Repeat("n", 22) + `-n\" is invalid. Atlas truncates cluster names to 23 characters ` +
				`which results in an invalid hostname due to a trailing \"-\" in the generated cluster name prefix \"` +
				strings.Repeat("n", 22) + `-\".`,
		},
		"a name of Atlas' own": {
			"", newCluster("atlas-3x7k2m"), "ATLAS_RESERVED_CLUSTER_NAME",
			"The provided cluster name atlas-3x7k2m creates a conflict with our internal hostnames, which are generated " +
				`using the pattern \"atlas-[a-z0-9]{6}\".`,
		},
		"a name that is taken": {
			"", newCluster("a-cluster-with-a-long-name"), "DUPLICATE_CLUSTER_NAME",
			"A cluster or serverless instance named a-cluster-with-a-long-name is already present in group " + demoProject + ".",
		},
		"a name that begins as another": {
			"", newCluster("A-cluster-with-a-long-nose"), "DUPLICATE_CLUSTER_NAME_PREFIX",
			"Cluster name A-cluster-with-a-long-nose cannot have same first 23 characters as another cluster name in same group.",
		},
	} {
		version := tt.version
		if version == "" {
			version = "2024-10-23"
		}
		got := b.sendAs(t, version, 400, http.MethodPost, demoClusters, tt.body)
		if !strings.HasPrefix(got, `{"detail":"`+tt.detail+`","error":400,"errorCode":"`+tt.code+`",`) {
			t.Errorf("%s: got %s, want %s, %s", name, got, tt.code, tt.detail)
		}
	}
	if got := b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoClusters, ""); !strings.HasSuffix(got, `"totalCount":1}`) {
		t.Errorf("got %s, want one cluster", got)
	}
}

func TestChangesOfClustersThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sharded := strings.Replace(newCluster("s"), `"REPLICASET"`, `"SHARDED"`, 1)
	for _, body := range []string{newCluster("c"), sharded, strings.Replace(
		strings.Replace(sharded, `"s"`, `"g"`, 1), `"SHARDED"`, `"GEOSHARDED"`, 1)} {
		b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, body)
	}
	for _, tt := range []struct{ path, body, code, parameter string }{
		{"/c", `{"name":"d"}`, "CLUSTER_CANNOT_CHANGE_NAME", ""},
		{"/c", `{"name":"c"}`, "", ""},
		{"/s", `{"clusterType":"REPLICASET"}`, "SHARDED_CLUSTER_CANT_BECOME_REPLICA_SET", ""},
		{"/g", `{"clusterType":"SHARDED"}`, "CANNOT_CHANGE_GEOSHARDED_CLUSTER_TYPE", ""},
		{"/c", `{"clusterType":"SHARDED"}`, "", ""},
		{"/c", `{"replicationSpecs":[]}`, "MISSING_ATTRIBUTE", "replicationSpecs"},
		{"/c", `{"replicationSpecs":[{"id":"x"}]}`, "INVALID_ATTRIBUTE", "id"},
		{"/c", `{"adaptiveCapacity":"SOME"}`, "INVALID_ENUM_VALUE", "SOME"},
		{"/c", `{"biConnector":{"readPreference":"nearest"}}`, "INVALID_ENUM_VALUE", "nearest"},
		{"/c", `{"labels":[{"key":"k"}]}`, "MISSING_ATTRIBUTE", "value"},
		{"/c/processArgs", `{"minimumEnabledTlsProtocol":"TLS2"}`, "INVALID_ENUM_VALUE", "TLS2"},
		{"/c/processArgs", `{"sampleSizeBIConnector":-1}`, "INVALID_ATTRIBUTE", "sampleSizeBIConnector"},
		{"/c/processArgs", `{"transactionLifetimeLimitSeconds":0}`, "INVALID_ATTRIBUTE", "transactionLifetimeLimitSeconds"},
		{"/c/processArgs", `{"failIndexKeyTooLong":true}`, "INVALID_ATTRIBUTE", "failIndexKeyTooLong"},
		{"/d", `{}`, "CLUSTER_NOT_FOUND", `d","` + demoProject},
		{"/d/processArgs", `{}`, "CLUSTER_NOT_FOUND", `d","` + demoProject},
	} {
		got := b.do(t, request{
			method: http.MethodPatch, path: demoClusters + tt.path, body: tt.body, header: http.Header{"Accept": {v2025}},
		})
		parameters := "[]"
		if tt.parameter != "" {
			parameters = `["` + tt.parameter + `"]`
		}
		if tt.code == "" && got.status == http.StatusOK {
			continue
		}
		if !strings.Contains(got.body, `"errorCode":"`+tt.code+`","parameters":`+parameters) {
			t.Errorf("PATCH %s %s: got %d %s, want %q of %s", tt.path, tt.body, got.status, got.body, tt.code, parameters)
		}
	}
}
