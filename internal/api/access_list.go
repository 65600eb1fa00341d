package api

import (
	"exportbuckets/db"
	"exportbuckets/internal/atlas"
)

// The access lists of API keys and of service accounts differ in how an entry is
// written, and in nothing else. B is the body of one.

func createNetworks[B any](s *Server, c *call, of atlas.Credential, body func(db.AccessListEntry) B) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	var reqs []atlas.AccessListEntryRequest
	if err := decodeArray(c, &reqs); err != nil {
		return err
	}
	accessList, err := s.atlas.CreateAccessListEntries(c.Request.Context(), owner, of, reqs, page)
	if err != nil {
		return err
	}
	return respondList(s, c, page, accessList, body)
}

func listNetworks[B any](s *Server, c *call, of atlas.Credential, body func(db.AccessListEntry) B) error {
	reader, err := s.atlas.CredentialReader(c.principal)
	if err != nil {
		return err
	}
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	accessList, err := s.atlas.ListAccessListEntries(c.Request.Context(), reader, of, page)
	if err != nil {
		return err
	}
	return respondList(s, c, page, accessList, body)
}

func (s *Server) deleteNetwork(c *call, of atlas.Credential) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	if err := s.atlas.DeleteAccessListEntry(c.Request.Context(), owner, of, c.Param("ipAddress")); err != nil {
		return err
	}
	respondNoContent(c)
	return nil
}
