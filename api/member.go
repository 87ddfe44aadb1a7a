package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Person is a user as others see them.
type Person struct {
	UserID      string `json:"userId"`
	Alias       string `json:"alias"`
	DisplayName string `json:"displayName"`
}

// Member is somebody in a space.
type Member struct {
	Person
	Role     SpaceRole `json:"role" doc:"Held directly; teams may give more"`
	Teams    []string  `json:"teams" nullable:"false" doc:"Names of the teams they are in"`
	JoinedAt time.Time `json:"joinedAt"`
}

// ListMembersInput asks who is in a space.
type ListMembersInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Page
}

// SetMemberRoleInput gives a member another space role.
type SetMemberRoleInput struct {
	Space string `path:"space" doc:"Name of the space"`
	User  string `path:"user" doc:"Alias of a member"`
	Body  SpaceRoleSetting
}

// RemoveMemberInput takes somebody out of a space.
type RemoveMemberInput struct {
	Space string `path:"space" doc:"Name of the space"`
	User  string `path:"user" doc:"Alias of a member"`
}

func (a *API) memberRoutes() []route {
	return []route{
		read("ListMembers", "GET "+inSpace+"/members", "Who is in a space", a.listMembers, authz.Space(role.ViewSpace, "{Space}")),
		write("SetMemberRole", "PUT "+inSpace+"/members/{user}", "Give a member another space role", a.setMemberRole, authz.Space(role.ChangeSpaceRole, "{Space}")),
		write("RemoveMember", "DELETE "+inSpace+"/members/{user}", "Take somebody out of a space, its projects and its teams", a.removeMember, authz.Space(role.RemoveFromSpace, "{Space}")),
	}
}

func (a *API) listMembers(q *operation.Query, in *ListMembersInput) (*List[Member], error) {
	return list(in.Page, func(p space.Page) ([]space.Member, error) {
		return a.Spaces.Members(q.Tx, q.Grant.Space.ID, p)
	}, func(m space.Member) string { return string(m.UserID) }, func(members []space.Member) ([]Member, error) {
		return a.membersShown(q.Tx, members)
	})
}

func (a *API) setMemberRole(c *operation.Command, in *SetMemberRoleInput) (*Member, error) {
	r, err := in.Body.Role.parse()
	if err != nil {
		return nil, err
	}
	user, err := a.member(c.Tx.Reading(), c.Grant.Space.ID, in.User)
	if err != nil {
		return nil, err
	}
	if err := a.Spaces.SetSpaceRole(c.Tx, c.Grant.Space.ID, c.Caller.UserID, user, r); err != nil {
		return nil, err
	}
	member, err := a.Spaces.Member(c.Tx.Reading(), c.Grant.Space.ID, user)
	if err != nil {
		return nil, err
	}
	shown, err := a.membersShown(c.Tx.Reading(), []space.Member{member})
	if err != nil {
		return nil, err
	}
	return &shown[0], nil
}

func (a *API) removeMember(c *operation.Command, in *RemoveMemberInput) (*Empty, error) {
	user, err := a.member(c.Tx.Reading(), c.Grant.Space.ID, in.User)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Spaces.RemoveMember(c.Tx, c.Grant.Space.ID, c.Caller.UserID, user)
}

// member finds a member of the space by alias. Of anybody else it is not told
// whether there is such a user.
func (a *API) member(tx *database.ReadTx, in space.ID, alias string) (directory.UserID, error) {
	user, err := a.Directory.UserByAlias(tx, alias)
	if err == nil {
		_, err = a.Spaces.Member(tx, in, user.ID)
	}
	if fault.Is(err, fault.NotFound) {
		return "", fault.NotFoundf("%.100q is not a member of the space: invite them first", alias)
	}
	return user.ID, err
}

func (a *API) membersShown(tx *database.ReadTx, members []space.Member) ([]Member, error) {
	people, err := peopleOf(a, tx, members, func(m space.Member) directory.UserID { return m.UserID })
	if err != nil {
		return nil, err
	}
	return translate(members, func(m space.Member) Member {
		return Member{
			Person: people[m.UserID], Role: SpaceRole(m.Role.Name()), JoinedAt: m.JoinedAt,
			Teams: append([]string{}, m.Teams...),
		}
	}), nil
}

// people are users by their ids.
type people map[directory.UserID]Person

// peopleOf looks up the users that items are about, all at once.
func peopleOf[Item any](a *API, tx *database.ReadTx, items []Item, user func(Item) directory.UserID) (people, error) {
	users, err := a.Directory.Users(tx, translate(items, user))
	if err != nil {
		return nil, err
	}
	found := people{}
	for id, u := range users {
		found[id] = Person{UserID: string(id), Alias: u.Alias, DisplayName: u.DisplayName}
	}
	return found, nil
}
