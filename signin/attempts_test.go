package signin

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

var monday = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

func TestAttackGuessingFromManyPlaces(t *testing.T) {
	var a attempts
	admitted := 0
	for place := range 100 {
		for range 10 {
			if a.signIn("ada", fmt.Sprintf("198.51.100.%d", place), monday) == nil {
				admitted++
			}
		}
	}
	if admitted != 200 {
		t.Errorf("%d tries at once were admitted", admitted)
	}
	if err := a.signIn("bob", "198.51.100.1", monday); err != nil {
		t.Errorf("another account: %v", err)
	}
	if err := a.signIn("ada", "203.0.113.7", monday.Add(10*time.Second-1)); !fault.Is(err, fault.Throttled) {
		t.Errorf("before a try has come back: %v", err)
	}
	if err := a.signIn("ada", "203.0.113.8", monday.Add(10*time.Second)); err != nil {
		t.Errorf("once a try has come back: %v", err)
	}
}

func TestAttackGuessingFromOnePlace(t *testing.T) {
	var a attempts
	admitted := 0
	for second := range 60 * 60 { // from everywhere in an IPv6 network
		if a.signIn("ada", fmt.Sprintf("2001:db8::%x", second), monday.Add(time.Duration(second)*time.Second)) == nil {
			admitted++
		}
		if second%60 == 0 {
			if err := a.signIn("ada", fmt.Sprintf("203.0.113.%d", second/60), monday.Add(time.Duration(second)*time.Second)); err != nil {
				t.Fatalf("elsewhere after %d seconds: %v", second, err)
			}
		}
	}
	if want := 10 + 60*60/30 - 1; admitted != want {
		t.Errorf("%d tries in an hour were admitted, want %d", admitted, want)
	}
}

func TestAttackFillingTheMemoryWithNames(t *testing.T) {
	var names tries
	for i := range maxKeys + 1000 {
		var k key
		binary.BigEndian.PutUint64(k[:], uint64(i))
		if !names.admit(k, nearPace, monday) {
			t.Fatalf("name %d was refused", i)
		}
	}
	if len(names.until) != maxKeys {
		t.Errorf("%d names are held", len(names.until))
	}
	var a attempts
	if err := a.signIn(accountOf(directory.User{}, "", strings.Repeat("x", 64<<10)), "203.0.113.7", monday); err != nil {
		t.Error(err)
	}
	names.admit(key{}, nearPace, monday.Add(time.Hour))
	if len(names.until) != 1 {
		t.Errorf("%d names are held after an hour", len(names.until))
	}
}

func TestWhoeverKnowsThePasswordUsesNothingUp(t *testing.T) {
	var a attempts
	for range 1000 {
		if err := a.signIn("ada", "203.0.113.7", monday); err != nil {
			t.Fatal(err)
		}
		a.signedIn("ada", "203.0.113.7")
	}
	a.signedIn("nobody", "203.0.113.7")
}
