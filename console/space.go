package console

import (
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/role"
)

// homePage lists the caller's spaces, and in each what they hold.
type homePage struct {
	Spaces []heldSpace
	Next   string
}

type heldSpace struct {
	api.Space
	Roles    []string // in the space
	Projects []string // in which they hold a role
}

func (c *console) showHome(v *visit) (any, error) {
	spaces, err := c.ask.ListSpaces.ask(v, api.ListSpacesInput{Page: v.page("after")})
	if err != nil && v.URL.Path == "/" && v.request.Caller.Store != "" {
		return nil, &goInstead{err, portalPath}
	}
	if err != nil {
		return nil, err
	}
	home := homePage{Next: spaces.Next}
	for _, space := range spaces.Items {
		held, err := c.held(v, space)
		if err != nil {
			return nil, err
		}
		home.Spaces = append(home.Spaces, held)
	}
	return home, nil
}

// held finds what the caller holds in a space. Every role there can see it, so
// the reasons why the caller can are all that they hold.
func (c *console) held(v *visit, space api.Space) (heldSpace, error) {
	access, err := c.ask.ExplainOwnAccess.ask(v, api.ExplainOwnAccessInput{Space: space.Name, Permission: role.ViewSpace.String()})
	if err != nil {
		return heldSpace{}, err
	}
	held := heldSpace{Space: space}
	for _, grant := range access.Grants { // the most permissive first
		into, name := &held.Roles, grant.Role
		if grant.Project != "" {
			into, name = &held.Projects, grant.Project
		}
		if !slices.Contains(*into, name) {
			*into = append(*into, name)
		}
	}
	return held, nil
}

func (c *console) createSpace(v *visit) (answer, error) {
	space, err := c.ask.CreateSpace.ask(v, api.CreateSpaceInput{Body: api.NewSpace{Name: v.typed("name"), Description: v.typed("description")}})
	if err != nil {
		return answer{}, err
	}
	return goTo(spacePath(space.Name), "done", "space-made"), nil
}

func spacePath(space string) string { return "/spaces/" + space }

// may is what the caller may do in a place, by permission. It only spares people
// buttons that would be refused: what they may do the operations decide.
type may map[string]bool

// Do tells whether they may. A permission that was not asked about is a mistake
// of the template.
func (m may) Do(permission string) (bool, error) {
	allowed, asked := m[permission]
	if !asked {
		return false, fmt.Errorf("nobody asked about %s", permission)
	}
	return allowed, nil
}

// may asks once for everything the visitor may do, and notes what the page needs to
// know of it. On a page below a project that is what they may do in it.
func (c *console) may(v *visit, permissions ...role.Permission) (may, error) {
	own, err := c.ask.ListOwnPermissions.ask(v, api.ListOwnPermissionsInput{Space: v.PathValue("space"), Project: v.PathValue("project")})
	if err != nil {
		return nil, err
	}
	allowed := may{}
	for _, permission := range permissions {
		allowed[permission.String()] = slices.Contains(own.Items, permission.String())
	}
	return allowed, nil
}

// spacePage is a space with everything in it.
type spacePage struct {
	*api.Space
	May         may
	Projects    *api.List[api.Project]
	Members     *api.List[api.Member]
	Teams       *api.List[api.Team]
	Invitations *api.List[api.Invitation] // nil for those who may not invite
}

func (c *console) showSpace(v *visit) (any, error) {
	name := v.PathValue("space")
	space, err := c.ask.GetSpace.ask(v, api.GetSpaceInput{Space: name})
	if err != nil {
		return nil, err
	}
	page := spacePage{Space: space}
	if page.May, err = c.may(v, role.CreateProject, role.CreateTeam, role.InviteToSpace, role.ChangeSpaceRole, role.RemoveFromSpace, role.ViewSpaceTokens); err != nil {
		return nil, err
	}
	if page.Projects, err = c.ask.ListProjects.ask(v, api.ListProjectsInput{Space: name, Accessible: true, Page: v.page("projects")}); err != nil {
		return nil, err
	}
	if page.Members, err = c.ask.ListMembers.ask(v, api.ListMembersInput{Space: name, Page: v.page("members")}); err != nil {
		return nil, err
	}
	if page.Teams, err = c.ask.ListTeams.ask(v, api.ListTeamsInput{Space: name, Page: v.page("teams")}); err != nil {
		return nil, err
	}
	if page.May[role.InviteToSpace.String()] {
		page.Invitations, err = c.ask.ListInvitations.ask(v, api.ListInvitationsInput{Space: name, Page: v.page("invitations")})
	}
	return page, err
}

func (c *console) setMemberRole(v *visit) (answer, error) {
	_, err := c.ask.SetMemberRole.ask(v, api.SetMemberRoleInput{
		Space: v.PathValue("space"), User: v.typed("of"), Body: api.SpaceRoleSetting{Role: api.SpaceRole(v.typed("role"))}})
	return v.here("role-set", err)
}

func (c *console) removeMember(v *visit) (answer, error) {
	_, err := c.ask.RemoveMember.ask(v, api.RemoveMemberInput{Space: v.PathValue("space"), User: v.typed("of")})
	return v.here("removed", err)
}
