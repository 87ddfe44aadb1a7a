package pipeline

// Guard is a rule about what the plan leads to. Its text is read when the file is.
type Guard struct {
	Text string // as written
	At   Position
}
