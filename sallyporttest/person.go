package sallyporttest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/org"
)

// Center is the instance of the account that the first start made. There is one from
// the first time a test asks.
func (s *Sallyport) Center() (in identitycenter.Instance) {
	s.t.Helper()
	id := s.Management()
	s.Write(func(tx *database.Tx) (err error) {
		if in, err = s.Centers.InstanceOf(tx.Reading(), id); fault.Is(err, fault.NotFound) {
			in, err = s.Centers.CreateInstance(tx, id, "")
		}
		return err
	})
	return in
}

// Member makes an account in the organization of the first one.
func (s *Sallyport) Member(name string) (id account.ID) {
	s.t.Helper()
	management := s.Management()
	s.Write(func(tx *database.Tx) error {
		o, err := s.Orgs.Of(tx.Reading(), management)
		if err != nil {
			return err
		}
		r, err := s.Orgs.CreateAccount(tx, o, org.NewMember{Name: name, Email: name + "@example.com"})
		if err != nil {
			return err
		}
		if _, err := s.Orgs.FinishCreateAccount(tx, r.ID); err != nil {
			return err
		}
		r, err = s.Orgs.Request(tx.Reading(), o, r.ID)
		id = r.Account
		return err
	})
	return id
}

// Person makes a user of its identity store and signs them in, for the portal alone.
func (s *Sallyport) Person(userName string) *Principal {
	s.t.Helper()
	return s.PersonIn(s.Center(), userName)
}

// PersonIn does so in another identity store.
func (s *Sallyport) PersonIn(in identitycenter.Instance, userName string) *Principal {
	s.t.Helper()
	p := &Principal{Alias: userName, Email: strings.ReplaceAll(userName, "@", ".") + "@example.com", Store: directory.StoreID(in.Store), s: s}
	s.Write(func(tx *database.Tx) error {
		user, err := s.Centers.CreateUser(tx, in, identitycenter.Attributes{
			UserName: userName, DisplayName: userName, Name: identitycenter.Name{GivenName: userName, FamilyName: "Test"},
			Emails: []identitycenter.Item{{Value: p.Email, Primary: true}},
		}, "test")
		p.ID = directory.UserID(user.ID)
		return err
	})
	s.Write(func(tx *database.Tx) error { return s.Directory.SetPassword(tx, p.ID, passwordHash(s.t)) })
	p.SignIn(credential.ScopePortal)
	return p
}

// Assign lets somebody use a permission set of this name in an account. One that is
// new allows what the policy says, for an hour.
func (s *Sallyport) Assign(p *Principal, set string, id account.ID, document string) (made identitycenter.PermissionSet) {
	s.t.Helper()
	s.Write(func(tx *database.Tx) error {
		in, err := s.Centers.InstanceByStore(tx.Reading(), identitycenter.StoreID(p.Store))
		if err != nil {
			return err
		}
		if made, err = s.Centers.PermissionSetByName(tx.Reading(), in, set); fault.Is(err, fault.NotFound) {
			made, err = s.Centers.CreatePermissionSet(tx, in, identitycenter.NewPermissionSet{Name: set, Region: "us-west-2"})
			if err == nil && document != "" {
				err = s.Centers.PutInlinePolicy(tx, made, document)
			}
		}
		return err
	})
	s.change(func(tx *database.Tx) (identitycenter.Request, error) {
		return s.Centers.RequestAssignment(tx, made, id, identitycenter.Principal{Type: identitycenter.UserPrincipal, ID: string(p.ID)})
	})
	return made
}

// Unassign takes it away.
func (s *Sallyport) Unassign(p *Principal, set identitycenter.PermissionSet, id account.ID) {
	s.t.Helper()
	s.change(func(tx *database.Tx) (identitycenter.Request, error) {
		return s.Centers.RequestRemoval(tx, set, id, identitycenter.Principal{Type: identitycenter.UserPrincipal, ID: string(p.ID)})
	})
}

// change asks for a change of assignments, and makes it.
func (s *Sallyport) change(ask func(*database.Tx) (identitycenter.Request, error)) {
	s.t.Helper()
	s.Write(func(tx *database.Tx) error {
		r, err := ask(tx)
		if err != nil {
			return err
		}
		return s.Centers.FinishAssignment(tx, r.ID)
	})
}

// SSO is AWS's own client of the portal. Requests name the token themselves.
func (s *Sallyport) SSO() *sso.Client {
	return sso.New(sso.Options{Region: "us-west-2", BaseEndpoint: aws.String(s.URL() + "/aws"), HTTPClient: patient{s.HTTP}, RetryMaxAttempts: 1})
}

// Enter gets credentials for a role from the portal, and fails the test when it cannot.
func (p *Principal) Enter(id account.ID, role string) *Signer {
	p.s.t.Helper()
	out, err := p.s.SSO().GetRoleCredentials(context.Background(), &sso.GetRoleCredentialsInput{AccessToken: &p.Token, AccountId: aws.String(string(id)), RoleName: &role})
	if err != nil {
		p.s.t.Fatal(err)
	}
	return p.s.Handed(id, out.RoleCredentials)
}

// Handed signs with credentials that the portal handed out.
func (s *Sallyport) Handed(id account.ID, c *ssotypes.RoleCredentials) *Signer {
	return &Signer{id, aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken,
		Expires: time.UnixMilli(c.Expiration), CanExpire: true}, "us-west-2", s}
}

// Ask makes a request to the native API, signed for a service; of the API itself that is
// "sallyport".
func (a *Signer) Ask(method, path, body, service string) Answer {
	a.s.t.Helper()
	r, err := http.NewRequest(method, a.s.URL()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		a.s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	hash := sha256.Sum256([]byte(body))
	if err := a.signer().SignHTTP(context.Background(), a.Key, r, hex.EncodeToString(hash[:]), service, a.Region, time.Time{}); err != nil {
		a.s.t.Fatal(err)
	}
	return a.s.Do(r)
}
