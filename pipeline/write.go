package pipeline

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Write writes what exists as files, by name below the folder of templates. It guarantees
// that they can be read and that planning with them and the same snapshot gives an empty
// plan, or says why that cannot be: the error is [Problems] then. Permission sets that are
// not ours are written too; their plan stays empty until they are adopted. Where an apply
// was interrupted, the plan is to provision what it left.
//
// Left out are assignments in accounts that are not active and of principals that are not
// in the identity store: plans leave them alone.
func Write(s *Snapshot) (map[string][]byte, error) {
	w, err := newWorld(s)
	if err != nil {
		return nil, err
	}
	files, taken := map[string][]byte{}, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(w.sets)) {
		text, err := setText(&w.sets[name].PermissionSet)
		if err != nil {
			return nil, fmt.Errorf("write permission set %s: %w", name, err)
		}
		files[fileName(taken, setsFolder, name)] = text
	}
	entries := w.entries()
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		files[fileName(taken, assignmentsFolder, name)] = encode(assignmentsText{entries[name]})
	}
	if len(entries) == 0 {
		files[assignmentsFolder+"/.gitkeep"] = []byte{}
	}
	if len(w.sets) == 0 {
		files[setsFolder+"/.gitkeep"] = []byte{}
	}
	return files, proven(files, s)
}

// proven reads the files and plans with them.
func proven(files map[string][]byte, s *Snapshot) error {
	r := newReading(ReadOptions{})
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, ".json") {
			r.file(name, files[name])
		}
	}
	t, err := r.done()
	if err != nil {
		return fmt.Errorf("what exists cannot be written as files: %w", err)
	}
	p, err := NewPlan(t, s, Options{})
	if err != nil {
		return fmt.Errorf("what exists cannot be written as files: %w", err)
	}
	if add, change, destroy := p.Counts(); add+change+destroy > 0 {
		return fmt.Errorf("what exists cannot be written as files: %s", p.Summary())
	}
	return nil
}

// fileName is a name for a file that no other has, on systems too where case does not
// count and a name cannot begin with a dot.
func fileName(taken map[string]bool, folder, name string) string {
	name = folder + "/" + strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("+=,.@-_", r):
			return r
		}
		return '_'
	}, strings.TrimLeft(name, "."))
	try := name
	for i := 2; taken[strings.ToLower(try)]; i++ {
		try = fmt.Sprintf("%s-%d", name, i)
	}
	taken[strings.ToLower(try)] = true
	return try + ".json"
}

// setDocument is the file of a set, its members in the order of the public pipeline's.
type setDocument struct {
	Name                    string            `json:"Name"`
	Description             string            `json:"Description,omitempty"`
	SessionDuration         string            `json:"SessionDuration"`
	RelayState              string            `json:"RelayState,omitempty"`
	ManagedPolicies         []string          `json:"ManagedPolicies"`
	CustomerManagedPolicies []any             `json:"CustomerManagedPolicies"`
	PermissionBoundary      any               `json:"PermissionBoundary"`
	CustomPolicy            json.RawMessage   `json:"CustomPolicy"`
	Tags                    map[string]string `json:"Tags,omitempty"`
}

func setText(s *PermissionSet) ([]byte, error) {
	d := setDocument{
		Name: s.Name, Description: s.Description, SessionDuration: s.SessionDuration, RelayState: s.RelayState,
		ManagedPolicies: orNone(s.ManagedPolicies), CustomerManagedPolicies: []any{}, PermissionBoundary: struct{}{}, CustomPolicy: json.RawMessage("{}"), Tags: s.Tags,
	}
	for _, p := range s.CustomerManagedPolicies {
		if p.Path == "/" {
			d.CustomerManagedPolicies = append(d.CustomerManagedPolicies, p.Name)
		} else {
			d.CustomerManagedPolicies = append(d.CustomerManagedPolicies, struct{ Name, Path string }{p.Name, p.Path})
		}
	}
	if b := s.Boundary; b != nil {
		text := struct {
			PolicyType, Policy string
			Path               string `json:",omitempty"`
		}{"AWS", b.ManagedPolicy, ""}
		if p := b.CustomerPolicy; p != nil {
			text.PolicyType, text.Policy = "CUSTOMER", p.Name
			if p.Path != "/" {
				text.Path = p.Path
			}
		}
		d.PermissionBoundary = text
	}
	if s.InlinePolicy != "" {
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(s.InlinePolicy)); err != nil {
			return nil, errors.New("its inline policy is no JSON")
		}
		d.CustomPolicy = compact.Bytes()
	}
	return encode(d), nil
}

type assignmentsText struct{ Assignments []assignmentText }

type assignmentText struct {
	SID               string
	Target            []string
	PrincipalType     PrincipalType
	PrincipalId       string
	PermissionSetName any        // a name, or several
	ManagementAccount Management `json:",omitempty"`
}

// entries are the assignments, in a file for each principal: those of the same accounts
// together. Targets are accounts, as one can see what exists and not what was meant.
func (w *world) entries() map[string][]assignmentText {
	accounts := map[Principal]map[string][]string{}
	for _, a := range w.Assignments {
		account := w.accounts[a.Account]
		if w.names[a.Principal] == "" || w.byARN[a.Set] == nil || account == nil || account.Status != Active {
			continue
		}
		if accounts[a.Principal] == nil {
			accounts[a.Principal] = map[string][]string{}
		}
		accounts[a.Principal][a.Set] = append(accounts[a.Principal][a.Set], a.Account)
	}
	entries := map[string][]assignmentText{}
	for _, who := range slices.SortedFunc(maps.Keys(accounts), func(a, b Principal) int {
		return cmp.Or(strings.Compare(string(a.Type), string(b.Type)), strings.Compare(w.names[a], w.names[b]))
	}) {
		together := map[string][]string{} // sets, by their accounts
		for arn, ids := range accounts[who] {
			slices.Sort(ids)
			key := strings.Join(slices.Compact(ids), " ")
			together[key] = append(together[key], w.byARN[arn].Name)
		}
		name := strings.ToLower(string(who.Type)) + "-" + w.names[who]
		for i, key := range slices.Sorted(maps.Keys(together)) {
			entry := assignmentText{SID: fmt.Sprintf("%s-%d", name, i+1), PrincipalType: who.Type, PrincipalId: w.names[who]}
			for _, id := range strings.Fields(key) {
				entry.Target = append(entry.Target, w.label(id))
				if id == w.ManagementAccount {
					entry.ManagementAccount = Include
				}
			}
			slices.Sort(together[key])
			entry.PermissionSetName = together[key]
			if len(together[key]) == 1 {
				entry.PermissionSetName = together[key][0]
			}
			entries[name] = append(entries[name], entry)
		}
	}
	return entries
}

// label is the target that is one account: with its name, where that has one line.
func (w *world) label(id string) string {
	name := w.accounts[id].Name
	if t, ok := parseTarget(name + ":" + id); ok && t.Kind == ByAccount && t.Label == name {
		return name + ":" + id
	}
	return id
}
