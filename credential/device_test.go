package credential_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

func (w *world) startDevice(client credential.Client, scopes []string) (device credential.DeviceAuthorization, err error) {
	err = w.write(func(tx *database.Tx) error {
		device, err = w.StartDevice(tx, client, scopes, phone)
		return err
	})
	return device, err
}

func (w *world) start(client credential.Client) credential.DeviceAuthorization {
	w.t.Helper()
	device, err := w.startDevice(client, nil)
	w.must(err)
	return device
}

func (w *world) request(userCode string) (request credential.DeviceRequest, err error) {
	err = w.read(func(tx *database.ReadTx) error {
		request, err = w.DeviceByUserCode(tx, userCode)
		return err
	})
	return request, err
}

func (w *world) approve(userCode string, by credential.Identity) error {
	return w.write(func(tx *database.Tx) error { return w.ApproveDevice(tx, userCode, by) })
}

func (w *world) deny(userCode string, by credential.Identity) error {
	return w.write(func(tx *database.Tx) error { return w.DenyDevice(tx, userCode, by) })
}

func (w *world) redeem(client credential.Client, code credential.Token) (tokens credential.Tokens, err error) {
	err = w.write(func(tx *database.Tx) error {
		tokens, err = w.RedeemDevice(tx, client, string(code), phone)
		return err
	})
	return tokens, err
}

// letIn takes a client through the device flow.
func (w *world) letIn(client credential.Client, user directory.UserID) credential.Tokens {
	w.t.Helper()
	device := w.start(client)
	w.must(w.approve(device.UserCode, w.identity(user)))
	tokens, err := w.redeem(client, device.DeviceCode)
	w.must(err)
	return tokens
}

func TestADeviceIsLetIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		device := w.start(client)
		if device.ExpiresIn != 10*time.Minute || device.Interval != 5*time.Second {
			t.Errorf("a device starts with %+v", device)
		}
		_, err := w.redeem(client, device.DeviceCode)
		w.refused(err, credential.ReasonAuthorizationPending, true)

		request, err := w.request(strings.ToLower(device.UserCode))
		w.must(err)
		if diff := cmp.Diff(credential.DeviceRequest{ClientName: client.Name, Scopes: client.Scopes, Origin: phone,
			CreatedAt: w.now, ExpiresAt: w.now.Add(10 * time.Minute), State: credential.DevicePending}, request); diff != "" {
			t.Error(diff)
		}

		ada := w.identity(w.ada)
		w.pass(time.Minute)
		w.must(w.approve(device.UserCode, ada))
		tokens, err := w.redeem(client, device.DeviceCode)
		w.must(err)
		if tokens.ExpiresIn != time.Hour || tokens.UserID != w.ada || !slices.Equal(tokens.Scopes, client.Scopes) {
			t.Errorf("a device gets %+v", tokens)
		}
		identity, err := w.authenticate(tokens.Access)
		w.must(err)
		if diff := cmp.Diff(credential.Identity{SessionID: tokens.SessionID, UserID: w.ada, Alias: "ada", Scopes: client.Scopes,
			AuthenticatedAt: ada.AuthenticatedAt, Kind: credential.Device, UsedAt: w.now}, identity); diff != "" {
			t.Error(diff)
		}
		w.pass(time.Hour)
		w.gone(tokens.Access)
	})
}

func TestADevicePollsNoFasterThanItIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		code := w.start(client).DeviceCode
		for _, poll := range []struct {
			after time.Duration
			want  fault.Reason
			words string
		}{
			{0, credential.ReasonAuthorizationPending, ""}, // before the code is shown
			{0, credential.ReasonAuthorizationPending, ""}, // and right after
			{5 * time.Second, credential.ReasonAuthorizationPending, ""},
			{5*time.Second - time.Microsecond, credential.ReasonSlowDown, "10s"},
			{5 * time.Second, credential.ReasonSlowDown, "15s"},
			{15 * time.Second, credential.ReasonAuthorizationPending, ""},
			{14 * time.Second, credential.ReasonSlowDown, "20s"},
			{20 * time.Second, credential.ReasonAuthorizationPending, ""},
		} {
			w.pass(poll.after)
			_, err := w.redeem(client, code)
			w.refused(err, poll.want, true)
			if !strings.Contains(err.Error(), poll.words) {
				t.Errorf("%q does not say %s", err, poll.words)
			}
		}
	})
}

func TestADeviceThatIsLetInNeedNotWait(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		device := w.start(client)
		for range 3 {
			w.redeem(client, device.DeviceCode)
		}
		w.must(w.approve(device.UserCode, w.identity(w.ada)))
		_, err := w.redeem(client, device.DeviceCode)
		w.must(err)
	})
}

func TestADeviceCodeExpires(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		device := w.start(client)
		w.pass(10*time.Minute - time.Microsecond)
		_, err := w.redeem(client, device.DeviceCode)
		w.refused(err, credential.ReasonAuthorizationPending, true)
		w.must(w.approve(device.UserCode, w.identity(w.ada)))
		w.pass(time.Microsecond)
		_, err = w.redeem(client, device.DeviceCode)
		w.refused(err, credential.ReasonExpiredToken, false)
		_, err = w.request(device.UserCode)
		w.is(err, fault.NotFound)
		w.is(w.approve(device.UserCode, w.identity(w.ada)), fault.NotFound)
	})
}

func TestADeviceIsKeptOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		device := w.start(client)
		w.must(w.deny(device.UserCode, w.identity(w.ada)))
		_, err := w.redeem(client, device.DeviceCode)
		w.refused(err, credential.ReasonAccessDenied, false)
		w.is(err, fault.Denied)
	})
}

func TestADeviceIsAnsweredOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		ada, bob := w.identity(w.ada), w.identity(w.bob)
		denied := w.start(client)
		w.must(w.deny(denied.UserCode, ada))
		w.is(w.approve(denied.UserCode, bob), fault.Conflict)
		approved := w.start(client)
		w.must(w.approve(approved.UserCode, ada))
		w.is(w.approve(approved.UserCode, bob), fault.Conflict)
		w.is(w.deny(approved.UserCode, bob), fault.Conflict)
		tokens, err := w.redeem(client, approved.DeviceCode)
		w.must(err)
		w.is(w.deny(approved.UserCode, bob), fault.Conflict)
		if tokens.UserID != w.ada {
			t.Errorf("the device speaks for %s", tokens.UserID)
		}
	})
}

func TestOnlyAFreshBrowserLetsADeviceIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		cli, err := w.authenticate(w.letIn(client, w.ada).Access)
		w.must(err)
		stale := w.identity(w.ada)
		w.pass(credential.FreshFor + time.Second)
		device := w.start(client)
		w.is(w.approve(device.UserCode, cli), fault.Denied)
		w.is(w.approve(device.UserCode, stale), fault.Denied)
		w.is(w.approve(device.UserCode, credential.Identity{}), fault.Denied)
		w.must(w.approve(device.UserCode, w.identity(w.ada)))
	})
}

func TestAnUnknownUserCodeIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.request("WDJB-MJHT")
		w.is(err, fault.NotFound)
		_, err = w.request("password")
		w.is(err, fault.Invalid)
		w.is(w.approve("WDJB-MJHT", w.identity(w.ada)), fault.NotFound)
		w.is(w.deny("WDJB-MJHT", w.identity(w.ada)), fault.NotFound)
	})
}

func TestADeviceCodeRedeemedTwiceEndsItsSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		device := w.start(client)
		w.must(w.approve(device.UserCode, w.identity(w.ada)))
		tokens, err := w.redeem(client, device.DeviceCode)
		w.must(err)
		_, err = w.redeem(client, device.DeviceCode)
		w.refused(err, credential.ReasonInvalidGrant, true)
		w.gone(tokens.Access)
		_, err = w.refresh(client, tokens.Refresh)
		w.refused(err, credential.ReasonInvalidGrant, false)
	})
}

func TestADeviceCodeOfAnotherClientIsRefusedAndHarmless(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client, thief := w.client(), w.client()
		device := w.start(client)
		_, err := w.redeem(thief, device.DeviceCode)
		w.refused(err, credential.ReasonInvalidGrant, false)
		w.must(w.approve(device.UserCode, w.identity(w.ada)))
		_, err = w.redeem(thief, device.DeviceCode)
		w.refused(err, credential.ReasonInvalidGrant, false)
		tokens, err := w.redeem(client, device.DeviceCode)
		w.must(err)
		_, err = w.redeem(thief, device.DeviceCode)
		w.refused(err, credential.ReasonInvalidGrant, false)
		w.good(tokens.Access)
	})
}

func TestADeviceGetsNoMoreThanItsClientRegistered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, row := range []struct {
			what              string
			registered, asked []string
			granted           []string
			want              fault.Reason
		}{
			{"naming none gives all", []string{credential.ScopeCodeCatalyst, credential.ScopeManage}, nil, []string{credential.ScopeCodeCatalyst, credential.ScopeManage}, ""},
			{"fewer may be named", []string{credential.ScopePortal, credential.ScopeManage}, []string{credential.ScopeManage}, []string{credential.ScopeManage}, ""},
			{"others may not", []string{credential.ScopePortal}, []string{credential.ScopeManage}, nil, credential.ReasonInvalidScope},
			{"nor others than the portal when none are registered", nil, []string{credential.ScopeCodeCatalyst}, nil, credential.ReasonInvalidScope},
			{"nor unknown ones", []string{credential.ScopePortal}, []string{"root"}, nil, credential.ReasonInvalidScope},
		} {
			client := w.client(func(c *credential.NewClient) { c.Scopes = row.registered })
			device, err := w.startDevice(client, row.asked)
			if row.want != "" {
				w.refused(err, row.want, false)
				continue
			}
			w.must(err)
			w.must(w.approve(device.UserCode, w.identity(w.ada)))
			tokens, err := w.redeem(client, device.DeviceCode)
			w.must(err)
			if !slices.Equal(tokens.Scopes, row.granted) {
				t.Errorf("%s: got %v, want %v", row.what, tokens.Scopes, row.granted)
			}
		}
	})
}
