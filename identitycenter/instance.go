package identitycenter

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/seal"
)

// InstanceID is an instance's: ssoins- and sixteen hexadecimal digits. StoreID is
// its identity store's: d- and ten of them.
type (
	InstanceID string
	StoreID    string
)

// Status says whether an instance can be used.
type Status string

// Active is what every instance here is: none takes time to make or to end.
const Active Status = "ACTIVE"

// Instance is one of IAM Identity Center.
type Instance struct {
	ID           InstanceID
	Store        StoreID
	Owner        account.ID
	Organization org.ID // empty: it is an account instance
	Name         string // empty: none
	Status       Status
	CreatedAt    time.Time
}

const instancePrefix = "instance/"

// ARN names the instance.
func (i Instance) ARN() string {
	return arn.ARN{Partition: "aws", Service: "sso", Resource: instancePrefix + string(i.ID)}.String()
}

// StoreARN names its identity store.
func (i Instance) StoreARN() string { return i.Store.arn(i.Owner) }

func (id StoreID) arn(owner account.ID) string {
	return arn.ARN{Partition: "aws", Service: "identitystore", Account: string(owner), Resource: "identitystore/" + string(id)}.String()
}

// Scope is whose key seals what is known of its people.
func (i Instance) Scope() seal.Scope {
	if i.Organization != "" {
		return i.Organization.Scope()
	}
	return i.Owner.Scope()
}

var instanceName = regexp.MustCompile(`^[\w+=,.@-]{0,255}$`)

func checkInstanceName(name string) error {
	if !instanceName.MatchString(name) {
		return fault.Invalidf("an instance's name has up to 255 letters, digits and _+=,.@-")
	}
	return nil
}

// CreateInstance makes an instance with an empty identity store: the organization's
// when the owner is its management account, else one of the owner alone. A second
// one of the same owner is Conflict.
func (s *Store) CreateInstance(tx *database.Tx, owner account.ID, name string) (Instance, error) {
	if err := checkInstanceName(name); err != nil {
		return Instance{}, err
	}
	i := Instance{ID: InstanceID("ssoins-" + randomHex(16)), Store: StoreID("d-" + randomHex(10)), Owner: owner, Name: name, Status: Active, CreatedAt: tx.Now()}
	o, err := s.Organizations.Of(tx.Reading(), owner)
	switch {
	case err == nil && o.Management == owner:
		i.Organization = o.ID
	case err != nil && !fault.HasReason(err, org.ReasonNotInUse):
		return Instance{}, err
	}
	var organization any
	if i.Organization != "" {
		organization = i.Organization
	}
	_, err = tx.Exec(`insert into identity_centers (`+instanceColumns+`) values ($1, $2, $3, $4, $5, $6, $7)`,
		i.ID, i.Store, i.Owner, organization, i.Name, i.Status, database.Time(i.CreatedAt))
	if database.IsDuplicate(err) {
		err = fault.Conflictf("The account has an instance of IAM Identity Center already.")
	}
	return i, err
}

// randomHex is that many hexadecimal digits.
func randomHex(digits int) string {
	bytes := make([]byte, digits/2)
	rand.Read(bytes)
	return hex.EncodeToString(bytes)
}

const instanceColumns = `id, store_id, owner_account, organization_id, name, status, created_at`

func scanInstance(row database.Row) (i Instance, err error) {
	var organization *org.ID
	err = row.Scan(&i.ID, &i.Store, &i.Owner, &organization, &i.Name, &i.Status, (*database.Time)(&i.CreatedAt))
	if organization != nil {
		i.Organization = *organization
	}
	return i, err
}

func instanceWhere(tx *database.ReadTx, column string, value any) (Instance, error) {
	return database.One(tx, scanInstance, `select `+instanceColumns+` from identity_centers where `+column+` = $1`, value)
}

// ReasonNoInstance: there is no such instance.
const ReasonNoInstance fault.Reason = "InstanceNotFound"

func noInstance(err error) error {
	if errors.Is(err, database.ErrNone) {
		return fault.WithReason(ReasonNoInstance, fault.NotFoundf("The instance of IAM Identity Center was not found."))
	}
	return err
}

// Instance finds one by its ARN.
func (s *Store) Instance(tx *database.ReadTx, name string) (Instance, error) {
	a, err := arn.Parse(name)
	id, ok := strings.CutPrefix(a.Resource, instancePrefix)
	if err != nil || !ok {
		return Instance{}, noInstance(database.ErrNone)
	}
	i, err := instanceWhere(tx, "id", id)
	if err == nil && i.ARN() != name {
		return Instance{}, noInstance(database.ErrNone)
	}
	return i, noInstance(err)
}

// InstanceOf finds the one that an account owns.
func (s *Store) InstanceOf(tx *database.ReadTx, owner account.ID) (Instance, error) {
	i, err := instanceWhere(tx, "owner_account", owner)
	return i, noInstance(err)
}

// InstancesFor are those that an account can see: its organization's and its own.
func (s *Store) InstancesFor(tx *database.ReadTx, id account.ID) ([]Instance, error) {
	in := org.ID("")
	place, err := s.Organizations.Place(tx, id)
	if err != nil {
		return nil, err
	}
	if place != nil {
		in = place.Organization
	}
	return database.All(tx, scanInstance, `select `+instanceColumns+` from identity_centers
		where owner_account = $1 or organization_id = $2 order by case when organization_id is null then 1 else 0 end, id`, id, in)
}

// InstanceByStore finds one by its identity store.
func (s *Store) InstanceByStore(tx *database.ReadTx, id StoreID) (Instance, error) {
	i, err := s.instances.Get(tx, id, func() (Instance, error) { return instanceWhere(tx, "store_id", id) })
	return i, orMissing(err, StoreType, string(id))
}

// RenameInstance changes what an instance is called; empty: nothing.
func (s *Store) RenameInstance(tx *database.Tx, i Instance, name string) error {
	if err := checkInstanceName(name); err != nil {
		return err
	}
	_, err := tx.Exec(`update identity_centers set name = $1 where id = $2`, name, i.ID)
	return err
}

// DeleteInstance removes an instance and everybody in its store.
func (s *Store) DeleteInstance(tx *database.Tx, i Instance) error {
	if err := s.dismissAll(tx, i); err != nil {
		return err
	}
	for _, table := range []string{"identity_memberships", "identity_claims", "identity_groups", "identity_users", "identity_centers"} {
		if _, err := tx.Exec(`delete from `+table+` where store_id = $1`, i.Store); err != nil {
			return err
		}
	}
	return nil
}

// Reach finds the instance whose identity store a caller's words name, by id or by
// ARN: the account's own, or that of the organization it is in. Any other is Missing,
// whether it exists or not.
func (s *Store) Reach(tx *database.ReadTx, caller account.ID, name string) (Instance, error) {
	id, owner := storeNamed(name)
	i, err := s.InstanceByStore(tx, id)
	if err != nil {
		return Instance{}, err
	}
	sees, err := s.sees(tx, caller, i)
	if err == nil && (!sees || owner != "" && owner != i.Owner) {
		err = missing(StoreType, string(id))
	}
	if err != nil {
		return Instance{}, err
	}
	return i, nil
}

// sees tells whether an instance is the account's own or its organization's.
func (s *Store) sees(tx *database.ReadTx, id account.ID, i Instance) (bool, error) {
	if id == i.Owner || i.Organization == "" {
		return id == i.Owner, nil
	}
	place, err := s.Organizations.Place(tx, id)
	return err == nil && place != nil && place.Organization == i.Organization, err
}

// storeNamed is the id that a name of an identity store has, and the owner an ARN
// tells besides.
func storeNamed(name string) (StoreID, account.ID) {
	a, err := arn.Parse(name)
	if err != nil {
		return StoreID(name), ""
	}
	return StoreID(strings.TrimPrefix(a.Resource, "identitystore/")), account.ID(a.Account)
}

// idNamed is the id that a name of a user, group or membership has: it may be an
// ARN. Ids are written in small letters, and found however they are spelled.
func idNamed(name string) string {
	return strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
}
