package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
)

type fetchInput struct{ Space, Project string }

// fetch is what a Git client asks of a project, with a personal access token.
func fetch(t *testing.T, s *sallyporttest.Sallyport, alias string, secret credential.Token) error {
	op := operation.Read("Fetch", func(*operation.Query, *fetchInput) (*struct{}, error) { return &struct{}{}, nil }, authz.Space(role.CloneRepository, "{Space}/{Project}"))
	op.Service = &operation.Service{Source: "test", AccessTokens: true}
	request := &operation.Request{ID: "r", Address: address(), Credential: authn.Credential{Scheme: authn.Basic, Alias: alias, Token: string(secret)}}
	_, err := s.Runner().Do(t.Context(), op, request, func(in any) error {
		*in.(*fetchInput) = fetchInput{"acme", "web"}
		return nil
	})
	return err
}

// Whatever a token hangs on, taking it away on one node stops the token on every node
// with the next request, however warm their caches are.
func TestATokenStopsWithTheNextRequestOnEveryNode(t *testing.T) {
	databasetest.EachURL(t, func(t *testing.T, url string) {
		first := sallyporttest.StartOn(t, url)
		nodes := []*sallyporttest.Sallyport{first}
		if strings.HasPrefix(url, "postgres") {
			nodes = append(nodes, sallyporttest.Beside(t, first, url))
		}
		owner, bob := first.User("owner"), first.User("bob")
		acme := owner.Space("acme")
		web := owner.Project(acme, "web")
		spaces, credentials := first.Spaces, first.Credentials
		change := func(f func(*database.Tx) error) { t.Helper(); nodes[len(nodes)-1].Write(f) }
		var token credential.AccessToken
		var secret credential.Token
		create := func(tx *database.Tx) (err error) {
			token, secret, err = credentials.CreateAccessToken(tx, bob.ID, credential.NewAccessToken{Name: "git"})
			return err
		}
		join := func(tx *database.Tx) error { return spaces.SetProjectRole(tx, web.ID, bob.ID, role.Contributor) }
		change(create)
		change(join)
		for _, row := range []struct {
			what       string
			take, give func(*database.Tx) error
			refused    fault.Kind
		}{
			{"shut out of the space",
				func(tx *database.Tx) error { return credentials.ShutOut(tx, string(acme.ID), token.ID, owner.ID) },
				func(tx *database.Tx) error { return credentials.Readmit(tx, string(acme.ID), token.ID) }, fault.Denied},
			{"too long for the space",
				func(tx *database.Tx) error {
					_, err := spaces.SetTokenLifetime(tx, acme.ID, 30*24*time.Hour)
					return err
				},
				func(tx *database.Tx) error { _, err := spaces.SetTokenLifetime(tx, acme.ID, 0); return err }, fault.Denied},
			{"out of the project",
				func(tx *database.Tx) error { return spaces.RemoveFromProject(tx, web.ID, bob.ID) }, join, fault.Denied},
			{"out of the space",
				func(tx *database.Tx) error { return spaces.RemoveMember(tx, acme.ID, owner.ID, bob.ID) }, join, fault.Denied},
			{"disabled",
				func(tx *database.Tx) error {
					if err := first.Directory.Disable(tx, bob.ID); err != nil {
						return err
					}
					return spaces.UserChanged(tx, bob.ID)
				},
				func(tx *database.Tx) error {
					if err := first.Directory.Enable(tx, bob.ID); err != nil {
						return err
					}
					return spaces.UserChanged(tx, bob.ID)
				}, fault.Unauthenticated},
			{"deleted", func(tx *database.Tx) error { return credentials.DeleteAccessToken(tx, bob.ID, token.ID) }, create, fault.Unauthenticated},
			{"rotated away",
				func(tx *database.Tx) error {
					_, _, err := credentials.RotateAccessToken(tx, bob.ID, token.ID, credential.Rotation{})
					return err
				},
				create, fault.Unauthenticated},
			{"its user deleted", func(tx *database.Tx) error { return first.Directory.Delete(tx, bob.ID) }, nil, fault.Unauthenticated},
		} {
			for range 3 {
				for i, node := range nodes {
					for range 2 { // the second from memory
						if err := fetch(t, node, "bob", secret); err != nil {
							t.Errorf("before it is %s: node %d answers %v", row.what, i, err)
						}
					}
				}
				change(row.take)
				for i, node := range nodes {
					if err := fetch(t, node, "bob", secret); !fault.Is(err, row.refused) {
						t.Errorf("%s: node %d answers %v", row.what, i, err)
					}
				}
				if row.give == nil {
					break
				}
				change(row.give)
			}
		}
	})
}

// Guessing finds nothing, tells nothing of who exists, leaves no secret in the log,
// and does not fill it either.
func TestAttackGuessingTokensAndAliases(t *testing.T) {
	s := sallyporttest.Start(t)
	owner := s.User("owner")
	owner.Project(owner.Space("acme"), "web")
	var secret credential.Token
	s.Write(func(tx *database.Tx) (err error) {
		_, secret, err = s.Credentials.CreateAccessToken(tx, owner.ID, credential.NewAccessToken{Name: "git"})
		return err
	})
	words := map[string]int{}
	for i := range 300 {
		alias, guess := []string{"owner", "nobody", "OWNER", ""}[i%4], credential.NewToken(credential.PersonalAccess)
		if i%3 == 0 {
			alias, guess = fmt.Sprint("user", i), secret
		}
		err := fetch(t, s, alias, guess)
		if !fault.Is(err, fault.Unauthenticated) {
			t.Fatalf("%s: %v", alias, err)
		}
		words[err.Error()]++
	}
	if len(words) != 1 {
		t.Errorf("guessers are told %v", words)
	}
	if err := fetch(t, s, "owner", secret); err != nil {
		t.Errorf("after the guessing: %v", err)
	}
	if strings.Contains(s.Log.String(), string(secret)) {
		t.Error("the log has the token")
	}
}

// Reading the whole database does not give a token away, nor where it was used.
func TestAttackAStolenDatabaseHoldsNoTokenAndNoAddress(t *testing.T) {
	s := sallyporttest.Start(t)
	owner := s.User("owner")
	acme := owner.Space("acme")
	s.Write(func(tx *database.Tx) error {
		token, secret, err := s.Credentials.CreateAccessToken(tx, owner.ID, credential.NewAccessToken{Name: "the laptop of mine"})
		if err == nil {
			err = s.Credentials.TouchAccessToken(tx, token.ID, credential.Use{Space: string(acme.ID), At: tx.Now(), Address: "203.0.113.77"})
		}
		if err != nil {
			return err
		}
		found, err := database.All(tx.Reading(), func(row database.Row) (all string, err error) {
			var name, hash, address []byte
			err = row.Scan(&name, &hash, &address)
			return fmt.Sprintf("%s|%s|%s", name, hash, address), err
		}, `select name_sealed, hash, address_sealed from access_tokens`)
		for _, plain := range []string{string(secret), "laptop", "203.0.113.77"} {
			if strings.Contains(fmt.Sprint(found), plain) {
				t.Errorf("the database holds %q", plain)
			}
		}
		return err
	})
}
