package api

import (
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/objectid"
)

// What the first version shows of a cluster, and no other does.

type autoScaling20230101 struct {
	Compute       computeScaling20230101 `json:"compute"`
	DiskGBEnabled bool                   `json:"diskGBEnabled"`
}

type computeScaling20230101 struct {
	Enabled          bool `json:"enabled"`
	ScaleDownEnabled bool `json:"scaleDownEnabled"`
}

// providerSettingsBody is the cloud and the hardware of a cluster. Unlike other bodies,
// it begins with the provider's name, and shows what is not set as null.
type providerSettingsBody struct {
	ProviderName              string                  `json:"providerName"`
	AutoScaling               providerSettingsScaling `json:"autoScaling"`
	BackingProviderName       string                  `json:"backingProviderName,omitzero"`       // of a free cluster
	DiskIOPS                  *int                    `json:"diskIOPS,omitzero"`                  // AWS
	EffectiveInstanceSizeName string                  `json:"effectiveInstanceSizeName,omitzero"` // of a free cluster
	EncryptEBSVolume          bool                    `json:"encryptEBSVolume,omitzero"`          // AWS
	InstanceSizeName          string                  `json:"instanceSizeName"`
	RegionName                string                  `json:"regionName,omitzero"` // if there is one
	VolumeType                string                  `json:"volumeType,omitzero"` // AWS
}

type providerSettingsScaling struct {
	Compute struct {
		MaxInstanceSize *string `json:"maxInstanceSize"`
		MinInstanceSize *string `json:"minInstanceSize"`
	} `json:"compute"`
}

// nodesBody is how many nodes a region has.
type nodesBody struct {
	AnalyticsNodes int `json:"analyticsNodes"`
	ElectableNodes int `json:"electableNodes"`
	Priority       int `json:"priority"`
	ReadOnlyNodes  int `json:"readOnlyNodes"`
}

// zone20230101 is a zone.
type zone20230101 struct {
	ID            objectid.ID          `json:"id"`
	NumShards     int                  `json:"numShards"`
	RegionsConfig map[string]nodesBody `json:"regionsConfig"`
	ZoneName      string               `json:"zoneName"`
}

// as20230101 turns what the newest version shows into what the first does.
func (b *clusterBody) as20230101(of cluster.Cluster) {
	settings, strings := of.Settings, of.ConnectionStrings()
	b.DiskSizeGB = gigabytes(settings.DiskSizeGB)
	b.ProviderBackupEnabled, b.BackupEnabled = new(b.BackupEnabled), false
	b.MongoURI, b.MongoURIWithOptions, b.SrvAddress = strings.Hosts, strings.Standard, strings.StandardSrv
	if strings.Hosts != "" {
		b.MongoURIUpdated = wholeSeconds(of.ReadyAt)
	}
	zones := []zone20230101{}
	for _, shards := range settings.Zones() {
		zone := zone20230101{
			ID: shards[0].LegacyID, NumShards: len(shards), ZoneName: shards[0].ZoneName,
			RegionsConfig: make(map[string]nodesBody),
		}
		for _, region := range shards[0].Regions {
			zone.RegionsConfig[region.Name] = nodesBody{
				region.Analytics.NodeCount, region.Electable.NodeCount, region.Priority, region.ReadOnly.NodeCount,
			}
		}
		zones = append(zones, zone)
	}
	b.ReplicationSpecs = zones
	b.NumShards = zones[0].NumShards
	if len(zones) == 1 {
		b.ReplicationSpec = zones[0].RegionsConfig
	}
	regions := settings.Shards[0].Regions
	for _, region := range regions {
		b.ReplicationFactor += region.Electable.NodeCount
	}
	first := regions[0]
	b.AutoScaling = &autoScaling20230101{
		Compute:       computeScaling20230101{first.AutoScaling.Compute.Enabled, first.AutoScaling.Compute.ScaleDownEnabled},
		DiskGBEnabled: first.AutoScaling.DiskGB.Enabled,
	}
	b.ProviderSettings = newProviderSettings(first)
	if len(regions) == 1 && len(zones) == 1 {
		b.ProviderSettings.RegionName = first.Name
	}
}

func newProviderSettings(region cluster.Region) *providerSettingsBody {
	body := &providerSettingsBody{ProviderName: region.Provider, InstanceSizeName: region.Electable.InstanceSize}
	body.AutoScaling.Compute.MaxInstanceSize = region.AutoScaling.Compute.MaxInstanceSize
	body.AutoScaling.Compute.MinInstanceSize = region.AutoScaling.Compute.MinInstanceSize
	if region.IsFree() {
		body.BackingProviderName = region.BackingProvider
		body.EffectiveInstanceSizeName = region.Electable.InstanceSize
	}
	if disk := region.Disk(region.Electable); disk.EBSVolumeType != "" {
		body.DiskIOPS, body.EncryptEBSVolume, body.VolumeType = disk.IOPS, true, disk.EBSVolumeType
	}
	return body
}
