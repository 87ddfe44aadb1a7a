package credential

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/fault"
)

func TestWhichPasswordsAreRefused(t *testing.T) {
	const short, long, piece, run, own, first = "needs 15", "at most 256", "repeats", "follows", "your own name", "tried first"
	for _, row := range []struct{ plain, want string }{
		{"korrekt Pferd Batterie", ""},
		{"the otter folds seven maps", ""},
		{"my password manager wrote x9", ""},
		{"hG7!kq2Lz0pW#v9", ""},
		{"pässe über die Ålpen", ""},
		{"山の上の小さな家で猫が三匹寝ている", ""},
		{"password 8304716295017", ""},
		{"830471629501738", ""},
		{strings.Repeat("the otter folds seven maps ", 9), ""},
		{strings.Repeat("a1 b", 64) + "x", long},
		{"", short},
		{"fourteen chars", short},
		{"🦦🦦🦦🦦🦦🦦🦦", short},
		{"aaaaaaaaaaaaaaa", piece},
		{"abcabcabcabcabc", piece},
		{"Hunter2Hunter2Hunter2", piece},
		{"1212121212121212", piece},
		{"abcdefghijklmnop", run},
		{"ZYXWVUTSRQPONML", run},
		{"123456789012345", run},
		{"098765432109876", run},
		{"qwertyuiopasdfghjkl", run},
		{"1qaz2wsx3edc4rfv", run},
		{"1234567890qwerty", run},
		{"abcdefgh12345678!!", run},
		{"adalovelace1815", own},
		{"Ada Lovelace ada", own},
		{"countess@example.com", own},
		{"countesscountess1", own},
		{"sallyport-sallyport", own},
		{"MySallyPort2026", own},
		{"passwordpassword", first},
		{"Password1234567", first},
		{"P@ssw0rdP@ssw0rd", first},
		{"Pa55word!Pa55word!", first},
		{"admin1234567890", first},
		{"administrator!!!", first},
		{"letmeinletmeinnow", first},
		{"iloveyouforever", first},
		{"Summer2026Winter2026", first},
		{"correct horse battery staple", first},
		{"CorrectHorseBatteryStaple1", first},
		{"To be, or not to be", first},
		{"May the force be with you!", first},
		{"my super secret password", first},
	} {
		err := Check(row.plain, "adalovelace", "countess@example.com", "Ada Lovelace")
		switch {
		case row.want == "" && err != nil:
			t.Errorf("%.40q: %v", row.plain, err)
		case row.want != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%.40q: %v, want one that says %q", row.plain, err, row.want)
		}
	}
}

func TestAPasswordThatIsNotTextIsRefused(t *testing.T) {
	if err := Check("four words \xff or five", "", "", ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestTheListHoldsLettersOnly(t *testing.T) {
	if len(common) < 300 {
		t.Errorf("it has %d lines", len(common))
	}
	for word := range common {
		if strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%q can never match", word)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("korrekt Pferd Batterie", "ada", "ada@example.com", "Ada Lovelace")
	f.Add("\xff", "", "@", " ")
	f.Add("ſſſſſſſſſſſſſſſſ", "İ", "İ@x", "İİİ")
	f.Fuzz(func(t *testing.T, plain, alias, email, name string) {
		if err := Check(plain, alias, email, name); err != nil && !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}
