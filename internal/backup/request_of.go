package backup

import (
	"encoding/json"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
)

// PrivateEndpointRequestOf returns the body that declares a private endpoint.
func PrivateEndpointRequestOf(row db.BackupPrivateEndpoint) PrivateEndpointRequest {
	return PrivateEndpointRequest{RegionName: &row.Region, VPCRegionName: &row.VPCRegion}
}

// ExportBucketRequestOf returns the body that declares an export bucket.
func ExportBucketRequestOf(row db.ExportBucket) ExportBucketRequest {
	provider := string(row.CloudProvider)
	request := ExportBucketRequest{
		CloudProvider: &provider, ServiceURL: row.ServiceURL, RequirePrivateNetworking: row.RequirePrivateNetworking,
	}
	if row.CloudProvider != db.CloudProviderAZURE {
		request.BucketName = &row.BucketName
	}
	if row.CloudProvider == db.CloudProviderAWS {
		request.IAMRoleID = &row.RoleID
	} else {
		request.RoleID = &row.RoleID
	}
	return request
}

// SnapshotRequestOf returns the body that declares a snapshot on demand.
func SnapshotRequestOf(row db.Snapshot) SnapshotRequest {
	days := int(row.ExpiresAt.Sub(row.CompletedAt) / (24 * time.Hour))
	return SnapshotRequest{Description: row.Description, RetentionInDays: &days}
}

// ExportJobRequestOf returns the body that declares an export job, and its state at a time.
func ExportJobRequestOf(row db.ExportJob, now time.Time) (ExportJobRequest, ExportJobState, error) {
	request := ExportJobRequest{ExportBucketID: &row.ExportBucketID, SnapshotID: &row.SnapshotID}
	if err := json.Unmarshal(row.CustomData, &request.CustomData); err != nil {
		return request, "", atlas.Wrap(err, "decode export job")
	}
	job, err := ExportJobAt(row, now)
	return request, job.State, err
}

// ScheduleUpdateOf returns the body that declares a backup schedule.
func ScheduleUpdateOf(s Schedule) ScheduleUpdate {
	hour, minute, window := int(s.ReferenceHour), int(s.ReferenceMinute), int(s.RestoreWindowDays)
	update := ScheduleUpdate{
		AutoExportEnabled: new(s.ExportBucketID != nil), CopyPolicyItemsEnabled: &s.CopyPolicyItemsEnabled,
		ReferenceHourOfDay: &hour, ReferenceMinuteOfHour: &minute, RestoreWindowDays: &window,
		UseNamesInPrefix: &s.UseNamesInPrefix,
	}
	if s.ExtraRetention != nil {
		update.ExtraRetentionSettings = &s.ExtraRetention
	}
	if s.ExportBucketID != nil {
		update.Export = &ExportRequest{s.ExportBucketID, s.ExportFrequency}
	}
	if len(s.Policy) > 0 {
		items := make([]PolicyItemRequest, len(s.Policy))
		for i, item := range s.Policy {
			items[i] = PolicyItemRequest{
				ID: new(item.ID.String()), FrequencyInterval: &item.FrequencyInterval, FrequencyType: &item.FrequencyType,
				RetentionUnit: &item.RetentionUnit, RetentionValue: &item.RetentionValue,
			}
		}
		update.Policies = &[]PolicyRequest{{ID: new(s.PolicyID.String()), PolicyItems: &items}}
	}
	copies := make([]CopySettingRequest, len(s.CopySettings))
	for i, one := range s.CopySettings {
		copies[i] = CopySettingRequest{
			CloudProvider: &one.CloudProvider, LastNumberOfSnapshots: one.LastNumberOfSnapshots,
			RegionName: &one.RegionName, ShouldCopyOplogs: &one.ShouldCopyOplogs, ZoneID: new(one.ZoneID),
		}
		if one.CopyPolicyItems != nil {
			copies[i].CopyPolicyItems = &one.CopyPolicyItems
		}
		if one.Frequencies != nil {
			copies[i].Frequencies = &one.Frequencies
		}
	}
	if len(copies) > 0 {
		update.CopySettings = &copies
	}
	return update
}
