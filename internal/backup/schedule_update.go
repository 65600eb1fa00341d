package backup

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// ScheduleUpdate is the body that changes a backup schedule. What is nil stays.
type ScheduleUpdate struct {
	AutoExportEnabled      *bool                 `json:"autoExportEnabled"`
	CopyPolicyItemsEnabled *bool                 `json:"copyPolicyItemsEnabled"`
	CopySettings           *[]CopySettingRequest `json:"copySettings"`
	DeleteSnapshots        bool                  `json:"deleteSnapshots"` // of policy items that the body leaves out
	Export                 *ExportRequest        `json:"export"`
	ExtraRetentionSettings *[]ExtraRetention     `json:"extraRetentionSettings"`
	Policies               *[]PolicyRequest      `json:"policies"` // one
	ReferenceHourOfDay     *int                  `json:"referenceHourOfDay"`
	ReferenceMinuteOfHour  *int                  `json:"referenceMinuteOfHour"`
	RestoreWindowDays      *int                  `json:"restoreWindowDays"`
	UpdateSnapshots        bool                  `json:"updateSnapshots"` // of policy items that stay
	UseNamesInPrefix       *bool                 `json:"useOrgAndGroupNamesInExportPrefix"`

	// What has no effect, and what Atlas answers and clients send along, of any type.
	AutoCopySettingsEnabled any `json:"autoCopySettingsEnabled"`
	ClusterID               any `json:"clusterId"`
	ClusterName             any `json:"clusterName"`
	DeleteCopiedBackups     any `json:"deleteCopiedBackups"`
	DeleteCopySnapshots     any `json:"deleteCopySnapshots"`
	Links                   any `json:"links"`
	NextSnapshot            any `json:"nextSnapshot"`
	UpdateCopySnapshots     any `json:"updateCopySnapshots"`
}

// ExportRequest is where snapshots are to be exported to by themselves, and which.
type ExportRequest struct {
	ExportBucketID *objectid.ID `json:"exportBucketId"`
	FrequencyType  *string      `json:"frequencyType"` // daily, weekly, monthly or yearly
}

// PolicyRequest is the one policy of a body.
type PolicyRequest struct {
	ID          *string              `json:"id"` // that of the policy, if it is there
	PolicyItems *[]PolicyItemRequest `json:"policyItems"`
}

// PolicyItemRequest is a policy item. All but the id are required.
type PolicyItemRequest struct {
	FrequencyInterval *int    `json:"frequencyInterval"`
	FrequencyType     *string `json:"frequencyType"`
	ID                *string `json:"id"` // of the item that it changes; a new one if left out
	RetentionUnit     *string `json:"retentionUnit"`
	RetentionValue    *int    `json:"retentionValue"`
}

// ExtraRetention is for how many days more snapshots of a frequency are kept.
type ExtraRetention struct {
	FrequencyType *string `json:"frequencyType"`
	RetentionDays *int    `json:"retentionDays"`
}

// maxWindowDays bounds the restore window, so that it can be stored.
const maxWindowDays = maxRetentionYears * 366

// apply changes the schedule, or returns an *atlas.Error for the first rule that the body
// breaks.
func (u ScheduleUpdate) apply(s *Schedule, now time.Time, newID func() objectid.ID) error {
	before := s.reference()
	if err := replaceNumber(&s.ReferenceHour, u.ReferenceHourOfDay, 0, 23, atlas.CodeInvalidReferenceHour); err != nil {
		return err
	}
	err := replaceNumber(&s.ReferenceMinute, u.ReferenceMinuteOfHour, 0, 59, atlas.CodeInvalidReferenceMinute)
	if err != nil {
		return err
	}
	err = replaceNumber(&s.RestoreWindowDays, u.RestoreWindowDays, 1, maxWindowDays, atlas.CodeInvalidRestoreWindow)
	if err != nil {
		return err
	}
	if u.Policies != nil {
		if err := replacePolicy(s, *u.Policies, newID); err != nil {
			return err
		}
	}
	if err := u.checkWindow(*s); err != nil {
		return err
	}
	at := s.reference()
	for i := range s.Policy {
		item := &s.Policy[i]
		if item.Next.IsZero() || at != before && item.FrequencyType != hourly {
			item.Next = item.after(now, at)
		}
	}
	if err := u.applyExport(s); err != nil {
		return err
	}
	return u.applyCopies(s)
}

// replaceNumber replaces a number that a body has, if it is within its bounds.
func replaceNumber[T int16 | int32](kept *T, asked *int, least, most int, code atlas.Code) error {
	if asked == nil {
		return nil
	}
	if *asked < least || *asked > most {
		return atlas.NewError(code).Fact("value", strconv.Itoa(*asked), fmt.Sprintf("from %d to %d", least, most))
	}
	*kept = T(*asked)
	return nil
}

// checkWindow refuses a policy that is not for continuous backup, where a body changes
// what decides that.
func (u ScheduleUpdate) checkWindow(s Schedule) error {
	if !s.Cluster.Settings.PITEnabled || u.Policies == nil && u.RestoreWindowDays == nil || len(s.Policy) == 0 {
		return nil
	}
	i := slices.IndexFunc(s.Policy, func(item PolicyItem) bool { return item.FrequencyType == hourly })
	switch {
	case i < 0:
		return atlas.NewError(atlas.CodeGeneral, atlas.ReasonNoHourlyItem)
	case s.Policy[i].retention().days(28) < int(s.RestoreWindowDays):
		return atlas.NewError(atlas.CodeInvalidBackupPolicy, "policy item retention cannot be less than restore window")
	}
	return nil
}

// replacePolicy makes the items of the schedule those of the requests. An item that stays
// as often as it was is due when it was.
func replacePolicy(s *Schedule, policies []PolicyRequest, newID func() objectid.ID) error {
	if len(policies) != 1 {
		return atlas.NewError(atlas.CodeInvalidNumOfPolicies)
	}
	policy := policies[0]
	if policy.ID != nil && *policy.ID != s.PolicyID.String() {
		return atlas.NewError(atlas.CodeInvalidPolicyID, *policy.ID)
	}
	if policy.PolicyItems == nil {
		return nil
	}
	if len(*policy.PolicyItems) == 0 {
		return atlas.NewError(atlas.CodeInvalidNumOfPolicyItems)
	}
	if err := atlas.CheckElements("policyItems", len(*policy.PolicyItems)); err != nil {
		return err
	}
	var items []PolicyItem
	for _, request := range *policy.PolicyItems {
		item, err := request.item(s.Policy, newID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(items, func(other PolicyItem) bool { return other.ID == item.ID }) {
			return atlas.NewError(atlas.CodeInvalidPolicyItemID, item.ID.String())
		}
		items = append(items, item)
	}
	s.Policy = items
	return checkPolicy(items)
}

// item returns the policy item, which may be one of those that are there.
func (r PolicyItemRequest) item(policy []PolicyItem, newID func() objectid.ID) (PolicyItem, error) {
	if r.FrequencyInterval == nil || r.FrequencyType == nil || r.RetentionUnit == nil || r.RetentionValue == nil {
		return PolicyItem{}, atlas.NewError(atlas.CodeMissingPolicyItemParameters)
	}
	for text, allowed := range map[string][]string{*r.FrequencyType: frequencies, *r.RetentionUnit: retentionUnits} {
		if !slices.Contains(allowed, text) {
			return PolicyItem{}, atlas.NewError(atlas.CodeInvalidEnumValue, text)
		}
	}
	item := PolicyItem{
		FrequencyInterval: *r.FrequencyInterval, FrequencyType: *r.FrequencyType,
		RetentionUnit: *r.RetentionUnit, RetentionValue: *r.RetentionValue,
	}
	if r.ID == nil {
		item.ID = newID()
		return item, nil
	}
	i := slices.IndexFunc(policy, func(old PolicyItem) bool { return old.ID.String() == *r.ID })
	switch {
	case i < 0:
		return PolicyItem{}, atlas.NewError(atlas.CodeInvalidPolicyItemID, *r.ID)
	case policy[i].FrequencyType != item.FrequencyType:
		return PolicyItem{}, atlas.NewError(atlas.CodeInvalidFrequencyTypeChange)
	}
	item.ID = policy[i].ID
	if policy[i].FrequencyInterval == item.FrequencyInterval {
		item.Next = policy[i].Next
	}
	return item, nil
}

// applyExport changes what is exported by itself. Atlas keeps that only while it is on.
func (u ScheduleUpdate) applyExport(s *Schedule) error {
	if u.UseNamesInPrefix != nil {
		s.UseNamesInPrefix = *u.UseNamesInPrefix
	}
	on := s.ExportBucketID != nil
	if u.AutoExportEnabled != nil {
		on = *u.AutoExportEnabled
	}
	bucket, frequency := s.ExportBucketID, s.ExportFrequency
	if u.Export != nil {
		if u.Export.ExportBucketID != nil {
			bucket = u.Export.ExportBucketID
		}
		if u.Export.FrequencyType != nil {
			frequency = u.Export.FrequencyType
			if !slices.Contains(frequencies, *frequency) || *frequency == hourly {
				return atlas.NewError(atlas.CodeInvalidEnumValue, *frequency)
			}
		}
	}
	switch {
	case !on:
		s.ExportBucketID, s.ExportFrequency = nil, nil
		return nil
	case bucket == nil && frequency == nil:
		return atlas.NewError(atlas.CodeMissingAttribute, "export")
	case bucket == nil:
		return atlas.NewError(atlas.CodeMissingAttribute, "exportBucketId")
	case frequency == nil:
		return atlas.NewError(atlas.CodeMissingAttribute, "frequencyType")
	}
	s.ExportBucketID, s.ExportFrequency = bucket, frequency
	return nil
}
