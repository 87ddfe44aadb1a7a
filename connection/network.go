package connection

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// Network is a VPC of an account, as its administrator describes it: the embedded
// account side has no EC2 that could be asked.
type Network struct {
	VPC            string   `json:"vpc"`
	Region         string   `json:"region"`
	CIDR           string   `json:"cidr"`
	Subnets        []Subnet `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
}

// Subnet is one of a network. A private one has no route to an internet gateway.
type Subnet struct {
	ID      string `json:"id"`
	CIDR    string `json:"cidr"`
	Private bool   `json:"private"`
}

var (
	vpcForm    = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)
	subnetForm = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	groupForm  = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)
	regionForm = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
)

// mostInNetwork bounds what one network is described with: quotas of Amazon VPC.
const mostInNetwork = 200

func (n Network) check() error {
	if !vpcForm.MatchString(n.VPC) || !regionForm.MatchString(n.Region) {
		return fault.Invalidf("%.32q in %.32q is not a VPC in a Region: it looks like vpc-0a1b2c3d4e5f67890 in us-west-2", n.VPC, n.Region)
	}
	whole, err := parseRange(n.CIDR)
	if err != nil {
		return err
	}
	if len(n.Subnets) > mostInNetwork || len(n.SecurityGroups) > mostInNetwork {
		return fault.Quotaf("a network has at most %d subnets and as many security groups", mostInNetwork)
	}
	for _, s := range n.Subnets {
		part, err := parseRange(s.CIDR)
		if err != nil {
			return err
		}
		if !subnetForm.MatchString(s.ID) || !whole.Contains(part.Addr()) || part.Bits() < whole.Bits() {
			return fault.Invalidf("%.32q with the range %.32q is not a subnet of %s: it looks like subnet-0a1b2c3d4e5f67890, inside of %s", s.ID, s.CIDR, n.VPC, n.CIDR)
		}
	}
	for _, g := range n.SecurityGroups {
		if !groupForm.MatchString(g) {
			return fault.Invalidf("%.32q is not a security group: it looks like sg-0a1b2c3d4e5f67890", g)
		}
	}
	return nil
}

func parseRange(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil || !p.Addr().Is4() || p.Masked() != p || p.Bits() < 16 || p.Bits() > 28 {
		return p, fault.Invalidf("%.32q is not the address range of a network: IPv4 of /16 to /28, such as 10.0.0.0/16", text)
	}
	return p, nil
}

// PutNetwork describes a VPC of an account, in place of what was said of it before.
func (s *Store) PutNetwork(tx *database.Tx, of account.ID, n Network) error {
	if err := n.check(); err != nil {
		return err
	}
	detail, err := json.Marshal(n)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into networks (account_id, vpc, region, detail, updated_at) values ($1, $2, $3, $4, $5)
		on conflict (account_id, vpc) do update set region = excluded.region, detail = excluded.detail, updated_at = excluded.updated_at`,
		of, n.VPC, n.Region, string(detail), database.Time(tx.Now()))
	return err
}

// DeleteNetwork forgets a VPC of an account. VPC connections into it lead nowhere from
// then on.
func (s *Store) DeleteNetwork(tx *database.Tx, of account.ID, vpc string) error {
	n, err := tx.Exec(`delete from networks where account_id = $1 and vpc = $2`, of, vpc)
	if err == nil && n == 0 {
		err = noNetwork(of, vpc)
	}
	return err
}

func noNetwork(of account.ID, vpc string) error {
	return fault.NotFoundf("the account %s has no VPC %.32q: whoever administers it describes it with sallyport vpc-connection network put", of, vpc)
}

// Networks lists the VPCs of an account, by id.
func (s *Store) Networks(tx *database.ReadTx, of account.ID) ([]Network, error) {
	return database.All(tx, scanNetwork, `select detail from networks where account_id = $1 order by vpc`, of)
}

// Network is one of them.
func (s *Store) Network(tx *database.ReadTx, of account.ID, vpc string) (Network, error) {
	found, err := database.All(tx, scanNetwork, `select detail from networks where account_id = $1 and vpc = $2`, of, vpc)
	if err == nil && len(found) == 0 {
		err = noNetwork(of, vpc)
	}
	if err != nil {
		return Network{}, err
	}
	return found[0], nil
}

func scanNetwork(row database.Row) (n Network, err error) {
	var detail string
	if err := row.Scan(&detail); err != nil {
		return n, err
	}
	return n, json.Unmarshal([]byte(detail), &n)
}

// notUsable are the addresses that CodeCatalyst has for itself: "Managing VPC
// connections" in the CodeCatalyst Administrator Guide.
var notUsable = netip.MustParsePrefix("172.16.0.0/12")

// fits tells, with a fault, what of a VPC connection the network does not have.
func (n Network) fits(v VPCConnection, region string) error {
	if n.Region != region {
		return fault.Invalidf("the VPC %s is in the Region %s, and the space in %s: both have to be the same", n.VPC, n.Region, region)
	}
	if whole, err := parseRange(n.CIDR); err != nil || whole.Overlaps(notUsable) {
		return fault.Invalidf("the VPC %s has the address range %s, which lies inside of %s, where nothing can be connected", n.VPC, n.CIDR, notUsable)
	}
	for _, id := range v.Subnets {
		i := slices.IndexFunc(n.Subnets, func(s Subnet) bool { return s.ID == id })
		switch {
		case i < 0:
			return fault.NotFoundf("the VPC %s has no subnet %s", n.VPC, id)
		case !n.Subnets[i].Private:
			return fault.Invalidf("the subnet %s is public, and actions get no public address: choose private subnets, with a NAT gateway where they need the internet", id)
		}
	}
	for _, id := range v.SecurityGroups {
		if !slices.Contains(n.SecurityGroups, id) {
			return fault.NotFoundf("the VPC %s has no security group %s", n.VPC, id)
		}
	}
	return nil
}

// vpcARN names a VPC in policies.
func vpcARN(region string, of account.ID, vpc string) string {
	return arn.ARN{Partition: "aws", Service: "ec2", Region: region, Account: string(of), Resource: "vpc/" + vpc}.String()
}
