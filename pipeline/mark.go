package pipeline

import "strings"

// SplitTags parts the tags of a permission set into those that files speak of and the
// marks by which this and the public pipeline know what is theirs.
func SplitTags(all map[string]string) (tags, marks map[string]string) {
	tags, marks = map[string]string{}, map[string]string{}
	for key, value := range all {
		if key == AdoptedTag || strings.HasPrefix(key, "sallyport:") {
			marks[key] = value
		} else {
			tags[key] = value
		}
	}
	return tags, marks
}
