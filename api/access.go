package api

import (
	"cmp"
	"slices"
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Grant is one role somebody holds, and how they came by it.
type Grant struct {
	Role    string `json:"role"`
	Project string `json:"project,omitempty" doc:"Name of the project; absent when the role is held in the space"`
	Team    string `json:"team,omitempty" doc:"Name of the team it comes through; absent when it is held directly"`
}

// ExplainAccessInput asks whether somebody may do something, and why.
type ExplainAccessInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	User       string `query:"user" required:"true" doc:"Alias of a member"`
	Permission string `query:"permission" required:"true" doc:"Such as project.delete"`
	Project    string `query:"project" doc:"Name of the project; for permissions on a project"`
}

// ExplainOwnAccessInput asks the same about oneself.
type ExplainOwnAccessInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Permission string `query:"permission" required:"true" doc:"Such as project.delete"`
	Project    string `query:"project" doc:"Name of the project; for permissions on a project"`
}

// ListOwnPermissionsInput asks for everything one may do.
type ListOwnPermissionsInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `query:"project" doc:"Name of the project; without it permissions on the space alone are listed"`
}

// WhoCanInput asks who may do something.
type WhoCanInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Permission string `query:"permission" required:"true" doc:"Such as project.delete"`
	Project    string `query:"project" doc:"Name of the project; for permissions on a project"`
}

// Access is a decision with its reason.
type Access struct {
	Person
	Permission string  `json:"permission"`
	Allows     string  `json:"allows" doc:"What the permission allows, in words that follow may"`
	Project    string  `json:"project,omitempty"`
	Allowed    bool    `json:"allowed"`
	Reason     string  `json:"reason" doc:"The grant that allows it, or what it would take"`
	Grants     []Grant `json:"grants" nullable:"false" doc:"Each grant that allows it by itself: all of them have to go before it is refused"`
}

// AccessReportInput asks for everything everybody holds.
type AccessReportInput struct {
	Space string `path:"space" doc:"Name of the space"`
}

// AccessReport is every role held in a space, and how. Users stand in the order of
// their aliases, grants the most permissive first, so that two reports compare line
// by line.
type AccessReport struct {
	Version int          `json:"version" doc:"Of this form: 1"`
	Space   string       `json:"space"`
	At      time.Time    `json:"at"`
	Users   []UserAccess `json:"users" nullable:"false"`
}

// UserAccess is what one user holds.
type UserAccess struct {
	Person
	Grants []Grant `json:"grants" nullable:"false"`
}

// reportVersion is raised when a member of [AccessReport] changes its meaning.
const reportVersion = 1

func (a *API) accessRoutes() []route {
	const access = inSpace + "/access"
	mayView := authz.Space(role.ViewAccess, "{Space}")
	return []route{
		read("ExplainAccess", "GET "+access+"/why", "Whether a member may do something, and why", a.explainAccess, mayView),
		read("ExplainOwnAccess", "GET "+access+"/own", "Whether you may do something, and why", a.explainOwnAccess, authz.Space(role.ViewSpace, "{Space}")),
		read("ListOwnPermissions", "GET "+access+"/own/permissions", "Everything you may do, in the space or in a project", a.listOwnPermissions, authz.Space(role.ViewSpace, "{Space}")),
		read("WhoCan", "GET "+access+"/who-can", "Everybody who may do something, and why", a.whoCan, mayView),
		read("AccessReport", "GET "+access+"/report", "Every role held in a space, and how it is come by", a.accessReport, mayView),
	}
}

func (a *API) explainAccess(q *operation.Query, in *ExplainAccessInput) (*Access, error) {
	question, err := a.question(q, in.Permission, in.Project)
	if err != nil {
		return nil, err
	}
	user, err := a.member(q.Tx, q.Grant.Space.ID, in.User)
	if err != nil {
		return nil, err
	}
	held, err := a.Spaces.Held(q.Tx, q.Grant.Space.ID, user)
	if err != nil {
		return nil, err
	}
	return a.explain(q.Tx, question, user, held)
}

func (a *API) explainOwnAccess(q *operation.Query, in *ExplainOwnAccessInput) (*Access, error) {
	question, err := a.question(q, in.Permission, in.Project)
	if err != nil {
		return nil, err
	}
	return a.explain(q.Tx, question, q.Caller.UserID, q.Grant.Held)
}

func (a *API) listOwnPermissions(q *operation.Query, in *ListOwnPermissionsInput) (*List[string], error) {
	var project string
	if in.Project != "" {
		ref, err := a.Spaces.LookupProject(q.Tx, q.Grant.Space.ID, in.Project)
		if err != nil {
			return nil, err
		}
		project = string(ref.ID)
	}
	may := &List[string]{Items: []string{}}
	for p := range role.Permissions() {
		on := ""
		if p.Scope() == role.OfProject {
			on = project
		}
		if (p.Scope() == role.OfSpace || project != "") && q.Grant.Held.Decide(p, on).Allowed {
			may.Items = append(may.Items, p.String())
		}
	}
	return may, nil
}

func (a *API) explain(tx *database.ReadTx, asked question, user directory.UserID, held role.Held) (*Access, error) {
	people, err := peopleOf(a, tx, []directory.UserID{user}, func(u directory.UserID) directory.UserID { return u })
	if err != nil {
		return nil, err
	}
	answer := asked.answer(people[user], held)
	return &answer, nil
}

func (a *API) whoCan(q *operation.Query, in *WhoCanInput) (*List[Access], error) {
	question, err := a.question(q, in.Permission, in.Project)
	if err != nil {
		return nil, err
	}
	holders, people, err := a.holders(q)
	if err != nil {
		return nil, err
	}
	can := &List[Access]{Items: []Access{}}
	for _, person := range people {
		if answer := question.answer(person, holders[directory.UserID(person.UserID)]); answer.Allowed {
			can.Items = append(can.Items, answer)
		}
	}
	return can, nil
}

func (a *API) accessReport(q *operation.Query, _ *AccessReportInput) (*AccessReport, error) {
	holders, people, err := a.holders(q)
	if err != nil {
		return nil, err
	}
	return &AccessReport{Version: reportVersion, Space: q.Grant.Space.Name, At: q.Tx.Now(), Users: translate(people, func(p Person) UserAccess {
		return UserAccess{Person: p, Grants: translate(slices.Collect(holders[directory.UserID(p.UserID)].Grants()), grantShown)}
	})}, nil
}

// holders is what everybody holds in the space, and who they are by alias.
func (a *API) holders(q *operation.Query) (map[directory.UserID]role.Held, []Person, error) {
	holders, err := a.Spaces.Holders(q.Tx, q.Grant.Space.ID)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]directory.UserID, 0, len(holders))
	for id := range holders {
		ids = append(ids, id)
	}
	found, err := peopleOf(a, q.Tx, ids, func(u directory.UserID) directory.UserID { return u })
	if err != nil {
		return nil, nil, err
	}
	people := make([]Person, 0, len(found))
	for _, person := range found {
		people = append(people, person)
	}
	slices.SortFunc(people, func(a, b Person) int { return cmp.Compare(a.Alias, b.Alias) })
	return holders, people, nil
}

// question is a permission, and the project it is asked about.
type question struct {
	permission role.Permission
	project    space.ProjectRef
}

func (a *API) question(q *operation.Query, permission, project string) (asked question, err error) {
	if asked.permission, err = orInvalid(role.ParsePermission(permission)); err != nil {
		return asked, err
	}
	switch of := asked.permission.Scope(); {
	case of == role.OfProject && project == "":
		return asked, fault.Invalidf("%s is a permission on a project: say which", permission)
	case of == role.OfSpace && project != "":
		return asked, fault.Invalidf("%s is a permission on the space: leave the project out", permission)
	case of == role.OfProject:
		asked.project, err = a.Spaces.LookupProject(q.Tx, q.Grant.Space.ID, project)
	}
	return asked, err
}

func (asked question) answer(person Person, held role.Held) Access {
	decision := held.Decide(asked.permission, string(asked.project.ID))
	answer := Access{
		Person: person, Permission: asked.permission.String(), Allows: asked.permission.Allows(), Project: asked.project.Name,
		Allowed: decision.Allowed, Reason: decision.Reason(), Grants: []Grant{},
	}
	for grant := range held.Grants() {
		if role.Hold([]role.Grant{grant}).Decide(asked.permission, string(asked.project.ID)).Allowed {
			answer.Grants = append(answer.Grants, grantShown(grant))
		}
	}
	return answer
}

func grantShown(g role.Grant) Grant {
	return Grant{Role: g.Role.Name(), Project: g.ProjectName, Team: g.Team}
}
