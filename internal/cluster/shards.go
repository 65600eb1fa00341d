package cluster

import (
	"errors"
	"slices"
	"strconv"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// errFlex says that a body asks for a flex cluster. Atlas has an API of its own for
// those.
var errFlex = errors.New("flex clusters have an API of their own")

// The bounds of what a cluster consists of. Atlas documents that of shards.
const (
	maxShards   = 50
	maxRegions  = 20 // of a shard
	maxNodes    = 50 // of one kind in a region
	maxDiskIOPS = 1_000_000
)

// defaultZone is the zone of a shard that names none.
const defaultZone = "Zone 1"

// replaceShards makes the shards those of the requests. A shard keeps its id, and what
// its request leaves out, if the request names the id, or has none and the same place.
func replaceShards(s *Settings, requests []ShardRequest, newID func() objectid.ID) error {
	switch {
	case len(requests) == 0:
		return atlas.NewError(atlas.CodeMissingAttribute, "replicationSpecs")
	case len(requests) > maxShards:
		return atlas.NewError(atlas.CodeClusterNumShardsInvalid, strconv.Itoa(maxShards))
	}
	ids, asked := make([]objectid.ID, len(s.Shards)), make([]*string, len(requests))
	for i, shard := range s.Shards {
		ids[i] = shard.ID
	}
	for i, request := range requests {
		asked[i] = request.ID
	}
	matches, err := match(ids, asked)
	if err != nil {
		return err
	}
	before, shards := make([]*Shard, len(requests)), make([]Shard, len(requests))
	var disks []float64
	for i, request := range requests {
		if matches[i] >= 0 {
			before[i] = &s.Shards[matches[i]]
		}
		regions, sizes, err := request.regions(before[i])
		if err != nil {
			return err
		}
		disks = append(disks, sizes...)
		shards[i].Regions, shards[i].ZoneName = regions, defaultZone
		if before[i] != nil {
			shards[i].ID, shards[i].ZoneName = before[i].ID, before[i].ZoneName
		}
		if err := checkText("zoneName", request.ZoneName); err != nil {
			return err
		}
		if request.ZoneName != nil {
			shards[i].ZoneName = *request.ZoneName
		}
	}
	identify(shards, s.Shards, before, newID)
	s.Shards = shards
	return setDisk(s, disks)
}

// match returns for each id that is asked for the index of what has it. Without an id it
// is the same place; -1 is for what is not there. It returns INVALID_ATTRIBUTE for what
// is no id.
func match(ids []objectid.ID, asked []*string) ([]int, error) {
	found := slices.Repeat([]int{-1}, len(asked))
	for i, text := range asked {
		if text == nil {
			continue
		}
		id, err := objectid.Parse(*text)
		if err != nil {
			return nil, atlas.NewError(atlas.CodeInvalidAttribute, "id")
		}
		if at := slices.Index(ids, id); !slices.Contains(found, at) {
			found[i] = at
		}
	}
	for i, text := range asked {
		if text == nil && i < len(ids) && !slices.Contains(found, i) {
			found[i] = i
		}
	}
	return found, nil
}

// identify gives ids to shards that are new, and to their zones. A zone keeps its ids
// under its name, and under another if no shard is left that has the old one.
func identify(shards, old []Shard, before []*Shard, newID func() objectid.ID) {
	type ids struct{ legacy, zone objectid.ID }
	zones := make(map[string]ids)
	for _, shard := range old {
		zones[shard.ZoneName] = ids{shard.LegacyID, shard.ZoneID}
	}
	for i := range shards {
		shard := &shards[i]
		zone, known := zones[shard.ZoneName]
		if !known && before[i] != nil {
			stays := slices.ContainsFunc(shards, func(s Shard) bool { return s.ZoneName == before[i].ZoneName })
			if zone, known = zones[before[i].ZoneName]; known && !stays {
				delete(zones, before[i].ZoneName)
			} else {
				known = false
			}
		}
		if !known {
			zone = ids{newID(), newID()}
		}
		zones[shard.ZoneName] = zone
		shard.LegacyID, shard.ZoneID = zone.legacy, zone.zone
		if shard.ID.IsZero() {
			shard.ID = newID()
		}
	}
}

// setDisk sets the size of the disks from those that a body asks for, which must be
// equal. A cluster that is new has a size in any case.
func setDisk(s *Settings, asked []float64) error {
	least := float64(smallDiskGB)
	if slices.ContainsFunc(s.regions(), func(r Region) bool { return r.Provider == azure }) {
		least = smallAzureDiskGB
	}
	for _, size := range asked {
		switch {
		case size <= 0 || size > maxDiskGB:
			return atlas.NewError(atlas.CodeClusterDiskSizeInvalid, strconv.FormatFloat(size, 'f', -1, 64))
		case size != asked[0]:
			return atlas.NewError(atlas.CodeDiskSizeInconsistent)
		}
	}
	switch {
	case s.IsFree():
		s.DiskSizeGB = freeDiskGB
	case len(asked) > 0:
		s.DiskSizeGB = max(asked[0], least)
	case s.DiskSizeGB == 0 && isLarge(s.Shards[0].Regions[0].Electable.InstanceSize):
		s.DiskSizeGB = largeDiskGB
	case s.DiskSizeGB == 0:
		s.DiskSizeGB = least
	}
	return nil
}

// regions returns the regions of a shard, which may have been before, and the sizes of
// disks that the request asks for.
func (r ShardRequest) regions(before *Shard) (regions []Region, disks []float64, err error) {
	if r.RegionConfigs == nil && before != nil {
		return before.Regions, nil, nil
	}
	if r.RegionConfigs == nil || len(*r.RegionConfigs) == 0 {
		return nil, nil, atlas.NewError(atlas.CodeMissingAttribute, "regionConfigs")
	}
	if len(*r.RegionConfigs) > maxRegions {
		return nil, nil, atlas.NewError(atlas.CodeInvalidClusterConfiguration)
	}
	electable := 0
	for i, request := range *r.RegionConfigs {
		region, err := request.region(before, i)
		if err != nil {
			return nil, nil, err
		}
		electable += region.Electable.NodeCount
		regions = append(regions, region)
		for _, hardware := range []*HardwareRequest{request.ElectableSpecs, request.ReadOnlySpecs, request.AnalyticsSpecs} {
			if hardware != nil && hardware.DiskSizeGB != nil {
				disks = append(disks, *hardware.DiskSizeGB)
			}
		}
	}
	switch electable {
	case 0:
		return nil, nil, atlas.NewError(atlas.CodeMissingAttribute, "electableSpecs")
	case 3, 5, 7: // Atlas, "Configure High Availability and Workload Isolation"
		return regions, disks, nil
	}
	return nil, nil, atlas.NewError(atlas.CodeInvalidClusterConfiguration)
}

// region returns the region at a place of a shard.
func (r RegionRequest) region(shard *Shard, place int) (Region, error) {
	region, err := r.where()
	if err != nil {
		return region, err
	}
	region.Priority = max(7-place, 0)
	var before *Region
	if shard != nil {
		i := slices.IndexFunc(shard.Regions, func(old Region) bool {
			return old.Provider == region.Provider && old.BackingProvider == region.BackingProvider && old.Name == region.Name
		})
		if i >= 0 {
			before = &shard.Regions[i]
			region = *before
		}
	}
	if r.Priority != nil {
		if *r.Priority < 0 || *r.Priority > 7 {
			return region, atlas.NewError(atlas.CodeInvalidAttribute, "priority")
		}
		region.Priority = *r.Priority
	}
	if region.Provider == tenant {
		return r.freeNodes(region)
	}
	if err := r.nodes(&region); err != nil {
		return region, err
	}
	sizes := findCloud(region.Provider).Sizes
	if err := r.AutoScaling.apply(&region.AutoScaling, sizes); err != nil {
		return region, err
	}
	if r.AnalyticsAutoScaling != nil {
		var scaling AutoScaling
		if region.AnalyticsAutoScaling != nil {
			scaling = *region.AnalyticsAutoScaling
		}
		region.AnalyticsAutoScaling = &scaling
		return region, r.AnalyticsAutoScaling.apply(&scaling, sizes)
	}
	return region, nil
}

// where returns a region that has nothing but its place.
func (r RegionRequest) where() (Region, error) {
	var region Region
	if r.ProviderName == nil {
		return region, atlas.NewError(atlas.CodeMissingAttribute, "providerName")
	}
	if *r.ProviderName == flex {
		return region, errFlex
	}
	if err := set(&region.Provider, r.ProviderName, aws, azure, gcp, tenant); err != nil {
		return region, err
	}
	cloud := region.Provider
	if region.Provider == tenant {
		if r.BackingProviderName == nil {
			return region, atlas.NewError(atlas.CodeMissingAttribute, "backingProviderName")
		}
		if err := set(&region.BackingProvider, r.BackingProviderName, aws, azure, gcp); err != nil {
			return region, err
		}
		cloud = region.BackingProvider
	}
	switch {
	case r.RegionName == nil:
		return region, atlas.NewError(atlas.CodeMissingAttribute, "regionName")
	case !HasRegion(cloud, *r.RegionName):
		return region, atlas.NewError(atlas.CodeInvalidAttribute, "regionName")
	}
	region.Name = *r.RegionName
	return region, nil
}

// freeNodes gives the region the nodes of a free cluster.
func (r RegionRequest) freeNodes(region Region) (Region, error) {
	size := FreeSize
	if r.ElectableSpecs != nil && r.ElectableSpecs.InstanceSize != nil {
		size = *r.ElectableSpecs.InstanceSize
	}
	if isFlexSize(size) {
		return region, errFlex
	}
	if size != FreeSize {
		return region, atlas.NewError(atlas.CodeInvalidEnumValue, size)
	}
	region.Electable = Hardware{InstanceSize: FreeSize, NodeCount: 3}
	return region, nil
}

// nodes gives the region the nodes that the request asks for. Those of a kind that it
// leaves out stay as many. They have the size of the electable ones, unless they are for
// analytics, or the request says so.
func (r RegionRequest) nodes(region *Region) error {
	sizes := findCloud(region.Provider).Sizes
	for _, kind := range []struct {
		request  *HardwareRequest
		hardware *Hardware
	}{
		{r.ElectableSpecs, &region.Electable},
		{r.ReadOnlySpecs, &region.ReadOnly},
		{r.AnalyticsSpecs, &region.Analytics},
	} {
		kept := kind.hardware == &region.Analytics && region.Analytics.NodeCount > 0
		if !kept && kind.hardware != &region.Electable {
			kind.hardware.InstanceSize = region.Electable.InstanceSize
			kind.hardware.DiskIOPS, kind.hardware.EBSVolumeType = region.Electable.DiskIOPS, region.Electable.EBSVolumeType
		}
		if err := kind.request.apply(kind.hardware, sizes); err != nil {
			return err
		}
	}
	if region.Electable.InstanceSize == "" { // a region without electable nodes
		for _, other := range []Hardware{region.ReadOnly, region.Analytics} {
			if region.Electable.InstanceSize == "" {
				region.Electable.InstanceSize = other.InstanceSize
			}
		}
	}
	for _, hardware := range []*Hardware{&region.Electable, &region.ReadOnly, &region.Analytics} {
		if hardware.InstanceSize == "" {
			hardware.InstanceSize = region.Electable.InstanceSize
		}
	}
	if region.Electable.InstanceSize == "" {
		return atlas.NewError(atlas.CodeMissingAttribute, "instanceSize")
	}
	return nil
}

func (r *HardwareRequest) apply(h *Hardware, sizes []string) error {
	if r == nil {
		return nil
	}
	if r.InstanceSize != nil && isFlexSize(*r.InstanceSize) {
		return errFlex
	}
	if err := set(&h.InstanceSize, r.InstanceSize, sizes...); err != nil {
		return err
	}
	for _, number := range []struct {
		name  string
		value *int
		most  int
	}{{"nodeCount", r.NodeCount, maxNodes}, {"diskIOPS", r.DiskIOPS, maxDiskIOPS}} {
		if number.value != nil && (*number.value < 0 || *number.value > number.most) {
			return atlas.NewError(atlas.CodeInvalidAttribute, number.name)
		}
	}
	if r.NodeCount != nil {
		h.NodeCount = *r.NodeCount
	}
	replace(&h.DiskIOPS, r.DiskIOPS)
	if err := set(new(""), r.EBSVolumeType, "STANDARD", "PROVISIONED", "HIGH_PERFORMANCE"); err != nil {
		return err
	}
	replace(&h.EBSVolumeType, r.EBSVolumeType)
	return nil
}

func (r *AutoScalingRequest) apply(s *AutoScaling, sizes []string) error {
	if r == nil {
		return nil
	}
	if r.Compute != nil {
		setBool(&s.Compute.Enabled, r.Compute.Enabled)
		setBool(&s.Compute.ScaleDownEnabled, r.Compute.ScaleDownEnabled)
		for _, size := range []*string{r.Compute.MaxInstanceSize, r.Compute.MinInstanceSize} {
			if err := set(new(""), size, sizes...); err != nil {
				return err
			}
		}
		replace(&s.Compute.MaxInstanceSize, r.Compute.MaxInstanceSize)
		replace(&s.Compute.MinInstanceSize, r.Compute.MinInstanceSize)
	}
	if r.DiskGB != nil {
		setBool(&s.DiskGB.Enabled, r.DiskGB.Enabled)
	}
	return nil
}

// check refuses settings that don't go together.
func (s Settings) check() error {
	free := 0
	regions := s.regions()
	for _, region := range regions {
		if region.Provider == tenant {
			free++
		}
	}
	switch {
	case !s.IsSharded() && len(s.Shards) != 1,
		free > 0 && (len(regions) > 1 || s.IsSharded()),
		s.PITEnabled && !s.BackupEnabled && free == 0:
		return atlas.NewError(atlas.CodeInvalidClusterConfiguration)
	case free > 0 && (s.BackupEnabled || s.PITEnabled):
		return atlas.NewError(atlas.CodeInvalidTenantBackup, "false", FreeSize)
	}
	return nil
}
