package cluster

import (
	"strings"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// Request is the body that creates or changes a cluster, in the newest shape. What is nil
// is left to Atlas, or stays.
type Request struct {
	RequestFields

	AdaptiveCapacity            Nullable[string] `json:"adaptiveCapacity"`
	RedactClientLogData         *bool            `json:"redactClientLogData"`
	ReplicationSpecs            *[]ShardRequest  `json:"replicationSpecs"` // required
	RetainBackups               *bool            `json:"retainBackups"`
	UseTimeBasedCopyForFastSync *bool            `json:"useAwsTimeBasedSnapshotCopyForFastInitialSync"`

	// What Atlas answers and clients send along, of any type; ignored.
	EffectiveDatabaseEdition  any `json:"effectiveDatabaseEdition"`
	EffectiveReplicationSpecs any `json:"effectiveReplicationSpecs"`
	InternalClusterRole       any `json:"internalClusterRole"`
}

// RequestFields are the fields that the bodies of all versions have.
type RequestFields struct {
	Name        *string `json:"name"`        // required
	ClusterType *string `json:"clusterType"` // required; REPLICASET, SHARDED or GEOSHARDED

	AdvancedConfiguration            *TLSUpdate          `json:"advancedConfiguration"`
	BackupEnabled                    *bool               `json:"backupEnabled"`
	BIConnector                      *BIConnectorRequest `json:"biConnector"`
	ConfigServerManagementMode       *string             `json:"configServerManagementMode"`
	DiskWarmingMode                  *string             `json:"diskWarmingMode"`
	EncryptionAtRestProvider         *string             `json:"encryptionAtRestProvider"`
	GlobalClusterSelfManagedSharding *bool               `json:"globalClusterSelfManagedSharding"`
	Labels                           *[]atlas.Tag        `json:"labels"`
	MongoDBMajorVersion              *string             `json:"mongoDBMajorVersion"`
	Paused                           *bool               `json:"paused"`
	PITEnabled                       *bool               `json:"pitEnabled"`
	ReplicaSetScalingStrategy        *string             `json:"replicaSetScalingStrategy"`
	RootCertType                     *string             `json:"rootCertType"`
	Tags                             *[]atlas.Tag        `json:"tags"`
	TerminationProtectionEnabled     *bool               `json:"terminationProtectionEnabled"`
	VersionReleaseSystem             *string             `json:"versionReleaseSystem"`

	// What Atlas answers and clients send along, of any type; ignored.
	AcceptDataRisksAndForceReplicaSetReconfig any `json:"acceptDataRisksAndForceReplicaSetReconfig"`
	ConfigServerType                          any `json:"configServerType"`
	ConnectionStrings                         any `json:"connectionStrings"`
	CreateDate                                any `json:"createDate"`
	FeatureCompatibilityVersion               any `json:"featureCompatibilityVersion"`
	FeatureCompatibilityVersionExpirationDate any `json:"featureCompatibilityVersionExpirationDate"`
	GroupID                                   any `json:"groupId"`
	ID                                        any `json:"id"`
	Links                                     any `json:"links"`
	MongoDBEmployeeAccessGrant                any `json:"mongoDBEmployeeAccessGrant"`
	MongoDBVersion                            any `json:"mongoDBVersion"`
	StateName                                 any `json:"stateName"`
}

// BIConnectorRequest changes the settings of the BI Connector.
type BIConnectorRequest struct {
	Enabled        *bool   `json:"enabled"`
	ReadPreference *string `json:"readPreference"` // primary, secondary or analytics, in whatever case
}

// ShardRequest is a shard of a body.
type ShardRequest struct {
	ID            *string          `json:"id"` // of the shard that it changes; by its place if left out
	RegionConfigs *[]RegionRequest `json:"regionConfigs"`
	ZoneName      *string          `json:"zoneName"`
	ZoneID        any              `json:"zoneId"` // ignored
}

// RegionRequest is the nodes of a shard in one region.
type RegionRequest struct {
	AnalyticsAutoScaling *AutoScalingRequest `json:"analyticsAutoScaling"`
	AnalyticsSpecs       *HardwareRequest    `json:"analyticsSpecs"`
	AutoScaling          *AutoScalingRequest `json:"autoScaling"`
	BackingProviderName  *string             `json:"backingProviderName"` // of a free cluster
	ElectableSpecs       *HardwareRequest    `json:"electableSpecs"`
	Priority             *int                `json:"priority"`     // 0 to 7
	ProviderName         *string             `json:"providerName"` // AWS, AZURE, GCP or TENANT
	ReadOnlySpecs        *HardwareRequest    `json:"readOnlySpecs"`
	RegionName           *string             `json:"regionName"`

	// What Atlas answers and clients send along, of any type; ignored.
	EffectiveAnalyticsSpecs any `json:"effectiveAnalyticsSpecs"`
	EffectiveElectableSpecs any `json:"effectiveElectableSpecs"`
	EffectiveReadOnlySpecs  any `json:"effectiveReadOnlySpecs"`
}

// HardwareRequest is nodes of one kind.
type HardwareRequest struct {
	DiskIOPS      *int     `json:"diskIOPS"`
	DiskSizeGB    *float64 `json:"diskSizeGB"`
	EBSVolumeType *string  `json:"ebsVolumeType"`
	InstanceSize  *string  `json:"instanceSize"`
	NodeCount     *int     `json:"nodeCount"`

	// What Atlas answers and clients send along, of any type; ignored.
	DiskThroughput        any `json:"diskThroughput"`
	EffectiveInstanceSize any `json:"effectiveInstanceSize"`
}

// AutoScalingRequest is how nodes are to scale by themselves.
type AutoScalingRequest struct {
	Compute *ComputeScalingRequest `json:"compute"`
	DiskGB  *DiskScalingRequest    `json:"diskGB"`
}

// ComputeScalingRequest is how the instance size is to follow the load.
type ComputeScalingRequest struct {
	Enabled          *bool   `json:"enabled"`
	MaxInstanceSize  *string `json:"maxInstanceSize"`
	MinInstanceSize  *string `json:"minInstanceSize"`
	ScaleDownEnabled *bool   `json:"scaleDownEnabled"`
}

// DiskScalingRequest is whether the disks are to follow the data.
type DiskScalingRequest struct {
	Enabled *bool `json:"enabled"`
}

// The types of clusters.
const (
	replicaSet = "REPLICASET"
	sharded    = "SHARDED"
	geoSharded = "GEOSHARDED"
)

// Change is a body that creates or changes a cluster, of any version.
type Change interface {
	// fields returns the fields that all versions have.
	fields() *RequestFields
	// missing returns the first field that a new cluster needs and the body has not.
	missing() string
	// apply changes the settings of a cluster, which are the defaults for a new one.
	apply(settings *Settings, newID func() objectid.ID) error
}

func (r Request) fields() *RequestFields { return &r.RequestFields }

func (r Request) missing() string {
	return firstMissing(r.RequestFields, "replicationSpecs", r.ReplicationSpecs != nil)
}

// firstMissing returns the first of name, clusterType and the field that has the shards
// that the body has not.
func firstMissing(fields RequestFields, shards string, has bool) string {
	switch {
	case fields.Name == nil:
		return "name"
	case fields.ClusterType == nil:
		return "clusterType"
	case !has:
		return shards
	}
	return ""
}

func (r Request) apply(s *Settings, newID func() objectid.ID) error {
	if r.AdaptiveCapacity.value != nil {
		if err := set(new(""), r.AdaptiveCapacity.value, "ENABLED", "DISABLED"); err != nil {
			return err
		}
	}
	r.AdaptiveCapacity.apply(&s.AdaptiveCapacity)
	if err := r.RequestFields.apply(s); err != nil {
		return err
	}
	setBool(&s.RedactClientLogData, r.RedactClientLogData)
	setBool(&s.RetainBackups, r.RetainBackups)
	setBool(&s.UseTimeBasedCopyForFastSync, r.UseTimeBasedCopyForFastSync)
	if r.ReplicationSpecs != nil {
		if err := replaceShards(s, *r.ReplicationSpecs, newID); err != nil {
			return err
		}
	}
	s.IndependentShardScaling = s.IndependentShardScaling || s.IsSharded()
	return nil
}

// apply changes what has the same shape in all versions.
func (r RequestFields) apply(s *Settings) error {
	if r.AdvancedConfiguration != nil {
		if err := r.AdvancedConfiguration.apply(&s.ProcessArgs.TLS); err != nil {
			return err
		}
	}
	if err := r.BIConnector.apply(&s.BIConnector); err != nil {
		return err
	}
	if err := r.applyClusterType(s); err != nil {
		return err
	}
	for _, word := range []struct {
		kept    *string
		value   *string
		allowed []string
	}{
		{&s.ConfigServerManagementMode, r.ConfigServerManagementMode, []string{"ATLAS_MANAGED", "FIXED_TO_DEDICATED"}},
		{&s.DiskWarmingMode, r.DiskWarmingMode, []string{"FULLY_WARMED", "VISIBLE_EARLIER", "ENHANCED_FULLY_WARMED"}},
		{&s.EncryptionAtRestProvider, r.EncryptionAtRestProvider, []string{"NONE", aws, azure, gcp}},
		{new(""), r.RootCertType, []string{"ISRGROOTX1"}},
		{&s.VersionReleaseSystem, r.VersionReleaseSystem, []string{"LTS", "CONTINUOUS"}},
		{new(""), r.ReplicaSetScalingStrategy, []string{"SEQUENTIAL", "WORKLOAD_TYPE", "NODE_TYPE"}},
	} {
		if err := set(word.kept, word.value, word.allowed...); err != nil {
			return err
		}
	}
	replace(&s.ReplicaSetScalingStrategy, r.ReplicaSetScalingStrategy)
	if err := r.applyMajorVersion(s); err != nil {
		return err
	}
	setBool(&s.BackupEnabled, r.BackupEnabled)
	setBool(&s.GlobalClusterSelfManagedSharding, r.GlobalClusterSelfManagedSharding)
	setBool(&s.Paused, r.Paused)
	setBool(&s.PITEnabled, r.PITEnabled)
	setBool(&s.TerminationProtectionEnabled, r.TerminationProtectionEnabled)
	return r.applyMarks(s)
}

func (r *BIConnectorRequest) apply(s *BIConnector) error {
	if r == nil {
		return nil
	}
	setBool(&s.Enabled, r.Enabled)
	if r.ReadPreference == nil {
		return nil
	}
	preference := strings.ToLower(*r.ReadPreference)
	switch preference {
	case "primary", "secondary", "analytics":
		s.ReadPreference = preference
		return nil
	}
	return atlas.NewError(atlas.CodeInvalidEnumValue, *r.ReadPreference)
}

func (r RequestFields) applyClusterType(s *Settings) error {
	before := s.ClusterType
	if err := set(&s.ClusterType, r.ClusterType, replicaSet, sharded, geoSharded); err != nil {
		return err
	}
	switch {
	case before == s.ClusterType:
	case before == geoSharded:
		return atlas.NewError(atlas.CodeCannotChangeGeoSharded)
	case before == sharded && s.ClusterType == replicaSet:
		return atlas.NewError(atlas.CodeShardedCannotBecomeReplicaSet)
	}
	if s.IsSharded() && s.ConfigServerManagementMode == "" {
		s.ConfigServerManagementMode = "ATLAS_MANAGED"
	}
	return nil
}

func (r RequestFields) applyMajorVersion(s *Settings) error {
	if r.MongoDBMajorVersion == nil {
		return nil
	}
	major := *r.MongoDBMajorVersion
	if patchOf(major) == "" {
		major += ".0"
	}
	if patchOf(major) == "" {
		return atlas.NewError(atlas.CodeMongoDBVersionInvalid, *r.MongoDBMajorVersion)
	}
	s.MongoDBMajorVersion = major
	return nil
}

// applyMarks replaces labels and tags.
func (r RequestFields) applyMarks(s *Settings) error {
	if r.Labels != nil {
		if err := atlas.CheckElements("labels", len(*r.Labels)); err != nil {
			return err
		}
		for _, label := range *r.Labels {
			for _, part := range []struct {
				name string
				text *string
			}{{"key", label.Key}, {"value", label.Value}} {
				if part.text == nil {
					return atlas.NewError(atlas.CodeMissingAttribute, part.name)
				}
				if err := checkText("labels", part.text); err != nil {
					return err
				}
			}
		}
		s.Labels = *r.Labels
	}
	if r.Tags != nil {
		if err := atlas.CheckTags(*r.Tags); err != nil {
			return err
		}
		s.Tags = *r.Tags
	}
	return nil
}
