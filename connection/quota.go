package connection

import (
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// A quota is how many there can be, what the caller reads when there are, and what is
// counted.
type quota struct {
	most  int
	words string
	count string
}

var (
	connectionsOfSpace = quota{5_000, "the space has %d account connections, the most it can have: delete one first",
		`select count(*) from connections where space_id = $1 and state in ('pending', 'active')`}
	vpcConnectionsOfSpace = quota{100, "the space has %d VPC connections, the most it can have: delete one first",
		`select count(*) from vpc_connections where space_id = $1`}
	environmentsOfConnection = quota{5_000, "the space has %d environments with this account, the most it can have: delete one, or take one off the connection, first",
		`select count(*) from environments where connection_id = $1`}
	environmentsOfProject = quota{5_000, "the project has %d environments, the most it can have: delete one first",
		`select count(*) from environments where project_id = $1`}
)

// room is nil while one more can be added.
func (q quota) room(tx *database.ReadTx, args ...any) error {
	n, err := database.One(tx, database.Value[int], q.count, args...)
	if err == nil && n >= q.most {
		err = fault.Quotaf(q.words, q.most)
	}
	return err
}
