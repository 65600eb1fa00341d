package cluster

import (
	"strconv"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// Request20230201 is the body that creates or changes a cluster as version 2023-02-01 has
// it: with zones in place of shards, and one size for all disks.
type Request20230201 struct {
	RequestFields

	DiskSizeGB       *float64       `json:"diskSizeGB"`
	ReplicationSpecs *[]ZoneRequest `json:"replicationSpecs"` // required
}

// ZoneRequest is a zone of a body: shards that do not differ.
type ZoneRequest struct {
	ID            *string          `json:"id"` // of the zone that it changes; by its place if left out
	NumShards     *int             `json:"numShards"`
	RegionConfigs *[]RegionRequest `json:"regionConfigs"`
	ZoneName      *string          `json:"zoneName"`
	ZoneID        any              `json:"zoneId"` // ignored
}

func (r Request20230201) fields() *RequestFields { return &r.RequestFields }

func (r Request20230201) missing() string {
	return firstMissing(r.RequestFields, "replicationSpecs", r.ReplicationSpecs != nil)
}

func (r Request20230201) apply(s *Settings, newID func() objectid.ID) error {
	if err := r.RequestFields.apply(s); err != nil {
		return err
	}
	if r.ReplicationSpecs != nil {
		if err := replaceZones(s, *r.ReplicationSpecs, newID); err != nil {
			return err
		}
	}
	return resizeDisk(s, r.DiskSizeGB)
}

// resizeDisk sets the size of all disks, if one is asked for.
func resizeDisk(s *Settings, size *float64) error {
	if size == nil || len(s.Shards) == 0 {
		return nil
	}
	return setDisk(s, []float64{*size})
}

// replaceZones makes the shards those of the zones that the requests name. A zone keeps
// its ids, and what its request leaves out, if the request names its id, or has none and
// the same place.
func replaceZones(s *Settings, requests []ZoneRequest, newID func() objectid.ID) error {
	if len(requests) == 0 {
		return atlas.NewError(atlas.CodeMissingAttribute, "replicationSpecs")
	}
	zones := s.Zones()
	ids, asked := make([]objectid.ID, len(zones)), make([]*string, len(requests))
	for i, zone := range zones {
		ids[i] = zone[0].LegacyID
	}
	for i, request := range requests {
		asked[i] = request.ID
	}
	matches, err := match(ids, asked)
	if err != nil {
		return err
	}
	var (
		shards []Shard
		before []*Shard
		disks  []float64
	)
	for i, request := range requests {
		var zone []Shard
		if matches[i] >= 0 {
			zone = zones[matches[i]]
		}
		count := max(len(zone), 1)
		if request.NumShards != nil {
			count = *request.NumShards
		}
		if count < 1 || len(shards)+count > maxShards {
			return atlas.NewError(atlas.CodeClusterNumShardsInvalid, strconv.Itoa(maxShards))
		}
		var first *Shard
		if len(zone) > 0 {
			first = &zone[0]
		}
		regions, sizes, err := ShardRequest{RegionConfigs: request.RegionConfigs}.regions(first)
		if err != nil {
			return err
		}
		disks = append(disks, sizes...)
		if err := checkText("zoneName", request.ZoneName); err != nil {
			return err
		}
		for k := range count {
			shard := Shard{Regions: regions, ZoneName: defaultZone}
			if first != nil {
				shard.ZoneName = first.ZoneName
			}
			if request.ZoneName != nil {
				shard.ZoneName = *request.ZoneName
			}
			if k < len(zone) {
				shard.ID = zone[k].ID
			}
			shards, before = append(shards, shard), append(before, first)
		}
	}
	identify(shards, s.Shards, before, newID)
	s.Shards = shards
	return setDisk(s, disks)
}
