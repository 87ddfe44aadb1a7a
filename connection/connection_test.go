package connection_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/space"
)

func TestLimits(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		c.Lead("second", "staging")
		defer connection.Limits(2)()
		another := c.Owner.Project(c.Space, "other")
		steps := []struct {
			says string
			do   func(*database.Tx) error
		}{
			{"the space has 2 account connections", func(tx *database.Tx) error {
				_, _, err := s.Connections.Request(tx, c.Space.ID, c.Owner.ID, connection.NewConnection{Account: "123456789012", Name: "third"})
				return err
			}},
			{"the project has 2 environments", func(tx *database.Tx) error {
				_, err := s.Connections.CreateEnvironment(tx, c.Space.ID, c.Project.ID, c.Owner.ID, connection.NewEnvironment{Name: "third"})
				return err
			}},
			{"the space has 2 environments with this account", func(tx *database.Tx) error {
				for _, name := range []string{"one", "two"} {
					if err := lead(tx, s, c, another.ID, name); err != nil {
						return err
					}
				}
				return nil
			}},
		}
		for _, step := range steps {
			err := s.DB().Write(t.Context(), step.do)
			if !fault.Is(err, fault.Quota) || !strings.HasPrefix(fault.As(err).Message, step.says) {
				t.Errorf("%v, want %q", err, step.says)
			}
		}
		s.Write(func(tx *database.Tx) error { return lead(tx, s, c, another.ID, "one") })
	})
}

// lead makes an environment that leads into the account of production.
func lead(tx *database.Tx, s *sallyporttest.Sallyport, c *sallyporttest.Connected, in space.ProjectID, name string) error {
	e, err := s.Connections.CreateEnvironment(tx, c.Space.ID, in, c.Owner.ID, connection.NewEnvironment{Name: name})
	if err == nil {
		_, err = s.Connections.UpdateEnvironment(tx, c.Space.ID, e, connection.EnvironmentPatch{Connection: &c.Way.Name})
	}
	return err
}

func FuzzParseRole(f *testing.F) {
	const own account.ID = "111122223333"
	for _, seed := range []string{
		"arn:aws:iam::111122223333:role/deploy", "arn:aws:iam::111122223333:role/team/deploy", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:role//x",
		"arn:aws:iam::444455556666:role/deploy", "arn: 00:iam::111122223333:role/deploy", "arn:aws:sts::111122223333:assumed-role/deploy/x", "arn:aws:iam::111122223333:role/a?c", "role/deploy", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := connection.ParseRole(own, text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		of, err := account.OfARN(text)
		if err != nil || of != own || r.ARN != text || !strings.HasSuffix(text, "/"+r.Name) || strings.ContainsAny(text, "*? \n") || r.Name == "" || strings.Contains(r.Name, "/") {
			t.Errorf("%q is the role %+v", text, r)
		}
	})
}
