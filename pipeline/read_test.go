package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEverythingAFileMayHoldIsRead(t *testing.T) {
	templates := mustRead(t, map[string]string{
		"permissionsets/teams/full.yaml": `
# The YAML form is of the same members.
Name: Full
Description: All of it
SessionDuration: PT90M
RelayState: https://console.aws.amazon.com/
ManagedPolicies: &read
  - arn:aws:iam::aws:policy/ReadOnlyAccess
  - arn:aws-us-gov:iam::aws:policy/job-function/Billing
CustomerManagedPolicies:
  - Lake
  - {Name: Lake, Path: /teams/data/}
PermissionBoundary: {PolicyType: CUSTOMER, Policy: Bound, Path: /bounds/}
CustomPolicy:
  Version: "2012-10-17"
  Statement:
    - Effect: Allow
      Action: ["s3:GetObject"]
      Resource: arn:aws:s3:::one/*
      Condition: {Bool: {"aws:SecureTransport": true}, NumericLessThan: {"s3:max-keys": 10}}
Tags: {Team: data, Empty: ""}
`,
		"permissionsets/bare.json": "\xEF\xBB\xBF" + `{"$schema": "https://example.com/schema.json", "Name": "Bare", "Description": null, "PermissionBoundary": {}, "CustomPolicy": {}, "ManagedPolicies": []}`,
		"assignments/all.yml": `
Assignments:
  - SID: Many
    Target: ["Root", "a: b:123456789012", "path:/Work loads/*:*", "tag:Stage=a=b", "ou-ab12-cd34ef56:*"]
    Exclude: [path:/Suspended]
    PrincipalType: USER
    PrincipalId: [mary@example.com, "ann:other"]
    PermissionSetName: [Full, Bare]
    ManagementAccount: exclude
`,
		"README.md": "ours", "permissionsets/README.md": "ours", "other/thing.json": "{", ".github/x.json": "{",
	})
	want := []PermissionSet{
		{Name: "Bare", SessionDuration: "PT1H"},
		{
			Name: "Full", Description: "All of it", SessionDuration: "PT90M", RelayState: "https://console.aws.amazon.com/",
			ManagedPolicies:         []string{"arn:aws-us-gov:iam::aws:policy/job-function/Billing", "arn:aws:iam::aws:policy/ReadOnlyAccess"},
			CustomerManagedPolicies: []CustomerPolicy{{"/", "Lake"}, {"/teams/data/", "Lake"}},
			Boundary:                &Boundary{CustomerPolicy: &CustomerPolicy{"/bounds/", "Bound"}},
			InlinePolicy:            `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::one/*","Condition":{"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"s3:max-keys":10}}}]}`,
			Tags:                    map[string]string{"Team": "data", "Empty": ""},
		},
	}
	got := []PermissionSet{templates.Sets[0].PermissionSet, templates.Sets[1].PermissionSet}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	a := templates.Assignments[0]
	var targets []Target
	for _, target := range append(a.Targets, a.Exclude...) {
		target.At, target.Text = Position{}, ""
		targets = append(targets, target)
	}
	if diff := cmp.Diff([]Target{
		{Kind: ByRoot, Nested: true}, {Kind: ByAccount, Label: "a: b", Value: "123456789012"}, {Kind: ByPath, Value: "/Work loads/*", Nested: true},
		{Kind: ByTag, Value: "Stage", Tag: "a=b"}, {Kind: ByUnit, Value: "ou-ab12-cd34ef56", Nested: true}, {Kind: ByPath, Value: "/Suspended"},
	}, targets); diff != "" {
		t.Error(diff)
	}
	if len(a.Principals) != 2 || len(a.Sets) != 2 || a.Management != Exclude || a.At.String() != "templates/assignments/all.yml:3:10" {
		t.Errorf("%+v", a)
	}
}

// Each row is a file, the place and the beginning of what is said of it, and what is to be written.
func TestWhatIsWrongIsToldWithItsPlaceAndWhatToWrite(t *testing.T) {
	set := func(member string) string { return `{"Name": "A", ` + member + `}` }
	entry := func(members string) string { return `{"Assignments": [{` + members + `}]}` }
	whole := `"SID": "a", "Target": ["Root"], "PrincipalType": "GROUP", "PrincipalId": "g", "PermissionSetName": "A"`
	for _, c := range []struct{ file, text, at, says, fix string }{
		{"permissionsets/a.json", `{"Name": "A",}`, "1:14", "This is no JSON", ""},
		{"permissionsets/a.json", `{"Name": "A"`, "1:13", "The file ends too early", ""},
		{"permissionsets/a.json", ``, "1:1", "The file ends too early", ""},
		{"permissionsets/a.json", `{"Name": "A"} {}`, "1:15", "This is no JSON: invalid character '{' after top-level value", ""},
		{"permissionsets/a.json", `["A"]`, "1:1", "A permission set has to be an object, not a list", ""},
		{"permissionsets/a.json", "{\"Name\": \"\xff\"}", "", "The file is no text in UTF-8", "Save it as UTF-8"},
		{"permissionsets/a.json", `{"Name": "A", "Name": "B"}`, "1:15", `"Name" is here twice, first on line 1`, "Leave one of them out"},
		{"permissionsets/a.json", `{"Description": "x"}`, "1:1", "The permission set has no Name", `Add "Name"`},
		{"permissionsets/a.json", `{"Name": 1}`, "1:10", "Name has to be a text, not a number", `Write it in quotes: "1"`},
		{"permissionsets/a.json", `{"Name": "` + strings.Repeat("A", 33) + `"}`, "1:10", "The name of a permission set has 1 to 32", ""},
		{"permissionsets/a.json", set(`"name": "x"`), "1:15", `A permission set has no member "name"`, "Did you mean Name?"},
		{"permissionsets/a.json", set(`"Descripton": "x"`), "1:15", `A permission set has no member "Descripton"`, "Did you mean Description?"},
		{"permissionsets/a.json", set(`"Description": "` + strings.Repeat("x", 701) + `"`), "1:30", "Description has at most 700 characters, this has 701", ""},
		{"permissionsets/a.json", set(`"Description": "日本"`), "1:30", "Description holds a character", ""},
		{"permissionsets/a.json", set(`"SessionDuration": "4h"`), "1:34", `"4h" is no duration`, "Write PT8H"},
		{"permissionsets/a.json", set(`"SessionDuration": "PT30M"`), "1:34", "A session lasts one hour to twelve, not PT30M", "PT1H to PT12H"},
		{"permissionsets/a.json", set(`"SessionDuration": "PT12H1S"`), "1:34", "A session lasts one hour to twelve", ""},
		{"permissionsets/a.json", set(`"RelayState": "https://ö"`), "1:29", "RelayState holds a character", ""},
		{"permissionsets/a.json", set(`"ManagedPolicies": "arn:aws:iam::aws:policy/X"`), "1:34", "ManagedPolicies has to be a list", ""},
		{"permissionsets/a.json", set(`"ManagedPolicies": ["ReadOnlyAccess"]`), "1:35", `"ReadOnlyAccess" is not the ARN of a managed policy`, "arn:aws:iam::aws:policy/"},
		{"permissionsets/a.json", set(`"ManagedPolicies": ["arn:aws:iam::123456789012:policy/Mine"]`), "1:35", "The policy is of account 123456789012", `Put "Mine" into CustomerManagedPolicies`},
		{"permissionsets/a.json", set(`"ManagedPolicies": ["arn:aws:iam::aws:policy/X", "arn:aws:iam::aws:policy/X"]`), "1:64", `ManagedPolicies names "arn:aws:iam::aws:policy/X" twice`, ""},
		{"permissionsets/a.json", set(`"CustomerManagedPolicies": ["/teams/Lake"]`), "1:43", `"/teams/Lake" has a path`, `Write {"Name": "Lake", "Path": "/teams/"}`},
		{"permissionsets/a.json", set(`"CustomerManagedPolicies": ["arn:aws:iam::aws:policy/X"]`), "1:43", `"arn:aws:iam::aws:policy/X" is an ARN and no name`, "ManagedPolicies"},
		{"permissionsets/a.json", set(`"CustomerManagedPolicies": [{"Name": "Lake", "Path": "teams"}]`), "1:43", `"teams" is no path`, ""},
		{"permissionsets/a.json", set(`"PermissionBoundary": {"PolicyType": "Aws", "Policy": "arn:aws:iam::aws:policy/X"}`), "1:52", `PolicyType is AWS or CUSTOMER, not "Aws"`, ""},
		{"permissionsets/a.json", set(`"PermissionBoundary": {"PolicyType": "AWS"}`), "1:37", "A boundary has both PolicyType and Policy", "{} for none"},
		{"permissionsets/a.json", set(`"PermissionBoundary": {"PolicyType": "AWS", "Policy": "Bound"}`), "1:69", `"Bound" is not the ARN`, ""},
		{"permissionsets/a.json", set(`"PermissionBoundary": {"PolicyType": "AWS", "Policy": "arn:aws:iam::aws:policy/X", "Path": "/x/"}`), "1:37", "Path is for customer managed policies", "Leave Path out"},
		{"permissionsets/a.json", set(`"CustomPolicy": {"Version": "2012-10-17", "Statement": [{"Effect": "Alow", "Action": "s3:*", "Resource": "*"}]}`), "1:82", "CustomPolicy: ", ""},
		{"permissionsets/a.json", set(`"CustomPolicy": "{}"`), "1:31", "CustomPolicy has to be an object, not a text", ""},
		{"permissionsets/a.json", set(`"CustomPolicy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "` + strings.Repeat("x", maxInline) + `"}]}`), "1:31", "An inline policy has at most 32768 characters", ""},
		{"permissionsets/a.json", set(`"Tags": {"sallyport:managed": "true"}`), "1:24", "The tag sallyport:managed says whose", "Leave it out"},
		{"permissionsets/a.json", set(`"Tags": {"aws:x": "true"}`), "1:24", "Tags that begin with aws: are AWS's", ""},
		{"permissionsets/a.json", set(`"Tags": {"Team": "a", "team": "b"}`), "1:37", "The tag team is here twice", ""},
		{"permissionsets/b.json", `{"Name": "A"}`, "1:10", `The permission set "A" is described twice, first at templates/permissionsets/a.json:1:10`, ""},
		{"permissionsets/a.txt", ``, "", "The file is neither JSON nor YAML by its name", "Call it .json"},
		{"permissionset/a.json", ``, "", "The folder permissionset is not read. Did you mean permissionsets?", ""},

		{"permissionsets/a.yaml", "Name: A\n Description: x\n", "1:7", "This is no YAML", ""},
		{"permissionsets/a.yaml", "", "1:1", "The file is empty", ""},
		{"permissionsets/a.yaml", "Name: A\nName: B\n", "2:1", `"Name" is here twice, first on line 1`, ""},
		{"permissionsets/a.yaml", "Name: A\n---\nName: B\n", "3:5", "There is a second document", ""},
		{"permissionsets/a.yaml", "Name: A\nTags:\n  Team: 12\n", "3:9", "The value of a tag has to be a text, not a number", `Write it in quotes: "12"`},
		{"permissionsets/a.yaml", "<<: {Name: A}\n", "1:1", "Merge keys (<<) are not taken here", "Write the members out"},
		{"permissionsets/a.yaml", "Name: !!binary A\n", "1:7", "This form of YAML (Tag) is not taken here", ""},
		{"permissionsets/a.yaml", "Name: *nothing\n", "1:7", "The alias *nothing stands for nothing", ""},
		{"permissionsets/a.yaml", "Name: A\nTags: {a:b: c}\n", "2:8", `Where the name "a" ends can be read in two ways`, "Write the name in quotes"},
		{"permissionsets/a.yaml", "1: x\n", "1:1", "The name of a member has to be a text", "quotes"},

		{"assignments/a.json", `{}`, "1:1", "The file has no Assignments", `Write {"Assignments": [...]}`},
		{"assignments/a.json", entry(`"SID": "a"`), "1:18", "The assignment has no Target", `Add "Target"`},
		{"assignments/a.json", entry(whole + `, "Targets": []`), "1:123", `An assignment has no member "Targets"`, "Did you mean Target?"},
		{"assignments/a.json", entry(strings.Replace(whole, "GROUP", "Group", 1)), "1:68", `PrincipalType is GROUP or USER, not "Group"`, ""},
		{"assignments/a.json", entry(strings.Replace(whole, `"g"`, `""`, 1)), "1:92", "PrincipalId is empty", "display name"},
		{"assignments/a.json", entry(whole + `, "ManagementAccount": "yes"`), "1:144", `ManagementAccount is include or exclude, not "yes"`, ""},
		{"assignments/a.json", `{"Assignments": [{` + whole + `}, {` + whole + `}]}`, "1:132", `The SID "a" is used twice, first at templates/assignments/a.json:1:26`, ""},
		{"assignments/a.json", entry(strings.Replace(whole, `"Root"`, `"Root", "Root"`, 1)), "1:50", `Target names "Root" twice`, ""},

		{"assignments/a.json", entry(strings.Replace(whole, `"g"`, `[]`, 1)), "1:92", "PrincipalId is an empty list", "Take the assignment out"},

		{"guards/a.yaml", "Guards:\n  - because: so\n", "2:5", "The guard expects nothing", ""},
		{"guards/a.yaml", "Guards:\n  - expect: somebody can reach every account with A\n", "2:13", `group, user, anyone or only is expected where there is "somebody"`, "Such as"},
	} {
		files := map[string]string{c.file: c.text}
		if !strings.HasPrefix(c.file, "permissionsets/a.") {
			files["permissionsets/a.json"] = `{"Name": "A"}`
		}
		_, err := Read(folder(files), ReadOptions{Folder: "templates"})
		if err == nil {
			t.Errorf("%s: nothing is wrong with %.80s", c.file, c.text)
			continue
		}
		at := "templates/" + c.file
		if strings.HasPrefix(c.file, "permissionset/") {
			at = "templates/permissionset"
		}
		if c.at != "" {
			at += ":" + c.at
		}
		first, fix, _ := strings.Cut(err.Error(), "\n")
		if !strings.HasPrefix(first, at+": "+c.says) || !strings.Contains(fix, c.fix) {
			t.Errorf("%.100s\n got %.300s\nwant %s: %s\n     %s", c.text, err, at, c.says, c.fix)
		}
	}
}

func TestManyThingsAreToldAtOnce(t *testing.T) {
	_, err := Read(folder(map[string]string{
		"permissionsets/a.json": `{"Name": "A B", "SessionDuration": 4, "Polices": []}`,
		"permissionsets/b.yaml": "Name: B\nManagedPolicies: [x]\nTags: [y]\n",
	}), ReadOptions{})
	if got := len(err.(Problems)); got != 5 {
		t.Errorf("told %d: %v", got, err)
	}
	var many strings.Builder
	for range 500 {
		many.WriteString(`"x", `)
	}
	_, err = Read(folder(map[string]string{"permissionsets/a.json": `{"Name": "A", "CustomerManagedPolicies": [` + strings.ReplaceAll(many.String(), `"x"`, `1`) + `1]}`}), ReadOptions{MaxTold: 10})
	problems := err.(Problems)
	if len(problems) != 11 || problems[10].Message != "There are 491 more." {
		t.Errorf("told %d, at last %v", len(problems), problems[len(problems)-1])
	}
}

// refused reads what would take too much, and is refused soon.
func refused(t *testing.T, fsys fstest.MapFS, o ReadOptions, says string) {
	t.Helper()
	began := time.Now()
	_, err := Read(fsys, o)
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("got %.200v, want %s", err, says)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestAttackFilesThatGrowWhenTheyAreRead(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 12 {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	refused(t, folder(map[string]string{"permissionsets/a.yaml": bomb}), ReadOptions{}, "The files hold more than 2000000 values.")
	refused(t, folder(map[string]string{"permissionsets/a.yaml": "Name: &a [*a]\n"}), ReadOptions{}, "stands for nothing that is complete before it")
	for _, deep := range []string{"[", "{a: ", "- ", "? ", "&a "} {
		refused(t, folder(map[string]string{"permissionsets/a.yaml": strings.Repeat(deep, 100_000)}), ReadOptions{}, "")
	}
	refused(t, folder(map[string]string{"permissionsets/a.yaml": func() string {
		var text strings.Builder
		for i := range 1000 {
			text.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return text.String()
	}()}), ReadOptions{}, "nested deeper than 32 levels")
	refused(t, folder(map[string]string{"permissionsets/a.json": strings.Repeat("[", 500_000)}), ReadOptions{}, "exceeded max depth")
	refused(t, folder(map[string]string{"permissionsets/a.json": strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)}), ReadOptions{}, "nested deeper than 32 levels")
}

func TestAttackFilesThatAreTooLargeOrTooMany(t *testing.T) {
	refused(t, folder(map[string]string{"permissionsets/a.json": `{"Name": "A"}` + strings.Repeat(" ", 1<<20)}), ReadOptions{}, "The file is too large: one may have 1048576 bytes")
	files := map[string]string{}
	for i := range 20 {
		files[fmt.Sprintf("permissionsets/%d.json", i)] = fmt.Sprintf(`{"Name": "A%d"}`, i)
	}
	refused(t, folder(files), ReadOptions{MaxFiles: 10}, "There are more than 10 files.")
	refused(t, folder(files), ReadOptions{MaxBytes: 50}, "The file is too large")
	refused(t, folder(files), ReadOptions{MaxValues: 10}, "more than 10 values")
	var members strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&members, `"m%d": 1, `, i)
	}
	refused(t, folder(map[string]string{"permissionsets/a.json": `{` + members.String() + `"Name": "A"}`}), ReadOptions{}, "An object has more than 1000 members.")
}

// A few lines, multiplied, and a great many names that nobody has.
func TestAttackFilesWhosePlanGrows(t *testing.T) {
	s := company()
	for i := range 2000 {
		s.Accounts = append(s.Accounts, Account{ID: fmt.Sprintf("%012d", 700_000_000_000+i), Status: Active, Parent: "r-ab12"})
	}
	files, names := map[string]string{"permissionsets/a.json": adminSet}, []string{}
	for i := range 999 {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("group%d", i)))
		s.Groups = append(s.Groups, NamedPrincipal{fmt.Sprint("g-", i), fmt.Sprintf("group%d", i)})
	}
	covered(s)
	files["assignments/a.json"] = strings.Replace(adminTo(`"Root"`), `"platform"`, "["+strings.Join(names, ", ")+"]", 1)
	began := time.Now()
	for _, p := range s.Groups {
		s.Read.Principals = append(s.Read.Principals, Principal{Group, p.ID})
	}
	if got := wrong(t, files, s); !strings.Contains(got, "the files ask for more than 1000000 assignments") {
		t.Errorf("got %.200s", got)
	}
	for i := range 100 {
		files[fmt.Sprintf("assignments/%d.json", i)] = strings.NewReplacer(`"group`, fmt.Sprintf(`"x%dgroup`, i), `"a"`, fmt.Sprintf(`"a%d"`, i), `"Root"`, `"333333333333"`).Replace(files["assignments/a.json"])
	}
	delete(files, "assignments/a.json")
	if got := wrong(t, files, s); !strings.Contains(got, `There is no group "x0group0"`) || !strings.HasSuffix(got, "There are 99700 more.") {
		t.Errorf("got %.200s ... %s", got, got[len(got)-40:])
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestAttackLinksAndPipesInTheFolder(t *testing.T) {
	dir := t.TempDir()
	sets := filepath.Join(dir, "templates", "permissionsets")
	if err := os.MkdirAll(sets, 0o755); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(dir, "secret.json")
	for name, text := range map[string]string{outside: `{"Name": "Outside"}`, filepath.Join(sets, "inside.json"): `{"Name": "Inside"}`} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (*Templates, error) {
		root, err := os.OpenRoot(filepath.Join(dir, "templates"))
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		return Read(root.FS(), ReadOptions{Folder: "templates"})
	}
	if templates, err := read(); err != nil || len(templates.Sets) != 1 {
		t.Fatalf("before: %v", err)
	}
	for name, target := range map[string]string{"abs.json": outside, "up.json": "../../secret.json", "dir.json": ".", "gone.json": "nothing"} {
		link := filepath.Join(sets, name)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		if _, err := read(); err == nil || !strings.Contains(err.Error(), name+": The link cannot be followed.") {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(sets, "pipe.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "pipe.json: This is no file that can be read.") {
		t.Errorf("a pipe: %v", err)
	}
	if err := os.Remove(filepath.Join(sets, "pipe.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "templates", "assignments")); err != nil {
		t.Fatal(err)
	}
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "assignments: The folder is a link.") {
		t.Errorf("a folder: %v", err)
	}
}

// The readers take anything, and what they take they can say again.
func FuzzFiles(f *testing.F) {
	for _, name := range []string{"permissionsets/a.json", "permissionsets/a.yaml", "assignments/a.json", "assignments/a.yaml", "guards/a.yaml"} {
		for _, text := range []string{
			adminSet, adminTo(`"Root", "tag:a=b", "path:/x:*"`), "Name: A\nCustomPolicy: {Version: '2012-10-17', Statement: []}\n", "Guards:\n  - expect: anyone cannot reach every account with A\n",
			"a: &a [1, *a]\n", "- - - ? &x !!str |\n  x\n", `{"Name": "A", "CustomPolicy": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}`,
		} {
			f.Add(name, text)
		}
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		r := newReading(ReadOptions{MaxValues: 10_000})
		switch name {
		case "permissionsets/a.json", "permissionsets/a.yaml", "assignments/a.json", "assignments/a.yaml", "guards/a.yaml":
		default:
			name = "permissionsets/a.yaml"
		}
		r.file(name, []byte(text))
		templates, err := r.done()
		if err != nil {
			for _, p := range err.(Problems) {
				if p.Message == "" || len(p.Message) > 20_000 {
					t.Errorf("%q says %q", text, p.Message)
				}
			}
			return
		}
		for _, set := range templates.Sets {
			written, err := setText(&set.PermissionSet)
			if err != nil {
				t.Fatal(err)
			}
			again := newReading(ReadOptions{})
			again.file("permissionsets/a.json", written)
			read, err := again.done()
			if err != nil || !read.Sets[0].equal(&set.PermissionSet) {
				t.Errorf("%q is written as %s, which reads %v", text, written, err)
			}
		}
	})
}

func FuzzTargets(f *testing.F) {
	for _, text := range []string{"Root", "a:123456789012", "a:ou-ab12-cd34ef56:*", "r-ab12", "path:/a/b:*", "tag:a=b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		target, ok := parseTarget(text)
		if ok && (target.Text != text || target.Kind == "" || target.Kind == ByAccount && len(target.Value) != 12) {
			t.Errorf("%q is read as %+v", text, target)
		}
	})
}
