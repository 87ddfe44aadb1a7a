package identitycenter_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/seal"
)

// world is a database with an organization, its instance and the store under test.
type world struct {
	*testing.T
	db *database.DB
	*identitycenter.Store
	now     time.Time
	company org.Organization
	in      identitycenter.Instance
}

const by = "arn:aws:iam::111122223333:user/admin"

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	databasetest.EachURL(t, func(t *testing.T, url string) {
		w := &world{T: t, now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
		w.db = databasetest.Open(t, url, func() time.Time { return w.now })
		keys, err := seal.Open(t.Context(), t.TempDir(), w.db)
		if err != nil {
			t.Fatal(err)
		}
		accounts := &account.Store{Keys: keys}
		w.Store = &identitycenter.Store{Keys: keys, Accounts: accounts, Organizations: &org.Store{Keys: keys, Accounts: accounts}}
		w.do(func(tx *database.Tx) error {
			_, err := keys.Create(tx, seal.Directory)
			return err
		})
		w.company = w.organization("company")
		w.in = w.instance(w.company.Management)
		test(w)
	})
}

func (w *world) do(change func(*database.Tx) error) {
	w.Helper()
	if err := w.db.Write(context.Background(), change); err != nil {
		w.Fatal(err)
	}
}

func made[T any](w *world, change func(*database.Tx) (T, error)) T {
	w.Helper()
	var value T
	w.do(func(tx *database.Tx) (err error) {
		value, err = change(tx)
		return err
	})
	return value
}

func look[T any](w *world, read func(*database.ReadTx) (T, error)) T {
	w.Helper()
	value, err := try(w, read)
	if err != nil {
		w.Fatal(err)
	}
	return value
}

func try[T any](w *world, read func(*database.ReadTx) (T, error)) (value T, err error) {
	err = w.db.Read(context.Background(), func(tx *database.ReadTx) (err error) {
		value, err = read(tx)
		return err
	})
	return value, err
}

// refused wants a change to be refused with a fault of this kind, in these words.
func (w *world) refused(what string, kind fault.Kind, says string, change func(*database.Tx) error) {
	w.Helper()
	err := w.db.Write(context.Background(), change)
	if !fault.Is(err, kind) || !strings.Contains(fault.As(err).Message, says) {
		w.Errorf("%s: got %v, want %s with %q", what, err, kind, says)
	}
}

// absent wants a look to find nothing of this kind.
func absent[T any](w *world, kind identitycenter.ResourceType, read func(*database.ReadTx) (T, error)) {
	w.Helper()
	_, err := try(w, read)
	var what identitycenter.Missing
	if !fault.Is(err, fault.NotFound) || !errors.As(err, &what) || what.Type != kind {
		w.Errorf("got %v, want %s to be missing", err, kind)
	}
}

func (w *world) account(name string) account.ID {
	w.Helper()
	return made(w, func(tx *database.Tx) (account.ID, error) {
		a, err := w.Accounts.Create(tx, account.NewAccount{Name: name, Email: name + "@example.com"})
		return a.ID, err
	})
}

func (w *world) organization(name string) org.Organization {
	w.Helper()
	boss := w.account(name)
	return made(w, func(tx *database.Tx) (org.Organization, error) {
		return w.Organizations.Create(tx, boss, org.AllFeatures)
	})
}

// member makes an account in the organization.
func (w *world) member(name string) account.ID {
	w.Helper()
	r := made(w, func(tx *database.Tx) (org.Request, error) {
		return w.Organizations.CreateAccount(tx, w.company, org.NewMember{Name: name, Email: name + "@example.com"})
	})
	w.do(func(tx *database.Tx) error {
		_, err := w.Organizations.FinishCreateAccount(tx, r.ID)
		return err
	})
	return look(w, func(tx *database.ReadTx) (account.ID, error) {
		r, err := w.Organizations.Request(tx, w.company, r.ID)
		return r.Account, err
	})
}

func (w *world) instance(owner account.ID) identitycenter.Instance {
	w.Helper()
	return made(w, func(tx *database.Tx) (identitycenter.Instance, error) { return w.CreateInstance(tx, owner, "") })
}

func person(name string) identitycenter.Attributes {
	return identitycenter.Attributes{UserName: name, DisplayName: "Dr. " + name, Name: identitycenter.Name{GivenName: name, FamilyName: "Lovelace"}}
}

func (w *world) user(name string) identitycenter.User {
	w.Helper()
	return made(w, func(tx *database.Tx) (identitycenter.User, error) { return w.CreateUser(tx, w.in, person(name), by) })
}

func (w *world) group(name string) identitycenter.Group {
	w.Helper()
	return made(w, func(tx *database.Tx) (identitycenter.Group, error) {
		return w.CreateGroup(tx, w.in, identitycenter.GroupAttributes{DisplayName: name}, by)
	})
}

func (w *world) join(g identitycenter.Group, u identitycenter.User) identitycenter.Membership {
	w.Helper()
	return made(w, func(tx *database.Tx) (identitycenter.Membership, error) { return w.Join(tx, w.in, g.ID, u.ID, by) })
}

func set(path string, value any) identitycenter.Operation {
	return identitycenter.Operation{Path: path, Value: value}
}

func (w *world) update(u identitycenter.User, ops ...identitycenter.Operation) func(*database.Tx) error {
	return func(tx *database.Tx) error {
		_, err := w.UpdateUser(tx, w.in, u.ID, identitycenter.Change{Operations: ops, By: "arn:aws:iam::111122223333:user/other"})
		return err
	}
}

// everything is a user with every attribute there is.
func everything() identitycenter.Attributes {
	return identitycenter.Attributes{
		UserName: "ada", Name: identitycenter.Name{Formatted: "Ada, Countess of Lovelace", FamilyName: "Lovelace", GivenName: "Ada", MiddleName: "King", HonorificPrefix: "Lady", HonorificSuffix: "I"},
		DisplayName: "Ada", NickName: "countess", ProfileURL: "https://example.com/ada", Emails: []identitycenter.Item{{Value: "ada@example.com", Type: "work", Primary: true}},
		Addresses: []identitycenter.Address{{StreetAddress: "12 St James's Square", Locality: "London", Region: "Westminster", PostalCode: "SW1Y", Country: "GB",
			Formatted: "12 St James's Square\nLondon", Type: "home", Primary: true}},
		PhoneNumbers: []identitycenter.Item{{Value: "+44 20 0000", Type: "work"}}, UserType: "employee", Title: "Analyst", PreferredLanguage: "en-GB", Locale: "en-GB",
		Timezone: "Europe/London", Birthdate: "1815-12-10", Website: "https://example.com", Roles: []identitycenter.Item{{Value: "engineer"}},
		Photos:      []identitycenter.Photo{{Value: "https://example.com/1.png", Type: "photo", Display: "portrait", Primary: true}, {Value: "https://example.com/2.png"}},
		ExternalIDs: []identitycenter.ExternalID{{Issuer: "https://idp.example.com", ID: "0042"}},
		Enterprise: identitycenter.Enterprise{EmployeeNumber: "1", CostCenter: "2", Organization: "Analytical Engines", Division: "Research", Department: "Numbers",
			Manager: identitycenter.Manager{Value: "babbage", Ref: "../Users/babbage", DisplayName: "Charles"}},
	}
}

func TestAnInstanceBelongsToAnOrganizationOrAnAccount(t *testing.T) {
	each(t, func(w *world) {
		if w.in.Organization != w.company.ID || w.in.Scope() != w.company.ID.Scope() {
			w.Errorf("the management account's instance is %+v", w.in)
		}
		alone, member := w.account("alone"), w.member("member")
		own, members := w.instance(alone), w.instance(member)
		for _, i := range []identitycenter.Instance{own, members} {
			if i.Organization != "" || i.Scope() != i.Owner.Scope() || i.Status != identitycenter.Active {
				w.Errorf("the account's instance is %+v", i)
			}
		}
		w.refused("a second one", fault.Conflict, "already", func(tx *database.Tx) error {
			_, err := w.CreateInstance(tx, alone, "")
			return err
		})
		named := w.account("named")
		w.refused("a name that is none", fault.Invalid, "name", func(tx *database.Tx) error {
			_, err := w.CreateInstance(tx, named, "no blanks")
			return err
		})
		w.do(func(tx *database.Tx) error { return w.RenameInstance(tx, own, "mine") })
		own.Name = "mine"
		for name, find := range map[string]func(*database.ReadTx) (identitycenter.Instance, error){
			"ARN":     func(tx *database.ReadTx) (identitycenter.Instance, error) { return w.Instance(tx, own.ARN()) },
			"account": func(tx *database.ReadTx) (identitycenter.Instance, error) { return w.InstanceOf(tx, alone) },
			"store":   func(tx *database.ReadTx) (identitycenter.Instance, error) { return w.InstanceByStore(tx, own.Store) },
		} {
			if diff := cmp.Diff(own, look(w, find)); diff != "" {
				w.Errorf("by %s: %s", name, diff)
			}
		}
		for account, want := range map[account.ID][]identitycenter.StoreID{
			alone: {own.Store}, member: {w.in.Store, members.Store}, w.company.Management: {w.in.Store}, w.account("nobody"): nil,
		} {
			var got []identitycenter.StoreID
			for _, i := range look(w, func(tx *database.ReadTx) ([]identitycenter.Instance, error) { return w.InstancesFor(tx, account) }) {
				got = append(got, i.Store)
			}
			if !slices.Equal(got, want) {
				w.Errorf("%s sees %v, want %v", account, got, want)
			}
		}
		for _, name := range []string{"", "arn:aws:sso:::instance/ssoins-0000000000000000", own.StoreARN(), strings.Replace(own.ARN(), ":sso:", ":iam:", 1)} {
			if _, err := try(w, func(tx *database.ReadTx) (identitycenter.Instance, error) { return w.Instance(tx, name) }); !fault.HasReason(err, identitycenter.ReasonNoInstance) {
				w.Errorf("the instance %q: %v", name, err)
			}
		}
	})
}

func TestADeletedInstanceLeavesNothing(t *testing.T) {
	each(t, func(w *world) {
		w.join(w.group("admins"), w.user("ada"))
		w.do(func(tx *database.Tx) error { return w.DeleteInstance(tx, w.in) })
		for _, table := range []string{"identity_centers", "identity_users", "identity_groups", "identity_claims", "identity_memberships"} {
			var left int
			if err := w.db.Pool().QueryRow(`select count(*) from ` + table).Scan(&left); err != nil || left != 0 {
				w.Errorf("%s: %d rows are left, %v", table, left, err)
			}
		}
		w.instance(w.company.Management)
	})
}

func TestAUserKeepsEveryAttribute(t *testing.T) {
	each(t, func(w *world) {
		want := everything()
		made := made(w, func(tx *database.Tx) (identitycenter.User, error) { return w.CreateUser(tx, w.in, want, by) })
		for name, find := range map[string]func(*database.ReadTx) (identitycenter.User, error){
			"id":   func(tx *database.ReadTx) (identitycenter.User, error) { return w.UserByID(tx, w.in, made.ID) },
			"name": func(tx *database.ReadTx) (identitycenter.User, error) { return w.UserByName(tx, w.in, "ADA") },
			"email": func(tx *database.ReadTx) (identitycenter.User, error) {
				return w.UserByEmail(tx, w.in, "Ada@Example.com")
			},
			"external id": func(tx *database.ReadTx) (identitycenter.User, error) {
				return w.UserByExternalID(tx, w.in, want.ExternalIDs[0])
			},
			"list": func(tx *database.ReadTx) (identitycenter.User, error) {
				all, err := w.Users(tx, w.in, identitycenter.Page{})
				return all[0], err
			},
		} {
			got := look(w, find)
			if diff := cmp.Diff(made, got); diff != "" {
				w.Errorf("by %s: %s", name, diff)
			}
			if diff := cmp.Diff(want, got.Attributes); diff != "" || got.Status != identitycenter.Enabled || got.CreatedBy != by || !got.CreatedAt.Equal(w.now) || got.Revision != "1" {
				w.Errorf("by %s: %+v %s", name, got, diff)
			}
		}
		absent(w, identitycenter.UserType, func(tx *database.ReadTx) (identitycenter.User, error) { return w.UserByName(tx, w.in, "bob") })
		absent(w, identitycenter.UserType, func(tx *database.ReadTx) (identitycenter.User, error) {
			return w.UserByExternalID(tx, w.in, identitycenter.ExternalID{Issuer: "https://idp.example.com", ID: "0043"})
		})
	})
}

// Nothing personal can be read in the database, and rotating keys reaches all of it.
func TestPeopleAreSealed(t *testing.T) {
	each(t, func(w *world) {
		w.do(func(tx *database.Tx) error {
			if _, err := w.CreateUser(tx, w.in, everything(), by); err != nil {
				return err
			}
			_, err := w.CreateGroup(tx, w.in, identitycenter.GroupAttributes{DisplayName: "Lovelace", Description: "Lovelace"}, by)
			return err
		})
		for _, column := range identitycenter.Sealed {
			if !slices.Contains([]string{"identity_users", "identity_groups"}, column.Table) {
				continue
			}
			var sealed []byte
			var scope string
			if err := w.db.Pool().QueryRow(`select `+column.Name+`, `+column.Scope+` from `+column.Table).Scan(&sealed, &scope); err != nil {
				w.Fatal(column.Table, err)
			}
			if strings.Contains(string(sealed), "Lovelace") || scope != string(w.in.Scope()) {
				w.Errorf("%s of %s says %q", column.Table, scope, sealed)
			}
		}
		rotation := seal.Rotation{Keys: w.Keys, DB: w.db, Columns: identitycenter.Sealed, Lifetime: time.Hour}
		for range 3 {
			w.now = w.now.Add(25 * time.Hour)
			if err := rotation.Run(w.Context()); err != nil {
				w.Fatal(err)
			}
		}
		look(w, func(tx *database.ReadTx) (identitycenter.User, error) { return w.UserByName(tx, w.in, "ada") })
		look(w, func(tx *database.ReadTx) (identitycenter.Group, error) { return w.GroupByName(tx, w.in, "lovelace") })
	})
}

func TestWhatANewUserMayBe(t *testing.T) {
	each(t, func(w *world) {
		w.do(func(tx *database.Tx) error {
			_, err := w.CreateUser(tx, w.in, everything(), by)
			return err
		})
		rolledBack := errors.New("made, and taken back")
		for _, row := range []struct {
			what   string
			change func(*identitycenter.Attributes)
			kind   fault.Kind // Internal: none
			says   string
		}{
			{"nothing special", func(*identitycenter.Attributes) {}, fault.Internal, ""},
			{"letters of any alphabet", func(a *identitycenter.Attributes) { a.UserName = "Ада" }, fault.Internal, ""},
			{"signs", func(a *identitycenter.Attributes) { a.UserName = `bob+x@example.com/§'"` }, fault.Internal, ""},
			{"the longest name", func(a *identitycenter.Attributes) { a.UserName = strings.Repeat("é", 128) }, fault.Internal, ""},
			{"a longer name", func(a *identitycenter.Attributes) { a.UserName = strings.Repeat("é", 129) }, fault.Invalid, "userName must be 1 to 128"},
			{"no name", func(a *identitycenter.Attributes) { a.UserName = "" }, fault.Invalid, "userName is a required attribute"},
			{"a blank", func(a *identitycenter.Attributes) { a.UserName = "bob b" }, fault.Invalid, "userName must"},
			{"a line end", func(a *identitycenter.Attributes) { a.UserName = "bob\n" }, fault.Invalid, "userName must"},
			{"a name that writes backwards", func(a *identitycenter.Attributes) { a.UserName = "bob\u202e" }, fault.Invalid, "userName must"},
			{"a sign without width", func(a *identitycenter.Attributes) { a.UserName = "a\u200bda" }, fault.Invalid, "userName must"},
			{"a reserved name", func(a *identitycenter.Attributes) { a.UserName = "administrator" }, fault.Invalid, "reserved"},
			{"a reserved name in wide letters", func(a *identitycenter.Attributes) { a.UserName = "ＡＷＳAdministrators" }, fault.Invalid, "reserved"},
			{"a taken name", func(a *identitycenter.Attributes) { a.UserName = "ADA" }, fault.Conflict, "Duplicate UserName"},
			{"a taken address", func(a *identitycenter.Attributes) {
				a.Emails = []identitycenter.Item{{Value: "ADA@example.com"}}
			}, fault.Conflict, "Duplicate Emails.Value"},
			{"a taken external id", func(a *identitycenter.Attributes) { a.ExternalIDs = everything().ExternalIDs }, fault.Conflict, "Duplicate ExternalId"},
			{"another issuer's external id", func(a *identitycenter.Attributes) {
				a.ExternalIDs = []identitycenter.ExternalID{{Issuer: "https://other.example.com", ID: "0042"}}
			}, fault.Internal, ""},
			{"no display name", func(a *identitycenter.Attributes) { a.DisplayName = "" }, fault.Invalid, "displayName is a required"},
			{"no names", func(a *identitycenter.Attributes) { a.Name = identitycenter.Name{} }, fault.Invalid, "name.givenName, name.familyName are required"},
			{"a long display name", func(a *identitycenter.Attributes) { a.DisplayName = strings.Repeat("x", 1025) }, fault.Invalid, "displayName must be 1 to 1024"},
			{"a zero byte", func(a *identitycenter.Attributes) { a.Title = "a\x00b" }, fault.Invalid, "title must"},
			{"no text", func(a *identitycenter.Attributes) { a.Title = "\xff" }, fault.Invalid, "title must"},
			{"an attribute deep down", func(a *identitycenter.Attributes) { a.Enterprise.Manager.DisplayName = "\x1b[31m" }, fault.Invalid, "enterprise.manager.displayName must"},
			{"no such day", func(a *identitycenter.Attributes) { a.Birthdate = "1815-02-30" }, fault.Invalid, "YYYY-MM-DD"},
			{"two addresses", func(a *identitycenter.Attributes) {
				a.Emails = []identitycenter.Item{{Value: "b@example.com"}, {Value: "c@example.com"}}
			}, fault.Invalid, "emails can have 1"},
			{"four photos", func(a *identitycenter.Attributes) { a.Photos = make([]identitycenter.Photo, 4) }, fault.Invalid, "photos can have 3"},
			{"a photo of nothing", func(a *identitycenter.Attributes) { a.Photos = make([]identitycenter.Photo, 1) }, fault.Invalid, "photos.value"},
			{"two primary photos", func(a *identitycenter.Attributes) {
				a.Photos = []identitycenter.Photo{{Value: "a", Primary: true}, {Value: "b", Primary: true}}
			}, fault.Invalid, "primary"},
			{"an external id of nobody", func(a *identitycenter.Attributes) { a.ExternalIDs = []identitycenter.ExternalID{{ID: "x"}} }, fault.Invalid, "issuer"},
			{"an external id twice", func(a *identitycenter.Attributes) {
				a.ExternalIDs = []identitycenter.ExternalID{{Issuer: "x", ID: "y"}, {Issuer: "x", ID: "y"}}
			}, fault.Invalid, "twice"},
		} {
			attributes := person("bob")
			row.change(&attributes)
			err := w.db.Write(w.Context(), func(tx *database.Tx) error {
				if _, err := w.CreateUser(tx, w.in, attributes, by); err != nil {
					return err
				}
				return rolledBack
			})
			if good := row.kind == fault.Internal; good && err != rolledBack || !good && (!fault.Is(err, row.kind) || !strings.Contains(fault.As(err).Message, row.says)) {
				w.Errorf("%s: %v", row.what, err)
			}
		}
	})
}

func TestAttributesAreChangedByPath(t *testing.T) {
	each(t, func(w *world) {
		u := w.user("bob")
		list := func(items ...any) []any { return items }
		object := func(pairs ...any) map[string]any {
			m := map[string]any{}
			for i := 0; i < len(pairs); i += 2 {
				m[pairs[i].(string)] = pairs[i+1]
			}
			return m
		}
		w.now = w.now.Add(time.Minute)
		w.do(w.update(u,
			set("userName", "ada"), set("DISPLAYNAME", "Ada"), set("nickName", "countess"), set("profileUrl", "https://example.com/ada"),
			set("name", object("familyName", "King", "givenName", "A", "formatted", "Ada, Countess of Lovelace", "middleName", "King", "HonorificPrefix", "Lady", "honorificSuffix", "I")),
			set("name.familyName", "Lovelace"), set("Name.GivenName", "Ada"),
			set("emails", list(object("value", "ada@example.com", "type", "work", "primary", true))),
			set("addresses", list(object("streetAddress", "12 St James's Square", "locality", "London", "region", "Westminster", "postalCode", "SW1Y", "country", "GB",
				"formatted", "12 St James's Square\nLondon", "type", "home", "primary", true))),
			set("phoneNumbers", list(object("value", "+44 20 0000", "type", "work", "primary", false))),
			set("userType", "employee"), set("title", "Analyst"), set("preferredLanguage", "en-GB"), set("locale", "en-GB"), set("timezone", "Europe/London"),
			set("birthdate", "1815-12-10"), set("website", "https://example.com"), set("roles", list(object("value", "engineer", "type", nil))),
			set("photos", list(object("value", "https://example.com/1.png", "type", "photo", "display", "portrait", "primary", true), object("value", "https://example.com/2.png"))),
			set("externalIds", list(object("issuer", "https://idp.example.com", "id", "0042"))),
			set("aws:identitystore:enterprise", object("employeeNumber", "1", "costCenter", "2", "division", "?", "manager", object("value", "babbage", "$ref", "../Users/babbage"))),
			set("aws:identitystore:enterprise.division", "Research"), set("enterprise.department", "Numbers"), set("enterprise.organization", "Analytical Engines"),
			set("aws:identitystore:enterprise.manager.displayName", "Charles"), set("userStatus", "DISABLED"),
		))
		got := look(w, func(tx *database.ReadTx) (identitycenter.User, error) { return w.UserByID(tx, w.in, u.ID) })
		if diff := cmp.Diff(everything(), got.Attributes); diff != "" {
			w.Error(diff)
		}
		if got.Status != identitycenter.Disabled || got.Revision != "2" || !got.UpdatedAt.Equal(w.now) || got.UpdatedBy == by || got.CreatedBy != by || got.CreatedAt.Equal(w.now) {
			w.Errorf("got %+v", got)
		}
		w.do(w.update(u, set("nickName", nil), set("emails", nil), set("name.middleName", nil), set("addresses", []any{}), set("enterprise.manager", nil),
			set("externalIds", nil), set("userStatus", "ENABLED"), set("userName", "bob")))
		want := everything()
		want.UserName, want.NickName, want.Emails, want.Name.MiddleName, want.Addresses, want.ExternalIDs = "bob", "", nil, "", nil, nil
		want.Enterprise.Manager = identitycenter.Manager{}
		got = look(w, func(tx *database.ReadTx) (identitycenter.User, error) { return w.UserByName(tx, w.in, "bob") })
		if diff := cmp.Diff(want, got.Attributes); diff != "" || got.Status != identitycenter.Enabled {
			w.Error(diff)
		}
		// What a user holds no longer is free for others.
		w.do(func(tx *database.Tx) error {
			_, err := w.CreateUser(tx, w.in, everything(), by)
			return err
		})
		w.refused("an address taken meanwhile", fault.Conflict, "Duplicate Emails.Value", w.update(u, set("emails", list(object("value", "ada@EXAMPLE.com")))))
		w.do(w.update(u, set("userName", "BOB"))) // one's own name is no conflict
	})
}

func TestAChangeIsWholeOrNot(t *testing.T) {
	each(t, func(w *world) {
		u := w.user("bob")
		for _, row := range []struct {
			what string
			op   identitycenter.Operation
			says string
		}{
			{"no path", set("", "x"), "does not name"},
			{"an unknown attribute", set("password", "x"), "does not name"},
			{"a part of a text", set("userName.x", "x"), "does not name"},
			{"a part of a list", set("emails.value", "x"), "does not name"},
			{"an item of a list", set("emails[0].value", "x"), "does not name"},
			{"a dot too many", set("name.", "x"), "does not name"},
			{"the id", set("userId", "x"), "does not name"},
			{"who made it", set("createdBy", "x"), "does not name"},
			{"the store", set("identityStoreId", "d-0000000000"), "does not name"},
			{"another extension", set("aws:identitystore:other.x", "x"), "does not name"},
			{"an extension's beginning", set("aws:identitystore:enterprisex", "x"), "does not name"},
			{"an unknown attribute of the extension", set("enterprise.salary", "x"), "does not name"},
			{"an unknown attribute in a document", set("enterprise", map[string]any{"salary": "x"}), "not known"},
			{"a number for a text", set("title", 7.0), "must be a string"},
			{"an object for a text", set("title", map[string]any{"value": "x"}), "must be a string"},
			{"an empty text", set("title", ""), "not empty"},
			{"a text for a list", set("emails", "b@example.com"), "must be a list"},
			{"a text in a list", set("emails", []any{"b@example.com"}), "must be an object"},
			{"a text for a truth", set("emails", []any{map[string]any{"value": "b@example.com", "primary": "yes"}}), "true or false"},
			{"one attribute in two spellings", set("name", map[string]any{"familyName": "a", "FamilyName": "b", "givenName": "c"}), "twice"},
			{"a list for an object", set("name", []any{}), "must be an object"},
			{"too many items", set("emails", slices.Repeat([]any{map[string]any{"value": "x"}}, 10_000)), "can have 1"},
			{"the name taken away", set("userName", nil), "userName is a required"},
			{"all names taken away", set("name", nil), "name.givenName, name.familyName"},
			{"a status there is not", set("userStatus", "SUSPENDED"), "ENABLED or DISABLED"},
			{"no status", set("userStatus", nil), "ENABLED or DISABLED"},
		} {
			w.refused(row.what, fault.Invalid, row.says, w.update(u, set("nickName", "changed"), row.op))
		}
		if got := look(w, func(tx *database.ReadTx) (identitycenter.User, error) { return w.UserByID(tx, w.in, u.ID) }); !cmp.Equal(got, u) {
			w.Errorf("refused changes left %s", cmp.Diff(u, got))
		}
	})
}

func TestARevisionIsExpected(t *testing.T) {
	each(t, func(w *world) {
		u, g := w.user("ada"), w.group("admins")
		w.do(w.update(u, set("title", "x")))
		change := identitycenter.Change{Operations: []identitycenter.Operation{set("displayName", "y")}, Revision: "1", By: by}
		changed := func(what string, f func(*database.Tx) error) {
			w.Helper()
			if err := w.db.Write(w.Context(), f); !fault.HasReason(err, identitycenter.ReasonChanged) {
				w.Errorf("%s: %v", what, err)
			}
		}
		changed("an update", func(tx *database.Tx) error {
			_, err := w.UpdateUser(tx, w.in, u.ID, change)
			return err
		})
		changed("a deletion", func(tx *database.Tx) error { return w.DeleteUser(tx, w.in, u.ID, "1") })
		w.do(func(tx *database.Tx) error {
			after, err := w.UpdateGroup(tx, w.in, g.ID, change)
			if after.Revision != "2" || after.DisplayName != "y" {
				w.Errorf("the group became %+v", after)
			}
			return err
		})
		changed("a group's update", func(tx *database.Tx) error {
			_, err := w.UpdateGroup(tx, w.in, g.ID, change)
			return err
		})
		changed("a group's deletion", func(tx *database.Tx) error { return w.DeleteGroup(tx, w.in, g.ID, "1") })
		w.do(func(tx *database.Tx) error { return w.DeleteGroup(tx, w.in, g.ID, "2") })
		w.do(func(tx *database.Tx) error { return w.DeleteUser(tx, w.in, u.ID, "2") })
	})
}

func TestGroups(t *testing.T) {
	each(t, func(w *world) {
		g := w.group("Admins")
		w.do(func(tx *database.Tx) error {
			_, err := w.UpdateGroup(tx, w.in, g.ID, identitycenter.Change{By: by, Operations: []identitycenter.Operation{
				set("description", "who may"), set("externalIds", []any{map[string]any{"issuer": "idp", "id": "7"}}),
			}})
			return err
		})
		want := identitycenter.GroupAttributes{DisplayName: "Admins", Description: "who may", ExternalIDs: []identitycenter.ExternalID{{Issuer: "idp", ID: "7"}}}
		for name, find := range map[string]func(*database.ReadTx) (identitycenter.Group, error){
			"id":   func(tx *database.ReadTx) (identitycenter.Group, error) { return w.GroupByID(tx, w.in, g.ID) },
			"name": func(tx *database.ReadTx) (identitycenter.Group, error) { return w.GroupByName(tx, w.in, "aDMINS") },
			"external id": func(tx *database.ReadTx) (identitycenter.Group, error) {
				return w.GroupByExternalID(tx, w.in, want.ExternalIDs[0])
			},
		} {
			if got := look(w, find); got.ID != g.ID || !cmp.Equal(got.GroupAttributes, want) {
				w.Errorf("by %s: %+v", name, got)
			}
		}
		for _, row := range []struct {
			name string
			kind fault.Kind
			says string
		}{
			{"", fault.Invalid, "displayName is a required"}, {strings.Repeat("x", 1025), fault.Invalid, "1 to 1024"}, {"Administrator", fault.Invalid, "reserved"},
			{"ADMINS", fault.Conflict, "Duplicate GroupDisplayName"}, {"Ad\u00admins", fault.Invalid, "displayName must"},
		} {
			w.refused(row.name, row.kind, row.says, func(tx *database.Tx) error {
				_, err := w.CreateGroup(tx, w.in, identitycenter.GroupAttributes{DisplayName: row.name}, by)
				return err
			})
		}
		w.refused("a path that is none", fault.Invalid, "does not name", func(tx *database.Tx) error {
			_, err := w.UpdateGroup(tx, w.in, g.ID, identitycenter.Change{Operations: []identitycenter.Operation{set("members", []any{})}})
			return err
		})
		w.group("a name of several words\nand lines " + strings.Repeat("\ufdfa", 900)) // each of which becomes 18 characters when folded
		w.user("Admins")                                                               // users and groups do not share names
	})
}

func TestMemberships(t *testing.T) {
	each(t, func(w *world) {
		ada, bob, admins, readers := w.user("ada"), w.user("bob"), w.group("admins"), w.group("readers")
		m := w.join(admins, ada)
		w.join(readers, ada)
		w.join(readers, bob)
		err := w.db.Write(w.Context(), func(tx *database.Tx) error {
			_, err := w.Join(tx, w.in, admins.ID, ada.ID, by)
			return err
		})
		if !fault.HasReason(err, identitycenter.ReasonNotUnique) {
			w.Errorf("joining twice: %v", err)
		}
		for _, find := range []func(*database.ReadTx) (identitycenter.Membership, error){
			func(tx *database.ReadTx) (identitycenter.Membership, error) { return w.MembershipByID(tx, w.in, m.ID) },
			func(tx *database.ReadTx) (identitycenter.Membership, error) {
				return w.Membership(tx, w.in, admins.ID, ada.ID)
			},
		} {
			if diff := cmp.Diff(m, look(w, find)); diff != "" {
				w.Error(diff)
			}
		}
		groups := func(u identitycenter.User) []identitycenter.GroupID {
			return look(w, func(tx *database.ReadTx) ([]identitycenter.GroupID, error) { return w.GroupsOf(tx, w.in, u.ID) })
		}
		members := func(g identitycenter.Group) (ids []identitycenter.UserID) {
			for _, m := range look(w, func(tx *database.ReadTx) ([]identitycenter.Membership, error) {
				return w.Members(tx, w.in, g.ID, identitycenter.Page{})
			}) {
				ids = append(ids, m.User)
			}
			return ids
		}
		both := []identitycenter.GroupID{admins.ID, readers.ID}
		slices.Sort(both)
		if got := groups(ada); !slices.Equal(got, both) {
			w.Errorf("ada is in %v, want %v", got, both)
		}
		if got := members(readers); len(got) != 2 || !slices.Contains(got, bob.ID) {
			w.Errorf("the readers are %v", got)
		}
		absent(w, identitycenter.MembershipType, func(tx *database.ReadTx) (identitycenter.Membership, error) {
			return w.Membership(tx, w.in, admins.ID, bob.ID)
		})
		absent(w, identitycenter.GroupType, func(tx *database.ReadTx) (bool, error) { return w.IsMember(tx, w.in, "nothing", bob.ID) })
		absent(w, identitycenter.UserType, func(tx *database.ReadTx) (bool, error) { return w.IsMember(tx, w.in, admins.ID, "nobody") })
		absent(w, identitycenter.UserType, func(tx *database.ReadTx) ([]identitycenter.Membership, error) {
			return w.MembershipsOf(tx, w.in, "nobody", identitycenter.Page{})
		})
		if look(w, func(tx *database.ReadTx) (bool, error) { return w.IsMember(tx, w.in, admins.ID, bob.ID) }) {
			w.Error("bob is said to be an admin")
		}
		w.do(func(tx *database.Tx) error { return w.Leave(tx, w.in, m.ID) })
		w.refused("leaving twice", fault.NotFound, "GROUP_MEMBERSHIP not found", func(tx *database.Tx) error { return w.Leave(tx, w.in, m.ID) })
		// Who or what is deleted is in no group, nor holds a name.
		w.do(func(tx *database.Tx) error { return w.DeleteUser(tx, w.in, ada.ID, "") })
		if got := members(readers); !slices.Equal(got, []identitycenter.UserID{bob.ID}) {
			w.Errorf("the readers are %v", got)
		}
		w.do(func(tx *database.Tx) error { return w.DeleteGroup(tx, w.in, readers.ID, "") })
		if got := groups(bob); len(got) != 0 {
			w.Errorf("bob is in %v", got)
		}
		w.user("ada")
		w.group("readers")
	})
}

func TestListsGoOnBehindTheLast(t *testing.T) {
	each(t, func(w *world) {
		var want []identitycenter.UserID
		for n := range 7 {
			want = append(want, w.user(fmt.Sprintf("user%d", n)).ID)
		}
		slices.Sort(want)
		var got []identitycenter.UserID
		for after := ""; ; {
			page := look(w, func(tx *database.ReadTx) ([]identitycenter.User, error) {
				return w.Users(tx, w.in, identitycenter.Page{After: after, Limit: 3})
			})
			if len(page) == 0 {
				break
			}
			for _, u := range page {
				got, after = append(got, u.ID), string(u.ID)
			}
		}
		if !slices.Equal(got, want) {
			w.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestQuotas(t *testing.T) {
	each(t, func(w *world) {
		u := w.user("ada")
		fill := func(table, columns, values string, rows int) {
			w.Helper()
			_, err := w.db.Pool().Exec(fmt.Sprintf(`with recursive n (i) as (select 1 union all select i + 1 from n where i < %d)
				insert into %s (%s) select %s from n`, rows, table, columns, values))
			if err != nil {
				w.Fatal(err)
			}
		}
		text := func(s string) string { return "'" + s + "'" }
		record := "1, 1, 'x', 1, 'x'"
		columns := "id, store_id, scope, attributes_sealed, revision, created_at, created_by, updated_at, updated_by"
		fill("identity_groups", columns, "'g' || i, "+text(string(w.in.Store))+", 'x', 'x', "+record, 100_000)
		fill("identity_users", columns+", status", "'u' || i, "+text(string(w.in.Store))+", 'x', 'x', "+record+", 'ENABLED'", 99_999)
		fill("identity_memberships", "id, store_id, group_id, user_id, created_at, created_by",
			"'m' || i, "+text(string(w.in.Store))+", 'g' || i, "+text(string(u.ID))+", 1, 'x'", 1000)
		w.refused("one user more", fault.Quota, "100000", func(tx *database.Tx) error {
			_, err := w.CreateUser(tx, w.in, person("bob"), by)
			return err
		})
		w.refused("one group more", fault.Quota, "100000", func(tx *database.Tx) error {
			_, err := w.CreateGroup(tx, w.in, identitycenter.GroupAttributes{DisplayName: "x"}, by)
			return err
		})
		w.refused("one more group of a user", fault.Quota, "1000 groups", func(tx *database.Tx) error {
			_, err := w.Join(tx, w.in, "g1001", u.ID, by)
			return err
		})
	})
}

// Of two who take the same name at once, one has it and the other is told.
func TestAttackRaceForAName(t *testing.T) {
	each(t, func(w *world) {
		const racers = 8
		var wait sync.WaitGroup
		results := make([]error, racers)
		for n := range racers {
			wait.Go(func() {
				results[n] = w.db.Write(context.Background(), func(tx *database.Tx) error {
					a := person([]string{"ada", "ADA", "Ada", "aDa"}[n%4])
					_, err := w.CreateUser(tx, w.in, a, by)
					return err
				})
			})
		}
		wait.Wait()
		won := 0
		for _, err := range results {
			switch {
			case err == nil:
				won++
			case !fault.HasReason(err, identitycenter.ReasonNotUnique):
				w.Errorf("a loser was told %v", err)
			}
		}
		if all := look(w, func(tx *database.ReadTx) ([]identitycenter.User, error) {
			return w.Users(tx, w.in, identitycenter.Page{})
		}); won != 1 || len(all) != 1 {
			w.Errorf("%d won, there are %d users", won, len(all))
		}
	})
}

// Names that look the same are the same: nobody signs in beside somebody else.
func TestAttackLookAlikeNames(t *testing.T) {
	each(t, func(w *world) {
		for name, alikes := range map[string][]string{
			"kaspar":       {"KASPAR", "\u212aaspar", "ｋａｓｐａｒ", "ka\u017fpar"}, // the sign of Kelvin, wide letters, a long s
			"jos\u00e9":    {"jose\u0301", "JOS\u00c9", "JOSE\u0301"},
			"\u03c3\u03c2": {"\u03a3\u03a3", "\u03c3\u03c3"}, // both small sigmas
		} {
			w.user(name)
			for _, alike := range alikes {
				w.refused(fmt.Sprintf("%s beside %s", alike, name), fault.Conflict, "Duplicate UserName", func(tx *database.Tx) error {
					_, err := w.CreateUser(tx, w.in, person(alike), by)
					return err
				})
			}
		}
	})
}

// What looks like SQL or a pattern is a name like any other, and nobody's.
func TestAttackInjection(t *testing.T) {
	each(t, func(w *world) {
		w.user("ada")
		w.group("admins")
		for _, name := range []string{"' or ''='", "%", "*", "ada'--", "ad_", "a%", "$1", "\x00", "ada\x00", strings.Repeat("a", 1<<20)} {
			absent(w, identitycenter.UserType, func(tx *database.ReadTx) (identitycenter.User, error) { return w.UserByName(tx, w.in, name) })
			absent(w, identitycenter.GroupType, func(tx *database.ReadTx) (identitycenter.Group, error) { return w.GroupByName(tx, w.in, name) })
		}
		absent(w, identitycenter.UserType, func(tx *database.ReadTx) (identitycenter.User, error) {
			return w.UserByExternalID(tx, w.in, identitycenter.ExternalID{Issuer: "", ID: ""})
		})
	})
}

// Through one instance nothing of another can be seen or touched, also by those who
// know its ids.
func TestAttackAnotherStoresIDs(t *testing.T) {
	each(t, func(w *world) {
		ada, admins := w.user("ada"), w.group("admins")
		m := w.join(admins, ada)
		other := w.instance(w.organization("rival").Management)
		mine := made(w, func(tx *database.Tx) (identitycenter.User, error) { return w.CreateUser(tx, other, person("ada"), by) })
		own := made(w, func(tx *database.Tx) (identitycenter.Group, error) {
			return w.CreateGroup(tx, other, identitycenter.GroupAttributes{DisplayName: "admins"}, by)
		})
		for what, change := range map[string]func(*database.Tx) error{
			"delete a user":    func(tx *database.Tx) error { return w.DeleteUser(tx, other, ada.ID, "") },
			"delete a group":   func(tx *database.Tx) error { return w.DeleteGroup(tx, other, admins.ID, "") },
			"end a membership": func(tx *database.Tx) error { return w.Leave(tx, other, m.ID) },
			"join a group":     func(tx *database.Tx) error { _, err := w.Join(tx, other, admins.ID, mine.ID, by); return err },
			"take in a user":   func(tx *database.Tx) error { _, err := w.Join(tx, other, own.ID, ada.ID, by); return err },
			"change a user": func(tx *database.Tx) error {
				_, err := w.UpdateUser(tx, other, ada.ID, identitycenter.Change{})
				return err
			},
			"change a group": func(tx *database.Tx) error {
				_, err := w.UpdateGroup(tx, other, admins.ID, identitycenter.Change{})
				return err
			},
			"see a membership": func(tx *database.Tx) error { _, err := w.MembershipByID(tx.Reading(), other, m.ID); return err },
			"see who is in it": func(tx *database.Tx) error {
				_, err := w.Members(tx.Reading(), other, admins.ID, identitycenter.Page{})
				return err
			},
			"see where one is": func(tx *database.Tx) error {
				_, err := w.MembershipsOf(tx.Reading(), other, ada.ID, identitycenter.Page{})
				return err
			},
			"ask for membership": func(tx *database.Tx) error { _, err := w.IsMember(tx.Reading(), other, admins.ID, ada.ID); return err },
		} {
			w.refused(what, fault.NotFound, "not found", change)
		}
		if got := look(w, func(tx *database.ReadTx) ([]identitycenter.GroupID, error) { return w.GroupsOf(tx, other, ada.ID) }); len(got) != 0 {
			w.Errorf("her groups are %v", got)
		}
	})
}

func TestWhatIsLocated(t *testing.T) {
	each(t, func(w *world) {
		member, delegate, outsider := w.member("member"), w.member("delegate"), w.account("outsider")
		w.do(func(tx *database.Tx) error {
			if err := w.Organizations.EnableService(tx, w.company, "sso.amazonaws.com"); err != nil {
				return err
			}
			if err := w.Organizations.EnableService(tx, w.company, "guardduty.amazonaws.com"); err != nil {
				return err
			}
			if err := w.Organizations.RegisterDelegate(tx, w.company, member, "guardduty.amazonaws.com"); err != nil {
				return err
			}
			return w.Organizations.RegisterDelegate(tx, w.company, delegate, "sso.amazonaws.com")
		})
		store, boss := string(w.in.Store), w.company.Management
		would := func(in account.ID, store string) string {
			return "arn:aws:identitystore::" + string(in) + ":identitystore/" + store
		}
		const id = "a1b2c3d4-5678-90ab-cdef-000011112222"
		for _, row := range []struct {
			what     string
			caller   account.ID
			name     string
			arn      string
			account  account.ID
			policies int
		}{
			{"the own store", boss, "store/" + store, would(boss, store), boss, 0},
			{"the own store by ARN", boss, "store/" + w.in.StoreARN(), would(boss, store), boss, 0},
			{"the own store by its ARN alone", boss, w.in.StoreARN(), would(boss, store), boss, 0},
			{"a store that is not there", boss, "store/d-0000000000", would(boss, "d-0000000000"), "", 0},
			{"the organization's store", member, "store/" + store, would(boss, store), boss, 1},
			{"the organization's store to a delegate", delegate, "store/" + store, would(boss, store), boss, 1},
			{"a stranger's store", outsider, "store/" + store, would(outsider, store), "", 0},
			{"a stranger's store by ARN", outsider, "store/" + w.in.StoreARN(), would(outsider, store), "", 0},
			{"the right store with a wrong owner", boss, "store/" + would(outsider, store), would(boss, store), "", 0},
			{"a user", boss, "user/" + id, "arn:aws:identitystore:::user/" + id, "", 0},
			{"a user by ARN, in capitals", boss, "user/arn:aws:identitystore:::user/" + strings.ToUpper(id), "arn:aws:identitystore:::user/" + id, "", 0},
			{"all groups", boss, "group/*", "arn:aws:identitystore:::group/*", "", 0},
			{"a membership", boss, "membership/" + id, "arn:aws:identitystore:::membership/" + id, "", 0},
			{"an ARN of a user", boss, "arn:aws:identitystore:::user/" + id, "arn:aws:identitystore:::user/" + id, "", 0},
			{"what is no kind", boss, "what/ever", "what/ever", "", 0},
		} {
			r := look(w, func(tx *database.ReadTx) (*account.Resource, error) {
				return w.Locate(tx, &account.Principal{Principal: policy.Principal{Account: string(row.caller)}}, row.name)
			})
			if r.ARN != row.arn || r.Account != row.account || len(r.Policy) != row.policies || r.Tags != nil {
				w.Errorf("%s: got %+v", row.what, r)
			}
		}
		for account, want := range map[account.ID]bool{member: false, delegate: true, outsider: false, boss: false} {
			if got := look(w, func(tx *database.ReadTx) (bool, error) { return w.Delegated(tx, w.in, account) }); got != want {
				w.Errorf("%s administers it: %v", account, got)
			}
		}
	})
}
