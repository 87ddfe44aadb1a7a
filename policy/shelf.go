package policy

// shelf holds the statements of one effect and finds those about an action: a policy
// speaks of many and a request of one.
type shelf struct {
	statements []statement
	named      map[string][]spine // by service: the actions that name it
	others     []int32            // statements that may be about any service
}

// spine is as much of an action as can be compared at once.
type spine struct {
	head, mask uint64 // the first eight bytes of its name, as far as they are plain
	statement  int32
	action     int32 // which of the statement's
}

func (s *shelf) add(one statement) {
	i := int32(len(s.statements))
	s.statements = append(s.statements, one)
	if one.actions.anyService() {
		s.others = append(s.others, i)
		return
	}
	if s.named == nil {
		s.named = map[string][]spine{}
	}
	for j := range one.actions.list {
		a := &one.actions.list[j]
		head, mask := headOf(a.name.prefix)
		s.named[a.service] = append(s.named[a.service], spine{head, mask, i, int32(j)})
	}
}

// headOf packs the first eight bytes of a name; the mask covers those there are.
func headOf[T string | []byte](name T) (head, mask uint64) {
	for i := range min(len(name), 8) {
		head |= uint64(name[i]) << (8 * i)
		mask |= 0xFF << (8 * i)
	}
	return head, mask
}

// finder goes over the statements of a shelf that are about the action of a question,
// each once: those that name its service, then the others.
type finder struct {
	*statement
	shelf  *shelf
	spines []spine
	others []int32
}

func (s *shelf) find(q *question) finder {
	f := finder{shelf: s}
	if len(s.statements) > 0 {
		f.spines, f.others = s.named[string(q.service)], s.others
	}
	return f
}

func (f *finder) next(q *question) bool {
	for i := range f.spines {
		spine := &f.spines[i]
		if (spine.head^q.head)&spine.mask != 0 {
			continue
		}
		s := &f.shelf.statements[spine.statement]
		if s != f.statement && s.actions.list[spine.action].name.matchBytes(q.name) {
			f.statement, f.spines = s, f.spines[i+1:]
			return true
		}
	}
	f.spines = nil
	for i, at := range f.others {
		if s := &f.shelf.statements[at]; s.actions.match(q) {
			f.statement, f.others = s, f.others[i+1:]
			return true
		}
	}
	return false
}
