package org

import (
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
)

// Action is what a handshake asks for.
type Action string

const (
	Invite Action = "INVITE" // an account, to join
	// EnableAllFeatures is the management account's to finish, once every invited
	// member has accepted its ApproveAllFeatures.
	EnableAllFeatures  Action = "ENABLE_ALL_FEATURES"
	ApproveAllFeatures Action = "APPROVE_ALL_FEATURES"
)

// HandshakeState is how far a handshake is. Expired is never stored: time brings it.
type HandshakeState string

const (
	Requested HandshakeState = "REQUESTED" // others have to answer first
	Open      HandshakeState = "OPEN"
	Canceled  HandshakeState = "CANCELED"
	Accepted  HandshakeState = "ACCEPTED"
	Declined  HandshakeState = "DECLINED"
	Expired   HandshakeState = "EXPIRED"
)

// Handshake is what an organization asks of an account.
type Handshake struct {
	ID          HandshakeID
	From        Organization
	FromName    string // of the management account
	FromEmail   string // likewise
	Action      Action
	Parent      HandshakeID // of ApproveAllFeatures
	Account     account.ID  // who is asked; empty: whoever has Email, or the organization itself
	Email       string      // who was asked, where they were asked by their address
	Notes       string
	State       HandshakeState
	RequestedAt time.Time
	ExpiresAt   time.Time
}

// ARN names the handshake.
func (h Handshake) ARN() string { return h.From.handshakeARN(h.Action, h.ID) }

// NewInvitation is what it takes to invite an account: its number or its address.
type NewInvitation struct {
	Account account.ID
	Email   string
	Notes   string
	Tags    account.Tags // of the account once it joins
}

// Invite asks an account to join. Whether there is such an account, and whether it is
// in another organization, shows only when it answers.
func (s *Store) Invite(tx *database.Tx, o Organization, n NewInvitation) (Handshake, error) {
	tags, err := account.Tags(nil).With(n.Tags)
	if err != nil {
		return Handshake{}, err
	}
	if n.Account == "" {
		if n.Email, err = directory.ParseEmail(n.Email); err != nil {
			return Handshake{}, fault.WithReason(ReasonInvalidEmail, err)
		}
	}
	hash, err := s.hashEmail(tx.Reading(), n.Email)
	if err != nil {
		return Handshake{}, err
	}
	if err := s.mayInvite(tx.Reading(), o, n.Account, hash); err != nil {
		return Handshake{}, err
	}
	if err := forgetAnswered(tx, o.ID); err != nil {
		return Handshake{}, err
	}
	h := Handshake{ID: HandshakeID(newID("h-", 32)), Action: Invite, Account: n.Account, State: Open, RequestedAt: tx.Now(), ExpiresAt: tx.Now().Add(inviteLasts)}
	email, err := s.sealText(tx, o.ID, "handshakes.email_sealed", string(h.ID), n.Email)
	if err != nil {
		return Handshake{}, err
	}
	notes, err := s.sealText(tx, o.ID, "handshakes.notes_sealed", string(h.ID), n.Notes)
	if err != nil {
		return Handshake{}, err
	}
	sealed, err := s.sealTags(tx, o.ID, "handshakes", string(h.ID), tags)
	if err != nil {
		return Handshake{}, err
	}
	_, err = tx.Exec(`insert into handshakes (id, organization_id, action, account_id, email_sealed, email_hash, notes_sealed, tags_sealed, state, requested_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, h.ID, o.ID, h.Action, orNull(h.Account), email, hash, notes, sealed, h.State,
		database.Time(h.RequestedAt), database.Time(h.ExpiresAt))
	if err != nil {
		return Handshake{}, err
	}
	return s.Handshake(tx.Reading(), o.Management, h.ID)
}

func (s *Store) mayInvite(tx *database.ReadTx, o Organization, id account.ID, hash []byte) error {
	if pending, err := s.migration(tx, o.ID); err != nil {
		return err
	} else if pending != "" {
		return fault.WithReason(ReasonInviteDisabled, fault.Conflictf("You can't invite accounts while the organization is enabling all features."))
	}
	if _, err := s.memberOf(tx, o, id); err == nil {
		return fault.WithReason(ReasonInviteMember, fault.Conflictf("The account is a member of your organization already."))
	} else if !fault.HasReason(err, ReasonNoAccount) {
		return err
	}
	asked, err := exists(tx, `select 1 from handshakes where organization_id = $1 and action = $2 and state = $3 and expires_at > $4
		and (account_id = $5 or email_hash = $6)`, o.ID, Invite, Open, database.Time(tx.Now()), id, hash)
	if err != nil {
		return err
	}
	if asked {
		return fault.WithReason(ReasonDuplicateHandshake, fault.Conflictf("The account has an invitation of your organization already: cancel it to send another."))
	}
	today, err := database.One(tx, database.Value[int], `select count(*) from handshakes where organization_id = $1 and action = $2 and requested_at > $3`,
		o.ID, Invite, database.Time(tx.Now().Add(-24*time.Hour)))
	if err != nil {
		return err
	}
	if today >= maxInvitesADay {
		return fault.WithReason(ReasonInviteTooOften, fault.Quotaf("You have exceeded the number of invitations that can be sent in a day: %d.", maxInvitesADay))
	}
	return s.roomForAccount(tx, o.ID, ReasonInviteTooMany)
}

// hashEmail finds invitations by address over all organizations, hence under the
// directory's key; nil for none.
func (s *Store) hashEmail(tx *database.ReadTx, email string) ([]byte, error) {
	if email == "" {
		return nil, nil
	}
	key, err := s.Keys.Key(tx, seal.Directory)
	if err != nil {
		return nil, err
	}
	return directory.HashEmail(key, email)
}

// forgetAnswered deletes handshakes that nobody is shown any more.
func forgetAnswered(tx *database.Tx, id ID) error {
	_, err := tx.Exec(`delete from handshakes where organization_id = $1 and coalesce(answered_at, expires_at) <= $2`,
		id, database.Time(tx.Now().Add(-answeredShown)))
	return err
}

// StartAllFeatures asks every invited member whether the organization may enable all
// features. The handshake it returns is the management account's to accept, once
// all have agreed.
func (s *Store) StartAllFeatures(tx *database.Tx, o Organization) (Handshake, error) {
	if o.Features == AllFeatures {
		return Handshake{}, fault.WithReason(ReasonHasAllFeatures, fault.Conflictf("The organization has all features enabled already."))
	}
	if pending, err := s.migration(tx.Reading(), o.ID); err != nil {
		return Handshake{}, err
	} else if pending != "" {
		return Handshake{}, fault.WithReason(ReasonMigrationUnderWay, fault.Conflictf("The organization is enabling all features already: accept the handshake %s once all invited members have.", pending))
	}
	parent := HandshakeID(newID("h-", 32))
	ask := func(id HandshakeID, action Action, parent HandshakeID, of account.ID, state HandshakeState) error {
		_, err := tx.Exec(`insert into handshakes (id, organization_id, action, parent_id, account_id, state, requested_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			id, o.ID, action, orNull(parent), orNull(of), state, database.Time(tx.Now()), database.Time(tx.Now().Add(migrationLasts)))
		return err
	}
	if err := ask(parent, EnableAllFeatures, "", "", Requested); err != nil {
		return Handshake{}, err
	}
	invited, err := database.All(tx.Reading(), database.Value[account.ID], `select account_id from organization_accounts
		where organization_id = $1 and joined_method = $2 and account_id <> $3`, o.ID, Invited, o.Management)
	if err != nil {
		return Handshake{}, err
	}
	for _, id := range invited {
		if err := ask(HandshakeID(newID("h-", 32)), ApproveAllFeatures, parent, id, Open); err != nil {
			return Handshake{}, err
		}
	}
	if err := s.migrationAnswered(tx, o); err != nil {
		return Handshake{}, err
	}
	return s.Handshake(tx.Reading(), o.Management, parent)
}

// migration is the handshake by which the organization is enabling all features;
// empty: it is not.
func (s *Store) migration(tx *database.ReadTx, id ID) (HandshakeID, error) {
	found, err := database.All(tx, database.Value[HandshakeID], `select id from handshakes
		where organization_id = $1 and action = $2 and state in ($3, $4) and expires_at > $5 limit 1`,
		id, EnableAllFeatures, Requested, Open, database.Time(tx.Now()))
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

// migrationAnswered lets the management account finish, when no member is left that
// was asked and has not agreed.
func (s *Store) migrationAnswered(tx *database.Tx, o Organization) error {
	pending, err := s.migration(tx.Reading(), o.ID)
	if err != nil || pending == "" {
		return err
	}
	open, err := exists(tx.Reading(), `select 1 from handshakes h join organization_accounts m on m.account_id = h.account_id and m.organization_id = h.organization_id
		where h.parent_id = $1 and h.state <> $2`, pending, Accepted)
	if err != nil || open {
		return err
	}
	_, err = tx.Exec(`update handshakes set state = $1 where id = $2 and state = $3`, Open, pending, Requested)
	return err
}

const handshakeColumns = `id, organization_id, action, parent_id, account_id, email_sealed, notes_sealed, state, requested_at, expires_at`

type sealedHandshake struct {
	Handshake
	organization ID
	email, notes []byte
}

func scanHandshake(row database.Row) (h sealedHandshake, err error) {
	var parent, of *string
	err = row.Scan(&h.ID, &h.organization, &h.Action, &parent, &of, &h.email, &h.notes, &h.State,
		(*database.Time)(&h.RequestedAt), (*database.Time)(&h.ExpiresAt))
	h.Parent, h.Account = HandshakeID(orEmpty(parent)), account.ID(orEmpty(of))
	return h, err
}

func (s *Store) handshakes(tx *database.ReadTx, where string, args ...any) ([]Handshake, error) {
	rows, err := database.All(tx, scanHandshake, `select `+handshakeColumns+` from handshakes where `+where, args...)
	if err != nil {
		return nil, err
	}
	shown := make([]Handshake, len(rows))
	for i, row := range rows {
		if shown[i], err = s.openHandshake(tx, row); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

func (s *Store) openHandshake(tx *database.ReadTx, row sealedHandshake) (h Handshake, err error) {
	h = row.Handshake
	if h.From, err = s.Organization(tx, row.organization); err != nil {
		return h, err
	}
	management, err := s.Accounts.Account(tx, h.From.Management)
	if err != nil {
		return h, err
	}
	h.FromName, h.FromEmail = management.Name, management.Email
	if h.Email, err = s.openText(tx, row.organization, "handshakes.email_sealed", string(h.ID), row.email); err != nil {
		return h, err
	}
	if h.Notes, err = s.openText(tx, row.organization, "handshakes.notes_sealed", string(h.ID), row.notes); err != nil {
		return h, err
	}
	if (h.State == Open || h.State == Requested) && !h.ExpiresAt.After(tx.Now()) {
		h.State = Expired
	}
	return h, nil
}

// shown leaves out what was answered, or ran out, long ago.
const shown = `coalesce(answered_at, expires_at) > `

// Handshake returns one that the account sent, or is asked by.
func (s *Store) Handshake(tx *database.ReadTx, viewer account.ID, id HandshakeID) (Handshake, error) {
	found, err := s.handshakes(tx, `id = $1 and `+shown+`$2`, id, database.Time(tx.Now().Add(-answeredShown)))
	if err != nil {
		return Handshake{}, err
	}
	for _, h := range found {
		asked, err := s.asks(tx, h, viewer)
		if err != nil {
			return Handshake{}, err
		}
		if asked || h.From.Management == viewer {
			return h, nil
		}
	}
	return Handshake{}, fault.WithReason(ReasonNoHandshake, fault.NotFoundf("We can't find a handshake with the id %s.", id))
}

// asks tells whether the handshake is for this account to answer.
func (s *Store) asks(tx *database.ReadTx, h Handshake, id account.ID) (bool, error) {
	switch {
	case h.Action == EnableAllFeatures:
		return h.From.Management == id, nil
	case h.Account != "":
		return h.Account == id, nil
	}
	return s.hasEmail(tx, id, h.Email)
}

func (s *Store) hasEmail(tx *database.ReadTx, id account.ID, email string) (bool, error) {
	a, err := s.Accounts.Account(tx, id)
	if err != nil {
		return false, err
	}
	key, err := s.Keys.Key(tx, seal.Directory)
	if err != nil {
		return false, err
	}
	own, err := directory.HashEmail(key, a.Email)
	if err != nil {
		return false, err
	}
	asked, err := directory.HashEmail(key, email)
	return string(own) == string(asked), err
}

// HandshakeFilter chooses handshakes; zero: all.
type HandshakeFilter struct {
	Action Action
	Parent HandshakeID
}

const filtered = `($1 = '' or action = $1) and ($2 = '' or parent_id = $2) and id > $3 and ` + shown + `$4`

func (f HandshakeFilter) args(tx *database.ReadTx, page Page, more ...any) []any {
	return append([]any{f.Action, f.Parent, page.After, database.Time(tx.Now().Add(-answeredShown))}, more...)
}

// HandshakesOf are those that ask an account, by id.
func (s *Store) HandshakesOf(tx *database.ReadTx, id account.ID, f HandshakeFilter, page Page) ([]Handshake, error) {
	a, err := s.Accounts.Account(tx, id)
	if err != nil {
		return nil, err
	}
	hash, err := s.hashEmail(tx, a.Email)
	if err != nil {
		return nil, err
	}
	return s.handshakes(tx, filtered+` and (account_id = $5 or account_id is null and email_hash = $6) order by id limit $7`, f.args(tx, page, id, hash, page.limit())...)
}

// HandshakesFrom are those that an organization has sent, by id.
func (s *Store) HandshakesFrom(tx *database.ReadTx, o Organization, f HandshakeFilter, page Page) ([]Handshake, error) {
	return s.handshakes(tx, filtered+` and organization_id = $5 order by id limit $6`, f.args(tx, page, o.ID, page.limit())...)
}

// Accept agrees. An account joins the organization that invited it; an organization
// whose management account finishes gets all features.
func (s *Store) Accept(tx *database.Tx, by account.ID, id HandshakeID) (Handshake, error) {
	h, err := s.answer(tx, by, id, Accepted, s.asks)
	if err != nil {
		return h, err
	}
	switch h.Action {
	case Invite:
		err = s.joinInvited(tx, by, h)
	case ApproveAllFeatures:
		err = s.migrationAnswered(tx, h.From)
	case EnableAllFeatures:
		h.From.Features = AllFeatures
		_, err = tx.Exec(`update organizations set feature_set = $1 where id = $2`, AllFeatures, h.From.ID)
	}
	return h, err
}

func (s *Store) joinInvited(tx *database.Tx, by account.ID, h Handshake) error {
	switch in, err := s.Of(tx.Reading(), by); {
	case err == nil && in.Management == by:
		return fault.WithReason(ReasonMustStay, fault.Conflictf("Your account is the management account of an organization: delete that organization first."))
	case err == nil:
		return fault.WithReason(ReasonInviteMember, fault.Conflictf("Your account is a member of an organization already: leave it first."))
	case !fault.HasReason(err, ReasonNotInUse):
		return err
	}
	sealed, err := database.One(tx.Reading(), database.Value[[]byte], `select tags_sealed from handshakes where id = $1`, h.ID)
	if err != nil {
		return err
	}
	tags, err := s.openTags(tx.Reading(), h.From.ID, "handshakes", string(h.ID), sealed)
	if err != nil {
		return err
	}
	return s.join(tx, h.From, by, Invited, tags)
}

// Decline refuses what an account is asked.
func (s *Store) Decline(tx *database.Tx, by account.ID, id HandshakeID) (Handshake, error) {
	return s.answer(tx, by, id, Declined, func(tx *database.ReadTx, h Handshake, by account.ID) (bool, error) {
		asked, err := s.asks(tx, h, by)
		return asked && h.Action != EnableAllFeatures, err
	})
}

// Cancel takes back what an organization has asked.
func (s *Store) Cancel(tx *database.Tx, by account.ID, id HandshakeID) (Handshake, error) {
	h, err := s.answer(tx, by, id, Canceled, func(_ *database.ReadTx, h Handshake, by account.ID) (bool, error) {
		return h.From.Management == by, nil
	})
	if err != nil {
		return h, err
	}
	_, err = tx.Exec(`update handshakes set state = $1, answered_at = $2 where parent_id = $3 and state = $4`, Canceled, database.Time(tx.Now()), h.ID, Open)
	return h, err
}

// answer brings a handshake into a state, if it is this account's to do so.
func (s *Store) answer(tx *database.Tx, by account.ID, id HandshakeID, state HandshakeState, may func(*database.ReadTx, Handshake, account.ID) (bool, error)) (Handshake, error) {
	h, err := s.Handshake(tx.Reading(), by, id)
	if err != nil {
		return h, err
	}
	switch allowed, err := may(tx.Reading(), h, by); {
	case err != nil:
		return h, err
	case !allowed:
		return h, fault.Deniedf("You don't have permissions to access this resource.")
	case h.State == state:
		return h, fault.WithReason(ReasonHandshakeState, fault.Conflictf("The handshake is %s already.", state))
	case h.State != Open && (h.State != Requested || state == Accepted):
		return h, fault.WithReason(ReasonHandshakeMove, fault.Conflictf("The handshake is %s and can't become %s.", h.State, state))
	}
	h.State = state
	if h.Action == Invite && state != Canceled {
		h.Account = by
	}
	_, err = tx.Exec(`update handshakes set state = $1, answered_at = $2, account_id = $3 where id = $4`,
		h.State, database.Time(tx.Now()), orNull(h.Account), h.ID)
	return h, err
}
