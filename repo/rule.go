package repo

import (
	"errors"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Rule says who may do what on a branch, of those whose role lets them. It narrows, and
// never widens. The zero Rule is that of a branch without one.
type Rule struct {
	Branch string
	// Push and Merge are the least role that may change the branch by pushing to it,
	// or by merging into it: Contributor, or Project administrator. Zero: Contributor.
	Push, Merge role.Role
	// Custom tells a rule from one that was loosened again: rules are never deleted.
	Custom bool
}

// Delete is the least role that may delete the branch: it follows from the others.
func (r Rule) Delete() role.Role {
	if r.Push == role.ProjectAdministrator || r.Merge == role.ProjectAdministrator {
		return role.ProjectAdministrator
	}
	return role.Contributor
}

// and narrows a rule by another.
func (r Rule) and(other Rule) Rule {
	if other.Push == role.ProjectAdministrator {
		r.Push = other.Push
	}
	if other.Merge == role.ProjectAdministrator {
		r.Merge = other.Merge
	}
	r.Custom = r.Custom || other.Custom
	return r
}

// allow refuses whom the rule keeps off.
func (r Rule) allow(by Pusher, project space.ProjectID, branch string, u Update) error {
	least, what := r.Push, "push to"
	if u.After == "" {
		least, what = r.Delete(), "delete"
	}
	if least != role.ProjectAdministrator || by.Held.SpaceRole()&role.SpaceAdministrator != 0 || by.Held.ProjectRole(string(project))&role.ProjectAdministrator != 0 {
		return nil
	}
	return fault.Deniedf("the rule of branch %s lets Project administrators %s it alone: ask one, or push to another branch", branch, what)
}

func scanRule(row database.Row) (r Rule, err error) {
	var push, merge string
	if err := row.Scan(&r.Branch, &push, &merge, &r.Custom); err != nil {
		return r, err
	}
	var failed error
	r.Push, err = role.ParseProject(push)
	r.Merge, failed = role.ParseProject(merge)
	return r, errors.Join(err, failed)
}

// Rules lists the rules of branches, loosened ones too, by branch.
func (s *Store) Rules(tx *database.ReadTx, r Repository) ([]Rule, error) {
	return database.All(tx, scanRule, `select branch, push, merge, custom from branch_rules where repository_id = $1 order by branch`, r.ID)
}

func (s *Store) rules(tx *database.ReadTx, r Repository) (map[string]Rule, error) {
	list, err := s.Rules(tx, r)
	rules := map[string]Rule{}
	for _, rule := range list {
		rules[rule.Branch] = rule
	}
	return rules, err
}

// SetRule gives a branch its rule. One that lets Contributors do everything is
// Standard: as if there were none.
func (s *Store) SetRule(tx *database.Tx, r Repository, rule Rule) (Rule, error) {
	for _, least := range []role.Role{rule.Push, rule.Merge} {
		if least != role.Contributor && least != role.ProjectAdministrator {
			return rule, fault.Invalidf("a rule names the least role that may: contributor or project-administrator")
		}
	}
	if err := git.CheckRef(branchRef(rule.Branch)); err != nil {
		return rule, err
	}
	if _, err := s.Branch(tx.Reading(), r, rule.Branch); err != nil {
		rules, failed := s.rules(tx.Reading(), r)
		if failed != nil {
			return rule, failed
		}
		if _, ok := rules[rule.Branch]; !ok {
			return rule, err
		}
	}
	rule.Custom = rule.Delete() == role.ProjectAdministrator
	return rule, putRule(tx, r.ID, rule)
}

func putRule(tx *database.Tx, id ID, rule Rule) error {
	_, err := tx.Exec(`insert into branch_rules (repository_id, branch, push, merge, custom) values ($1, $2, $3, $4, $5)
		on conflict (repository_id, branch) do update set push = excluded.push, merge = excluded.merge, custom = excluded.custom`,
		id, rule.Branch, rule.Push.Name(), rule.Merge.Name(), rule.Custom)
	return err
}
