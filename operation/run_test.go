package operation_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

type input struct{ Space, Note string }

type output struct{ Note string }

var service = &operation.Service{Source: "test"}

// describe is a Write that sets a space's description and then ends as the test says.
func describe(s *sallyporttest.Sallyport, end error, options ...operation.Option) *operation.Operation {
	op := operation.Write("DescribeIt", func(c *operation.Command, in *input) (*output, error) {
		if _, err := s.Spaces.Update(c.Tx, c.Grant.Space.ID, in.Note); err != nil {
			return nil, err
		}
		return &output{in.Note}, end
	}, authz.Space(role.EditSpace, "{Space}"), options...)
	op.Service = service
	return op
}

func as(p *sallyporttest.Principal) *operation.Request {
	return &operation.Request{ID: "r", Credential: authn.Credential{Scheme: authn.Bearer, Token: p.Token}, Address: "192.0.2.1"}
}

// told is how the log tells of DescribeIt in a space: error codes, the newest first.
func told(s *sallyporttest.Sallyport, in space.Space) (codes []string) {
	for _, event := range s.Events(seal.Space(string(in.ID))) {
		if event.Name == "describeIt" {
			codes = append(codes, event.ErrorCode)
		}
	}
	return codes
}

func description(s *sallyporttest.Sallyport, of space.Space) (text string) {
	s.Read(func(tx *database.ReadTx) error {
		found, err := s.Spaces.Space(tx, of.ID)
		text = found.Description
		return err
	})
	return text
}

func TestAChangeAndItsEventAreKeptOrUndoneTogether(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		owner := s.User("owner")
		acme := owner.Space("acme")
		for _, row := range []struct {
			what, note, stays, code string
			end                     error
		}{
			{"done", "first", "first", "", nil},
			{"refused by the method", "second", "first", "conflict", fault.Conflictf("not now")},
			{"failed inside", "third", "first", "internal", errors.New("no such table: secrets")},
			{"refused, and to be remembered", "fourth", "fourth", "denied", fault.Kept(fault.Deniedf("that was one try"))},
		} {
			out, err := operation.Ask[output](t.Context(), s.Runner(), describe(s, row.end), as(owner), input{"acme", row.note})
			if (err == nil) != (row.end == nil) || row.end == nil && out.Note != row.note {
				t.Errorf("%s: %v, %v", row.what, out, err)
			}
			if got := description(s, acme); got != row.stays {
				t.Errorf("%s: the description is %q, want %q", row.what, got, row.stays)
			}
			if codes := told(s, acme); codes[0] != row.code {
				t.Errorf("%s: the log tells of %q, want %q", row.what, codes, row.code)
			}
		}
		if codes := told(s, acme); len(codes) != 4 {
			t.Errorf("four calls left %d events", len(codes))
		}
	})
}

// Whatever happens between the first decision and the change, the second one is
// made on what is true when the change is made.
func TestAttackAPermissionTakenAwayBetweenDecisionAndChange(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		owner, deputy := s.User("owner"), s.User("deputy")
		acme := owner.Space("acme")
		deputy.Joins(acme, role.SpaceAdministrator)
		prepared := false
		op := describe(s, nil, operation.Prepare(func(*operation.Call, operation.View, *input) error {
			prepared = true
			return s.DB().Write(context.Background(), func(tx *database.Tx) error {
				return s.Spaces.SetSpaceRole(tx, acme.ID, owner.ID, deputy.ID, role.PowerUser)
			})
		}))
		_, err := operation.Ask[output](t.Context(), s.Runner(), op, as(deputy), input{"acme", "mine"})
		if !prepared || !fault.Is(err, fault.Denied) || description(s, acme) != "" {
			t.Errorf("prepared %t, %v, the description is %q", prepared, err, description(s, acme))
		}

		ended := describe(s, nil, operation.Prepare(func(*operation.Call, operation.View, *input) error {
			return s.DB().Write(context.Background(), func(tx *database.Tx) error { return s.Credentials.EndSessions(tx, owner.ID, "") })
		}))
		if _, err := operation.Ask[output](t.Context(), s.Runner(), ended, as(owner), input{"acme", "mine"}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("with the session ended meanwhile: %v", err)
		}
	})
}

// A refused caller gets nothing prepared: what is slow is for those who may.
func TestARefusedCallerGetsNothingPrepared(t *testing.T) {
	s := sallyporttest.Start(t)
	s.User("owner").Space("acme")
	op := describe(s, nil, operation.Prepare(func(*operation.Call, operation.View, *input) error {
		t.Error("something was prepared")
		return nil
	}))
	if _, err := operation.Ask[output](t.Context(), s.Runner(), op, as(s.User("outsider")), input{"acme", "x"}); !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
	if _, err := operation.Ask[output](t.Context(), s.Runner(), op, &operation.Request{Address: "192.0.2.2"}, input{"acme", "x"}); !fault.Is(err, fault.Unauthenticated) {
		t.Error(err)
	}
}

func TestAnOperationWithoutARuleIsForNobody(t *testing.T) {
	s := sallyporttest.Start(t)
	op := operation.Read("Forgotten", func(*operation.Query, *input) (*output, error) { return &output{}, nil }, authz.Rule{})
	op.Service = service
	if _, err := operation.Ask[output](t.Context(), s.Runner(), op, as(s.User("owner")), input{}); !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
}

func TestRulesThatCannotBeMeantAreRefusedAtStart(t *testing.T) {
	for what, make := range map[string]func(){
		"a permission of the space on a project": func() { authz.Space(role.CreateProject, "{Space}/{Project}") },
		"a permission on a project on the space": func() { authz.Space(role.ViewProject, "{Space}") },
		"a path that is none":                    func() { authz.Space(role.ViewSpace, "Space") },
		"a member that does not exist": func() {
			operation.Read("X", func(*operation.Query, *input) (*output, error) { return nil, nil }, authz.Space(role.ViewSpace, "{Nothing}"))
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is accepted", what)
				}
			}()
			make()
		}()
	}
}
