package backup

import (
	"slices"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/objectid"
)

// CopySetting is where else snapshots are to be copied to. Nothing is.
type CopySetting struct {
	CloudProvider         string           `json:"cloudProvider"`
	CopyPolicyItems       []CopyPolicyItem `json:"copyPolicyItems"` // nil if not set, as are the next two
	Frequencies           []string         `json:"frequencies"`
	LastNumberOfSnapshots *int             `json:"lastNumberOfSnapshots"`
	LegacyZoneID          objectid.ID      `json:"legacyZoneId"` // in versions before 2024-08-05
	RegionName            string           `json:"regionName"`
	ShouldCopyOplogs      bool             `json:"shouldCopyOplogs"`
	ZoneID                objectid.ID      `json:"zoneId"`
}

// CopyPolicyItem is a policy item of copies.
type CopyPolicyItem struct {
	ID             *objectid.ID `json:"id,omitzero"`
	FrequencyType  *string      `json:"frequencyType"` // required, as the next two
	RetentionUnit  *string      `json:"retentionUnit"`
	RetentionValue *int         `json:"retentionValue"`
}

func (i CopyPolicyItem) check() error {
	switch {
	case i.FrequencyType == nil || i.RetentionUnit == nil || i.RetentionValue == nil:
		return atlas.NewError(atlas.CodeMissingPolicyItemParameters)
	case !slices.Contains(frequencies, *i.FrequencyType) && *i.FrequencyType != OnDemand:
		return atlas.NewError(atlas.CodeInvalidEnumValue, *i.FrequencyType)
	case !slices.Contains(retentionUnits, *i.RetentionUnit):
		return atlas.NewError(atlas.CodeInvalidEnumValue, *i.RetentionUnit)
	case !retention{*i.RetentionUnit, *i.RetentionValue}.isPossible():
		return atlas.NewError(atlas.CodeInvalidAttribute, "retentionValue")
	}
	return nil
}

// CopySettingRequest is a copy setting of a body, of either version.
type CopySettingRequest struct {
	CloudProvider         *string           `json:"cloudProvider"`
	CopyPolicyItems       *[]CopyPolicyItem `json:"copyPolicyItems"`
	Frequencies           *[]string         `json:"frequencies"`
	LastNumberOfSnapshots *int              `json:"lastNumberOfSnapshots"`
	RegionName            *string           `json:"regionName"`
	ReplicationSpecID     *objectid.ID      `json:"replicationSpecId"` // of 2023-01-01
	ShouldCopyOplogs      *bool             `json:"shouldCopyOplogs"`
	ZoneID                *objectid.ID      `json:"zoneId"` // of 2024-08-05
}

// copyFrequencies are the frequencies of copies and extra retentions.
var copyFrequencies = []string{"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY", "ON_DEMAND"}

// maxLastSnapshots is how many of the last snapshots can be copied. Atlas' specification.
const maxLastSnapshots = 500

// applyCopies changes where snapshots are to be copied to, and how much longer they are to
// be kept.
func (u ScheduleUpdate) applyCopies(s *Schedule) error {
	if u.CopyPolicyItemsEnabled != nil {
		s.CopyPolicyItemsEnabled = *u.CopyPolicyItemsEnabled
	}
	if u.ExtraRetentionSettings != nil {
		if err := checkExtraRetention(*u.ExtraRetentionSettings); err != nil {
			return err
		}
		s.ExtraRetention = *u.ExtraRetentionSettings
	}
	if u.CopySettings == nil {
		return nil
	}
	if err := atlas.CheckElements("copySettings", len(*u.CopySettings)); err != nil {
		return err
	}
	settings := make([]CopySetting, len(*u.CopySettings))
	for i, request := range *u.CopySettings {
		var err error
		if settings[i], err = request.setting(s.Cluster); err != nil {
			return err
		}
	}
	s.CopySettings = settings
	return nil
}

func checkExtraRetention(settings []ExtraRetention) error {
	if err := atlas.CheckElements("extraRetentionSettings", len(settings)); err != nil {
		return err
	}
	for _, setting := range settings {
		switch {
		case setting.FrequencyType == nil:
			return atlas.NewError(atlas.CodeMissingAttribute, "frequencyType")
		case !slices.Contains(copyFrequencies, *setting.FrequencyType):
			return atlas.NewError(atlas.CodeInvalidEnumValue, *setting.FrequencyType)
		case setting.RetentionDays == nil:
			return atlas.NewError(atlas.CodeMissingAttribute, "retentionDays")
		case !retention{"days", *setting.RetentionDays}.isPossible():
			return atlas.NewError(atlas.CodeInvalidAttribute, "retentionDays")
		}
	}
	return nil
}

func (r CopySettingRequest) setting(of cluster.Cluster) (CopySetting, error) {
	var setting CopySetting
	switch {
	case r.CloudProvider == nil:
		return setting, atlas.NewError(atlas.CodeMissingAttribute, "cloudProvider")
	case !db.CloudProvider(*r.CloudProvider).Valid():
		return setting, atlas.NewError(atlas.CodeInvalidEnumValue, *r.CloudProvider)
	case r.RegionName == nil:
		return setting, atlas.NewError(atlas.CodeMissingAttribute, "regionName")
	case !cluster.HasRegion(*r.CloudProvider, *r.RegionName):
		return setting, atlas.NewError(atlas.CodeInvalidAttribute, "regionName")
	case r.LastNumberOfSnapshots != nil && (*r.LastNumberOfSnapshots < 1 || *r.LastNumberOfSnapshots > maxLastSnapshots):
		return setting, atlas.NewError(atlas.CodeInvalidAttribute, "lastNumberOfSnapshots")
	}
	setting.CloudProvider, setting.RegionName = *r.CloudProvider, *r.RegionName
	setting.LastNumberOfSnapshots = r.LastNumberOfSnapshots
	if r.Frequencies != nil {
		if err := atlas.CheckElements("frequencies", len(*r.Frequencies)); err != nil {
			return setting, err
		}
		for _, frequency := range *r.Frequencies {
			if !slices.Contains(copyFrequencies, frequency) {
				return setting, atlas.NewError(atlas.CodeInvalidEnumValue, frequency)
			}
		}
		setting.Frequencies = *r.Frequencies
	}
	if r.CopyPolicyItems != nil {
		if err := atlas.CheckElements("copyPolicyItems", len(*r.CopyPolicyItems)); err != nil {
			return setting, err
		}
		for _, item := range *r.CopyPolicyItems {
			if err := item.check(); err != nil {
				return setting, err
			}
		}
		setting.CopyPolicyItems = *r.CopyPolicyItems
	}
	if r.ShouldCopyOplogs != nil && *r.ShouldCopyOplogs {
		if !of.Settings.PITEnabled {
			return setting, atlas.NewError(atlas.CodeInvalidAttribute, "shouldCopyOplogs")
		}
		setting.ShouldCopyOplogs = true
	}
	err := r.findZone(of, &setting)
	return setting, err
}

// findZone sets the zone of the cluster, by the id that it has in either version.
func (r CopySettingRequest) findZone(of cluster.Cluster, setting *CopySetting) error {
	if r.ZoneID == nil && r.ReplicationSpecID == nil {
		return atlas.NewError(atlas.CodeMissingAttribute, "zoneId")
	}
	for _, zone := range of.Settings.Zones() {
		setting.ZoneID, setting.LegacyZoneID = zone[0].ZoneID, zone[0].LegacyID
		if r.ZoneID != nil && *r.ZoneID == setting.ZoneID || r.ZoneID == nil && *r.ReplicationSpecID == setting.LegacyZoneID {
			return nil
		}
	}
	if r.ZoneID != nil {
		return atlas.NewError(atlas.CodeInvalidAttribute, "zoneId")
	}
	return atlas.NewError(atlas.CodeInvalidAttribute, "replicationSpecId")
}
