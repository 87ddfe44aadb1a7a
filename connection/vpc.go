package connection

import (
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/space"
)

// VPCConnectionID is a VPC connection's UUID.
type VPCConnectionID string

// VPCConnection says in which network of an account a space's actions may run.
type VPCConnection struct {
	ID         VPCConnectionID
	Name       string
	Connection string // by name
}

// VPCConnection finds one of a space by its name, whatever its case.
func (s *Store) VPCConnection(tx *database.ReadTx, in space.ID, name string) (VPCConnection, error) {
	v, err := database.One(tx, func(row database.Row) (v VPCConnection, err error) {
		return v, row.Scan(&v.ID, &v.Name, &v.Connection)
	}, `select v.id, v.name, c.name from vpc_connections v join connections c on c.id = v.connection_id where v.space_id = $1 and v.name_key = $2`, in, key(name))
	return v, orNotFound(err, "the space has no VPC connection %.64q", name)
}

var _ = fault.Conflictf
