package org

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// Tag policies say how the tags of resources are spelled and what values they may
// have. Those along the way from the root to an account are put together by
// inheritance operators. Sources: "Tag policy syntax" and "Understanding management
// policy inheritance" in the AWS Organizations User Guide.

const (
	opAssign  = "@@assign"
	opAppend  = "@@append"
	opRemove  = "@@remove"
	opAllowed = "@@operators_allowed_for_child_policies"
	allowAll  = "@@all"
	allowNone = "@@none"
)

// tagElements are the elements of a tag in a policy; false: of one value only.
var tagElements = map[string]bool{"tag_key": false, "tag_value": true, "enforced_for": true, "report_required_tag_for": true}

// tagSetting is one element of one tag as one policy has it.
type tagSetting struct {
	tag, element string // tag in lower case: it tells tags apart, tag_key spells them
	operator     string
	values       []string
}

// allowance says which operators the policies further down may use below a place:
// "" is everything, "tag" one tag, "tag/element" one element.
type allowance map[string][]string

// parsedTagPolicy is a tag policy taken apart.
type parsedTagPolicy struct {
	settings []tagSetting
	allowed  allowance
}

func checkTagPolicy(document string) error {
	_, err := parseTagPolicy(document)
	return err
}

func parseTagPolicy(document string) (p parsedTagPolicy, err error) {
	// Its reader is strict: no element twice, nothing after the end.
	if _, err := policy.Parse([]byte(document)); err != nil {
		return p, err
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal([]byte(document), &top); err != nil {
		return p, fmt.Errorf("it is no JSON object")
	}
	for name := range top {
		if name != "tags" {
			return p, fmt.Errorf("a tag policy has the element tags alone, not %.64q", name)
		}
	}
	var tags map[string]json.RawMessage
	if err := json.Unmarshal(top["tags"], &tags); err != nil || tags == nil {
		return p, fmt.Errorf("its element tags is no object")
	}
	p.allowed = allowance{}
	if err := p.allowed.take("", tags); err != nil {
		return p, err
	}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		if err := p.readTag(strings.ToLower(name), tags[name]); err != nil {
			return p, fmt.Errorf("tag %.128q: %w", name, err)
		}
	}
	return p, nil
}

func (p *parsedTagPolicy) readTag(tag string, text json.RawMessage) error {
	var elements map[string]json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil || elements == nil {
		return fmt.Errorf("it is no object")
	}
	if err := p.allowed.take(tag, elements); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(elements)) {
		if err := p.readElement(tag, name, elements[name]); err != nil {
			return fmt.Errorf("%.64s: %w", name, err)
		}
	}
	return nil
}

func (p *parsedTagPolicy) readElement(tag, element string, text json.RawMessage) error {
	many, ok := tagElements[element]
	if !ok {
		return fmt.Errorf("a tag has the elements %v", slices.Sorted(maps.Keys(tagElements)))
	}
	var operators map[string]json.RawMessage
	if err := json.Unmarshal(text, &operators); err != nil || operators == nil {
		return fmt.Errorf("its value stands in an operator such as %s", opAssign)
	}
	if err := p.allowed.take(tag+"/"+element, operators); err != nil {
		return err
	}
	// @@remove comes before @@append: a policy may do both.
	for _, operator := range []string{opAssign, opRemove, opAppend} {
		text, ok := operators[operator]
		if !ok {
			continue
		}
		delete(operators, operator)
		if !many && operator != opAssign {
			return fmt.Errorf("it has one value, %s needs several", operator)
		}
		values, err := texts(text, many)
		if err != nil {
			return err
		}
		if element == "tag_key" && !strings.EqualFold(values[0], tag) {
			return fmt.Errorf("%.128q differs from the name of the tag in more than case", values[0])
		}
		p.settings = append(p.settings, tagSetting{tag, element, operator, values})
	}
	for operator := range operators {
		return fmt.Errorf("there is no operator %.64q", operator)
	}
	return nil
}

// take reads, and removes, what an object says about operators further down.
func (a allowance) take(place string, object map[string]json.RawMessage) error {
	text, ok := object[opAllowed]
	if !ok {
		return nil
	}
	delete(object, opAllowed)
	names, err := texts(text, true)
	if err != nil {
		return fmt.Errorf("%s: %w", opAllowed, err)
	}
	for _, name := range names {
		switch name {
		case allowAll, opAssign, opAppend, opRemove:
		case allowNone:
			if len(names) > 1 {
				return fmt.Errorf("%s: %s stands alone", opAllowed, allowNone)
			}
		default:
			return fmt.Errorf("%s: there is no operator %.64q", opAllowed, name)
		}
	}
	a[place] = names
	return nil
}

func texts(raw json.RawMessage, many bool) ([]string, error) {
	var one *string
	if json.Unmarshal(raw, &one) == nil && one != nil {
		return []string{*one}, nil
	}
	if !many {
		return nil, fmt.Errorf("its value is no text")
	}
	var several []*string
	if json.Unmarshal(raw, &several) != nil || several == nil || slices.Contains(several, nil) {
		return nil, fmt.Errorf("its value is neither a text nor a list of texts")
	}
	values := make([]string, len(several))
	for i, value := range several {
		values[i] = *value
	}
	return values, nil
}

// permits tells whether policies further up let an operator be used on an element.
// What was said closer to the element counts.
func (a allowance) permits(s tagSetting) bool {
	for _, place := range []string{s.tag + "/" + s.element, s.tag, ""} {
		if names, ok := a[place]; ok {
			return slices.Contains(names, allowAll) || slices.Contains(names, s.operator)
		}
	}
	return true
}

// narrow adds what one more level says. Nothing is given back that was taken
// further up.
func (a allowance) narrow(more allowance) {
	for place, names := range more {
		above, ok := a[place]
		if !ok || slices.Contains(above, allowAll) {
			a[place] = names
			continue
		}
		if !slices.Contains(names, allowAll) {
			a[place] = slices.DeleteFunc(slices.Clone(above), func(name string) bool { return !slices.Contains(names, name) })
		}
	}
}

// inherit puts the tag policies of all levels together, the root's first. Policies of
// one level do not bind each other, and take effect in their order.
func inherit(levels [][]parsedTagPolicy) map[string]map[string][]string {
	tags, allowed := map[string]map[string][]string{}, allowance{}
	for _, level := range levels {
		below := maps.Clone(allowed)
		for _, p := range level {
			for _, s := range p.settings {
				if allowed.permits(s) {
					apply(tags, s)
				}
			}
			below.narrow(p.allowed)
		}
		allowed = below
	}
	return tags
}

func apply(tags map[string]map[string][]string, s tagSetting) {
	tag := tags[s.tag]
	if tag == nil {
		tag = map[string][]string{}
		tags[s.tag] = tag
	}
	has := func(values []string) func(string) bool {
		return func(value string) bool { return slices.Contains(values, value) }
	}
	switch s.operator {
	case opAssign:
		tag[s.element] = slices.Clone(s.values)
	case opAppend:
		tag[s.element] = append(tag[s.element], slices.DeleteFunc(slices.Clone(s.values), has(tag[s.element]))...)
	case opRemove:
		tag[s.element] = slices.DeleteFunc(tag[s.element], has(s.values))
	}
}

// Effective is what policies along the way to an account come to.
type Effective struct {
	Account   account.ID
	Type      PolicyType
	Content   string
	UpdatedAt time.Time // when the last of them was changed or attached
}

// EffectivePolicy puts together the policies of a type that count for an account. A
// fault with ReasonNoEffective when there are none, or the type is not enabled.
func (s *Store) EffectivePolicy(tx *database.ReadTx, o Organization, t PolicyType, id account.ID) (Effective, error) {
	none := fault.WithReason(ReasonNoEffective, fault.NotFoundf("The account has no effective policy of the type %.64s.", t))
	a, err := s.Account(tx, o, id)
	if fault.HasReason(err, ReasonNoAccount) {
		return Effective{}, fault.WithReason(ReasonNoTarget, fault.NotFoundf("You specified a target that doesn't exist."))
	}
	if err != nil {
		return Effective{}, err
	}
	if t != TagPolicy {
		return Effective{}, none
	}
	attached, err := s.attachedOnPath(tx, o.ID, levels(a.Path()), []PolicyType{t})
	if err != nil {
		return Effective{}, err
	}
	e, all := Effective{Account: id, Type: t}, make([][]parsedTagPolicy, len(attached))
	for i, level := range attached {
		for _, p := range level {
			parsed, err := parseTagPolicy(p.content)
			if err != nil {
				return Effective{}, fmt.Errorf("the stored tag policy %s: %v", p.id, err)
			}
			all[i] = append(all[i], parsed)
			for _, at := range []time.Time{p.updatedAt, p.attachedAt} {
				if at.After(e.UpdatedAt) {
					e.UpdatedAt = at
				}
			}
		}
	}
	if e.UpdatedAt.IsZero() {
		return Effective{}, none
	}
	e.Content, err = writeTags(inherit(all))
	return e, err
}

func writeTags(tags map[string]map[string][]string) (string, error) {
	out := map[string]map[string]any{}
	for tag, elements := range tags {
		out[tag] = map[string]any{}
		for element, values := range elements {
			out[tag][element] = values
			if !tagElements[element] {
				out[tag][element] = values[0]
			}
		}
	}
	text, err := json.Marshal(map[string]any{"tags": out})
	return string(text), err
}
