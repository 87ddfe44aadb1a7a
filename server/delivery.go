package server

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/seal"
)

// pushed makes the runs of pipelines of what was pushed.
func (s *Server) pushed(tx *database.Tx, push repo.Push) error {
	by, err := (&directory.Store{Keys: s.keys}).User(tx.Reading(), push.By)
	if err != nil {
		return err
	}
	return s.deliveries.Pushed(tx, push, by.Alias)
}

// touching are the events after which files of access as code may mean something else:
// where accounts are, what they, units, groups and users are called, and who is in which
// group, as guard rules ask.
var touching = map[string]bool{
	"organizations.moveAccount": true, "organizations.createAccountResult": true, "organizations.closeAccount": true,
	"organizations.removeAccountFromOrganization": true, "organizations.leaveOrganization": true, "organizations.acceptHandshake": true,
	"organizations.createOrganizationalUnit": true, "organizations.updateOrganizationalUnit": true, "organizations.deleteOrganizationalUnit": true,
	"organizations.tagResource": true, "organizations.untagResource": true,
	"identitystore.createGroup": true, "identitystore.updateGroup": true, "identitystore.deleteGroup": true,
	"identitystore.createUser": true, "identitystore.updateUser": true, "identitystore.deleteUser": true,
	"identitystore.createGroupMembership": true, "identitystore.deleteGroupMembership": true,
}

// watch is told of every change, in its transaction, and has the pipelines look that it
// touches.
func (s *Server) watch(tx *database.Tx, e audit.Event) error {
	if !e.Mutation || e.ErrorCode != "" || !touching[e.Source+"."+e.Name] {
		return nil
	}
	isAccount := func(r audit.Resource) bool { return r.Type == "AWS::Organizations::Account" }
	if strings.HasSuffix(e.Name, "agResource") && !slices.ContainsFunc(e.Resources, isAccount) {
		return nil // of units and policies tags say nothing to files
	}
	id, ok := strings.CutPrefix(string(e.Scope), string(seal.Account("")))
	if !ok {
		return nil
	}
	return s.deliveries.Happened(tx, account.ID(id), delivery.Cause{
		Kind: delivery.ByEvent, Who: cmp.Or(e.Username, e.Detail.PrincipalName), What: strings.ToUpper(e.Name[:1]) + e.Name[1:],
	})
}

// embeddedRate is how many requests a second pipelines ask of the embedded account side:
// no more than AWS leaves where it is told to be as AWS is.
func (s *Server) embeddedRate() float64 {
	if s.config.AWSLimits {
		return 0
	}
	return 200
}
