package console_test

import "testing"

func TestRepositoriesAndTheirRules(t *testing.T) {
	s, ada := newSallyport(t)
	furnish(t, ada)
	bob := join(t, s, "bob")
	ada.post("/spaces/acme/projects/rocket", "invite", "email", "bob@example.com", "role", "contributor")
	bob.post(invitationPath(t, s, "bob@example.com"), "accept")
	const engine = "/spaces/acme/projects/rocket/repositories/engine"

	bob.get("/spaces/acme/projects/rocket").check(t, "bob in the project", expectation{status: 200,
		says: []string{`href="` + engine + `"`, "/git/acme/rocket/engine</code>", "Create a repository"}})
	bob.get(engine).check(t, "bob at the repository", expectation{status: 200,
		says: []string{"git clone http", "://bob@", "main <small>default branch", "Contributor, Contributor"}, keepsOff: []string{`value="set-rule"`, "Delete engine"}})
	bob.post(engine, "set-rule", "of", "main", "push", "contributor", "merge", "contributor").check(t, "bob sets a rule", expectation{status: 403, says: []string{"repo.branchrule.update needs"}})
	ada.post(engine, "set-rule", "of", "main", "push", "project-administrator", "merge", "contributor").check(t, "a rule", expectation{status: 303, location: engine + "?done=rule-set"})
	bob.get(engine).check(t, "with a rule", expectation{status: 200, says: []string{"Project administrator, Contributor"}})
	ada.post(engine, "set-default", "of", "none").check(t, "no such branch", expectation{status: 404})
	ada.post("/spaces/acme/projects/rocket", "create-repository", "name", "Engine").check(t, "taken", expectation{status: 409, says: []string{"has a repository", `value="Engine"`}})
	bob.post(engine, "delete").check(t, "bob deletes it", expectation{status: 403, says: []string{"repo.delete needs"}})
	ada.post(engine, "delete").check(t, "ada does", expectation{status: 303, location: "/spaces/acme/projects/rocket?done=repository-deleted"})
	ada.get(engine).check(t, "it is gone", expectation{status: 404})
}
