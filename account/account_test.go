package account_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/seal"
)

// world is a database with one account and the store under test.
type world struct {
	*testing.T
	*account.Store
	db *database.DB
	id account.ID
}

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		keys, err := seal.Open(t.Context(), t.TempDir(), db)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{T: t, Store: &account.Store{Keys: keys}, db: db}
		w.do(func(tx *database.Tx) error {
			_, err := keys.Create(tx, seal.Directory)
			return err
		})
		w.id = w.account("first")
		test(w)
	})
}

func (w *world) write(change func(*database.Tx) error) error {
	return w.db.Write(context.Background(), change)
}

func (w *world) do(change func(*database.Tx) error) {
	w.Helper()
	if err := w.write(change); err != nil {
		w.Fatal(err)
	}
}

// refused wants a fault of this kind whose message holds a phrase.
func (w *world) refused(kind fault.Kind, phrase string, change func(*database.Tx) error) {
	w.Helper()
	if err := w.write(change); !fault.Is(err, kind) || !strings.Contains(err.Error(), phrase) {
		w.Errorf("got %v, want %s: %s", err, kind, phrase)
	}
}

func look[T any](w *world, read func(*database.ReadTx) (T, error)) (value T) {
	w.Helper()
	if err := w.db.Read(context.Background(), func(tx *database.ReadTx) (err error) {
		value, err = read(tx)
		return err
	}); err != nil {
		w.Fatal(err)
	}
	return value
}

func (w *world) account(name string) account.ID {
	w.Helper()
	var made account.Account
	w.do(func(tx *database.Tx) (err error) {
		made, err = w.Create(tx, account.NewAccount{Name: name, Email: name + "@example.com"})
		return err
	})
	return made.ID
}

func (w *world) entity(kind account.EntityKind, name string) (made account.Entity) {
	w.Helper()
	w.do(func(tx *database.Tx) (err error) {
		made, err = w.CreateEntity(tx, w.id, account.NewEntity{Kind: kind, Name: name, Trust: trusting(string(w.id))})
		return err
	})
	return made
}

func trusting(principal string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%q},"Action":"sts:AssumeRole"}}`, principal)
}

const document = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`

func TestATrustPolicyMeansWhoIsThere(t *testing.T) {
	each(t, func(w *world) {
		ada := w.entity(account.User, "ada")
		var role account.Entity
		w.do(func(tx *database.Tx) (err error) {
			role, err = w.CreateEntity(tx, w.id, account.NewEntity{Kind: account.Role, Name: "r", Trust: trusting(ada.ARN())})
			return err
		})
		readable := func() string {
			return look(w, func(tx *database.ReadTx) (string, error) { return w.ReadableTrust(tx, role.Trust) })
		}
		if !strings.Contains(role.Trust, string(ada.ID)) || strings.Contains(role.Trust, "user/ada") || readable() != trusting(ada.ARN()) {
			w.Errorf("kept as %s, read as %s", role.Trust, readable())
		}
		// Renamed, she is still meant; gone, nobody is.
		name := "grace"
		w.do(func(tx *database.Tx) error {
			renamed, err := w.ChangeEntity(tx, ada, account.EntityPatch{Name: &name})
			ada = renamed
			return err
		})
		if readable() != trusting(ada.ARN()) {
			w.Errorf("renamed, it reads %s", readable())
		}
		w.do(func(tx *database.Tx) error { return w.DeleteEntity(tx, ada) })
		w.entity(account.User, "grace")
		if readable() != trusting(string(ada.ID)) {
			w.Errorf("with her successor, it reads %s", readable())
		}
		for _, dead := range []string{string(ada.ID), ada.ARN() + "x", "arn:aws:iam::" + string(w.id) + ":user/path/grace", "AROAAAAAAAAAAAAAAAAAA"} {
			w.refused(fault.Invalid, "Invalid principal in policy", func(tx *database.Tx) error {
				trust := trusting(dead)
				_, err := w.ChangeEntity(tx, role, account.EntityPatch{Trust: &trust})
				return err
			})
		}
	})
}

func TestAPrincipalHasItsOwnPoliciesAndItsGroups(t *testing.T) {
	each(t, func(w *world) {
		ada, eng := w.entity(account.User, "ada"), w.entity(account.Group, "eng")
		var own account.Policy
		w.do(func(tx *database.Tx) (err error) {
			if own, err = w.CreatePolicy(tx, w.id, account.NewPolicy{Name: "own", Document: document}); err != nil {
				return err
			}
			for _, err := range []error{
				w.AddMember(tx, eng, ada),
				w.PutInline(tx, ada, account.Inline{Name: "hers", Document: document}),
				w.PutInline(tx, eng, account.Inline{Name: "theirs", Document: document}),
				w.AttachPolicy(tx, eng, own.ARN()),
				w.AttachPolicy(tx, ada, "arn:aws:iam::aws:policy/AdministratorAccess"),
			} {
				if err != nil {
					return err
				}
			}
			arn := own.ARN()
			ada, err = w.ChangeEntity(tx, ada, account.EntityPatch{Boundary: &arn})
			return err
		})
		names := func() (names []string) {
			a := look(w, func(tx *database.ReadTx) (account.Authority, error) { return w.AuthorityOf(tx, ada) })
			for _, p := range a.Identity {
				names = append(names, p.Name)
			}
			return append(names, a.Boundary.Name)
		}
		want := []string{"inline policy hers of " + ada.ARN(), "arn:aws:iam::aws:policy/AdministratorAccess", "inline policy theirs of " + eng.ARN(), own.ARN(), own.ARN()}
		if got := names(); !slices.Equal(got, want) {
			w.Errorf("got %q, want %q", got, want)
		}
		usage := look(w, func(tx *database.ReadTx) (map[string]account.Usage, error) { return w.Usages(tx, w.id) })
		if usage[own.ARN()] != (account.Usage{Attached: 1, Bounding: 1}) || len(usage) != 2 {
			w.Errorf("usage %v", usage)
		}
		w.refused(fault.Conflict, "attached to entities", func(tx *database.Tx) error { return w.DeletePolicy(tx, own) })
		w.do(func(tx *database.Tx) error { return w.RemoveMember(tx, eng, ada) })
		if got := names(); len(got) != 3 {
			w.Errorf("out of the group: %q", got)
		}
		principal := ada.Principal()
		if principal.Username != "ada" || principal.Principal.Kind != policy.User || principal.Entity != ada.ID {
			w.Errorf("she is %+v", principal)
		}
	})
}

func TestQuotas(t *testing.T) {
	each(t, func(w *world) {
		ada := w.entity(account.User, "ada")
		var managed []account.Policy
		w.do(func(tx *database.Tx) error {
			for i := range 21 {
				p, err := w.CreatePolicy(tx, w.id, account.NewPolicy{Name: fmt.Sprint("p", i), Document: document})
				if err != nil {
					return err
				}
				managed = append(managed, p)
			}
			for _, p := range managed[:20] {
				if err := w.AttachPolicy(tx, ada, p.ARN()); err != nil {
					return err
				}
			}
			return nil
		})
		w.refused(fault.Quota, "PoliciesPerUser: 20", func(tx *database.Tx) error { return w.AttachPolicy(tx, ada, managed[20].ARN()) })
		w.do(func(tx *database.Tx) error { return w.AttachPolicy(tx, ada, managed[0].ARN()) }) // it has that one
		w.do(func(tx *database.Tx) error {
			for i := range 100 {
				if _, err := w.CreateProvider(tx, w.id, account.NewProvider{Kind: account.OpenIDConnect, Name: fmt.Sprintf("https://i%d.example", i)}); err != nil {
					return err
				}
			}
			return nil
		})
		w.refused(fault.Quota, "OpenIdConnectProvidersPerAccount: 100", func(tx *database.Tx) error {
			_, err := w.CreateProvider(tx, w.id, account.NewProvider{Kind: account.OpenIDConnect, Name: "https://more.example"})
			return err
		})
		w.refused(fault.Quota, "ClientIdsPerOpenIdConnectProvider: 100", func(tx *database.Tx) error {
			var ids []string
			for i := range 101 {
				ids = append(ids, fmt.Sprint(i))
			}
			p, err := w.Provider(tx.Reading(), "arn:aws:iam::"+string(w.id)+":oidc-provider/i1.example")
			if err != nil {
				return err
			}
			return w.ChangeProvider(tx, p, account.ProviderPatch{ClientIDs: ids})
		})
	})
}

func TestWhatSignsEndsAtOnce(t *testing.T) {
	each(t, func(w *world) {
		ada, role := w.entity(account.User, "ada"), w.entity(account.Role, "ops")
		var key account.AccessKey
		var session account.Temporary
		w.do(func(tx *database.Tx) (err error) {
			if key, _, err = w.CreateAccessKey(tx, w.id, ada.ID); err != nil {
				return err
			}
			session, err = w.Issue(tx, account.NewTemporary{Account: w.id, Entity: role.ID, Kind: account.RoleSession, Name: "s", Lifetime: time.Hour})
			return err
		})
		signs := func(id string) bool {
			err := w.db.Read(context.Background(), func(tx *database.ReadTx) error {
				_, err := w.Signer(tx, id)
				return err
			})
			if err != nil && !fault.Is(err, fault.NotFound) {
				w.Fatal(err)
			}
			return err == nil
		}
		if !signs(key.ID) || !signs(session.AccessKeyID) {
			w.Fatal("they do not sign")
		}
		w.do(func(tx *database.Tx) error { return w.SetAccessKey(tx, key, false) })
		if signs(key.ID) {
			w.Error("a key that is switched off signs")
		}
		w.do(func(tx *database.Tx) error { return w.SetAccessKey(tx, key, true) })
		w.do(func(tx *database.Tx) error { return w.DeleteEntity(tx, role) })
		if signs(session.AccessKeyID) {
			w.Error("a session of a role that is gone signs")
		}
		w.do(func(tx *database.Tx) error { return w.Close(tx, w.id) })
		if signs(key.ID) {
			w.Error("a key of a closed account signs")
		}
	})
}

func TestADeletionIsToldByItsAccountAlone(t *testing.T) {
	each(t, func(w *world) {
		other := w.account("other")
		var role account.Entity
		var done, failed account.Deletion
		used := func(is bool) func(string) (bool, error) {
			return func(service string) (bool, error) {
				if service != "ecs.amazonaws.com" {
					w.Errorf("asked about %s", service)
				}
				return is, nil
			}
		}
		w.do(func(tx *database.Tx) (err error) {
			if role, err = w.CreateLinked(tx, w.id, account.NewLinked{Service: "ecs.amazonaws.com"}); err != nil {
				return err
			}
			return nil
		})
		w.do(func(tx *database.Tx) (err error) {
			failed, err = w.DeleteLinked(tx, role, used(true))
			return err
		})
		tell := func(id account.ID, d account.Deletion) (ok bool, err error) {
			err = w.db.Read(context.Background(), func(tx *database.ReadTx) (err error) {
				ok, err = w.Deleted(tx, id, d)
				return err
			})
			return ok, err
		}
		if ok, err := tell(w.id, failed); ok || err != nil {
			w.Errorf("a role that is in use: %v %v", ok, err)
		}
		w.do(func(tx *database.Tx) (err error) {
			done, err = w.DeleteLinked(tx, role, used(false))
			return err
		})
		if ok, err := tell(w.id, done); !ok || err != nil {
			w.Errorf("deleted: %v %v", ok, err)
		}
		for _, d := range []account.Deletion{"", "task", "task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/1-00", done[:len(done)-1], done + "0"} {
			if _, err := tell(w.id, d); !fault.Is(err, fault.NotFound) {
				w.Errorf("%s: %v", d, err)
			}
		}
		if _, err := tell(other, done); !fault.Is(err, fault.NotFound) {
			w.Errorf("to another account: %v", err)
		}
	})
}

func TestLocateTellsNothingOfWhatIsNotThere(t *testing.T) {
	each(t, func(w *world) {
		ada := w.entity(account.User, "Ada")
		other := w.account("other")
		var key account.AccessKey
		w.do(func(tx *database.Tx) (err error) {
			key, _, err = w.CreateAccessKey(tx, other, "")
			return err
		})
		caller := ada.Principal()
		prefix := "arn:aws:iam::" + string(w.id) + ":"
		for name, want := range map[string]string{
			"user/":                                  ada.ARN(),
			"user/ada":                               ada.ARN(),
			"user/none":                              prefix + "user/none",
			"user/x/new":                             prefix + "user/x/new",
			"role/none":                              prefix + "role/none",
			"policy/p/new":                           prefix + "policy/p/new",
			"oidc-provider/https://i.x":              prefix + "oidc-provider/i.x",
			"saml-provider/idp":                      prefix + "saml-provider/idp",
			"access-key/" + key.ID:                   prefix + "user/",
			"access-key/AKIANONE":                    prefix + "user/",
			"service-linked-role/ecs.amazonaws.com/": prefix + "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
			"service-linked-role/autoscaling.amazonaws.com/x":  prefix + "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_x",
			"task/aws-service-role/ecs.amazonaws.com/Role/1-2": prefix + "role/aws-service-role/ecs.amazonaws.com/Role",
		} {
			r := look(w, func(tx *database.ReadTx) (*account.Resource, error) { return w.Locate(tx, &caller, name) })
			if r.ARN != want || r.Account != w.id || r.Tags != nil && len(r.Tags) > 0 {
				w.Errorf("%s is %+v, want %s", name, r, want)
			}
		}
	})
}

func TestGrants(t *testing.T) {
	for document, want := range map[string]bool{
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`:                          true,
		`{"Statement":{"Effect":"Allow","Action":["ec2:*","S3:Get*"],"Resource":"*"}}`:          true,
		`{"Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}`:                      false,
		`{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`:                        false,
		`{"Statement":{"Effect":"Allow","NotAction":"ec2:*","Resource":"*"}}`:                   true,
		`{"Statement":{"Effect":"Allow","NotAction":"s3:GetObject","Resource":"*"}}`:            true,
		`{"Statement":{"Effect":"Allow","NotAction":["ec2:*","s3:*"],"Resource":"*"}}`:          false,
		`{"Statement":{"Effect":"Allow","NotAction":"*","Resource":"*"}}`:                       false,
		`{"Statement":[{"Effect":"Deny","NotAction":"x:y"},{"Effect":"Allow","Action":"*:*"}]}`: true,
	} {
		if got := account.Grants(document, "s3"); got != want {
			t.Errorf("%s: %v", document, got)
		}
	}
}
