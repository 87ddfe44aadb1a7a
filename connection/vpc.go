package connection

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/space"
)

// VPCConnectionID is a VPC connection's UUID.
type VPCConnectionID string

// VPCConnection says in which network of an account a space's actions run. Actions on
// Lambda and on Windows run in none.
type VPCConnection struct {
	ID             VPCConnectionID
	Name           string // unique in the space, whatever its case
	Connection     string // by name
	Role           string // that makes the network interfaces, by name
	VPC            string
	Subnets        []string // private ones; one at least
	SecurityGroups []string // five at most
	Default        bool     // of the space: of every run whose environment says nothing else
	CreatedAt      time.Time
}

const mostSecurityGroups = 5

// PutVPCConnection makes a VPC connection, or changes the one of this id. Of an account
// of the embedded side the network is looked at, of one at AWS what can be told from
// names. The default of the space has to be open to every project.
func (s *Store) PutVPCConnection(tx *database.Tx, in space.ID, v VPCConnection) (VPCConnection, error) {
	if err := checkName("VPC connection", v.Name); err != nil {
		return v, err
	}
	c, err := s.Named(tx.Reading(), in, v.Connection)
	if err != nil {
		return v, err
	}
	if err := s.checkVPC(tx.Reading(), c, v); err != nil {
		return v, err
	}
	if v.Default {
		if c.Restricted {
			return v, fault.Conflictf("the connection %s is restricted to some projects, and every project runs in the space's default VPC: choose another connection, or lift the restriction first", c.Name)
		}
		if _, err := tx.Exec(`update vpc_connections set is_default = $2 where space_id = $1 and is_default`, in, false); err != nil {
			return v, err
		}
	}
	subnets, err := json.Marshal(v.Subnets)
	if err != nil {
		return v, err
	}
	groups, err := json.Marshal(append([]string{}, v.SecurityGroups...))
	if err != nil {
		return v, err
	}
	if v.ID == "" {
		if err := vpcConnectionsOfSpace.room(tx.Reading(), in); err != nil {
			return v, err
		}
		v.ID = VPCConnectionID(uuid.NewString())
	}
	_, err = tx.Exec(`insert into vpc_connections (id, space_id, name, name_key, connection_id, role, vpc, subnets, security_groups, is_default, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (id) do update set name = excluded.name, name_key = excluded.name_key,
		connection_id = excluded.connection_id, role = excluded.role, vpc = excluded.vpc, subnets = excluded.subnets, security_groups = excluded.security_groups, is_default = excluded.is_default`,
		v.ID, in, v.Name, key(v.Name), c.ID, v.Role, v.VPC, string(subnets), string(groups), v.Default, database.Time(tx.Now()))
	if database.IsDuplicate(err) {
		return v, fault.Conflictf("the space has a VPC connection %q already: choose another name", v.Name)
	}
	if err != nil {
		return v, err
	}
	return s.VPCConnection(tx.Reading(), in, v.Name)
}

// checkVPC tells, with a fault, why nothing could run in the network of a VPC
// connection.
func (s *Store) checkVPC(tx *database.ReadTx, c Connection, v VPCConnection) error {
	if err := c.active(); err != nil {
		return err
	}
	if _, err := s.Role(tx, c, v.Role); err != nil {
		if fault.Is(err, fault.NotFound) {
			return notAvailable(c, v.Role)
		}
		return err
	}
	switch {
	case !vpcForm.MatchString(v.VPC):
		return fault.Invalidf("%.32q is not a VPC: it looks like vpc-0a1b2c3d4e5f67890", v.VPC)
	case len(v.Subnets) == 0 || slices.ContainsFunc(v.Subnets, func(id string) bool { return !subnetForm.MatchString(id) }):
		return fault.Invalidf("a VPC connection has one subnet or more; they look like subnet-0a1b2c3d4e5f67890")
	case len(v.SecurityGroups) > mostSecurityGroups:
		return fault.Quotaf("a VPC connection has at most %d security groups", mostSecurityGroups)
	case slices.ContainsFunc(v.SecurityGroups, func(id string) bool { return !groupForm.MatchString(id) }):
		return fault.Invalidf("security groups look like sg-0a1b2c3d4e5f67890")
	case c.Side == AWS:
		return nil
	}
	n, err := s.Network(tx, c.Account, v.VPC)
	if err != nil {
		return err
	}
	return n.fits(v, c.Region)
}

// DeleteVPCConnection ends a VPC connection. Environments that name it lead nowhere from
// then on: they do not fall back to another network.
func (s *Store) DeleteVPCConnection(tx *database.Tx, id VPCConnectionID) error {
	_, err := tx.Exec(`delete from vpc_connections where id = $1`, id)
	return err
}

const vpcColumns = `select v.id, v.name, c.name, v.role, v.vpc, v.subnets, v.security_groups, v.is_default, v.created_at
	from vpc_connections v join connections c on c.id = v.connection_id where v.space_id = $1 `

func scanVPC(row database.Row) (v VPCConnection, err error) {
	var subnets, groups string
	if err := row.Scan(&v.ID, &v.Name, &v.Connection, &v.Role, &v.VPC, &subnets, &groups, &v.Default, (*database.Time)(&v.CreatedAt)); err != nil {
		return v, err
	}
	if err := json.Unmarshal([]byte(subnets), &v.Subnets); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(groups), &v.SecurityGroups)
}

// VPCConnection finds one of a space by its name, whatever its case.
func (s *Store) VPCConnection(tx *database.ReadTx, in space.ID, name string) (VPCConnection, error) {
	v, err := database.One(tx, scanVPC, vpcColumns+`and v.name_key = $2`, in, key(name))
	return v, orNotFound(err, "the space has no VPC connection %.64q", name)
}

// VPCConnections lists those of a space, by name; a page goes on after a name.
func (s *Store) VPCConnections(tx *database.ReadTx, in space.ID, page space.Page) ([]VPCConnection, error) {
	return database.All(tx, scanVPC, vpcColumns+`and v.name_key > $2 order by v.name_key limit $3`, in, key(page.After), limit(page))
}

// VPCOf is the VPC connection that an environment's actions run in: its own, or the
// space's default, or none. A fault of kind NotFound: its own was deleted.
func (s *Store) VPCOf(tx *database.ReadTx, in space.ID, e Environment) (*VPCConnection, error) {
	found, err := database.All(tx, scanVPC, vpcColumns+`and (v.id = $2 or $2 = '' and v.is_default)`, in, e.VPC)
	switch {
	case err != nil:
		return nil, err
	case len(found) > 0:
		return &found[0], nil
	case e.VPC != "":
		return nil, fault.NotFoundf("the VPC connection of the environment %s was deleted; a Project administrator can choose another, or none", e.Name)
	}
	return nil, nil
}
