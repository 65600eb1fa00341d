package api

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
)

// createNetworks adds networks to the access list of a credential and answers with
// a page of it. The access lists of API keys and of service accounts differ in how
// an entry is written, and in nothing else: B is the body of one.
func createNetworks[B any](
	ctx context.Context, s *Server, proof iam.CredentialProof, c *call, of iam.CredentialName,
	body func(db.AccessListEntry) B,
) (list, error) {
	page, err := queryPage(c)
	if err != nil {
		return list{}, err
	}
	var reqs []iam.AccessListEntryRequest
	if err := decode(c, jsontext.KindBeginArray, &reqs); err != nil {
		return list{}, err
	}
	entries, err := s.iam.CreateAccessListEntries(ctx, proof, of, reqs, page)
	return newList(c, page, atlas.MapList(entries, body)), err
}

// deleteNetwork takes what the path names from the access list of a credential.
func (s *Server) deleteNetwork(
	ctx context.Context, proof iam.CredentialProof, c *call, of iam.CredentialName,
) error {
	return s.iam.DeleteAccessListEntry(ctx, proof, of, c.param("ipAddress"), s.clientAddress(c.gin))
}
