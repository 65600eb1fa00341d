package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// DeclareOrg gives a new organization its settings in a transaction. It returns an
// *atlas.Error for one that is out of its bounds.
func DeclareOrg(ctx context.Context, tx db.DBTX, id objectid.ID, settings OrgSettings) error {
	encoded, err := settings.encode()
	if err != nil {
		return err
	}
	_, err = db.New().UpdateOrgSettings(ctx, tx, db.UpdateOrgSettingsParams{
		OrgID: id, Changes: encoded, APIAccessListRequired: settings.APIAccessListRequired,
	})
	return atlas.Wrap(err, "update organization settings")
}

// Declared is what is declared of a project beside its name. What is nil is as in a new
// project.
type Declared struct {
	Tags                      []atlas.Tag
	WithDefaultAlertsSettings *bool
	ManagedSlowMs             *bool
	Settings                  ProjectSettings
	Limits                    map[string]int64
}

// DeclareProject gives a new project what is declared of it, in a transaction. It returns an
// *atlas.Error for the first rule that this breaks.
func DeclareProject(ctx context.Context, tx db.DBTX, id objectid.ID, declared Declared) error {
	tags, err := encodeTags(declared.Tags)
	if err != nil {
		return err
	}
	q := db.New()
	_, err = q.UpdateProject(ctx, tx, db.UpdateProjectParams{
		ProjectID: id, Tags: tags, WithDefaultAlertsSettings: declared.WithDefaultAlertsSettings,
	})
	if err != nil {
		return fmt.Errorf("update project: %w", err)
	}
	settings, err := json.Marshal(declared.Settings)
	if err != nil {
		return fmt.Errorf("encode project settings: %w", err)
	}
	_, err = q.UpdateProjectSettings(ctx, tx, db.UpdateProjectSettingsParams{ProjectID: id, Changes: settings})
	if err != nil {
		return fmt.Errorf("update project settings: %w", err)
	}
	if managed := declared.ManagedSlowMs; managed != nil {
		params := db.UpdateProjectManagedSlowMsParams{ProjectID: id, ManagedSlowMs: *managed}
		if _, err := q.UpdateProjectManagedSlowMs(ctx, tx, params); err != nil {
			return fmt.Errorf("update project: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(declared.Limits)) {
		value := declared.Limits[name]
		if _, err := checkProjectLimit(name, &value); err != nil {
			return err
		}
		_, err := q.UpdateProjectLimit(ctx, tx, db.UpdateProjectLimitParams{ProjectID: id, Name: name, Value: value})
		if err != nil {
			return fmt.Errorf("update project limit: %w", err)
		}
	}
	return nil
}
