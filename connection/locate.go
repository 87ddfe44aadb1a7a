package connection

import (
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// Locate finds what a principal's words name, for decisions: "connection/ID" or
// "vpc/ID", of the caller's own account. What is not there, or another account's, has the ARN it
// would have, and nothing else.
func (s *Store) Locate(tx *database.ReadTx, caller *account.Principal, name string) (*account.Resource, error) {
	if vpc, ok := strings.CutPrefix(name, "vpc/"); ok {
		r := &account.Resource{ARN: vpcARN(s.Region, caller.ID(), vpc), Account: caller.ID()}
		n, err := s.Network(tx, caller.ID(), vpc)
		if fault.Is(err, fault.NotFound) {
			return r, nil
		}
		r.ARN = vpcARN(n.Region, caller.ID(), vpc)
		return r, err
	}
	id := ID(strings.TrimPrefix(name, "connection/"))
	r := &account.Resource{ARN: id.arn(s.Region, caller.ID()), Account: caller.ID()}
	c, err := s.OfAccount(tx, caller.ID(), id)
	if fault.Is(err, fault.NotFound) {
		return r, nil
	}
	r.ARN, r.Tags = c.ARN(), c.Tags
	return r, err
}
