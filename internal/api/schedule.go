package api

import (
	"context"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/objectid"
)

// scheduleVersions are those of the operations on backup schedules: the first names a zone
// by an id of its own. Atlas, "Cloud Backups".
var scheduleVersions = []version{
	{date: "2023-01-01", successor: "2024-08-05", sunset: "2027-07-01"},
	{date: "2024-08-05"},
}

// scheduleBody is a backup schedule on the wire.
type scheduleBody struct {
	AutoExportEnabled      bool                    `json:"autoExportEnabled"`
	ClusterID              objectid.ID             `json:"clusterId"`
	ClusterName            string                  `json:"clusterName"`
	CopyPolicyItemsEnabled bool                    `json:"copyPolicyItemsEnabled"`
	CopySettings           []copySettingBody       `json:"copySettings"`
	Export                 *scheduleExportBody     `json:"export,omitzero"`                 // while it is on
	ExtraRetentionSettings []backup.ExtraRetention `json:"extraRetentionSettings,omitzero"` // once it is set
	Links                  []link                  `json:"links"`
	NextSnapshot           time.Time               `json:"nextSnapshot,omitzero"`
	Policies               []policyBody            `json:"policies"` // one
	ReferenceHourOfDay     int16                   `json:"referenceHourOfDay"`
	ReferenceMinuteOfHour  int16                   `json:"referenceMinuteOfHour"`
	RestoreWindowDays      int32                   `json:"restoreWindowDays"`
	UseNamesInPrefix       bool                    `json:"useOrgAndGroupNamesInExportPrefix"`
}

// scheduleExportBody is where snapshots are exported to by themselves, and which.
type scheduleExportBody struct {
	ExportBucketID objectid.ID `json:"exportBucketId"`
	FrequencyType  string      `json:"frequencyType"`
}

type policyBody struct {
	ID          objectid.ID      `json:"id"`
	PolicyItems []policyItemBody `json:"policyItems"`
}

type policyItemBody struct {
	FrequencyInterval int         `json:"frequencyInterval"`
	FrequencyType     string      `json:"frequencyType"`
	ID                objectid.ID `json:"id"`
	RetentionUnit     string      `json:"retentionUnit"`
	RetentionValue    int         `json:"retentionValue"`
}

// copySettingBody is where snapshots are to be copied to.
type copySettingBody struct {
	CloudProvider         string                  `json:"cloudProvider"`
	CopyPolicyItems       []backup.CopyPolicyItem `json:"copyPolicyItems,omitzero"`
	Frequencies           []string                `json:"frequencies,omitzero"`
	LastNumberOfSnapshots *int                    `json:"lastNumberOfSnapshots,omitzero"`
	RegionName            string                  `json:"regionName"`
	ReplicationSpecID     objectid.ID             `json:"replicationSpecId,omitzero"` // 2023-01-01
	ShouldCopyOplogs      bool                    `json:"shouldCopyOplogs"`
	ZoneID                objectid.ID             `json:"zoneId,omitzero"` // since 2024-08-05
}

func newScheduleBody(c *call, schedule backup.Schedule) scheduleBody {
	project := c.projectURL(schedule.ProjectID)
	body := scheduleBody{
		AutoExportEnabled:      schedule.ExportBucketID != nil,
		ClusterID:              schedule.ClusterID,
		ClusterName:            schedule.Cluster.Name,
		CopyPolicyItemsEnabled: schedule.CopyPolicyItemsEnabled,
		CopySettings:           []copySettingBody{},
		ExtraRetentionSettings: schedule.ExtraRetention,
		Links: []link{
			{Href: project + "/clusters/" + schedule.Cluster.Name + "/backup/schedule", Rel: "self"},
			{
				Href: c.baseURL + "/api/public/v1.0/groups/" + schedule.ProjectID.String(),
				Rel:  "https://cloud.mongodb.com/group",
			},
		},
		Policies:              []policyBody{{ID: schedule.PolicyID, PolicyItems: []policyItemBody{}}},
		ReferenceHourOfDay:    schedule.ReferenceHour,
		ReferenceMinuteOfHour: schedule.ReferenceMinute,
		RestoreWindowDays:     schedule.RestoreWindowDays,
		UseNamesInPrefix:      schedule.UseNamesInPrefix,
	}
	if schedule.DueAt != nil {
		body.NextSnapshot = wholeSeconds(*schedule.DueAt)
	}
	if schedule.ExportBucketID != nil {
		body.Export = &scheduleExportBody{*schedule.ExportBucketID, *schedule.ExportFrequency}
	}
	for _, item := range schedule.Policy {
		body.Policies[0].PolicyItems = append(body.Policies[0].PolicyItems, policyItemBody{
			item.FrequencyInterval, item.FrequencyType, item.ID, item.RetentionUnit, item.RetentionValue,
		})
	}
	for _, setting := range schedule.CopySettings {
		of := copySettingBody{
			CloudProvider:         setting.CloudProvider,
			CopyPolicyItems:       setting.CopyPolicyItems,
			Frequencies:           setting.Frequencies,
			LastNumberOfSnapshots: setting.LastNumberOfSnapshots,
			RegionName:            setting.RegionName,
			ShouldCopyOplogs:      setting.ShouldCopyOplogs,
		}
		if c.version.date == scheduleVersions[0].date {
			of.ReplicationSpecID = setting.LegacyZoneID
		} else {
			of.ZoneID = setting.ZoneID
		}
		body.CopySettings = append(body.CopySettings, of)
	}
	return body
}

func (s *Server) getSchedule(ctx context.Context, project atlas.ProjectReader, c *call) (scheduleBody, error) {
	schedule, err := s.backup.GetSchedule(ctx, project, c.param("clusterName"))
	if err != nil {
		return scheduleBody{}, err
	}
	return newScheduleBody(c, schedule), nil
}

func (s *Server) updateSchedule(
	ctx context.Context, project atlas.ScheduleWriter, c *call, update backup.ScheduleUpdate,
) (scheduleBody, error) {
	schedule, err := s.backup.UpdateSchedule(ctx, project, c.param("clusterName"), update)
	if err != nil {
		return scheduleBody{}, err
	}
	return newScheduleBody(c, schedule), nil
}

// deleteSchedule leaves a schedule without policy items.
func (s *Server) deleteSchedule(ctx context.Context, project atlas.ScheduleWriter, c *call) (scheduleBody, error) {
	schedule, err := s.backup.DeleteSchedule(ctx, project, c.param("clusterName"))
	if err != nil {
		return scheduleBody{}, err
	}
	return newScheduleBody(c, schedule), nil
}
