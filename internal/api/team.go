package api

import (
	"context"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// assignment gives a team roles on a project.
type assignment struct {
	RoleNames []string     `json:"roleNames"`
	TeamID    *objectid.ID `json:"teamId"`

	Links any `json:"links"` // of any type; ignored
}

// assignTeams refuses the first team: there is none.
func (s *Server) assignTeams(
	_ context.Context, _ atlas.ProjectOwner, c *call, assignments []assignment,
) (list, error) {
	if len(assignments) == 0 {
		return emptyList(c)
	}
	team := assignments[0].TeamID
	if team == nil {
		return list{}, atlas.NewError(atlas.CodeMissingAttribute, "teamId")
	}
	return list{}, atlas.NewError(atlas.CodeTeamNotFound, team.String())
}
