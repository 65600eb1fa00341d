package iam

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
)

// credentialEvents are the events that tell of a credential of each kind.
var credentialEvents = map[db.PrincipalKind]struct {
	created, deleted, changed, rolesChanged, added, removed event.Type
}{
	db.PrincipalKindAPIKEY: {
		event.APIKeyCreated, event.APIKeyDeleted, event.APIKeyDescriptionChanged, event.APIKeyRolesChanged,
		event.APIKeyAddedToProject, event.APIKeyRemovedFromProject,
	},
	db.PrincipalKindSERVICEACCOUNT: {
		event.ServiceAccountCreated, event.ServiceAccountDeleted, event.ServiceAccountDetailsChanged,
		event.ServiceAccountRolesChanged, event.ServiceAccountAddedToProject, event.ServiceAccountRemovedFromProject,
	},
}

// told is what is to be told of a credential.
type told struct {
	of        event.Type
	projectID *objectid.ID // of the project that it is told of; nil for the organization
	network   netip.Prefix // on its access list; invalid if it is about none
}

// tell writes events of what the caller does to a credential, which is there.
func (s *Service) tell(ctx context.Context, tx pgx.Tx, proof atlas.Proof, name CredentialName, news ...told) error {
	details := event.Details{}
	if name.kind == db.PrincipalKindSERVICEACCOUNT {
		details.ClientID = ClientIDPrefix + name.id.String()
	} else {
		var err error
		details.TargetPublicKey, err = s.q.GetAPIKeyPublicKey(ctx, tx, db.GetAPIKeyPublicKeyParams{
			OrgID: proof.Caller().OrgID(), ID: name.id,
		})
		if err != nil {
			return fmt.Errorf("get public key: %w", err)
		}
	}
	by := event.By(s.env, proof)
	events := make([]event.Event, len(news))
	for i, one := range news {
		details.Network = ""
		if one.network.IsValid() {
			details.Network = shownNetwork(one.network)
		}
		if one.projectID != nil {
			events[i] = by.OnProject(*one.projectID, one.of, details)
		} else {
			events[i] = by.InOrg(one.of, details)
		}
	}
	return event.Write(ctx, tx, events...)
}

// shownNetwork writes a network of one address as the address.
func shownNetwork(network netip.Prefix) string {
	if network.IsSingleIP() {
		return network.Addr().String()
	}
	return network.String()
}

// tellCreated tells that a credential was created and, if the scope is a project, assigned
// to it.
func (s *Service) tellCreated(ctx context.Context, tx pgx.Tx, proof CredentialProof, name CredentialName) error {
	of := credentialEvents[name.kind]
	news := []told{{of: of.created}}
	if projectID := proof.Scope().ProjectID; projectID != nil {
		news = append(news, told{of: of.added, projectID: projectID})
	}
	return s.tell(ctx, tx, proof, name, news...)
}

// tellChanged tells what was changed of a credential: what it is called, its roles within
// the scope. Roles of a service account are the organization's news.
func (s *Service) tellChanged(
	ctx context.Context, tx pgx.Tx, proof CredentialProof, name CredentialName, change credentialChange,
) error {
	of := credentialEvents[name.kind]
	var news []told
	if change.renames {
		news = append(news, told{of: of.changed})
	}
	if change.roles != nil {
		roles := told{of: of.rolesChanged}
		if name.kind == db.PrincipalKindAPIKEY {
			roles.projectID = proof.Scope().ProjectID
		}
		news = append(news, roles)
	}
	return s.tell(ctx, tx, proof, name, news...)
}

// tellNetworks tells of changes to an access list. Atlas names no events for those of
// service accounts.
func (s *Service) tellNetworks(
	ctx context.Context, tx pgx.Tx, proof CredentialProof, name CredentialName, news ...told,
) error {
	if name.kind != db.PrincipalKindAPIKEY {
		return nil
	}
	return s.tell(ctx, tx, proof, name, news...)
}
