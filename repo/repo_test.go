package repo_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// world is a project, and its administrator and a Contributor.
type world struct {
	*repo.Store
	t            *testing.T
	db           *database.DB
	spaces       *space.Store
	at           repo.Place
	admin, other repo.Pusher
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		data := t.TempDir()
		keys, err := seal.Open(t.Context(), data, db)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, db: db, spaces: &space.Store{Keys: keys, Region: "us-west-2"},
			Store: &repo.Store{Keys: keys, DB: db, Folder: filepath.Join(data, "repositories"), Log: slog.New(slog.DiscardHandler)}}
		users := &directory.Store{Keys: keys}
		w.write(func(tx *database.Tx) error {
			if err := users.EnsureKeys(tx); err != nil {
				return err
			}
			var ids [2]directory.UserID
			for i, alias := range []string{"admin", "other"} {
				user, err := users.Create(tx, directory.NewUser{Alias: alias, Email: alias + "@example.com", DisplayName: alias})
				if err != nil {
					return err
				}
				ids[i] = user.ID
			}
			acme, err := w.spaces.Create(tx, ids[0], space.NewSpace{Name: "acme"})
			if err != nil {
				return err
			}
			web, err := w.spaces.CreateProject(tx, acme.ID, ids[0], space.NewProject{DisplayName: "web"})
			if err != nil {
				return err
			}
			w.at = repo.Place{Space: space.Ref{ID: acme.ID, Name: acme.Name}, Project: space.ProjectRef{ID: web.ID, Name: web.Name}}
			w.admin = repo.Pusher{ID: ids[0], Held: role.Hold([]role.Grant{{Role: role.ProjectAdministrator, Project: string(web.ID)}})}
			w.other = repo.Pusher{ID: ids[1], Held: role.Hold([]role.Grant{{Role: role.Contributor, Project: string(web.ID)}})}
			return nil
		})
		test(t, w)
	})
}

func (w *world) write(f func(*database.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(f func(*database.ReadTx) error) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) create(name string) (r repo.Repository) {
	w.t.Helper()
	w.write(func(tx *database.Tx) (err error) {
		r, err = w.Create(tx, w.at, w.admin.ID, repo.New{Name: name, Description: "what is in " + name})
		return err
	})
	return w.find(name)
}

func (w *world) find(name string) (r repo.Repository) {
	w.t.Helper()
	w.read(func(tx *database.ReadTx) (err error) {
		r, err = w.Repository(tx, w.at.Project.ID, name)
		return err
	})
	return r
}

// tried runs a change that may be refused, and gives it up.
func (w *world) tried(f func(*database.Tx) error) (err error) {
	undo := errors.New("undo")
	failed := w.db.Write(w.t.Context(), func(tx *database.Tx) error {
		err = f(tx)
		return undo
	})
	if !errors.Is(failed, undo) {
		w.t.Fatal(failed)
	}
	return err
}

func (w *world) path(r repo.Repository) string { return filepath.Join(w.Folder, string(r.ID)) }

func TestNamesAreOfOneProjectWithoutRegardToCase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.create("Shop")
		if found := w.find("sHOP"); found.ID != r.ID || found.Name != "Shop" || found.Description != "what is in Shop" || found.DefaultBranch != "main" {
			t.Errorf("found %+v", found)
		}
		for name, kind := range map[string]fault.Kind{"SHOP": fault.Conflict, "x.git": fault.Invalid, "x.GIT": fault.Invalid, "": fault.Invalid, "..": fault.Invalid, "a/b": fault.Invalid, "ä": fault.Invalid, strings.Repeat("x", 101): fault.Invalid} {
			if err := w.tried(func(tx *database.Tx) error {
				_, err := w.Create(tx, w.at, w.admin.ID, repo.New{Name: name})
				return err
			}); !fault.Is(err, kind) {
				t.Errorf("%q: %v", name, err)
			}
		}
		w.create("other")
		name := "Other"
		if err := w.tried(func(tx *database.Tx) error {
			_, err := w.Update(tx, r, repo.Patch{Name: &name})
			return err
		}); !fault.Is(err, fault.Conflict) {
			t.Errorf("renamed to a name that is taken: %v", err)
		}
		name = "shop"
		w.write(func(tx *database.Tx) error {
			_, err := w.Update(tx, r, repo.Patch{Name: &name})
			return err
		})
		w.read(func(tx *database.ReadTx) error {
			all, err := w.List(tx, w.at, space.Page{})
			if len(all) != 2 || all[0].Name != "other" || all[1].Name != "shop" {
				t.Errorf("there are %+v", all)
			}
			return err
		})
	})
}

func TestTheFolderFollowsTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.create("shop")
		folder, err := w.Open(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		head := w.head(r)
		for what, break_ := range map[string]func() error{
			"references of another time": func() error { return folder.WriteRefs(77, "refs/heads/gone", nil) },
			"no references":              func() error { return os.Remove(filepath.Join(w.path(r), "packed-refs")) },
			"half of a file": func() error {
				return os.WriteFile(filepath.Join(w.path(r), "packed-refs"), []byte("# pack-refs with: peeled"), 0o600)
			},
			"no folder yet, as when the power went at once": func() error { return os.RemoveAll(w.path(r)) },
		} {
			if err := break_(); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Open(t.Context(), r); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			text, err := os.ReadFile(filepath.Join(w.path(r), "packed-refs"))
			if err != nil || !strings.Contains(string(text), string(head)+" refs/heads/main\n") {
				t.Errorf("%s: the file is %q, %v", what, text, err)
			}
			if object, _, err := folder.Lookup(t.Context(), head); err != nil || object.Type != "commit" {
				t.Errorf("%s: the commit is %+v, %v", what, object, err)
			}
		}
		// Once the folder is known to be there, one that is gone is no empty repository.
		if err := w.Upkeep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(w.path(r)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Open(t.Context(), r); err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
			t.Errorf("a lost folder: %v", err)
		}
	})
}

func (w *world) head(r repo.Repository) (head git.ID) {
	w.t.Helper()
	w.read(func(tx *database.ReadTx) error {
		b, err := w.Branch(tx, r, r.DefaultBranch)
		head = b.Head
		return err
	})
	return head
}

func TestDeletedRepositoriesLeaveNoFolder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one, two, stays := w.create("one"), w.create("two"), w.create("stays")
		stranger := filepath.Join(w.Folder, "00000000-0000-0000-0000-000000000000")
		if err := os.Mkdir(stranger, 0o700); err != nil {
			t.Fatal(err)
		}
		w.write(func(tx *database.Tx) error { return errors.Join(w.Delete(tx, one), w.Delete(tx, two)) })
		if err := w.Upkeep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, gone := range []repo.Repository{one, two} {
			if _, err := os.Stat(w.path(gone)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the folder of %s: %v", gone.Name, err)
			}
		}
		// What the database does not know may be another's.
		for _, left := range []string{w.path(stays), stranger} {
			if _, err := os.Stat(left); err != nil {
				t.Error(err)
			}
		}
		w.write(func(tx *database.Tx) error { return w.DeleteInSpace(tx, w.at.Space.ID) })
		if err := w.Upkeep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(w.path(stays)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the folder of a space that is gone: %v", err)
		}
	})
}

func TestRulesNarrowWhatRolesAllow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.create("shop")
		head := w.head(r)
		update := func(by repo.Pusher, u repo.Update) error {
			return w.tried(func(tx *database.Tx) error {
				_, err := w.Apply(tx, w.at, w.find("shop"), by, []repo.Update{u}, false)
				return err
			})
		}
		rule := func(branch string, push, merge role.Role) (set repo.Rule) {
			w.write(func(tx *database.Tx) (err error) {
				set, err = w.SetRule(tx, r, repo.Rule{Branch: branch, Push: push, Merge: merge})
				return err
			})
			return set
		}
		w.write(func(tx *database.Tx) error {
			_, err := w.CreateBranch(tx, w.at, r, w.other, "side", head)
			return err
		})
		const another = git.ID("1111111111111111111111111111111111111111")
		push, del := repo.Update{Ref: "refs/heads/side", Before: head, After: another}, repo.Update{Ref: "refs/heads/side", Before: head}
		reader := repo.Pusher{ID: w.other.ID, Held: role.Hold([]role.Grant{{Role: role.ReadOnly, Project: string(w.at.Project.ID)}})}
		owner := repo.Pusher{ID: w.other.ID, Held: role.Hold([]role.Grant{{Role: role.SpaceAdministrator}})}
		elsewhere := repo.Pusher{ID: w.other.ID, Held: role.Hold([]role.Grant{{Role: role.ProjectAdministrator, Project: "another"}})}
		for _, step := range []struct {
			what        string
			push, merge role.Role
			pushes, del bool // a Contributor
		}{
			{"none", 0, 0, true, true},
			{"merging narrowed", role.Contributor, role.ProjectAdministrator, true, false},
			{"pushing narrowed", role.ProjectAdministrator, role.Contributor, false, false},
			{"loosened", role.Contributor, role.Contributor, true, true},
		} {
			if step.push != 0 {
				if set := rule("side", step.push, step.merge); set.Custom != !step.del {
					t.Errorf("%s: it is %+v", step.what, set)
				}
			}
			for _, by := range []struct {
				who         string
				pusher      repo.Pusher
				pushes, del bool
			}{{"a Contributor", w.other, step.pushes, step.del}, {"the Project administrator", w.admin, true, true}, {"a Space administrator", owner, true, true}, {"a reader", reader, false, false}, {"another project's", elsewhere, false, false}} {
				if err := update(by.pusher, push); (err == nil) != by.pushes {
					t.Errorf("%s: %s pushes: %v", step.what, by.who, err)
				}
				if err := update(by.pusher, del); (err == nil) != by.del {
					t.Errorf("%s: %s deletes: %v", step.what, by.who, err)
				}
			}
		}
		// A rule outlasts its branch, and the default branch nobody deletes.
		rule("side", role.ProjectAdministrator, role.Contributor)
		w.write(func(tx *database.Tx) error { return w.DeleteBranch(tx, w.at, r, w.admin, "side") })
		if err := update(w.other, repo.Update{Ref: "refs/heads/side", After: head}); !fault.Is(err, fault.Denied) {
			t.Errorf("a Contributor makes it again: %v", err)
		}
		if err := update(owner, repo.Update{Ref: "refs/heads/main", Before: head}); !fault.Is(err, fault.Denied) {
			t.Errorf("the default branch is deleted: %v", err)
		}
		// Another becomes the default one, and the former can go.
		w.write(func(tx *database.Tx) error {
			if _, err := w.CreateBranch(tx, w.at, r, w.admin, "side", head); err != nil {
				return err
			}
			_, err := w.SetDefaultBranch(tx, r, "side")
			return err
		})
		if err := update(w.other, repo.Update{Ref: "refs/heads/main", Before: head}); err != nil {
			t.Errorf("a former default branch: %v", err)
		}
		if err := update(w.admin, repo.Update{Ref: "refs/heads/side", Before: head}); !fault.Is(err, fault.Denied) {
			t.Errorf("the new default branch: %v", err)
		}
	})
}

func TestAChangeIsToldBeforeItIsCommittedAndCanBeRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.create("shop")
		head := w.head(r)
		var told []repo.Push
		var refuse error
		w.Pushed = func(tx *database.Tx, p repo.Push) error {
			told = append(told, p)
			return refuse
		}
		make_ := func(name string) error {
			return w.db.Write(t.Context(), func(tx *database.Tx) error {
				_, err := w.CreateBranch(tx, w.at, r, w.other, name, "")
				return err
			})
		}
		if err := make_("one"); err != nil {
			t.Fatal(err)
		}
		if len(told) != 1 || told[0].By != w.other.ID || told[0].Repository.ID != r.ID || told[0].Project.Name != "web" || len(told[0].Updates) != 1 || told[0].Updates[0] != (repo.Update{Ref: "refs/heads/one", After: head}) {
			t.Errorf("told %+v", told)
		}
		if refuse = fault.Deniedf("no"); make_("two") == nil {
			t.Error("it was refused, and is there")
		}
		w.read(func(tx *database.ReadTx) error {
			branches, err := w.Branches(tx, r, space.Page{})
			if len(branches) != 2 || branches[0].Name != "main" || branches[1].Name != "one" {
				t.Errorf("there are %+v", branches)
			}
			return err
		})
	})
}
