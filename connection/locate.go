package connection

import (
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// Locate finds what a principal's words name, for decisions: "connection/ID", one of
// the caller's own account. What is not there, or another account's, has the ARN it
// would have, and nothing else.
func (s *Store) Locate(tx *database.ReadTx, caller *account.Principal, name string) (*account.Resource, error) {
	id := ID(strings.TrimPrefix(name, "connection/"))
	r := &account.Resource{ARN: id.arn(s.Region, caller.ID()), Account: caller.ID()}
	c, err := s.OfAccount(tx, caller.ID(), id)
	if fault.Is(err, fault.NotFound) {
		return r, nil
	}
	r.ARN, r.Tags = c.ARN(), c.Tags
	return r, err
}
