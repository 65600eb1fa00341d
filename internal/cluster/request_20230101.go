package cluster

import (
	"cmp"
	"slices"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// Request20230101 is the body that creates or changes a cluster as the first version has
// it: one cloud and one size for all nodes, and regions by their names.
type Request20230101 struct {
	RequestFields

	AutoScaling           *AutoScaling20230101       `json:"autoScaling"`
	BackupEnabled         *bool                      `json:"backupEnabled"` // of a kind that Atlas has retired
	DiskSizeGB            *float64                   `json:"diskSizeGB"`
	NumShards             *int                       `json:"numShards"`
	ProviderBackupEnabled *bool                      `json:"providerBackupEnabled"`
	ProviderSettings      *ProviderSettings          `json:"providerSettings"` // required
	ReplicationFactor     *int                       `json:"replicationFactor"`
	ReplicationSpec       map[string]RegionNodes     `json:"replicationSpec"`
	ReplicationSpecs      *[]ReplicationSpec20230101 `json:"replicationSpecs"`

	// What Atlas answers and clients send along, of any type; ignored.
	DeleteAfterCreationHours any `json:"deleteAfterCreationHours"`
	DeleteAfterDate          any `json:"deleteAfterDate"`
	MongoURI                 any `json:"mongoURI"`
	MongoURIUpdated          any `json:"mongoURIUpdated"`
	MongoURIWithOptions      any `json:"mongoURIWithOptions"`
	SrvAddress               any `json:"srvAddress"`
}

// AutoScaling20230101 is how a cluster is to scale by itself.
type AutoScaling20230101 struct {
	Compute       *ComputeScaling20230101 `json:"compute"`
	DiskGBEnabled *bool                   `json:"diskGBEnabled"`
}

// ComputeScaling20230101 is whether the instance size is to follow the load. Its bounds
// are in the provider's settings.
type ComputeScaling20230101 struct {
	Enabled          *bool `json:"enabled"`
	ScaleDownEnabled *bool `json:"scaleDownEnabled"`
}

// ProviderSettings are the cloud and the hardware of a cluster.
type ProviderSettings struct {
	AutoScaling         *AutoScalingRequest `json:"autoScaling"`
	BackingProviderName *string             `json:"backingProviderName"`
	DiskIOPS            *int                `json:"diskIOPS"`
	InstanceSizeName    *string             `json:"instanceSizeName"`
	ProviderName        *string             `json:"providerName"` // required
	RegionName          *string             `json:"regionName"`
	VolumeType          *string             `json:"volumeType"`

	// What has no effect, of any type.
	DiskTypeName              any `json:"diskTypeName"`
	EffectiveInstanceSizeName any `json:"effectiveInstanceSizeName"`
	EncryptEBSVolume          any `json:"encryptEBSVolume"`
}

// ReplicationSpec20230101 is a zone of a body.
type ReplicationSpec20230101 struct {
	ID            *string                `json:"id"`
	NumShards     *int                   `json:"numShards"`
	RegionsConfig map[string]RegionNodes `json:"regionsConfig"` // required
	ZoneName      *string                `json:"zoneName"`
}

// RegionNodes is how many nodes a region has.
type RegionNodes struct {
	AnalyticsNodes *int `json:"analyticsNodes"`
	ElectableNodes *int `json:"electableNodes"`
	Priority       *int `json:"priority"`
	ReadOnlyNodes  *int `json:"readOnlyNodes"`
}

func (r Request20230101) fields() *RequestFields { return &r.RequestFields }

func (r Request20230101) missing() string {
	fields := r.RequestFields
	fields.ClusterType = cmp.Or(fields.ClusterType, new(replicaSet))
	return firstMissing(fields, "providerSettings", r.ProviderSettings != nil)
}

func (r Request20230101) apply(s *Settings, newID func() objectid.ID) error {
	if r.BackupEnabled != nil && *r.BackupEnabled {
		return atlas.NewError(atlas.CodeContinuousBackupNotSupported)
	}
	fields := r.RequestFields
	fields.BackupEnabled = r.ProviderBackupEnabled
	if fields.ClusterType == nil && s.ClusterType == "" {
		fields.ClusterType = new(replicaSet)
		if r.NumShards != nil && *r.NumShards > 1 {
			fields.ClusterType = new(sharded)
		}
	}
	if err := fields.apply(s); err != nil {
		return err
	}
	if r.ReplicationSpec != nil && r.ReplicationSpecs != nil {
		return atlas.NewError(atlas.CodeDualReplicationSpec)
	}
	if r.changesShards() {
		zones, err := r.zones(*s)
		if err != nil {
			return err
		}
		if err := replaceZones(s, zones, newID); err != nil {
			return err
		}
	}
	return resizeDisk(s, r.DiskSizeGB)
}

// changesShards reports whether the body says anything of nodes.
func (r Request20230101) changesShards() bool {
	return r.ProviderSettings != nil || r.ReplicationSpec != nil || r.ReplicationSpecs != nil ||
		r.NumShards != nil || r.ReplicationFactor != nil || r.AutoScaling != nil
}

// namedNodes is how many nodes the region of a name has.
type namedNodes struct {
	name string
	RegionNodes
}

// byPriority returns the regions, those with the highest priority first.
func byPriority(nodes map[string]RegionNodes) []namedNodes {
	var sorted []namedNodes
	for name, count := range nodes {
		sorted = append(sorted, namedNodes{name, count})
	}
	slices.SortFunc(sorted, func(a, b namedNodes) int {
		return cmp.Or(cmp.Compare(*cmp.Or(b.Priority, new(0)), *cmp.Or(a.Priority, new(0))), cmp.Compare(a.name, b.name))
	})
	return sorted
}

// zones returns the zones that the body asks for of a cluster with these settings.
func (r Request20230101) zones(s Settings) ([]ZoneRequest, error) {
	settings := ProviderSettings{}
	if r.ProviderSettings != nil {
		settings = *r.ProviderSettings
	}
	if len(s.Shards) > 0 {
		settings.fill(s.Shards[0].Regions[0])
	}
	if settings.RegionName != nil { // even if the shards have regions of their own
		_, err := RegionRequest{
			BackingProviderName: settings.BackingProviderName,
			ProviderName:        settings.ProviderName,
			RegionName:          settings.RegionName,
		}.where()
		if err != nil {
			return nil, err
		}
	}
	var zones []ZoneRequest
	add := func(id *string, count *int, name *string, nodes []namedNodes) {
		regions := r.regions(settings, nodes)
		zones = append(zones, ZoneRequest{
			ID: id, NumShards: cmp.Or(count, r.NumShards), ZoneName: name, RegionConfigs: &regions,
		})
	}
	switch {
	case r.ReplicationSpecs != nil:
		for _, spec := range *r.ReplicationSpecs {
			if spec.RegionsConfig == nil {
				return nil, atlas.NewError(atlas.CodeReplicationSpecsInvalid)
			}
			add(spec.ID, spec.NumShards, spec.ZoneName, byPriority(spec.RegionsConfig))
		}
	case r.ReplicationSpec != nil:
		add(nil, nil, nil, byPriority(r.ReplicationSpec))
	case len(s.Shards) == 0 || r.moves(s):
		if settings.RegionName == nil {
			return nil, atlas.NewError(atlas.CodeMissingAttribute, "regionName")
		}
		add(nil, nil, nil, []namedNodes{{*settings.RegionName, RegionNodes{
			ElectableNodes: cmp.Or(r.ReplicationFactor, new(3)), Priority: new(7),
		}}})
	default:
		for _, zone := range s.Zones() {
			var nodes []namedNodes
			for _, region := range zone[0].Regions {
				nodes = append(nodes, namedNodes{name: region.Name})
			}
			if len(nodes) == 1 {
				nodes[0].ElectableNodes = r.ReplicationFactor
			}
			add(nil, nil, nil, nodes)
		}
	}
	return zones, nil
}

// moves reports whether the body gives the one region of a cluster another name.
func (r Request20230101) moves(s Settings) bool {
	return r.ProviderSettings != nil && r.ProviderSettings.RegionName != nil &&
		len(s.regions()) == 1 && s.regions()[0].Name != *r.ProviderSettings.RegionName
}

// fill takes what the body leaves out from a region of the cluster.
func (p *ProviderSettings) fill(region Region) {
	p.ProviderName = cmp.Or(p.ProviderName, &region.Provider)
	p.InstanceSizeName = cmp.Or(p.InstanceSizeName, &region.Electable.InstanceSize)
	p.RegionName = cmp.Or(p.RegionName, &region.Name)
	if region.Provider == tenant {
		p.BackingProviderName = cmp.Or(p.BackingProviderName, &region.BackingProvider)
	}
}

// regions returns the regions of a zone.
func (r Request20230101) regions(settings ProviderSettings, nodes []namedNodes) []RegionRequest {
	hardware := func(count *int) *HardwareRequest {
		return &HardwareRequest{
			DiskIOPS: settings.DiskIOPS, EBSVolumeType: settings.VolumeType,
			InstanceSize: settings.InstanceSizeName, NodeCount: count,
		}
	}
	regions := make([]RegionRequest, len(nodes))
	for i, region := range nodes {
		regions[i] = RegionRequest{
			AutoScaling:         r.scaling(settings),
			BackingProviderName: settings.BackingProviderName,
			Priority:            region.Priority,
			ProviderName:        settings.ProviderName,
			RegionName:          &region.name,
			ElectableSpecs:      hardware(region.ElectableNodes),
			ReadOnlySpecs:       hardware(region.ReadOnlyNodes),
			AnalyticsSpecs:      hardware(region.AnalyticsNodes),
		}
	}
	return regions
}

// scaling returns how the nodes are to scale by themselves.
func (r Request20230101) scaling(settings ProviderSettings) *AutoScalingRequest {
	compute, disk := new(ComputeScalingRequest), new(DiskScalingRequest)
	if r.AutoScaling != nil {
		disk.Enabled = r.AutoScaling.DiskGBEnabled
		if r.AutoScaling.Compute != nil {
			compute.Enabled, compute.ScaleDownEnabled = r.AutoScaling.Compute.Enabled, r.AutoScaling.Compute.ScaleDownEnabled
		}
	}
	if settings.AutoScaling != nil && settings.AutoScaling.Compute != nil {
		compute.MaxInstanceSize = settings.AutoScaling.Compute.MaxInstanceSize
		compute.MinInstanceSize = settings.AutoScaling.Compute.MinInstanceSize
	}
	return &AutoScalingRequest{Compute: compute, DiskGB: disk}
}
