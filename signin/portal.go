package signin

import (
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/seal"
)

// portal is the access portal in a browser: what the service sso offers programs, in
// the form that pages need.
func (s *SignIn) portal() []*operation.Operation {
	service := &operation.Service{Source: "sso", Scope: credential.ScopePortal}
	table := []*operation.Operation{
		operation.Read("OpenPortal", s.openPortal, authz.SignedIn()),
		operation.Write("GetRoleCredentials", s.getRoleCredentials, authz.SignedIn(), operation.Limit(600)),
		operation.Write("SignOutEverywhere", s.signOutEverywhere, authz.SignedIn()),
	}
	for _, op := range table {
		op.Service = service
	}
	return table
}

// OpenPortalInput asks for the caller's accounts.
type OpenPortalInput struct {
	Store string // whose start URL it is; empty: that of none in particular
	Query string // only accounts where this is in the name, number, address or a role; empty: all
	After string // continue behind here: Next of the answer before
}

// Portal is one page of the accounts and roles that are assigned to somebody.
type Portal struct {
	Accounts []PortalAccount
	Next     string // empty: there is no more. After a search there may be no accounts with it
	Many     bool   // there are more accounts than one page shows

	// What clients are configured with.
	StartURL, Endpoint, Region string
}

// PortalAccount is an account with what is assigned to the caller there.
type PortalAccount struct {
	ID, Name, Email string
	Roles           []string
}

// portalPage is how many accounts one page shows, portalRoles how many roles of each:
// nobody is assigned more in one account than it can have permission sets. A search
// looks at portalSearch accounts for one page, and at most a page more.
const (
	portalPage   = 30
	portalRoles  = 1000
	portalSearch = 200
)

func (s *SignIn) openPortal(q *operation.Query, in *OpenPortalInput) (*Portal, error) {
	store := q.Caller.Store
	if in.Store != "" && in.Store != string(store) {
		return nil, fault.WithReason(credential.ReasonOtherUsers, fault.Deniedf("this is the start page of the identity store %s, and you are a user of %s: sign in there", in.Store, store))
	}
	out := &Portal{StartURL: q.Request.BaseURL + "/start", Endpoint: q.Request.BaseURL + "/aws", Region: s.Spaces.Region, Many: in.After != "" || in.Query != ""}
	if first, err := s.Centers.Default(q.Tx); err == nil && first.Store != identitycenter.StoreID(store) {
		out.StartURL += "/" + string(store)
	} else if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	after, wanted := account.ID(in.After), strings.ToLower(strings.TrimSpace(in.Query))
	for looked := 0; ; {
		accounts, err := s.Centers.AccountsOf(q.Tx, identitycenter.StoreID(store), q.Caller.UserID, after, portalPage+1)
		if err != nil {
			return nil, err
		}
		for _, a := range accounts[:min(len(accounts), portalPage)] {
			roles, err := s.Centers.RolesOf(q.Tx, identitycenter.StoreID(store), q.Caller.UserID, a.ID, "", portalRoles)
			if err != nil {
				return nil, err
			}
			if found := (PortalAccount{string(a.ID), a.Name, a.Email, roles}); found.has(wanted) {
				out.Accounts = append(out.Accounts, found)
			}
			looked++
			if after = a.ID; len(out.Accounts) > portalPage {
				break
			}
		}
		out.Many = out.Many || len(accounts) > portalPage
		if len(out.Accounts) > portalPage { // one more, which tells that there is another page
			out.Accounts = out.Accounts[:portalPage]
			out.Next = out.Accounts[portalPage-1].ID
			return out, nil
		}
		if len(accounts) <= portalPage {
			return out, nil
		}
		if looked >= portalSearch {
			out.Next = string(after)
			return out, nil
		}
	}
}

// has tells whether a text is in what the page shows of an account.
func (a PortalAccount) has(text string) bool {
	return slices.ContainsFunc(append([]string{a.Name, a.ID, a.Email}, a.Roles...), func(shown string) bool {
		return strings.Contains(strings.ToLower(shown), text)
	})
}

// GetRoleCredentialsInput names a role that is assigned to the caller.
type GetRoleCredentialsInput struct {
	Account string
	Role    string // the permission set's name
}

// RoleCredentials are good in one account, for a while.
type RoleCredentials struct {
	Account, AccountName, Role                 string
	AccessKeyID, SecretAccessKey, SessionToken string
	ExpiresAt                                  time.Time
	Endpoint, Region                           string
}

func (s *SignIn) getRoleCredentials(c *operation.Command, in *GetRoleCredentialsInput) (*RoleCredentials, error) {
	entry, err := s.Centers.Enter(c.Tx, identitycenter.StoreID(c.Caller.Store), c.Caller.UserID, account.ID(in.Account), in.Role)
	if err != nil {
		return nil, err
	}
	c.RecordIn(seal.Directory, entry.Account.ID.Scope())
	return &RoleCredentials{
		Account: string(entry.Account.ID), AccountName: entry.Account.Name, Role: entry.Role,
		AccessKeyID: entry.AccessKeyID, SecretAccessKey: entry.SecretAccessKey, SessionToken: entry.SessionToken, ExpiresAt: entry.ExpiresAt,
		Endpoint: c.Request.BaseURL + "/aws", Region: s.Spaces.Region,
	}, nil
}

func (s *SignIn) signOutEverywhere(c *operation.Command, _ *Empty) (*identitycenter.Proof, error) {
	ended, err := s.Centers.EndSessions(c.Tx, c.Caller.UserID, "")
	if err != nil {
		return nil, err
	}
	proof := ended.Proof()
	return &proof, nil
}

// Self is who the caller is, of either kind.
type Self struct {
	UserID directory.UserID
	Store  directory.StoreID
	Alias  string
}

func (s *SignIn) describeSelf(q *operation.Query, _ *Empty) (*Self, error) {
	return &Self{q.Caller.UserID, q.Caller.Store, q.Caller.Alias}, nil
}
