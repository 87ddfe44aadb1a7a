package pipeline

import "strings"

var marks = []string{ManagedTag, AdoptedTag, UnprovisionedTag}

// isMark says whether the tag is about whose the set is. Case counts: the tag
// ssopipeline is somebody else's.
func isMark(key string) bool {
	return strings.HasPrefix(strings.ToLower(key), "sallyport:") || key == AdoptedTag
}

// SplitTags tells the marks among the tags of a permission set from the others.
func SplitTags(all map[string]string) (tags, marks map[string]string) {
	for key, value := range all {
		into := &tags
		if isMark(key) {
			into = &marks
		}
		if *into == nil {
			*into = map[string]string{}
		}
		(*into)[key] = value
	}
	return tags, marks
}
