package account

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/fault"
)

// Tags are a resource's, by key. Policies read them, so changing one can change
// who may do what.
type Tags map[string]string

// maxTags is AWS's limit on one resource.
const maxTags = 50

// Reasons of refusals that concern tags and quotas.
const (
	ReasonTooManyTags fault.Reason = "MAX_TAG_LIMIT_EXCEEDED"
	ReasonDuplicate   fault.Reason = "DUPLICATE_TAG_KEY"
)

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// NewTags makes tags of a request's list, checked as [Tags.With] does. A key given
// twice is Invalid with ReasonDuplicate.
func NewTags[T any](list []T, pair func(T) (key, value string)) (Tags, error) {
	tags := Tags{}
	for _, item := range list {
		key, value := pair(item)
		if _, twice := tags.Find(key); twice {
			return nil, duplicateTag()
		}
		tags[key] = value
	}
	return Tags(nil).With(tags)
}

// Find is a tag's value by its key, whatever the case of the key.
func (t Tags) Find(key string) (value string, ok bool) {
	if value, ok = t[key]; ok {
		return value, true
	}
	lower := strings.ToLower(key) // everything about tags folds so, and so must this
	for other, value := range t {
		if strings.ToLower(other) == lower {
			return value, true
		}
	}
	return "", false
}

func duplicateTag() error {
	return fault.WithReason(ReasonDuplicate, fault.Invalidf("Duplicate tag keys found. Please note that Tag keys are case insensitive."))
}

// With is the tags with others added or replaced, checked: at most 50, keys of 1 to
// 128 and values of up to 256 characters, none in AWS's own name. Keys that
// differ in case alone are one key, as in IAM.
func (t Tags) With(added Tags) (Tags, error) {
	out, spelled := maps.Clone(t), map[string]string{}
	if out == nil {
		out = Tags{}
	}
	for key := range out {
		spelled[strings.ToLower(key)] = key
	}
	fresh := map[string]bool{}
	for key, value := range added {
		if err := checkTag(key, value); err != nil {
			return nil, err
		}
		lower := strings.ToLower(key)
		if fresh[lower] {
			return nil, duplicateTag()
		}
		fresh[lower] = true
		delete(out, spelled[lower])
		out[key] = value
	}
	if len(out) > maxTags {
		return nil, fault.WithReason(ReasonTooManyTags, fault.Quotaf("a resource has at most %d tags, this one would have %d", maxTags, len(out)))
	}
	return out, nil
}

// Without is the tags less some keys. Keys that are not there are no fault.
func (t Tags) Without(keys []string) Tags {
	gone := map[string]bool{}
	for _, key := range keys {
		gone[strings.ToLower(key)] = true
	}
	out := maps.Clone(t)
	maps.DeleteFunc(out, func(key, _ string) bool { return gone[strings.ToLower(key)] })
	return out
}

// under is the tags with those of a session over them.
func (t Tags) under(session Tags) Tags {
	out := t.Without(slices.Collect(maps.Keys(session)))
	if out == nil {
		out = Tags{}
	}
	maps.Copy(out, session)
	return out
}

func checkTag(key, value string) error {
	switch {
	case key == "" || utf8.RuneCountInString(key) > 128 || !tagText.MatchString(key):
		return fault.Invalidf("the tag key %.140q is not one: 1 to 128 letters, digits, spaces and _.:/=+-@", key)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return fault.Invalidf("the tag key %.140q is not one: names that begin with aws: are reserved", key)
	case utf8.RuneCountInString(value) > 256 || !tagText.MatchString(value):
		return fault.Invalidf("the value of the tag %.140q is not one: up to 256 letters, digits, spaces and _.:/=+-@", key)
	}
	return nil
}
