package database

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Time stores a time.Time as microseconds since the Unix epoch; the zero time as
// NULL. Give Time(t) as an argument and scan into (*Time)(&t).
type Time time.Time

func (t Time) Value() (driver.Value, error) {
	if time.Time(t).IsZero() {
		return nil, nil
	}
	return time.Time(t).UnixMicro(), nil
}

func (t *Time) Scan(from any) error {
	switch from := from.(type) {
	case nil:
		*t = Time{}
	case int64:
		*t = Time(time.UnixMicro(from).UTC())
	default:
		return fmt.Errorf("a time column holds %T", from)
	}
	return nil
}
