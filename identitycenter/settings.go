package identitycenter

import (
	"encoding/json"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// settings are what an instance has beside its people.
type settings struct {
	permissionSets bool
	accessControl  AccessControl // nil: not configured
	clientToken    string
	tags           account.Tags
}

func (s *Store) settings(tx *database.ReadTx, in Instance) (v settings, err error) {
	var control, token *string
	var enabled int
	var tags []byte
	_, err = database.One(tx, func(row database.Row) (any, error) {
		return nil, row.Scan(&enabled, &control, &token, &tags)
	}, `select permission_sets, access_control, client_token, tags_sealed from identity_center_settings where instance_id = $1`, in.ID)
	if isNone(err) {
		return settings{}, nil
	}
	if err != nil {
		return settings{}, err
	}
	v.permissionSets, v.clientToken = enabled == 1, orEmpty(token)
	if control != nil {
		if err := json.Unmarshal([]byte(*control), &v.accessControl); err != nil {
			return settings{}, err
		}
	}
	return v, s.openIn(tx, in, "identity_center_settings.tags_sealed", string(in.ID), tags, &v.tags)
}

func (s *Store) saveSettings(tx *database.Tx, in Instance, v settings) error {
	tags, err := s.sealIn(tx, in, "identity_center_settings.tags_sealed", string(in.ID), v.tags)
	if err != nil {
		return err
	}
	var control *string
	if v.accessControl != nil {
		text, err := json.Marshal(v.accessControl)
		if err != nil {
			return err
		}
		control = orNull(string(text))
	}
	enabled := 0
	if v.permissionSets {
		enabled = 1
	}
	_, err = tx.Exec(`insert into identity_center_settings (instance_id, scope, permission_sets, access_control, client_token, tags_sealed) values ($1, $2, $3, $4, $5, $6)
		on conflict (instance_id) do update set permission_sets = excluded.permission_sets, access_control = excluded.access_control,
		client_token = excluded.client_token, tags_sealed = excluded.tags_sealed`, in.ID, in.Scope(), enabled, control, orNull(v.clientToken), tags)
	return err
}

// NewCenter is what it takes to make an instance with its settings.
type NewCenter struct {
	Owner account.ID
	Name  string
	// ClientToken makes asking again no second request; empty: none.
	ClientToken string
	Tags        account.Tags
}

// CreateCenter makes an instance: see [Store.CreateInstance].
func (s *Store) CreateCenter(tx *database.Tx, n NewCenter) (Instance, error) {
	if n.ClientToken != "" {
		switch in, err := s.InstanceOf(tx.Reading(), n.Owner); {
		case err == nil:
			v, err := s.settings(tx.Reading(), in)
			if err == nil && v.clientToken == n.ClientToken && in.Name == n.Name {
				return in, nil
			}
			if err != nil {
				return Instance{}, err
			}
		case !fault.Is(err, fault.NotFound):
			return Instance{}, err
		}
	}
	tags, err := account.Tags(nil).With(n.Tags)
	if err != nil {
		return Instance{}, err
	}
	in, err := s.CreateInstance(tx, n.Owner, n.Name)
	if err != nil {
		return Instance{}, err
	}
	return in, s.saveSettings(tx, in, settings{clientToken: n.ClientToken, tags: tags})
}

// DeleteCenter removes an instance with everybody in its store. While permission sets
// are provisioned or requests in progress it is Conflict: the roles in accounts have
// to go first, each by the deletion of its assignments.
func (s *Store) DeleteCenter(tx *database.Tx, in Instance) error {
	const ours = `permission_set_id in (select id from permission_sets where instance_id = $1)`
	for _, left := range []string{
		`select 1 from account_assignments where ` + ours,
		`select 1 from provisioned_sets where ` + ours,
		`select 1 from center_requests where instance_id = $1 and state = 'IN_PROGRESS'`,
	} {
		there, err := exists(tx.Reading(), left, in.ID)
		if err != nil {
			return err
		}
		if there {
			return fault.Conflictf("Cannot delete an instance whose permission sets are assigned in accounts: delete the account assignments first.")
		}
	}
	for _, gone := range []string{
		`application_assignments where application_id in (select id from center_applications where instance_id = $1)`,
		`center_applications where instance_id = $1`, `trusted_token_issuers where instance_id = $1`, `center_requests where instance_id = $1`,
		`permission_set_policies where ` + ours, `permission_sets where instance_id = $1`, `identity_center_settings where instance_id = $1`,
	} {
		if _, err := tx.Exec(`delete from `+gone, in.ID); err != nil {
			return err
		}
	}
	return s.DeleteInstance(tx, in)
}

// HasPermissionSets tells whether an instance may have them: an organization's
// always, an account's once that was enabled.
func (s *Store) HasPermissionSets(tx *database.ReadTx, in Instance) (bool, error) {
	if in.Organization != "" {
		return true, nil
	}
	v, err := s.settings(tx, in)
	return v.permissionSets, err
}

// EnablePermissionSets lets an account instance have them, in its own account. That
// cannot be taken back.
func (s *Store) EnablePermissionSets(tx *database.Tx, in Instance) error {
	v, err := s.settings(tx.Reading(), in)
	if err != nil || v.permissionSets || in.Organization != "" {
		return err
	}
	v.permissionSets = true
	return s.saveSettings(tx, in, v)
}

// InstanceTags are the tags of an instance.
func (s *Store) InstanceTags(tx *database.ReadTx, in Instance) (account.Tags, error) {
	v, err := s.settings(tx, in)
	return v.tags, err
}

// TagInstance replaces them.
func (s *Store) TagInstance(tx *database.Tx, in Instance, tags account.Tags) error {
	v, err := s.settings(tx.Reading(), in)
	if err != nil {
		return err
	}
	v.tags = tags
	return s.saveSettings(tx, in, v)
}
