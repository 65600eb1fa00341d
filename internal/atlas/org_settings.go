package atlas

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"exportbuckets/db"
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

// The bounds of a secret's validity, in hours. Atlas, "Service Accounts".
const (
	minSecretValidity = 8
	maxSecretValidity = 8760
)

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

// GetOrgSettings returns all settings of the organization.
func (s *Service) GetOrgSettings(ctx context.Context, org OrgReader) (OrgSettings, error) {
	row, err := s.GetOrg(ctx, org)
	if err != nil {
		return OrgSettings{}, err
	}
	return newOrgSettings(row)
}

// UpdateOrgSettings changes the settings that are not nil and returns all of
// them. It returns an *Error if one is out of its bounds.
func (s *Service) UpdateOrgSettings(ctx context.Context, org OrgOwner, changes OrgSettings) (OrgSettings, error) {
	hours := changes.MaxServiceAccountSecretValidityInHours
	if hours != nil && (*hours < minSecretValidity || *hours > maxSecretValidity) {
		return OrgSettings{}, NewError(CodeInvalidAttribute, "maxServiceAccountSecretValidityInHours")
	}
	// Postgres keeps no zero characters.
	if text := changes.OperationsContact; text != nil && strings.ContainsRune(*text, 0) {
		return OrgSettings{}, NewError(CodeInvalidAttribute, "operationsContact")
	}
	if text := changes.SecurityContact; text != nil && strings.ContainsRune(*text, 0) {
		return OrgSettings{}, NewError(CodeInvalidAttribute, "securityContact")
	}
	required := changes.APIAccessListRequired
	changes.APIAccessListRequired = nil // has a column of its own
	encoded, err := json.Marshal(changes)
	if err != nil {
		return OrgSettings{}, fmt.Errorf("encode organization settings: %w", err)
	}
	row, err := s.q.UpdateOrgSettings(ctx, s.pool, db.UpdateOrgSettingsParams{
		OrgID: org.orgID, Changes: encoded, APIAccessListRequired: required,
	})
	if err != nil {
		return OrgSettings{}, fmt.Errorf("update organization settings: %w", err)
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

// UpdateOrg renames the organization and returns it. It returns an *Error if the
// name is none.
func (s *Service) UpdateOrg(ctx context.Context, org OrgOwner, update OrgUpdate) (db.Org, error) {
	if update.Name == nil {
		return db.Org{}, NewError(CodeMissingAttribute, "name")
	}
	name := *update.Name
	if n := utf8.RuneCountInString(name); n < 1 || n > 64 || strings.ContainsRune(name, 0) ||
		strings.TrimSpace(name) != name {
		return db.Org{}, NewError(CodeValidation, "name must have 1 to 64 characters, and no blank at its ends")
	}
	row, err := s.q.UpdateOrgName(ctx, s.pool, db.UpdateOrgNameParams{OrgID: org.orgID, Name: name})
	if err != nil {
		return row, fmt.Errorf("update organization: %w", err)
	}
	return row, nil
}
