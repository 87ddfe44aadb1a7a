package console

import (
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/role"
)

// teamPage is a team with who is in it.
type teamPage struct {
	*api.Team
	Space   string
	May     may
	Members *api.List[api.TeamMember]
}

func (c *console) showTeam(v *visit) (any, error) {
	space, name := v.PathValue("space"), v.PathValue("team")
	team, err := c.ask.GetTeam.ask(v, api.GetTeamInput{Space: space, Team: name})
	if err != nil {
		return nil, err
	}
	page := teamPage{Team: team, Space: space}
	if page.May, err = c.may(v, role.UpdateTeam); err != nil {
		return nil, err
	}
	page.Members, err = c.ask.ListTeamMembers.ask(v, api.ListTeamMembersInput{Space: space, Team: name, Page: v.page("members")})
	return page, err
}

func (c *console) createTeam(v *visit) (answer, error) {
	space := v.PathValue("space")
	team, err := c.ask.CreateTeam.ask(v, api.CreateTeamInput{Space: space, Body: api.NewTeam{
		Name: v.typed("name"), Description: v.typed("description"), Role: api.SpaceRole(v.typed("role"))}})
	if err != nil {
		return answer{}, err
	}
	return goTo(spacePath(space)+"/teams/"+team.Name, "done", "team-made"), nil
}

func (c *console) setRoleOfTeam(v *visit) (answer, error) {
	r := api.SpaceRole(v.typed("role"))
	_, err := c.ask.UpdateTeam.ask(v, api.UpdateTeamInput{Space: v.PathValue("space"), Team: v.PathValue("team"), Body: api.TeamPatch{Role: &r}})
	return v.here("role-set", err)
}

func (c *console) addTeamMember(v *visit) (answer, error) {
	_, err := c.ask.AddTeamMember.ask(v, api.AddTeamMemberInput{Space: v.PathValue("space"), Team: v.PathValue("team"), User: v.typed("alias")})
	return v.here("added", err)
}

func (c *console) removeTeamMember(v *visit) (answer, error) {
	_, err := c.ask.RemoveTeamMember.ask(v, api.RemoveTeamMemberInput{Space: v.PathValue("space"), Team: v.PathValue("team"), User: v.typed("of")})
	return v.here("removed", err)
}
