package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/write"
)

// OrgSettings are the settings of an organization, in the order of their names.
// In the body that changes them, what is nil stays. Those about access lists and
// secrets hold here; the others are kept and shown.
type OrgSettings struct {
	APIAccessListRequired                  *bool   `json:"apiAccessListRequired,omitempty"`
	GenAIFeaturesEnabled                   *bool   `json:"genAIFeaturesEnabled,omitempty"`
	MaxServiceAccountSecretValidityInHours *int    `json:"maxServiceAccountSecretValidityInHours,omitempty"` // 8 to 8760
	MultiFactorAuthRequired                *bool   `json:"multiFactorAuthRequired,omitempty"`
	OperationsContact                      *string `json:"operationsContact,omitempty"`
	RestrictEmployeeAccess                 *bool   `json:"restrictEmployeeAccess,omitempty"`
	SecurityContact                        *string `json:"securityContact,omitempty"`
	StreamsCrossGroupEnabled               *bool   `json:"streamsCrossGroupEnabled,omitempty"`
}

// newOrgSettings returns what is kept, and the defaults for the rest.
func newOrgSettings(org db.Org) (OrgSettings, error) {
	settings := OrgSettings{
		GenAIFeaturesEnabled:     new(true),
		MultiFactorAuthRequired:  new(false),
		RestrictEmployeeAccess:   new(false),
		StreamsCrossGroupEnabled: new(false),
	}
	if org.Settings != nil {
		if err := json.Unmarshal(org.Settings, &settings); err != nil {
			return settings, fmt.Errorf("decode organization settings: %w", err)
		}
	}
	settings.APIAccessListRequired = &org.APIAccessListRequired
	return settings, nil
}

// encode checks the settings and returns them as they are kept, without the rule about
// access lists, which has a column of its own.
func (s OrgSettings) encode() ([]byte, error) {
	hours := s.MaxServiceAccountSecretValidityInHours
	if hours != nil && (*hours < atlas.MinSecretHours || *hours > atlas.MaxSecretHours) {
		return nil, atlas.NewError(atlas.CodeInvalidAttribute, "maxServiceAccountSecretValidityInHours")
	}
	names := [...]string{"operationsContact", "securityContact"}
	for i, text := range [...]*string{s.OperationsContact, s.SecurityContact} {
		if text != nil && !atlas.HasLength(*text, 0, atlas.MaxContact) {
			return nil, atlas.NewError(atlas.CodeValidation,
				fmt.Sprintf("%s must have at most %d characters, and no zero character", names[i], atlas.MaxContact))
		}
	}
	kept := s
	kept.APIAccessListRequired = nil
	encoded, err := json.Marshal(kept)
	return encoded, atlas.Wrap(err, "encode organization settings")
}

// GetOrgSettings returns all settings of the organization.
func (s *Service) GetOrgSettings(ctx context.Context, org atlas.OrgReader) (OrgSettings, error) {
	row, err := s.GetOrg(ctx, org)
	if err != nil {
		return OrgSettings{}, err
	}
	return newOrgSettings(row)
}

// UpdateOrgSettings changes the settings that are not nil and returns all of
// them. It returns an *atlas.Error if one is out of its bounds.
func (s *Service) UpdateOrgSettings(ctx context.Context, org atlas.OrgOwner, changes OrgSettings) (OrgSettings, error) {
	required := changes.APIAccessListRequired
	encoded, err := changes.encode()
	if err != nil {
		return OrgSettings{}, err
	}
	var row db.Org
	update := func(tx pgx.Tx) (err error) {
		row, err = s.q.UpdateOrgSettings(ctx, tx, db.UpdateOrgSettingsParams{
			OrgID: org.OrgID(), Changes: encoded, APIAccessListRequired: required,
		})
		return err
	}
	begin := write.Begin
	if required != nil { // it says who may call from where
		begin = write.BeginOnAll
	}
	if err := begin(ctx, s.pool, org, update); err != nil {
		return OrgSettings{}, atlas.Wrap(err, "update organization settings")
	}
	return newOrgSettings(row)
}

// OrgUpdate is the body that changes an organization.
type OrgUpdate struct {
	Name *string `json:"name"` // 1 to 64 characters; required

	// What clients of Atlas send along, of any type; ignored.
	ID        any `json:"id"`
	IsDeleted any `json:"isDeleted"`
	Links     any `json:"links"`
}

// UpdateOrg renames the organization and returns it. It returns an *atlas.Error if the
// name is none.
func (s *Service) UpdateOrg(ctx context.Context, org atlas.OrgOwner, update OrgUpdate) (db.Org, error) {
	if update.Name == nil {
		return db.Org{}, atlas.NewError(atlas.CodeMissingAttribute, "name")
	}
	name := *update.Name
	if !atlas.HasLength(name, 1, atlas.MaxName) || strings.TrimSpace(name) != name {
		return db.Org{}, atlas.NewError(atlas.CodeValidation,
			fmt.Sprintf("name must have 1 to %d characters, and no blank at its ends", atlas.MaxName))
	}
	row, err := write.Do(ctx, s.pool, org, func(tx pgx.Tx) (db.Org, error) {
		return s.q.UpdateOrgName(ctx, tx, db.UpdateOrgNameParams{OrgID: org.OrgID(), Name: name})
	})
	return row, atlas.Wrap(err, "update organization")
}
