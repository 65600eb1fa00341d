package cluster

import (
	"encoding/json"
	"reflect"
	"slices"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// Settings are what the owner of a cluster has decided, in the shape of the newest API
// version, with what was left to Atlas filled in. They are stored as JSON.
type Settings struct {
	AdaptiveCapacity                 *string     `json:"adaptiveCapacity"` // ENABLED, DISABLED or neither
	BackupEnabled                    bool        `json:"backupEnabled"`
	BIConnector                      BIConnector `json:"biConnector"`
	ClusterType                      string      `json:"clusterType"`                // REPLICASET, SHARDED or GEOSHARDED
	ConfigServerManagementMode       string      `json:"configServerManagementMode"` // of a cluster that is sharded
	DiskSizeGB                       float64     `json:"diskSizeGB"`                 // of each node
	DiskWarmingMode                  string      `json:"diskWarmingMode"`
	EncryptionAtRestProvider         string      `json:"encryptionAtRestProvider"`
	GlobalClusterSelfManagedSharding bool        `json:"globalClusterSelfManagedSharding"`
	// IndependentShardScaling says that the cluster was sharded in a version that can
	// scale each shard by itself.
	IndependentShardScaling      bool        `json:"independentShardScaling"`
	Labels                       []atlas.Tag `json:"labels"`
	MongoDBMajorVersion          string      `json:"mongoDBMajorVersion"`
	Paused                       bool        `json:"paused"`
	PITEnabled                   bool        `json:"pitEnabled"`
	ProcessArgs                  ProcessArgs `json:"processArgs"`
	RedactClientLogData          bool        `json:"redactClientLogData"`
	ReplicaSetScalingStrategy    *string     `json:"replicaSetScalingStrategy"`
	RetainBackups                bool        `json:"retainBackups"`
	Shards                       []Shard     `json:"shards"`
	Tags                         []atlas.Tag `json:"tags"`
	TerminationProtectionEnabled bool        `json:"terminationProtectionEnabled"`
	UseTimeBasedCopyForFastSync  bool        `json:"useAwsTimeBasedSnapshotCopyForFastInitialSync"`
	VersionReleaseSystem         string      `json:"versionReleaseSystem"`
}

// BIConnector is the settings of the BI Connector.
type BIConnector struct {
	Enabled        bool   `json:"enabled"`
	ReadPreference string `json:"readPreference"`
}

// Shard is a shard, or the one replica set of a cluster that is not sharded.
type Shard struct {
	ID       objectid.ID `json:"id"`
	ZoneID   objectid.ID `json:"zoneId"`
	LegacyID objectid.ID `json:"legacyId"` // of its zone, where versions before 2024-08-05 show an id
	ZoneName string      `json:"zoneName"`
	Regions  []Region    `json:"regions"` // in the order of the request
}

// Region is the nodes of a shard in one region.
type Region struct {
	Provider             string       `json:"providerName"`        // TENANT for a free cluster
	BackingProvider      string       `json:"backingProviderName"` // of a free cluster
	Name                 string       `json:"regionName"`
	Priority             int          `json:"priority"`
	Electable            Hardware     `json:"electableSpecs"`
	ReadOnly             Hardware     `json:"readOnlySpecs"`
	Analytics            Hardware     `json:"analyticsSpecs"`
	AutoScaling          AutoScaling  `json:"autoScaling"`
	AnalyticsAutoScaling *AutoScaling `json:"analyticsAutoScaling"`
}

// Hardware is nodes of one kind.
type Hardware struct {
	InstanceSize  string  `json:"instanceSize"`
	NodeCount     int     `json:"nodeCount"`
	DiskIOPS      *int    `json:"diskIOPS"`      // if the owner has asked for some
	EBSVolumeType *string `json:"ebsVolumeType"` // likewise
}

// AutoScaling is how nodes scale by themselves.
type AutoScaling struct {
	Compute struct {
		Enabled          bool    `json:"enabled"`
		MaxInstanceSize  *string `json:"maxInstanceSize,omitzero"`
		MinInstanceSize  *string `json:"minInstanceSize,omitzero"`
		ScaleDownEnabled bool    `json:"scaleDownEnabled"`
	} `json:"compute"`
	DiskGB struct {
		Enabled bool `json:"enabled"`
	} `json:"diskGB"`
}

// defaultSettings are those of a cluster whose owner has decided nothing.
func defaultSettings() Settings {
	return Settings{
		BIConnector:              BIConnector{ReadPreference: "secondary"},
		DiskWarmingMode:          "FULLY_WARMED",
		EncryptionAtRestProvider: "NONE",
		Labels:                   []atlas.Tag{},
		MongoDBMajorVersion:      DefaultMajorVersion,
		ProcessArgs:              defaultProcessArgs(),
		Shards:                   []Shard{},
		Tags:                     []atlas.Tag{},
		VersionReleaseSystem:     "LTS",
	}
}

func decodeSettings(stored []byte) (Settings, error) {
	var settings Settings
	err := json.Unmarshal(stored, &settings)
	return settings, atlas.Wrap(err, "decode settings of cluster")
}

// IsSharded reports whether the cluster is sharded.
func (s Settings) IsSharded() bool { return s.ClusterType != replicaSet }

// IsFree reports whether the cluster is a free one.
func (s Settings) IsFree() bool {
	return len(s.Shards) > 0 && len(s.Shards[0].Regions) > 0 && s.Shards[0].Regions[0].IsFree()
}

// Provider returns the cloud provider that comes first.
func (s Settings) Provider() string { return s.Shards[0].Regions[0].cloud() }

// cloud returns the cloud provider of a region.
func (r Region) cloud() string {
	if r.IsFree() {
		return r.BackingProvider
	}
	return r.Provider
}

// regions returns the regions of all shards.
func (s Settings) regions() []Region {
	var regions []Region
	for _, shard := range s.Shards {
		regions = append(regions, shard.Regions...)
	}
	return regions
}

// NodeCount returns the number of nodes of all shards.
func (s Settings) NodeCount() int {
	count := 0
	for _, region := range s.regions() {
		count += region.Electable.NodeCount + region.ReadOnly.NodeCount + region.Analytics.NodeCount
	}
	return count
}

// Zones returns the shards by zone, in the order of the zones.
func (s Settings) Zones() [][]Shard {
	var zones [][]Shard
	for _, shard := range s.Shards {
		i := slices.IndexFunc(zones, func(zone []Shard) bool { return zone[0].ZoneID == shard.ZoneID })
		if i < 0 {
			zones, i = append(zones, nil), len(zones)
		}
		zones[i] = append(zones[i], shard)
	}
	return zones
}

// The versions of the API that differ in what they can show of a cluster.
const (
	Version20230101 = "2023-01-01" // one cloud
	Version20230201 = "2023-02-01" // shards of a zone that do not differ
	Version20240805 = "2024-08-05"
)

// firstVersion returns the first version of the API that can show the settings.
func (s Settings) firstVersion() string {
	for _, zone := range s.Zones() {
		for _, shard := range zone {
			if !reflect.DeepEqual(shard.Regions, zone[0].Regions) {
				return Version20240805
			}
		}
	}
	for _, region := range s.regions() {
		if region.Provider != s.Shards[0].Regions[0].Provider {
			return Version20230201
		}
	}
	return Version20230101
}
