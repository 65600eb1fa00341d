package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// This file is about what Atlas keeps with a project and this server only keeps
// and shows: settings and limits.

// ProjectSettings are the settings of a project, in the order of their names. In
// the body that changes them, what is nil stays.
type ProjectSettings struct {
	IsAtlasHomePageAiAssistantEnabled               *bool `json:"isAtlasHomePageAiAssistantEnabled,omitempty"`
	IsClusterAiAssistantEnabled                     *bool `json:"isClusterAiAssistantEnabled,omitempty"`
	IsCollectDatabaseSpecificsStatisticsEnabled     *bool `json:"isCollectDatabaseSpecificsStatisticsEnabled,omitempty"`
	IsDataExplorerEnabled                           *bool `json:"isDataExplorerEnabled,omitempty"`
	IsDataExplorerGenAIFeaturesEnabled              *bool `json:"isDataExplorerGenAIFeaturesEnabled,omitempty"`
	IsDataExplorerGenAISampleDocumentPassingEnabled *bool `json:"isDataExplorerGenAISampleDocumentPassingEnabled,omitempty"`
	IsDataValidationEnabled                         *bool `json:"isDataValidationEnabled,omitempty"`
	IsExtendedStorageSizesEnabled                   *bool `json:"isExtendedStorageSizesEnabled,omitempty"`
	IsNativeRerankingEnabled                        *bool `json:"isNativeRerankingEnabled,omitempty"`
	IsPerformanceAdvisorEnabled                     *bool `json:"isPerformanceAdvisorEnabled,omitempty"`
	IsRealtimePerformancePanelEnabled               *bool `json:"isRealtimePerformancePanelEnabled,omitempty"`
	IsSchemaAdvisorEnabled                          *bool `json:"isSchemaAdvisorEnabled,omitempty"`
}

// defaultProjectSettings are those of a new project of Atlas.
func defaultProjectSettings() ProjectSettings {
	return ProjectSettings{
		IsAtlasHomePageAiAssistantEnabled:               new(true),
		IsClusterAiAssistantEnabled:                     new(true),
		IsCollectDatabaseSpecificsStatisticsEnabled:     new(true),
		IsDataExplorerEnabled:                           new(true),
		IsDataExplorerGenAIFeaturesEnabled:              new(true),
		IsDataExplorerGenAISampleDocumentPassingEnabled: new(false),
		IsDataValidationEnabled:                         new(true),
		IsExtendedStorageSizesEnabled:                   new(false),
		IsNativeRerankingEnabled:                        new(false),
		IsPerformanceAdvisorEnabled:                     new(true),
		IsRealtimePerformancePanelEnabled:               new(true),
		IsSchemaAdvisorEnabled:                          new(true),
	}
}

// GetProjectSettings returns all settings of the project. It returns
// GROUP_NOT_FOUND if it was deleted meanwhile.
func (s *Service) GetProjectSettings(ctx context.Context, project atlas.ProjectReader) (ProjectSettings, error) {
	row, err := s.GetProject(ctx, project)
	if err != nil {
		return ProjectSettings{}, err
	}
	return decodeProjectSettings(row.Settings)
}

// UpdateProjectSettings changes the settings that are not nil and returns all of
// them. It returns GROUP_NOT_FOUND if the project was deleted meanwhile.
func (s *Service) UpdateProjectSettings(
	ctx context.Context, project atlas.ProjectOwner, changes ProjectSettings,
) (ProjectSettings, error) {
	encoded, err := json.Marshal(changes)
	if err != nil {
		return ProjectSettings{}, fmt.Errorf("encode project settings: %w", err)
	}
	settings, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) ([]byte, error) {
		return s.q.UpdateProjectSettings(ctx, tx, db.UpdateProjectSettingsParams{
			ProjectID: project.ProjectID(),
			Changes:   encoded,
		})
	})
	if err != nil {
		return ProjectSettings{}, atlas.WrapMissing(err, "update project settings", projectNotFound(project.ProjectID()))
	}
	return decodeProjectSettings(settings)
}

// decodeProjectSettings returns what is kept, and the defaults for the rest.
func decodeProjectSettings(kept []byte) (ProjectSettings, error) {
	settings := defaultProjectSettings()
	if err := json.Unmarshal(kept, &settings); err != nil {
		return settings, fmt.Errorf("decode project settings: %w", err)
	}
	return settings, nil
}

// SetManagedSlowMs says whether Atlas is to manage the threshold of slow
// operations. It returns GROUP_NOT_FOUND if the project was deleted meanwhile.
func (s *Service) SetManagedSlowMs(ctx context.Context, project atlas.ProjectOwner, managed bool) error {
	_, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (objectid.ID, error) {
		return s.q.UpdateProjectManagedSlowMs(ctx, tx, db.UpdateProjectManagedSlowMsParams{
			ProjectID:     project.ProjectID(),
			ManagedSlowMs: managed,
		})
	})
	return atlas.WrapMissing(err, "update project", projectNotFound(project.ProjectID()))
}

// ProjectLimit is how much of something a project may have.
type ProjectLimit struct {
	atlas.ProjectLimit

	Value int64 // what counts: the default, or what the owner has set
	Usage int64 // known of clusters alone
}

const clustersLimit = "atlas.project.deployment.clusters"

// projectLimits are the limits of a new project. Atlas, "Atlas limits"; the
// numbers are not recorded and may differ.
var projectLimits = []ProjectLimit{
	newProjectLimit(clustersLimit, 25, 100),
	newProjectLimit("atlas.project.deployment.nodesPerPrivateLinkRegion", 50, 90),
	newProjectLimit("atlas.project.deployment.serverlessMTMs", 100, 100),
	newProjectLimit("atlas.project.security.databaseAccess.customRoles", 100, 1400),
	{ProjectLimit: atlas.LimitDatabaseUsers},
	newProjectLimit("atlas.project.security.networkAccess.crossRegionEntries", 40, 220),
	{ProjectLimit: atlas.LimitNetworks},
}

func newProjectLimit(name string, byDefault, maximum int64) ProjectLimit {
	return ProjectLimit{ProjectLimit: atlas.ProjectLimit{Name: name, Default: byDefault, Maximum: maximum}}
}

// ListProjectLimits returns all limits of the project, by name. It returns
// GROUP_NOT_FOUND if it was deleted meanwhile.
func (s *Service) ListProjectLimits(ctx context.Context, project atlas.ProjectReader) ([]ProjectLimit, error) {
	row, err := s.GetProject(ctx, project)
	if err != nil {
		return nil, err
	}
	return decodeProjectLimits(row)
}

// GetProjectLimit returns one limit of the project, or INVALID_ATTRIBUTE if
// there is none of that name.
func (s *Service) GetProjectLimit(ctx context.Context, project atlas.ProjectReader, name string) (ProjectLimit, error) {
	limits, err := s.ListProjectLimits(ctx, project)
	if err != nil {
		return ProjectLimit{}, err
	}
	return findProjectLimit(limits, name)
}

// ProjectLimitUpdate is the body that sets a limit. Only the value counts.
type ProjectLimitUpdate struct {
	Value *int64 `json:"value"` // required, from 0 to the maximum

	CurrentUsage any `json:"currentUsage"`
	DefaultLimit any `json:"defaultLimit"`
	Links        any `json:"links"`
	MaximumLimit any `json:"maximumLimit"`
	Name         any `json:"name"`
}

// SetProjectLimit sets a limit of the project and returns it. It returns
// INVALID_ATTRIBUTE if there is none of that name, MISSING_ATTRIBUTE without a
// value and VALIDATION_ERROR if the value is over the maximum.
func (s *Service) SetProjectLimit(
	ctx context.Context, project atlas.ProjectOwner, name string, update ProjectLimitUpdate,
) (ProjectLimit, error) {
	if limit, err := checkProjectLimit(name, update.Value); err != nil {
		return limit, err
	}
	updated, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (Project, error) {
		id, err := s.q.UpdateProjectLimit(ctx, tx, db.UpdateProjectLimitParams{
			ProjectID: project.ProjectID(),
			Name:      name,
			Value:     *update.Value,
		})
		if err != nil {
			return Project{}, err
		}
		return s.getProject(ctx, tx, id, project.Now())
	})
	if err != nil {
		return ProjectLimit{}, atlas.WrapMissing(err, "update project limit", projectNotFound(project.ProjectID()))
	}
	limits, err := decodeProjectLimits(updated)
	if err != nil {
		return ProjectLimit{}, err
	}
	return findProjectLimit(limits, name)
}

// checkProjectLimit returns what SetProjectLimit does of a name and a value that can't be.
func checkProjectLimit(name string, value *int64) (ProjectLimit, error) {
	limit, err := findProjectLimit(projectLimits, name)
	switch {
	case err != nil:
		return limit, err
	case value == nil:
		return limit, atlas.NewError(atlas.CodeMissingAttribute, "value")
	case *value < 0 || *value > limit.Maximum:
		return limit, atlas.NewError(atlas.CodeValidation, fmt.Sprintf("the value must be from 0 to %d", limit.Maximum))
	}
	return limit, nil
}

// ResetProjectLimit brings a limit of the project back to its default. It
// returns INVALID_ATTRIBUTE if there is none of that name.
func (s *Service) ResetProjectLimit(ctx context.Context, project atlas.ProjectOwner, name string) error {
	if _, err := findProjectLimit(projectLimits, name); err != nil {
		return err
	}
	_, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (objectid.ID, error) {
		return s.q.UpdateProjectLimitToDefault(ctx, tx, db.UpdateProjectLimitToDefaultParams{
			ProjectID: project.ProjectID(),
			Name:      name,
		})
	})
	return atlas.WrapMissing(err, "reset project limit", projectNotFound(project.ProjectID()))
}

func findProjectLimit(limits []ProjectLimit, name string) (ProjectLimit, error) {
	i := slices.IndexFunc(limits, func(l ProjectLimit) bool { return l.Name == name })
	if i < 0 {
		return ProjectLimit{}, atlas.NewError(atlas.CodeInvalidAttribute, name)
	}
	return limits[i], nil
}

// decodeProjectLimits returns every limit of the project with what is kept as its
// value, or its default.
func decodeProjectLimits(project Project) ([]ProjectLimit, error) {
	limits := slices.Clone(projectLimits)
	for i := range limits {
		var err error
		if limits[i].Value, err = limits[i].Of(project.Limits); err != nil {
			return nil, err
		}
		if limits[i].Name == clustersLimit {
			limits[i].Usage = project.ClusterCount
		}
	}
	return limits, nil
}
