package dbaccess

import (
	"encoding/json"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
)

// AccessListEntryRequestOf returns the element that declares an entry.
func AccessListEntryRequestOf(row db.ProjectAccessListEntry) AccessListEntryRequest {
	block := row.CIDRBlock.String()
	return AccessListEntryRequest{
		CIDRBlock: &block, Comment: &row.Comment, DeleteAfterDate: (*atlas.Time)(row.DeleteAfter),
	}
}

// DatabaseUserRequestOf returns the body that declares a user.
func DatabaseUserRequestOf(row db.DatabaseUser) (DatabaseUserRequest, error) {
	request := DatabaseUserRequest{
		DatabaseName: &row.DatabaseName, Username: &row.Username, Description: &row.Description,
		DeleteAfterDate: (*atlas.Time)(row.DeleteAfter),
	}
	for _, kind := range []struct {
		stored string
		field  **string
	}{
		{row.AWSIAMType, &request.AWSIAMType}, {row.LDAPAuthType, &request.LDAPAuthType},
		{row.OIDCAuthType, &request.OIDCAuthType}, {row.X509Type, &request.X509Type},
	} {
		if kind.stored != notOf {
			*kind.field = &kind.stored
		}
	}
	for _, list := range []struct {
		stored []byte
		value  any
	}{{row.Labels, &request.Labels}, {row.Roles, &request.Roles}, {row.Scopes, &request.Scopes}} {
		if err := json.Unmarshal(list.stored, list.value); err != nil {
			return request, atlas.Wrap(err, "decode database user")
		}
	}
	return request, nil
}
