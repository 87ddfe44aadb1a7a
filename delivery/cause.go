package delivery

import (
	"encoding/json"
	"slices"
	"time"
)

// CauseKind is what sort of thing a run comes of.
type CauseKind string

// The kinds of causes.
const (
	ByPush         CauseKind = "push"
	ByEvent        CauseKind = "event"        // something happened in the organization
	ByHand         CauseKind = "request"      // somebody asked for it
	ByApproval     CauseKind = "approval"     // the account's side accepted the pipeline
	ByTime         CauseKind = "time"         // AWS tells us nothing: we look
	ByInterruption CauseKind = "interruption" // an earlier run was cut off
)

// Cause is one thing a run comes of.
type Cause struct {
	Kind CauseKind `json:"kind"`
	At   time.Time `json:"at"`
	Who  string    `json:"who,omitempty"` // alias or name; empty: nobody in person
	What string    `json:"what"`          // in words
}

// mostCauses is how many a run keeps; of more it keeps the last.
const mostCauses = 50

// with adds a cause, once.
func with(causes []Cause, more ...Cause) []Cause {
	for _, c := range more {
		if !slices.Contains(causes, c) {
			causes = append(causes, c)
		}
	}
	return causes[max(0, len(causes)-mostCauses):]
}

func readCauses(text []byte) (causes []Cause, err error) {
	return causes, json.Unmarshal(text, &causes)
}
