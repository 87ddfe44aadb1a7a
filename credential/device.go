package credential

import (
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

const (
	deviceLifetime = 10 * time.Minute
	// RFC 8628 section 3.2 lets a client that is told nothing poll every 5
	// seconds, section 3.5 adds 5 more to one that does not keep to it.
	pollInterval = 5 * time.Second
	slowDownBy   = 5 * time.Second
)

// DeviceAuthorization is what a device gets to begin with (RFC 8628 section 3.2).
type DeviceAuthorization struct {
	DeviceCode Token  // the device polls with it
	UserCode   string // somebody types it where they are signed in
	ExpiresIn  time.Duration
	Interval   time.Duration
}

// DeviceState is how far a device's request has come.
type DeviceState string

const (
	DevicePending  DeviceState = "pending"
	DeviceApproved DeviceState = "approved"
	DeviceDenied   DeviceState = "denied"
	DeviceRedeemed DeviceState = "redeemed"
)

// DeviceRequest is what somebody sees before they let a device in.
type DeviceRequest struct {
	ClientName string
	Scopes     []string
	Store      directory.StoreID // of the start URL it was told; empty: that of none in particular
	Origin     Origin            // of the device
	CreatedAt  time.Time
	ExpiresAt  time.Time
	State      DeviceState
}

// StartDevice begins a device's request to be let in. Naming no scopes asks for
// those the client registered.
func (s *Store) StartDevice(tx *database.Tx, client Client, scopes []string, from Origin) (DeviceAuthorization, error) {
	if err := client.MayUse(GrantDeviceCode); err != nil {
		return DeviceAuthorization{}, err
	}
	scopes, err := client.Grant(scopes)
	if err != nil {
		return DeviceAuthorization{}, err
	}
	userCode, err := newUserCode()
	if err != nil {
		return DeviceAuthorization{}, err
	}
	device := DeviceAuthorization{DeviceCode: NewToken(DeviceCode), UserCode: userCode, ExpiresIn: deviceLifetime, Interval: pollInterval}
	return device, s.addDevice(tx, client, scopes, from, device)
}

func (s *Store) addDevice(tx *database.Tx, client Client, scopes []string, from Origin, device DeviceAuthorization) error {
	key, err := s.key(&tx.ReadTx)
	if err != nil {
		return err
	}
	userCodeHash, err := s.hashUserCode(&tx.ReadTx, device.UserCode)
	if err != nil {
		return err
	}
	hash := HashToken(string(device.DeviceCode))
	origin, err := from.seal(key, "device_codes", hex.EncodeToString(hash))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into device_codes (hash, user_code_hash, client_id, scopes, store_id, state, address_sealed, user_agent_sealed, interval_seconds, created_at, expires_at)
		values ($1, $2, $3, $4, nullif($5, ''), $6, $7, $8, $9, $10, $11)`,
		hash, userCodeHash, client.ID, strings.Join(scopes, " "), client.Store, DevicePending, origin.address, origin.userAgent,
		int64(device.Interval/time.Second), database.Time(tx.Now()), database.Time(tx.Now().Add(device.ExpiresIn)))
	return err
}

func (s *Store) hashUserCode(tx *database.ReadTx, code string) ([]byte, error) {
	key, err := s.key(tx)
	if err != nil {
		return nil, err
	}
	return key.Hash("device_codes.user_code_hash", []byte(code))
}

// DeviceByUserCode finds a request by the code somebody typed, whatever became
// of it. An unknown or expired code is NotFound. The caller limits how often
// codes can be guessed.
func (s *Store) DeviceByUserCode(tx *database.ReadTx, typed string) (DeviceRequest, error) {
	key, err := s.key(tx)
	if err != nil {
		return DeviceRequest{}, err
	}
	hash, err := s.parseUserCode(tx, typed)
	if err != nil {
		return DeviceRequest{}, err
	}
	scan := func(row database.Row) (d DeviceRequest, err error) {
		var id []byte
		var scopes string
		var origin sealedOrigin
		if err := row.Scan(&id, &d.ClientName, &scopes, &d.Store, &origin.address, &origin.userAgent, (*database.Time)(&d.CreatedAt), (*database.Time)(&d.ExpiresAt), &d.State); err != nil {
			return DeviceRequest{}, err
		}
		d.Scopes = strings.Fields(scopes)
		d.Origin, err = origin.open(key, "device_codes", hex.EncodeToString(id))
		return d, err
	}
	request, err := database.One(tx, scan, `select d.hash, c.name, d.scopes, coalesce(d.store_id, ''), d.address_sealed, d.user_agent_sealed, d.created_at, d.expires_at, d.state
		from device_codes d join clients c on c.id = d.client_id where d.user_code_hash = $1 and d.expires_at > $2`, hash, database.Time(tx.Now()))
	if errors.Is(err, database.ErrNone) {
		return DeviceRequest{}, errNoDevice
	}
	return request, err
}

var errNoDevice = fault.NotFoundf("no device is waiting with this code: check it, or start again on the device")

func (s *Store) parseUserCode(tx *database.ReadTx, typed string) ([]byte, error) {
	code, err := ParseUserCode(typed)
	if err != nil {
		return nil, err
	}
	return s.hashUserCode(tx, code)
}

// ApproveDevice lets a device in as the one who approves. Only a browser in
// which a password was given a short while ago can, so that neither a borrowed
// laptop nor a token hands out more of itself; others are Denied. It gets no more
// scopes than are of use to the kind of user they are.
func (s *Store) ApproveDevice(tx *database.Tx, typed string, by Identity) error {
	if by.Kind != Browser || !by.Fresh(tx.Now()) {
		return fault.Deniedf("letting a device in takes a fresh sign-in: give your password again")
	}
	return s.answerDevice(tx, typed, DeviceApproved, by)
}

// DenyDevice keeps a device out.
func (s *Store) DenyDevice(tx *database.Tx, typed string, by Identity) error {
	return s.answerDevice(tx, typed, DeviceDenied, by)
}

func (s *Store) answerDevice(tx *database.Tx, typed string, answer DeviceState, by Identity) error {
	request, err := s.DeviceByUserCode(&tx.ReadTx, typed)
	if err != nil {
		return err
	}
	if request.State != DevicePending {
		return fault.Conflictf("this device has been %s already", request.State)
	}
	scopes := request.Scopes
	if answer == DeviceApproved {
		if scopes, err = by.Grant(scopes, request.Store); err != nil {
			return err
		}
	}
	hash, err := s.parseUserCode(&tx.ReadTx, typed)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update device_codes set state = $2, user_id = $3, authenticated_at = $4, scopes = $5 where user_code_hash = $1`,
		hash, answer, by.UserID, database.Time(by.AuthenticatedAt), strings.Join(scopes, " "))
	return err
}

// RedeemDevice answers a device that polls: with tokens once it was let in, and
// until then with the refusals of RFC 8628 section 3.5, of which the first two
// are kept.
func (s *Store) RedeemDevice(tx *database.Tx, client Client, deviceCode string, from Origin) (Tokens, error) {
	if err := client.MayUse(GrantDeviceCode); err != nil {
		return Tokens{}, err
	}
	device, err := findDevice(&tx.ReadTx, client, deviceCode)
	if err != nil {
		return Tokens{}, err
	}
	switch {
	case device.state == DeviceRedeemed:
		return Tokens{}, redeemedTwice(tx, device.session)
	case !tx.Now().Before(device.expiresAt):
		return Tokens{}, refusef(ReasonExpiredToken, "the device code has expired: start again")
	case device.state == DeviceDenied:
		return Tokens{}, refusef(ReasonAccessDenied, "the request of this device was denied")
	case device.state == DevicePending:
		return Tokens{}, device.poll(tx)
	}
	if err := checkActive(&tx.ReadTx, device.user); err != nil {
		return Tokens{}, err
	}
	tokens, err := s.beginClient(tx, client, Session{UserID: device.user, Kind: Device, Scopes: device.scopes, Origin: from, AuthenticatedAt: device.authenticatedAt})
	if err != nil {
		return Tokens{}, err
	}
	_, err = tx.Exec(`update device_codes set state = $2, session_id = $3 where hash = $1`, device.hash, DeviceRedeemed, tokens.SessionID)
	return tokens, err
}

type deviceCode struct {
	hash            []byte
	state           DeviceState
	scopes          []string
	user            directory.UserID
	authenticatedAt time.Time
	session         SessionID
	interval        time.Duration
	polledAt        time.Time
	expiresAt       time.Time
}

func findDevice(tx *database.ReadTx, client Client, code string) (deviceCode, error) {
	unknown := refusef(ReasonInvalidGrant, "the device code is not this client's, or is long gone: start again")
	hash, ok := hashOf(code, DeviceCode)
	if !ok {
		return deviceCode{}, unknown
	}
	device, err := database.One(tx, scanDevice, `select hash, state, scopes, coalesce(user_id, ''), authenticated_at, coalesce(session_id, ''), interval_seconds, polled_at, expires_at
		from device_codes where hash = $1 and client_id = $2`, hash, client.ID)
	if errors.Is(err, database.ErrNone) {
		return deviceCode{}, unknown
	}
	return device, err
}

func scanDevice(row database.Row) (d deviceCode, err error) {
	var scopes string
	var seconds int64
	err = row.Scan(&d.hash, &d.state, &scopes, &d.user, (*database.Time)(&d.authenticatedAt), &d.session, &seconds, (*database.Time)(&d.polledAt), (*database.Time)(&d.expiresAt))
	d.scopes, d.interval = strings.Fields(scopes), time.Duration(seconds)*time.Second
	return d, err
}

// poll remembers that a device asked, and tells it to go on asking, more slowly
// if it does not keep to its interval.
//
// The AWS CLI asks twice at the start: before it shows the code, and right after.
// So the first time does not count.
func (d deviceCode) poll(tx *database.Tx) error {
	answer := refusef(ReasonAuthorizationPending, "nobody has let this device in yet")
	polledAt := tx.Now()
	switch {
	case d.polledAt.IsZero():
		polledAt = polledAt.Add(-d.interval)
	case tx.Now().Sub(d.polledAt) < d.interval:
		d.interval += slowDownBy
		answer = refusef(ReasonSlowDown, "asked too soon: wait %s between requests", d.interval)
	}
	if _, err := tx.Exec(`update device_codes set polled_at = $2, interval_seconds = $3 where hash = $1`,
		d.hash, database.Time(polledAt), int64(d.interval/time.Second)); err != nil {
		return err
	}
	return fault.Kept(answer)
}

// redeemedTwice refuses a code that was redeemed before. One of the two who had
// it stole it, so what it gave is taken back (RFC 6749 section 4.1.2).
func redeemedTwice(tx *database.Tx, began SessionID) error {
	if err := end(tx, began); err != nil {
		return err
	}
	return fault.Kept(refusef(ReasonInvalidGrant, "the code was used a second time, so the session it began has been ended: sign in again"))
}

// checkActive refuses a grant for somebody who may not come in any more.
func checkActive(tx *database.ReadTx, user directory.UserID) error {
	state, err := database.One(tx, database.Value[directory.State], `select state from users where id = $1`, user)
	if err == nil && state != directory.Active {
		return refusef(ReasonAccessDenied, "the user who let this client in may not sign in")
	}
	return err
}
