package operation_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/space"
)

// withToken makes a request with a personal access token of this reach.
func withToken(s *sallyporttest.Sallyport, p *sallyporttest.Principal, reach credential.Reach) *operation.Request {
	request := &operation.Request{ID: "r", Address: "192.0.2.1"}
	s.Write(func(tx *database.Tx) error {
		_, secret, err := s.Credentials.CreateAccessToken(tx, p.ID, credential.NewAccessToken{Name: "git", Reach: reach})
		request.Credential = authn.Credential{Scheme: authn.Basic, Alias: p.Alias, Token: string(secret)}
		return err
	})
	return request
}

type place struct{ Space, Project, Repository string }

func (p place) String() string { return strings.TrimRight(p.Space+"/"+p.Project+"/"+p.Repository, "/") }

// forTokens is a read under a rule, of a service that takes tokens.
func forTokens(rule authz.Rule) *operation.Operation {
	op := operation.Read("LookAtIt", func(q *operation.Query, _ *place) (*output, error) { return &output{q.Grant.Reason}, nil }, rule)
	op.Service = &operation.Service{Source: "test", AccessTokens: true}
	return op
}

// A token reaches what it is limited to, as far as its user does, and is told nothing
// of the rest.
func TestAttackATokenOutsideOfItsReach(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		owner := s.User("owner")
		acme, other := owner.Space("acme"), owner.Space("other")
		web, shop := owner.Project(acme, "web"), owner.Project(acme, "shop")
		elsewhere := owner.Project(other, "web")
		repositories := map[space.ProjectID]string{web.ID: "one", shop.ID: "two", elsewhere.ID: "three"} // each calls it site
		s.Runner().Authorizer.Repository = func(_ *database.ReadTx, project space.ProjectID, name string) (authz.RepositoryRef, error) {
			if name != "site" {
				return authz.RepositoryRef{}, fault.NotFoundf("no repository %q", name)
			}
			return authz.RepositoryRef{ID: repositories[project], Name: name}, nil
		}
		rules := map[string]*operation.Operation{
			"see":   forTokens(authz.Space(role.ViewSpace, "{Space}")),
			"list":  forTokens(authz.Space(role.ViewRepositories, "{Space}/{Project}")),
			"clone": forTokens(authz.Space(role.CloneRepository, "{Space}/{Project}/{Repository}")),
			"push":  forTokens(authz.Space(role.PushCommits, "{Space}/{Project}/{Repository}")),
		}
		site := place{"acme", "web", "site"}
		for _, row := range []struct {
			what    string
			reach   credential.Reach
			op      string
			at      place
			allowed bool
		}{
			{"no limit", credential.Reach{}, "push", site, true},
			{"no limit, another space", credential.Reach{}, "push", place{"other", "web", "site"}, true},
			{"reading, read", credential.Reach{ReadOnly: true}, "clone", site, true},
			{"reading, written", credential.Reach{ReadOnly: true}, "push", site, false},
			{"a space", credential.Reach{Space: string(acme.ID)}, "push", site, true},
			{"a space, its list", credential.Reach{Space: string(acme.ID)}, "see", place{Space: "acme"}, true},
			{"a space, another", credential.Reach{Space: string(acme.ID)}, "clone", place{"other", "web", "site"}, false},
			{"a space, one that is not there", credential.Reach{Space: string(acme.ID)}, "clone", place{"nowhere", "web", "site"}, false},
			{"a project", credential.Reach{Space: string(acme.ID), Project: string(web.ID)}, "push", site, true},
			{"a project, its list", credential.Reach{Space: string(acme.ID), Project: string(web.ID)}, "list", place{"acme", "web", ""}, true},
			{"a project, its space", credential.Reach{Space: string(acme.ID), Project: string(web.ID)}, "see", place{Space: "acme"}, false},
			{"a project, its sibling", credential.Reach{Space: string(acme.ID), Project: string(web.ID)}, "clone", place{"acme", "shop", "site"}, false},
			{"a project, one that is not there", credential.Reach{Space: string(acme.ID), Project: string(web.ID)}, "clone", place{"acme", "nowhere", "site"}, false},
			{"a project, its namesake", credential.Reach{Space: string(acme.ID), Project: string(web.ID)}, "clone", place{"other", "web", "site"}, false},
			{"a repository", credential.Reach{Space: string(acme.ID), Project: string(web.ID), Repository: "one"}, "push", site, true},
			{"a repository, to read, read", credential.Reach{Space: string(acme.ID), Project: string(web.ID), Repository: "one", ReadOnly: true}, "clone", site, true},
			{"a repository, to read, written", credential.Reach{Space: string(acme.ID), Project: string(web.ID), Repository: "one", ReadOnly: true}, "push", site, false},
			{"a repository, its project's list", credential.Reach{Space: string(acme.ID), Project: string(web.ID), Repository: "one"}, "list", place{"acme", "web", ""}, false},
			{"a repository, its namesake", credential.Reach{Space: string(acme.ID), Project: string(web.ID), Repository: "one"}, "clone", place{"acme", "shop", "site"}, false},
			{"a repository, one that is not there", credential.Reach{Space: string(acme.ID), Project: string(web.ID), Repository: "one"}, "clone", place{"acme", "web", "nowhere"}, false},
			{"a repository that is gone, its successor", credential.Reach{Space: string(acme.ID), Project: string(web.ID), Repository: "zero"}, "clone", site, false},
		} {
			row.reach.Path = "what/it/names"
			_, err := operation.Ask[output](t.Context(), s.Runner(), rules[row.op], withToken(s, owner, row.reach), row.at)
			switch {
			case row.allowed && err != nil:
				t.Errorf("%s: %s on %s: %v", row.what, row.op, row.at, err)
			case !row.allowed && !fault.HasReason(err, authz.ReasonToken):
				t.Errorf("%s: %s on %s: %v", row.what, row.op, row.at, err)
			case !row.allowed && err.Error() != "the personal access token is limited to "+row.reach.String()+": use one that reaches further":
				t.Errorf("%s: it is told %q", row.what, err)
			}
		}
	})
}

// Whatever a token's user may do: with a token they make no token, and nothing is
// asked of a service that does not take tokens.
func TestAttackATokenThatMakesAToken(t *testing.T) {
	s := sallyporttest.Start(t)
	owner := s.User("owner")
	owner.Space("acme")
	made := withToken(s, owner, credential.Reach{})
	for _, op := range s.Operations() {
		if op.Service.AccessTokens || op.Rule.Strangers() {
			continue
		}
		request := *made
		_, err := s.Runner().Do(t.Context(), op, &request, func(any) error { return nil })
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", op.Name, err)
		}
	}
	for what, rule := range map[string]authz.Rule{"signed in": authz.SignedIn(), "signed": authz.Signed(), "an action": authz.IAM("iam:GetRole", "*")} {
		request := *made
		if _, err := operation.Ask[output](t.Context(), s.Runner(), forTokens(rule), &request, place{Space: "acme"}); err == nil {
			t.Errorf("%s: a token is let in", what)
		}
	}
	for _, scheme := range []authn.Scheme{authn.Bearer, authn.Cookie} {
		request := &operation.Request{ID: "r", Credential: authn.Credential{Scheme: scheme, Token: made.Credential.Token}}
		if _, err := operation.Ask[output](t.Context(), s.Runner(), forTokens(authz.Space(role.ViewSpace, "{Space}")), request, place{Space: "acme"}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("as %d: %v", scheme, err)
		}
	}
}
