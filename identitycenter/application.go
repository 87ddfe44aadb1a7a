package identitycenter

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// ApplicationID is an application's: apl- and sixteen hexadecimal digits.
type ApplicationID string

// Application is something that users are assigned beside accounts. How it is set up is
// kept for those who configure it; tokens for applications are not issued.
type Application struct {
	ID        ApplicationID
	Account   account.ID // that made it
	Provider  string     // ARN
	Name      string
	Enabled   bool
	CreatedAt time.Time
	ApplicationSetup

	in Instance
}

// ApplicationSetup is how an application is set up.
type ApplicationSetup struct {
	Description string       `json:"description,omitempty"`
	Tags        account.Tags `json:"tags,omitempty"`
	// Hidden: the portal does not show it. Origin and URL say where signing in begins.
	Hidden bool   `json:"hidden,omitempty"`
	Origin string `json:"origin,omitempty"`
	URL    string `json:"url,omitempty"`
	// Open to users who are not assigned it.
	Open bool `json:"open,omitempty"`
	// Background sessions of users go on when they have signed out.
	Background string `json:"background,omitempty"`

	Grants  map[string]Grant    `json:"grants,omitempty"`  // by type
	Actors  map[string]string   `json:"actors,omitempty"`  // policies by authentication method
	Targets map[string][]string `json:"targets,omitempty"` // by access scope
}

// Grant is a way for an application to get tokens.
type Grant struct {
	RedirectURIs []string            `json:"redirectUris,omitempty"` // of authorization_code
	Issuers      map[string][]string `json:"issuers,omitempty"`      // of jwt-bearer: audiences by ARN of the issuer
}

const applicationPrefix = "application/"

// ARN names the application.
func (a Application) ARN() string {
	return arn.ARN{Partition: "aws", Service: "sso", Account: string(a.Account), Resource: applicationPrefix + string(a.in.ID) + "/" + string(a.ID)}.String()
}

// Center is the instance that the application is of.
func (a Application) Center() Instance { return a.in }

// Provider describes a kind of application.
type Provider struct {
	ARN, Name, Description, Protocol string
}

const providerPrefix = "arn:aws:sso::aws:applicationProvider/"

// Providers are the kinds of applications that customers set up themselves. AWS's
// own applications are none of Sallyport's.
var Providers = []Provider{
	{providerPrefix + "custom", "Custom application", "An application of your own that speaks OAuth 2.0", "OAUTH"},
	{providerPrefix + "custom-saml", "Custom SAML 2.0 application", "An application of your own that speaks SAML 2.0", "SAML"},
}

// ApplicationProvider finds one by its ARN.
func ApplicationProvider(name string) (Provider, error) {
	for _, p := range Providers {
		if p.ARN == name {
			return p, nil
		}
	}
	return Provider{}, fault.NotFoundf("There is no application provider %.256s.", name)
}

// The quotas of applications and issuers: "IAM Identity Center quotas".
const (
	maxApplications = 3000
	maxIssuers      = 10
	maxScopes       = 10 // of an application
	maxAssignees    = 100_000
)

// NewApplication is what it takes to create one.
type NewApplication struct {
	Account        account.ID
	Provider, Name string
	Enabled        bool
	ClientToken    string // asking again with it is no second request; empty: none
	ApplicationSetup
}

func checkName(what, name string, most int) error {
	if name = strings.TrimSpace(name); name == "" || len([]rune(name)) > most {
		return fault.Invalidf("the name of %s has 1 to %d characters", what, most)
	}
	return nil
}

// CreateApplication adds an application that nobody is assigned.
func (s *Store) CreateApplication(tx *database.Tx, in Instance, n NewApplication) (Application, error) {
	if _, err := ApplicationProvider(n.Provider); err != nil {
		return Application{}, err
	}
	if err := checkName("an application", n.Name, 100); err != nil {
		return Application{}, err
	}
	var err error
	if n.Tags, err = account.Tags(nil).With(n.Tags); err != nil {
		return Application{}, err
	}
	if n.ClientToken != "" {
		again, err := s.applications(tx.Reading(), in, `instance_id = $1 and account_id = $2 and client_token = $3`, in.ID, n.Account, n.ClientToken)
		switch {
		case err != nil:
			return Application{}, err
		case len(again) > 0 && again[0].Name == n.Name && again[0].Provider == n.Provider:
			return again[0], nil
		case len(again) > 0:
			return Application{}, otherToken()
		}
	}
	if err := room(tx.Reading(), in, "center_applications", "applications", maxApplications); err != nil {
		return Application{}, err
	}
	a := Application{ID: ApplicationID("apl-" + randomHex(16)), Account: n.Account, Provider: n.Provider, Name: n.Name, Enabled: n.Enabled,
		CreatedAt: tx.Now(), ApplicationSetup: n.ApplicationSetup, in: in}
	details, err := s.sealIn(tx, in, "center_applications.details_sealed", string(a.ID), a.ApplicationSetup)
	if err != nil {
		return Application{}, err
	}
	_, err = tx.Exec(`insert into center_applications (id, instance_id, scope, account_id, provider, name, status, details_sealed, client_token, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		a.ID, in.ID, in.Scope(), a.Account, a.Provider, a.Name, a.status(), details, orNull(n.ClientToken), database.Time(a.CreatedAt))
	return a, err
}

func otherToken() error {
	return fault.Conflictf("The client token was used with other parameters.")
}

// room refuses one more of something in an instance.
func room(tx *database.ReadTx, in Instance, table, what string, most int) error {
	count, err := database.One(tx, database.Value[int], `select count(*) from `+table+` where instance_id = $1`, in.ID)
	if err == nil && count >= most {
		err = fault.Quotaf("The instance has %d %s, and may have no more.", most, what)
	}
	return err
}

func (a Application) status() UserStatus {
	if a.Enabled {
		return Enabled
	}
	return Disabled
}

func (s *Store) applications(tx *database.ReadTx, in Instance, where string, args ...any) ([]Application, error) {
	return database.All(tx, func(row database.Row) (a Application, err error) {
		var details []byte
		var status UserStatus
		if err := row.Scan(&a.ID, &a.Account, &a.Provider, &a.Name, &status, &details, (*database.Time)(&a.CreatedAt)); err != nil {
			return a, err
		}
		a.Enabled, a.in = status == Enabled, in
		return a, s.openIn(tx, in, "center_applications.details_sealed", string(a.ID), details, &a.ApplicationSetup)
	}, `select id, account_id, provider, name, status, details_sealed, created_at from center_applications where `+where, args...)
}

// Application finds one of the instance's by its ARN.
func (s *Store) Application(tx *database.ReadTx, in Instance, name string) (Application, error) {
	found, err := s.applications(tx, in, `id = $1 and instance_id = $2`, name[strings.LastIndexByte(name, '/')+1:], in.ID)
	if err == nil && (len(found) == 0 || found[0].ARN() != name) {
		err = fault.NotFoundf("Application not found.")
	}
	if err != nil {
		return Application{}, err
	}
	return found[0], nil
}

// ApplicationFilter chooses applications; what is empty does not.
type ApplicationFilter struct {
	Account  account.ID
	Provider string
}

// Applications are the instance's, by id.
func (s *Store) Applications(tx *database.ReadTx, in Instance, f ApplicationFilter, page Page) ([]Application, error) {
	return s.applications(tx, in, `instance_id = $1 and ($2 = '' or account_id = $2) and ($3 = '' or provider = $3) and id > $4 order by id limit $5`,
		in.ID, f.Account, f.Provider, page.After, page.limit())
}

// SaveApplication writes a changed one down: its name, whether it is enabled, and how it
// is set up.
func (s *Store) SaveApplication(tx *database.Tx, a Application) error {
	if err := checkName("an application", a.Name, 100); err != nil {
		return err
	}
	if len(a.Targets) > maxScopes {
		return fault.Quotaf("An application has at most %d access scopes.", maxScopes)
	}
	details, err := s.sealIn(tx, a.in, "center_applications.details_sealed", string(a.ID), a.ApplicationSetup)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update center_applications set name = $1, status = $2, details_sealed = $3 where id = $4`, a.Name, a.status(), details, a.ID)
	return err
}

// DeleteApplication removes an application with its assignments.
func (s *Store) DeleteApplication(tx *database.Tx, a Application) error {
	if _, err := tx.Exec(`delete from application_assignments where application_id = $1`, a.ID); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from center_applications where id = $1`, a.ID)
	return err
}

var scopeForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+){0,2}$`)

// SetScope lets an application ask for an access scope, for these targets.
func (s *Store) SetScope(tx *database.Tx, a Application, scope string, targets []string) error {
	if !scopeForm.MatchString(scope) {
		return fault.Invalidf("%.80q is not an access scope, such as sso:account:access", scope)
	}
	if a.Targets == nil {
		a.Targets = map[string][]string{}
	}
	a.Targets[scope] = targets
	return s.SaveApplication(tx, a)
}

// SetGrant lets an application get tokens in a way. Issuers have to be the instance's.
func (s *Store) SetGrant(tx *database.Tx, a Application, kind string, g Grant) error {
	for issuer := range g.Issuers {
		if _, err := s.Issuer(tx.Reading(), a.in, issuer); err != nil {
			return err
		}
	}
	if a.Grants == nil {
		a.Grants = map[string]Grant{}
	}
	a.Grants[kind] = g
	return s.SaveApplication(tx, a)
}

// AssignApplication gives a principal an application. One who has it is Conflict.
func (s *Store) AssignApplication(tx *database.Tx, a Application, who Principal) error {
	if err := checkPrincipal(tx.Reading(), a.in, who); err != nil {
		return err
	}
	conflict := fault.Conflictf("The principal is assigned to the application already.")
	switch there, err := s.HasApplication(tx.Reading(), a, who); {
	case err != nil:
		return err
	case there:
		return conflict
	}
	count, err := database.One(tx.Reading(), database.Value[int], `select count(*) from application_assignments where application_id = $1`, a.ID)
	if err != nil {
		return err
	}
	if count >= maxAssignees {
		return fault.Quotaf("An application has at most %d assignments.", maxAssignees)
	}
	_, err = tx.Exec(`insert into application_assignments (application_id, principal_id, principal_type, created_at) values ($1, $2, $3, $4)`,
		a.ID, who.ID, who.Type, database.Time(tx.Now()))
	if database.IsDuplicate(err) {
		err = conflict
	}
	return err
}

// UnassignApplication takes it away; NotFound from who has it not.
func (s *Store) UnassignApplication(tx *database.Tx, a Application, who Principal) error {
	n, err := tx.Exec(`delete from application_assignments where application_id = $1 and principal_id = $2 and principal_type = $3`, a.ID, who.ID, who.Type)
	if err == nil && n == 0 {
		err = NoApplicationAssignment()
	}
	return err
}

// NoApplicationAssignment is the fault that a principal is not assigned an application.
func NoApplicationAssignment() error { return fault.NotFoundf("ApplicationAssignment not found.") }

// HasApplication tells whether a principal is assigned an application itself.
func (s *Store) HasApplication(tx *database.ReadTx, a Application, who Principal) (bool, error) {
	return exists(tx, `select 1 from application_assignments where application_id = $1 and principal_id = $2 and principal_type = $3`, a.ID, who.ID, who.Type)
}

// Assignees are the principals an application is assigned to, by id.
func (s *Store) Assignees(tx *database.ReadTx, a Application, page Page) ([]Principal, error) {
	return database.All(tx, scanPrincipal, `select principal_type, principal_id from application_assignments
		where application_id = $1 and principal_id > $2 order by principal_id limit $3`, a.ID, page.After, page.limit())
}

func scanPrincipal(row database.Row) (p Principal, err error) { return p, row.Scan(&p.Type, &p.ID) }

// ApplicationAssignment is that a principal is assigned an application.
type ApplicationAssignment struct {
	Application string // ARN
	Principal
}

// Key orders the assignments of a principal.
func (a ApplicationAssignment) Key() string {
	return a.Application[strings.LastIndexByte(a.Application, '/')+1:] + "/" + a.ID
}

// ApplicationsOf are the assignments of a principal and, where it is a user, of the
// user's groups, by [ApplicationAssignment.Key]; to one application, or to all when
// its ARN is empty.
func (s *Store) ApplicationsOf(tx *database.ReadTx, in Instance, who Principal, to string, page Page) ([]ApplicationAssignment, error) {
	after, principal, _ := strings.Cut(page.After, "/")
	to = to[strings.LastIndexByte(to, '/')+1:]
	return database.All(tx, func(row database.Row) (a ApplicationAssignment, err error) {
		made := Application{in: in}
		err = row.Scan(&made.ID, &made.Account, &a.Type, &a.ID)
		a.Application = made.ARN()
		return a, err
	}, `select p.id, p.account_id, a.principal_type, a.principal_id from application_assignments a join center_applications p on p.id = a.application_id
		where a.principal_id in (`+holders+`) and p.instance_id = $3 and ($4 = '' or p.id = $4)
		and (p.id > $5 or p.id = $5 and a.principal_id > $6) order by p.id, a.principal_id limit $7`,
		who.ID, in.Store, in.ID, to, after, principal, page.limit())
}

// sortedKeys orders what is kept by name.
func sortedKeys[V any](m map[string]V, page Page) []string {
	keys := []string{}
	for key := range m {
		if key > page.After {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if limit := page.limit(); int64(len(keys)) > limit {
		keys = keys[:limit]
	}
	return keys
}

// Scopes are the access scopes of an application, in order.
func (a Application) Scopes(page Page) []string { return sortedKeys(a.Targets, page) }

// GrantTypes are the types of its grants, in order.
func (a Application) GrantTypes(page Page) []string { return sortedKeys(a.Grants, page) }

// Methods are its authentication methods, in order.
func (a Application) Methods(page Page) []string { return sortedKeys(a.Actors, page) }
