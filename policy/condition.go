package policy

import (
	"fmt"
	"net/netip"
	"strings"
)

// family is how the values of a condition are understood.
type family uint8

const (
	stringFamily family = iota
	foldedFamily        // strings, whatever their case
	likeFamily          // strings with wildcards
	numericFamily
	dateFamily
	boolFamily
	ipFamily
	arnFamily
	nullFamily
)

// comparison is what relation to a value of the policy makes a value of the request
// match, where values have an order.
type comparison uint8

const (
	equal comparison = iota
	less
	lessOrEqual
	greater
	greaterOrEqual
)

type operator struct {
	family     family
	negated    bool
	comparison comparison
}

// operators are those of "IAM JSON policy elements: Condition operators". ArnEquals and
// ArnLike "behave identically". BinaryEquals compares the base64 form of both.
var operators = map[string]operator{
	"StringEquals":              {family: stringFamily},
	"StringNotEquals":           {family: stringFamily, negated: true},
	"StringEqualsIgnoreCase":    {family: foldedFamily},
	"StringNotEqualsIgnoreCase": {family: foldedFamily, negated: true},
	"StringLike":                {family: likeFamily},
	"StringNotLike":             {family: likeFamily, negated: true},
	"NumericEquals":             {family: numericFamily},
	"NumericNotEquals":          {family: numericFamily, negated: true},
	"NumericLessThan":           {family: numericFamily, comparison: less},
	"NumericLessThanEquals":     {family: numericFamily, comparison: lessOrEqual},
	"NumericGreaterThan":        {family: numericFamily, comparison: greater},
	"NumericGreaterThanEquals":  {family: numericFamily, comparison: greaterOrEqual},
	"DateEquals":                {family: dateFamily},
	"DateNotEquals":             {family: dateFamily, negated: true},
	"DateLessThan":              {family: dateFamily, comparison: less},
	"DateLessThanEquals":        {family: dateFamily, comparison: lessOrEqual},
	"DateGreaterThan":           {family: dateFamily, comparison: greater},
	"DateGreaterThanEquals":     {family: dateFamily, comparison: greaterOrEqual},
	"Bool":                      {family: boolFamily},
	"BinaryEquals":              {family: stringFamily},
	"IpAddress":                 {family: ipFamily},
	"NotIpAddress":              {family: ipFamily, negated: true},
	"ArnEquals":                 {family: arnFamily},
	"ArnLike":                   {family: arnFamily},
	"ArnNotEquals":              {family: arnFamily, negated: true},
	"ArnNotLike":                {family: arnFamily, negated: true},
	"Null":                      {family: nullFamily},
}

// set is what has to be true of the values of a key that has many.
type set uint8

const (
	noSet set = iota
	forAllValues
	forAnyValue
)

// condition is one key and what it is compared with.
type condition struct {
	operator
	set      set
	ifExists bool
	key      string // lower case

	// What the key is compared with, in the form the family wants: one of these.
	texts    []text
	arns     []arnPattern
	numbers  []float64 // dates too, as milliseconds since 1970
	prefixes []netip.Prefix
	booleans [2]bool // whether false, and true, are among the values
}

// newOperator reads an operator with its prefix and suffix.
func newOperator(name string) (c condition, ok bool) {
	if rest, found := strings.CutPrefix(name, "ForAllValues:"); found {
		c.set, name = forAllValues, rest
	} else if rest, found := strings.CutPrefix(name, "ForAnyValue:"); found {
		c.set, name = forAnyValue, rest
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	c.operator, ok = operators[name]
	return c, ok && !(c.ifExists && c.family == nullFamily)
}

// add reads one value of the policy.
func (c *condition) add(value string, variables bool, keys keySet) error {
	switch c.family {
	case stringFamily, foldedFamily, likeFamily:
		t, err := newText(value, variables, c.family == likeFamily, keys)
		if err != nil {
			return err
		}
		c.texts = append(c.texts, t)
		return nil
	case arnFamily:
		a, err := newARNPattern(value, variables, false, keys)
		if err != nil {
			return err
		}
		c.arns = append(c.arns, a)
		return nil
	case boolFamily, nullFamily:
		b, ok := parseBool(value)
		if !ok {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		c.booleans[b] = true
		return nil
	case ipFamily:
		p, ok := parsePrefix(value)
		if !ok {
			return fmt.Errorf("%q is no IP address and no range of them, such as 203.0.113.0/24 or 2001:db8::/32", value)
		}
		c.prefixes = append(c.prefixes, p)
		return nil
	}
	n, ok := c.parseNumber(value)
	if !ok && c.family == dateFamily {
		return fmt.Errorf("%q is no date such as 2026-01-31T12:00:00Z, and no number of seconds since 1970", value)
	}
	if !ok {
		return fmt.Errorf("%q is no number", value)
	}
	c.numbers = append(c.numbers, n)
	return nil
}

// holds reports whether the condition is true of the request.
//
// A key that is absent makes an operator false and a negated one true. Without a set
// operator, a key with several values is more than what a single comparison can confirm:
// only a negated operator, when none of them matches, is true.
func (c *condition) holds(q *question) bool {
	values, present := q.Context[c.key]
	if c.family == nullFamily {
		// "the key exists and its value is not null": one without values is null.
		if len(values) == 0 {
			return c.booleans[1]
		}
		return c.booleans[0]
	}
	if c.ifExists && !present {
		return true
	}
	switch {
	case c.set == forAnyValue:
		for _, v := range values {
			if c.matches(q, v) != c.negated {
				return true
			}
		}
		return false
	case c.set == forAllValues || c.negated:
		for _, v := range values {
			if c.matches(q, v) == c.negated {
				return false
			}
		}
		return true
	}
	return len(values) == 1 && c.matches(q, values[0])
}

// matches reports whether a value of the request matches one of the policy, before
// negation. A value that is not of the operator's type matches none.
func (c *condition) matches(q *question, value string) bool {
	switch c.family {
	case stringFamily:
		for i := range c.texts {
			if c.texts[i].equal(q, value) {
				return true
			}
		}
	case foldedFamily:
		for i := range c.texts {
			if c.texts[i].equalFold(q, value) {
				return true
			}
		}
	case likeFamily:
		for i := range c.texts {
			if c.texts[i].match(q, value) {
				return true
			}
		}
	case arnFamily:
		for i := range c.arns {
			if c.arns[i].match(q, value) {
				return true
			}
		}
	case boolFamily:
		b, ok := parseBool(value)
		return ok && c.booleans[b]
	case ipFamily:
		address, err := netip.ParseAddr(value)
		if err != nil {
			return false
		}
		address = address.Unmap()
		for _, p := range c.prefixes {
			if p.Contains(address) {
				return true
			}
		}
	case numericFamily, dateFamily:
		n, ok := c.parseNumber(value)
		if !ok {
			return false
		}
		for _, than := range c.numbers {
			if c.comparison.holds(n, than) {
				return true
			}
		}
	}
	return false
}

func (c comparison) holds(n, than float64) bool {
	switch c {
	case less:
		return n < than
	case lessOrEqual:
		return n <= than
	case greater:
		return n > than
	case greaterOrEqual:
		return n >= than
	}
	return n == than
}
