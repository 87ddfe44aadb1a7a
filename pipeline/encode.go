package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxEncoded is more than any plan or snapshot needs.
const maxEncoded = 1 << 30

// seal gives the plan its digest, and lists where there is nothing to list.
func (p *Plan) seal() {
	p.Changes, p.Matches, p.Access, p.Replaces = orNone(p.Changes), orNone(p.Matches), orNone(p.Access), orNone(p.Replaces)
	p.Warnings, p.Guards, p.Reads = orNone(p.Warnings), orNone(p.Guards), orNone(p.Reads)
	p.Digest = p.digest()
}

func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (p *Plan) digest() string {
	open := *p
	open.Digest = ""
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode(open); err != nil {
		panic(err) // its types have no other outcome
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Encode writes the plan in the form that [DecodePlan] reads. It holds policies and the
// names of people: keep it as you keep the files.
func (p *Plan) Encode() []byte { return encode(p) }

// Encode writes the snapshot in the form that [DecodeSnapshot] reads.
func (s *Snapshot) Encode() []byte { return encode(s) }

func encode(value any) []byte {
	var to bytes.Buffer
	encoder := json.NewEncoder(&to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(value); err != nil {
		panic(err) // our types have no other outcome
	}
	return to.Bytes()
}

// DecodePlan reads a saved plan. One of another format, one that was changed by hand or
// cut short is refused. The digest keeps accidents out, not people: whoever may write the
// file may write a plan.
func DecodePlan(text []byte) (*Plan, error) {
	p := &Plan{}
	if err := decode(text, p, "plan"); err != nil {
		return nil, err
	}
	if p.digest() != p.Digest {
		return nil, errors.New("the plan was changed after it was written, or is damaged: plan again")
	}
	if err := p.sound(); err != nil {
		return nil, fmt.Errorf("the plan cannot be meant: %w", err)
	}
	return p, nil
}

// DecodeSnapshot reads a saved snapshot.
func DecodeSnapshot(text []byte) (*Snapshot, error) {
	s := &Snapshot{}
	if err := decode(text, s, "snapshot"); err != nil {
		return nil, err
	}
	if _, err := newWorld(s); err != nil {
		return nil, err
	}
	return s, nil
}

func decode(text []byte, to any, what string) error {
	if len(text) > maxEncoded {
		return fmt.Errorf("the file is too large for a %s", what)
	}
	var head struct {
		FormatVersion int `json:"formatVersion"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("this is no %s: %w", what, err)
	}
	if head.FormatVersion != FormatVersion {
		return fmt.Errorf("this %s has format version %d, and this program reads %d: write it again", what, head.FormatVersion, FormatVersion)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(to); err != nil {
		return fmt.Errorf("this is no %s: %w", what, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("there is more behind the %s", what)
	}
	return nil
}

// sound refuses a plan whose changes lack what their action needs, or wait for what does
// not stand before them.
func (p *Plan) sound() error {
	before := map[string]bool{}
	for _, c := range p.Changes {
		for _, id := range c.Needs {
			if !before[id] {
				return fmt.Errorf("%q waits for %q, which does not stand before it", c.ID, id)
			}
		}
		if before[c.ID] || c.ID == "" || c.Set == "" {
			return fmt.Errorf("%q is there twice, or about nothing", c.ID)
		}
		before[c.ID] = true
		var complete bool
		switch c.Action {
		case CreateSet:
			complete = c.After != nil
		case UpdateSet:
			complete = c.Before != nil && c.After != nil && c.SetARN != ""
		case DeleteSet, ProvisionSet:
			complete = c.SetARN != ""
		case Assign:
			complete = c.Account != "" && c.Principal != nil
		case Unassign:
			complete = c.Account != "" && c.Principal != nil && c.SetARN != ""
		}
		if !complete {
			return fmt.Errorf("%q lacks what it takes to %s", c.ID, c.Action)
		}
	}
	return nil
}
