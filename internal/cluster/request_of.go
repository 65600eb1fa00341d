package cluster

import (
	"encoding/json"

	"exportbuckets/internal/objectid"
)

// RequestOf returns the body that declares a cluster with these settings: Declare makes
// them of it, and of the process arguments.
func RequestOf(name string, s Settings) Request {
	request := Request{
		RequestFields: RequestFields{
			Name: &name, ClusterType: &s.ClusterType,
			BackupEnabled:                    &s.BackupEnabled,
			BIConnector:                      &BIConnectorRequest{&s.BIConnector.Enabled, &s.BIConnector.ReadPreference},
			DiskWarmingMode:                  &s.DiskWarmingMode,
			EncryptionAtRestProvider:         &s.EncryptionAtRestProvider,
			GlobalClusterSelfManagedSharding: &s.GlobalClusterSelfManagedSharding,
			Labels:                           &s.Labels,
			MongoDBMajorVersion:              &s.MongoDBMajorVersion,
			Paused:                           &s.Paused,
			PITEnabled:                       &s.PITEnabled,
			ReplicaSetScalingStrategy:        s.ReplicaSetScalingStrategy,
			Tags:                             &s.Tags,
			TerminationProtectionEnabled:     &s.TerminationProtectionEnabled,
			VersionReleaseSystem:             &s.VersionReleaseSystem,
		},
		AdaptiveCapacity:            nullableOf(s.AdaptiveCapacity),
		RedactClientLogData:         &s.RedactClientLogData,
		RetainBackups:               &s.RetainBackups,
		UseTimeBasedCopyForFastSync: &s.UseTimeBasedCopyForFastSync,
	}
	if s.IsSharded() {
		request.ConfigServerManagementMode = &s.ConfigServerManagementMode
	}
	if s.IsFree() {
		request = Request{RequestFields: RequestFields{
			Name: &name, ClusterType: &s.ClusterType, Labels: &s.Labels, MongoDBMajorVersion: &s.MongoDBMajorVersion,
			Tags: &s.Tags, TerminationProtectionEnabled: &s.TerminationProtectionEnabled,
		}}
	}
	shards := make([]ShardRequest, len(s.Shards))
	for i, shard := range s.Shards {
		regions := make([]RegionRequest, len(shard.Regions))
		for j, region := range shard.Regions {
			regions[j] = regionOf(region, s.DiskSizeGB)
		}
		shards[i] = ShardRequest{ZoneName: &shard.ZoneName, RegionConfigs: &regions}
	}
	request.ReplicationSpecs = &shards
	return request
}

func regionOf(r Region, diskGB float64) RegionRequest {
	request := RegionRequest{ProviderName: &r.Provider, RegionName: &r.Name, Priority: &r.Priority}
	if r.IsFree() {
		request.BackingProviderName = &r.BackingProvider
		request.ElectableSpecs = &HardwareRequest{InstanceSize: &r.Electable.InstanceSize}
		return request
	}
	request.AutoScaling = scalingOf(&r.AutoScaling)
	request.AnalyticsAutoScaling = scalingOf(r.AnalyticsAutoScaling)
	request.ElectableSpecs = hardwareOf(r.Electable, diskGB)
	request.ReadOnlySpecs = hardwareOf(r.ReadOnly, diskGB)
	request.AnalyticsSpecs = hardwareOf(r.Analytics, diskGB)
	return request
}

func hardwareOf(h Hardware, diskGB float64) *HardwareRequest {
	return &HardwareRequest{
		InstanceSize: &h.InstanceSize, NodeCount: &h.NodeCount, DiskSizeGB: &diskGB,
		DiskIOPS: h.DiskIOPS, EBSVolumeType: h.EBSVolumeType,
	}
}

func scalingOf(s *AutoScaling) *AutoScalingRequest {
	if s == nil {
		return nil
	}
	return &AutoScalingRequest{
		Compute: &ComputeScalingRequest{
			Enabled: &s.Compute.Enabled, MaxInstanceSize: s.Compute.MaxInstanceSize,
			MinInstanceSize: s.Compute.MinInstanceSize, ScaleDownEnabled: &s.Compute.ScaleDownEnabled,
		},
		DiskGB: &DiskScalingRequest{Enabled: &s.DiskGB.Enabled},
	}
}

// IDsOf returns the ids of shards and zones, in the order in which a new cluster gets them.
func IDsOf(s Settings) []objectid.ID {
	var ids []objectid.ID
	seen := make(map[string]bool)
	for _, shard := range s.Shards {
		if !seen[shard.ZoneName] {
			ids = append(ids, shard.LegacyID, shard.ZoneID)
		}
		seen[shard.ZoneName] = true
		ids = append(ids, shard.ID)
	}
	return ids
}

// ProcessArgsUpdateOf returns the body that declares the process arguments of a cluster.
func ProcessArgsUpdateOf(s Settings) ProcessArgsUpdate {
	args := s.ProcessArgs
	return ProcessArgsUpdate{
		TLSUpdate: TLSUpdate{
			args.CustomOpenSSLCipherConfigTLS12, args.CustomOpenSSLCipherConfigTLS13,
			&args.MinimumEnabledTLSProtocol, &args.TLSCipherConfigMode,
		},
		ChangeStreamOptionsPreAndPostImagesExpireAfterSeconds: args.ChangeStreamOptionsPreAndPostImagesExpireAfterSeconds,
		ChunkMigrationConcurrency:                             args.ChunkMigrationConcurrency,
		DefaultMaxTimeMS:                                      args.DefaultMaxTimeMS,
		DefaultWriteConcern:                                   args.DefaultWriteConcern,
		JavascriptEnabled:                                     &args.JavascriptEnabled,
		NoTableScan:                                           &args.NoTableScan,
		OplogMinRetentionHours:                                nullableOf(args.OplogMinRetentionHours),
		OplogSizeMB:                                           nullableOf(args.OplogSizeMB),
		QueryStatsLogVerbosity:                                args.QueryStatsLogVerbosity,
		SampleRefreshIntervalBIConnector:                      args.SampleRefreshIntervalBIConnector,
		SampleSizeBIConnector:                                 args.SampleSizeBIConnector,
		TransactionLifetimeLimitSeconds:                       args.TransactionLifetimeLimitSeconds,
	}
}

// nullableOf is a value that was sent, unless there is none.
func nullableOf[T any](value *T) Nullable[T] { return Nullable[T]{sent: value != nil, value: value} }

// MarshalJSON implements json.Marshaler.
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	return json.Marshal(n.value) //nolint:wrapcheck // As UnmarshalJSON.
}
