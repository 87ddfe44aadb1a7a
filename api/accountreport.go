package api

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
	"github.com/sallyport/sallyport/trust"
)

// Who can reach an account, and by what path. The account's side sees every space that
// it is connected to; a space sees itself, and of the account's policies no more than
// each of its members is told who tries.

// ReportAccountAccessInput asks about the caller's account.
type ReportAccountAccessInput struct{}

// ReportConnectionAccessInput asks about an account that a space is connected to.
type ReportConnectionAccessInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Account string `path:"account" doc:"Number of the account"`
}

// AccountReport is who can reach an account. Everything stands in the order of names, so
// that two reports compare line by line.
type AccountReport struct {
	Version int             `json:"version" doc:"Of this form: 1"`
	Account string          `json:"account"`
	At      time.Time       `json:"at"`
	Spaces  []ReachingSpace `json:"spaces" nullable:"false"`
}

// ReachingSpace is a space that has a connection to the account.
type ReachingSpace struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Connection string            `json:"connection" doc:"Name of the account connection"`
	State      string            `json:"state" enum:"pending,active,rejected,expired,deleted"`
	Restricted bool              `json:"restricted" doc:"Whether enabled projects alone may use it"`
	Roles      []ConnectionRole  `json:"roles" nullable:"false" doc:"On the connection"`
	Projects   []ReachingProject `json:"projects" nullable:"false" doc:"Those with an environment that leads into the account"`
}

// ReachingProject is a project with environments that lead into the account.
type ReachingProject struct {
	ID           string                `json:"id"`
	Name         string                `json:"name"`
	Environments []ReachingEnvironment `json:"environments" nullable:"false"`
	People       []ReachingPerson      `json:"people" nullable:"false" doc:"Who may use them"`
}

// ReachingEnvironment is where ways into the account begin.
type ReachingEnvironment struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type" enum:"non-production,production"`
	Ways    []Way  `json:"ways" nullable:"false" doc:"One for each role on the connection, and for the default role"`
	Warning string `json:"warning,omitempty"`
}

// Way is a way from an environment into a role.
type Way struct {
	Role    string `json:"role"`
	Default bool   `json:"default" doc:"Whether it is the environment's default role"`
	State   string `json:"state" enum:"open,broken,unknown" doc:"unknown: AWS decides, and is not asked for a report"`
	Link    string `json:"link,omitempty" enum:"connection,restriction,role,trust" doc:"The first link that is broken"`
	Because string `json:"because,omitempty" doc:"What is wrong with it"`
	Warning string `json:"warning,omitempty"`
}

// ReachingPerson is somebody who may use a project's environments.
type ReachingPerson struct {
	Person
	Grants []Grant `json:"grants" nullable:"false" doc:"Each that is enough by itself"`
}

// The states of a way.
const (
	WayOpen    = "open"
	WayBroken  = "broken"
	WayUnknown = "unknown"
)

func (a *API) accountReportRoutes() []route {
	return []route{
		read("ReportAccountAccess", "GET /account/access", "Who can reach your account, and by what path", a.reportAccountAccess, authz.IAM("iam:GetAccountAuthorizationDetails", "*")),
		read("ReportConnectionAccess", "GET "+inSpace+"/access/accounts/{account}", "Who of the space can reach an account, and by what path", a.reportConnectionAccess, authz.Space(role.ViewAccess, "{Space}")),
	}
}

// reportAccountAccess also takes what lists the spaces: it tells who they are.
func (a *API) reportAccountAccess(q *operation.Query, _ *ReportAccountAccessInput) (*AccountReport, error) {
	if err := a.Authorizer.Require(q.Tx, q.Caller, q.Request.Circumstances(), "codecatalyst:ListConnections", "*", nil); err != nil {
		return nil, err
	}
	in := q.Caller.Principal.ID()
	var found []connection.Connection
	for page := (space.Page{Limit: longestList}); ; {
		more, err := a.Connections.ToAccount(q.Tx, in, page)
		if err != nil {
			return nil, err
		}
		if found = append(found, more...); len(more) < page.Limit {
			return a.accountReport(q.Tx, in, found, true)
		}
		page.After = string(more[len(more)-1].ID)
	}
}

// longestList is how many connections are read at once.
const longestList = 1000

func (a *API) reportConnectionAccess(q *operation.Query, in *ReportConnectionAccessInput) (*AccountReport, error) {
	id, err := account.ParseID(in.Account)
	if err != nil {
		return nil, err
	}
	found, err := a.Connections.List(q.Tx, q.Grant.Space.ID, space.Page{Limit: longestList})
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(c connection.Connection) bool { return c.Account != id })
	if len(found) == 0 {
		return nil, fault.NotFoundf("the space has no connection to the account %s: sallyport connection list shows those it has", id)
	}
	return a.accountReport(q.Tx, id, found, false)
}

// accountReport follows every connection back to people. Whole tells the account's side
// why its policies decide as they do.
func (a *API) accountReport(tx *database.ReadTx, id account.ID, connections []connection.Connection, whole bool) (*AccountReport, error) {
	report := &AccountReport{Version: reportVersion, Account: string(id), At: tx.Now(), Spaces: []ReachingSpace{}}
	for _, c := range connections {
		reaching, err := a.reachingSpace(tx, c, whole)
		if err != nil {
			return nil, err
		}
		report.Spaces = append(report.Spaces, reaching)
	}
	slices.SortFunc(report.Spaces, func(x, y ReachingSpace) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Connection, y.Connection))
	})
	return report, nil
}

func (a *API) reachingSpace(tx *database.ReadTx, c connection.Connection, whole bool) (ReachingSpace, error) {
	s := ReachingSpace{ID: string(c.SpaceID), Name: c.SpaceName, Connection: c.Name, State: string(c.State), Restricted: c.Restricted, Projects: []ReachingProject{}}
	roles, err := a.Connections.Roles(tx, c)
	if err != nil {
		return s, err
	}
	s.Roles = translate(roles, roleOnConnection)
	leading, err := a.Connections.Leading(tx, c)
	if err != nil || len(leading) == 0 {
		return s, err
	}
	holders, err := a.Spaces.Holders(tx, c.SpaceID)
	if err != nil {
		return s, err
	}
	people, err := peopleOf(a, tx, slices.Collect(maps.Keys(holders)), func(u directory.UserID) directory.UserID { return u })
	if err != nil {
		return s, err
	}
	reach := reach{API: a, tx: tx, connection: c, roles: roles, whole: whole}
	for _, l := range leading { // by project
		if n := len(s.Projects); n == 0 || s.Projects[n-1].ID != string(l.Project.ID) {
			s.Projects = append(s.Projects, ReachingProject{ID: string(l.Project.ID), Name: l.Project.Name, People: whoMayRun(holders, people, l.Project)})
		}
		environment, err := reach.environment(l)
		if err != nil {
			return s, err
		}
		p := &s.Projects[len(s.Projects)-1]
		p.Environments = append(p.Environments, environment)
	}
	return s, nil
}

// whoMayRun is who gets credentials through the project's environments.
func whoMayRun(holders map[directory.UserID]role.Held, known people, in space.ProjectRef) []ReachingPerson {
	who := []ReachingPerson{}
	for id, held := range holders {
		asked := question{role.StartWorkflowRun, in}
		if answer := asked.answer(known[id], held); answer.Allowed {
			who = append(who, ReachingPerson{answer.Person, answer.Grants})
		}
	}
	slices.SortFunc(who, func(a, b ReachingPerson) int { return cmp.Compare(a.Alias, b.Alias) })
	return who
}

// reach follows the ways of one connection.
type reach struct {
	*API
	tx         *database.ReadTx
	connection connection.Connection
	roles      []connection.Role
	whole      bool
}

// environment follows the ways by each role on the connection, and by the default role,
// which may have been taken off.
func (r *reach) environment(l connection.Leading) (ReachingEnvironment, error) {
	shown := ReachingEnvironment{ID: string(l.ID), Name: l.Environment, Type: string(l.Type), Ways: []Way{}, Warning: connection.Environment{Type: l.Type, Role: l.Role}.Warning()}
	roles := r.roles
	isDefault := func(role connection.Role) bool { return strings.EqualFold(role.Name, l.Role) }
	if l.Role != "" && !slices.ContainsFunc(roles, isDefault) {
		roles = append(slices.Clip(roles), connection.Role{Name: l.Role})
	}
	for _, role := range roles {
		way, err := r.way(l, role)
		if err != nil {
			return shown, err
		}
		way.Role, way.Default = role.Name, isDefault(role)
		if role.Development() {
			way.Warning = connection.DevelopmentWarning
		}
		shown.Ways = append(shown.Ways, way)
	}
	return shown, nil
}

// way looks at the links of the space's side as credentials do, then asks the account's.
func (r *reach) way(l connection.Leading, role connection.Role) (Way, error) {
	found, err := r.Connections.Way(r.tx, r.connection.SpaceID, l.Project, connection.Ask{Environment: l.Environment, Role: role.Name})
	switch {
	case fault.Is(err, fault.Internal):
		return Way{}, err
	case err != nil:
		f := fault.As(err)
		return Way{State: WayBroken, Link: string(f.Reason), Because: f.Message}, nil
	case r.connection.Side != connection.Embedded:
		return Way{State: WayUnknown, Because: "AWS decides, when somebody asks"}, nil
	}
	return r.admits(found)
}

// admits asks the account's side what it would answer a run.
func (r *reach) admits(w connection.Way) (Way, error) {
	at := trust.Place{Space: string(w.Space), Project: string(w.Project.ID), Environment: string(w.Environment.ID)}
	runner := authn.Service{Name: trust.Runner, SourceARN: at.SourceARN(), Region: w.Connection.Region}
	own := policy.Context{}
	for key, value := range (trust.Claims{Place: at}).Tags() {
		own["aws:requesttag/"+key] = []string{value}
	}
	decision, err := r.Authorizer.WouldAllow(r.tx, runner.Caller(), authz.Circumstances{UserAgent: runner.Name}, "sts:AssumeRole", w.Role.ARN, own)
	if err != nil || decision.Effect == policy.Allow {
		return Way{State: WayOpen}, err
	}
	because := "the account's side does not let the role be assumed"
	if r.whole {
		because += ", " + decision.Because()
	}
	return Way{State: WayBroken, Link: string(connection.LinkTrust), Because: because}, nil
}
