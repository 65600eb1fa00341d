package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/objectid"
)

// clusterBody is a cluster on the wire, in every version. What a version does not know is
// left out. Atlas, "Clusters".
type clusterBody struct {
	AdaptiveCapacity                 jsontext.Value        `json:"adaptiveCapacity,omitzero"` // since 2024-08-05; may be null
	AdvancedConfiguration            *cluster.TLS          `json:"advancedConfiguration,omitzero"`
	AutoScaling                      *autoScaling20230101  `json:"autoScaling,omitzero"` // 2023-01-01
	BackupEnabled                    bool                  `json:"backupEnabled"`
	BIConnector                      cluster.BIConnector   `json:"biConnector"`
	ClusterType                      string                `json:"clusterType"`
	ConfigServerManagementMode       string                `json:"configServerManagementMode,omitzero"`
	ConfigServerType                 string                `json:"configServerType,omitzero"`
	ConnectionStrings                connectionStringsBody `json:"connectionStrings"`
	CreateDate                       time.Time             `json:"createDate"`
	DiskSizeGB                       gigabytes             `json:"diskSizeGB,omitzero"` // until 2023-02-01
	DiskWarmingMode                  string                `json:"diskWarmingMode"`
	EffectiveDatabaseEdition         string                `json:"effectiveDatabaseEdition,omitzero"`  // since 2024-08-05
	EffectiveReplicationSpecs        []shardBody           `json:"effectiveReplicationSpecs,omitzero"` // since 2024-08-05
	EncryptionAtRestProvider         string                `json:"encryptionAtRestProvider"`
	FeatureCompatibilityVersion      string                `json:"featureCompatibilityVersion,omitzero"` // since 2024-08-05
	GlobalClusterSelfManagedSharding bool                  `json:"globalClusterSelfManagedSharding"`
	GroupID                          objectid.ID           `json:"groupId"`
	ID                               objectid.ID           `json:"id"`
	InternalClusterRole              string                `json:"internalClusterRole,omitzero"` // since 2024-08-05
	Labels                           []atlas.Tag           `json:"labels"`
	Links                            []link                `json:"links"`
	MongoDBMajorVersion              string                `json:"mongoDBMajorVersion"`
	MongoDBVersion                   string                `json:"mongoDBVersion"`
	MongoURI                         string                `json:"mongoURI,omitzero"`            // 2023-01-01
	MongoURIUpdated                  time.Time             `json:"mongoURIUpdated,omitzero"`     // 2023-01-01
	MongoURIWithOptions              string                `json:"mongoURIWithOptions,omitzero"` // 2023-01-01
	Name                             string                `json:"name"`
	NumShards                        int                   `json:"numShards,omitzero"` // 2023-01-01
	Paused                           bool                  `json:"paused"`
	PITEnabled                       bool                  `json:"pitEnabled"`
	ProviderBackupEnabled            *bool                 `json:"providerBackupEnabled,omitzero"` // 2023-01-01
	ProviderSettings                 *providerSettingsBody `json:"providerSettings,omitzero"`      // 2023-01-01
	RedactClientLogData              *bool                 `json:"redactClientLogData,omitzero"`   // since 2024-08-05
	ReplicaSetScalingStrategy        *string               `json:"replicaSetScalingStrategy,omitzero"`
	ReplicationFactor                int                   `json:"replicationFactor,omitzero"` // 2023-01-01
	ReplicationSpec                  map[string]nodesBody  `json:"replicationSpec,omitzero"`   // 2023-01-01
	ReplicationSpecs                 any                   `json:"replicationSpecs"`           // shards or zones
	RetainBackups                    *bool                 `json:"retainBackups,omitzero"`     // since 2024-08-05
	RootCertType                     string                `json:"rootCertType"`
	SrvAddress                       string                `json:"srvAddress,omitzero"` // 2023-01-01
	StateName                        cluster.State         `json:"stateName"`
	Tags                             []atlas.Tag           `json:"tags,omitzero"`
	TerminationProtectionEnabled     bool                  `json:"terminationProtectionEnabled"`
	UseTimeBasedCopyForFastSync      *bool                 `json:"useAwsTimeBasedSnapshotCopyForFastInitialSync,omitzero"`
	VersionReleaseSystem             string                `json:"versionReleaseSystem"`
}

// gigabytes is a number that Atlas writes with a fraction, if only with .0.
type gigabytes float64

// MarshalJSON implements json.Marshaler.
func (g gigabytes) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(g), 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return []byte(text), nil
}

// connectionStringsBody has what is for sharded clusters from the start, and the rest
// when the cluster is there.
type connectionStringsBody struct {
	AWSPrivateLinkSrv *struct{}  `json:"awsPrivateLinkSrv,omitzero"`
	PrivateEndpoint   []struct{} `json:"privateEndpoint,omitzero"`
	Standard          string     `json:"standard,omitzero"`
	StandardSrv       string     `json:"standardSrv,omitzero"`
}

// shardBody is a shard or, in version 2023-02-01, a zone with the shards that it has.
type shardBody struct {
	ID            objectid.ID `json:"id"`
	NumShards     int         `json:"numShards,omitzero"` // 2023-02-01
	RegionConfigs []any       `json:"regionConfigs"`      // regionBody or freeRegionBody
	ZoneID        objectid.ID `json:"zoneId"`
	ZoneName      string      `json:"zoneName"`
}

// regionBody is the nodes of a shard in one region.
type regionBody struct {
	AnalyticsAutoScaling    *cluster.AutoScaling `json:"analyticsAutoScaling,omitzero"`
	AnalyticsSpecs          hardwareBody         `json:"analyticsSpecs"`
	AutoScaling             cluster.AutoScaling  `json:"autoScaling"`
	EffectiveAnalyticsSpecs *hardwareBody        `json:"effectiveAnalyticsSpecs,omitzero"` // since 2024-08-05
	EffectiveElectableSpecs *hardwareBody        `json:"effectiveElectableSpecs,omitzero"` // since 2024-08-05
	EffectiveReadOnlySpecs  *hardwareBody        `json:"effectiveReadOnlySpecs,omitzero"`  // since 2024-08-05
	ElectableSpecs          hardwareBody         `json:"electableSpecs"`
	Priority                int                  `json:"priority"`
	ProviderName            string               `json:"providerName"`
	ReadOnlySpecs           hardwareBody         `json:"readOnlySpecs"`
	RegionName              string               `json:"regionName"`
}

// hardwareBody is nodes of one kind. Unlike the keys of other bodies, those of hardware
// don't stand in their byte order: Atlas puts instanceSize first.
type hardwareBody struct {
	InstanceSize   string    `json:"instanceSize"`
	DiskIOPS       *int      `json:"diskIOPS,omitzero"`
	DiskSizeGB     gigabytes `json:"diskSizeGB,omitzero"` // since 2024-08-05
	DiskThroughput *int      `json:"diskThroughput,omitzero"`
	EBSVolumeType  string    `json:"ebsVolumeType,omitzero"`
	NodeCount      int       `json:"nodeCount"`
}

// freeRegionBody is the nodes of a free cluster, in Atlas' order.
type freeRegionBody struct {
	ElectableSpecs      freeHardwareBody `json:"electableSpecs"`
	BackingProviderName string           `json:"backingProviderName"`
	Priority            int              `json:"priority"`
	ProviderName        string           `json:"providerName"`
	RegionName          string           `json:"regionName"`
}

type freeHardwareBody struct {
	EffectiveInstanceSize string    `json:"effectiveInstanceSize"`
	InstanceSize          string    `json:"instanceSize"`
	DiskSizeGB            gigabytes `json:"diskSizeGB,omitzero"` // since 2024-08-05
}

// newClusterBody is a cluster as the caller's version shows it.
func newClusterBody(c *call, of cluster.Cluster) clusterBody {
	settings := of.Settings
	url := c.projectURL(of.ProjectID) + "/clusters/" + of.Name
	strings := of.ConnectionStrings()
	body := clusterBody{
		BackupEnabled:                    of.HasBackup(),
		BIConnector:                      settings.BIConnector,
		ClusterType:                      settings.ClusterType,
		ConnectionStrings:                connectionStringsBody{Standard: strings.Standard, StandardSrv: strings.StandardSrv},
		CreateDate:                       wholeSeconds(of.CreatedAt),
		DiskWarmingMode:                  settings.DiskWarmingMode,
		EncryptionAtRestProvider:         settings.EncryptionAtRestProvider,
		GlobalClusterSelfManagedSharding: settings.GlobalClusterSelfManagedSharding,
		GroupID:                          of.ProjectID,
		ID:                               of.ID,
		Labels:                           settings.Labels,
		Links: []link{
			{Href: url, Rel: "self"},
			{Href: url + "/backup/restoreJobs", Rel: "https://cloud.mongodb.com/restoreJobs"},
			{Href: url + "/backup/snapshots", Rel: "https://cloud.mongodb.com/snapshots"},
		},
		MongoDBMajorVersion:          settings.MongoDBMajorVersion,
		MongoDBVersion:               of.MongoDBVersion(),
		Name:                         of.Name,
		Paused:                       settings.Paused,
		PITEnabled:                   settings.PITEnabled,
		ReplicaSetScalingStrategy:    settings.ReplicaSetScalingStrategy,
		RootCertType:                 "ISRGROOTX1",
		StateName:                    of.State,
		Tags:                         settings.Tags,
		TerminationProtectionEnabled: settings.TerminationProtectionEnabled,
		VersionReleaseSystem:         settings.VersionReleaseSystem,
	}
	if !settings.IsFree() {
		body.AdvancedConfiguration = &settings.ProcessArgs.TLS
	}
	if settings.IsSharded() {
		body.ConfigServerManagementMode = settings.ConfigServerManagementMode
		body.ConfigServerType = of.ConfigServerType()
		body.ConnectionStrings.AWSPrivateLinkSrv, body.ConnectionStrings.PrivateEndpoint = new(struct{}), []struct{}{}
	}
	switch c.version.date {
	case cluster.Version20230101:
		body.as20230101(of)
	case cluster.Version20230201:
		body.DiskSizeGB = gigabytes(settings.DiskSizeGB)
		body.ReplicationSpecs = newZoneBodies(settings)
	default:
		body.as20240805(of)
	}
	return body
}

// as20240805 adds what versions since 2024-08-05 have.
func (b *clusterBody) as20240805(of cluster.Cluster) {
	settings := of.Settings
	b.AdaptiveCapacity = jsontext.Value("null")
	if settings.AdaptiveCapacity != nil {
		b.AdaptiveCapacity = jsontext.Value(strconv.Quote(*settings.AdaptiveCapacity))
	}
	b.EffectiveDatabaseEdition = "CORE"
	b.EffectiveReplicationSpecs = newShardBodies(settings, false)
	b.FeatureCompatibilityVersion = settings.MongoDBMajorVersion
	b.InternalClusterRole = "NONE"
	b.RedactClientLogData = &settings.RedactClientLogData
	b.ReplicationSpecs = newShardBodies(settings, true)
	b.RetainBackups = &settings.RetainBackups
	b.UseTimeBasedCopyForFastSync = &settings.UseTimeBasedCopyForFastSync
}

// newShardBodies are the shards of a cluster. Where they are what was asked for, they show
// beside it what is in effect, which is the same here.
func newShardBodies(settings cluster.Settings, withEffective bool) []shardBody {
	shards := make([]shardBody, len(settings.Shards))
	for i, shard := range settings.Shards {
		shards[i] = shardBody{ID: shard.ID, ZoneID: shard.ZoneID, ZoneName: shard.ZoneName}
		for _, region := range shard.Regions {
			body := newRegionBody(region, gigabytes(settings.DiskSizeGB))
			if of, ok := body.(regionBody); ok && withEffective {
				of.EffectiveAnalyticsSpecs = new(of.AnalyticsSpecs)
				of.EffectiveElectableSpecs = new(of.ElectableSpecs)
				of.EffectiveReadOnlySpecs = new(of.ReadOnlySpecs)
				body = of
			}
			shards[i].RegionConfigs = append(shards[i].RegionConfigs, body)
		}
	}
	return shards
}

// newZoneBodies are the zones of a cluster.
func newZoneBodies(settings cluster.Settings) []shardBody {
	var zones []shardBody
	for _, shards := range settings.Zones() {
		zone := shardBody{
			ID: shards[0].LegacyID, NumShards: len(shards), ZoneID: shards[0].ZoneID, ZoneName: shards[0].ZoneName,
		}
		for _, region := range shards[0].Regions {
			zone.RegionConfigs = append(zone.RegionConfigs, newRegionBody(region, 0))
		}
		zones = append(zones, zone)
	}
	return zones
}

// newRegionBody returns the nodes of a region, with the size of their disks unless it is
// zero.
func newRegionBody(region cluster.Region, disk gigabytes) any {
	if region.IsFree() {
		return freeRegionBody{
			ElectableSpecs: freeHardwareBody{
				EffectiveInstanceSize: region.Electable.InstanceSize,
				InstanceSize:          region.Electable.InstanceSize,
				DiskSizeGB:            disk,
			},
			BackingProviderName: region.BackingProvider,
			Priority:            region.Priority,
			ProviderName:        region.Provider,
			RegionName:          region.Name,
		}
	}
	return regionBody{
		AnalyticsAutoScaling: region.AnalyticsAutoScaling,
		AnalyticsSpecs:       newHardwareBody(region, region.Analytics, disk),
		AutoScaling:          region.AutoScaling,
		ElectableSpecs:       newHardwareBody(region, region.Electable, disk),
		Priority:             region.Priority,
		ProviderName:         region.Provider,
		ReadOnlySpecs:        newHardwareBody(region, region.ReadOnly, disk),
		RegionName:           region.Name,
	}
}

func newHardwareBody(region cluster.Region, hardware cluster.Hardware, disk gigabytes) hardwareBody {
	does := region.Disk(hardware)
	return hardwareBody{
		InstanceSize:   hardware.InstanceSize,
		DiskIOPS:       does.IOPS,
		DiskSizeGB:     disk,
		DiskThroughput: does.Throughput,
		EBSVolumeType:  does.EBSVolumeType,
		NodeCount:      hardware.NodeCount,
	}
}
