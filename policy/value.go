package policy

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

func (c *condition) parseNumber(value string) (float64, bool) {
	if c.family == dateFamily {
		return parseDate(value)
	}
	// ParseFloat takes more than decimals: infinities, hexadecimal, underscores.
	if strings.Trim(value, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(value, 64)
	return n, err == nil
}

// parseDate reads the forms of ISO 8601 that the W3C's note on dates lists, and seconds
// since 1970, as milliseconds since then. Four digits are a year.
func parseDate(value string) (float64, bool) {
	layout := time.RFC3339 // takes fractions of seconds too
	switch {
	case len(value) == len("2006"):
		layout = "2006"
	case strings.Trim(value, "0123456789.") == "":
		seconds, err := strconv.ParseFloat(value, 64)
		return seconds * 1000, err == nil
	case len(value) == len("2006-01"):
		layout = "2006-01"
	case len(value) == len("2006-01-02"):
		layout = "2006-01-02"
	case len(value) > 16 && value[16] != ':':
		layout = "2006-01-02T15:04Z07:00"
	}
	t, err := time.Parse(layout, value)
	return float64(t.UnixMilli()), err == nil
}

// parseBool says 1 for true and 0 for false.
func parseBool(value string) (b int, ok bool) {
	switch {
	case strings.EqualFold(value, "true"):
		return 1, true
	case strings.EqualFold(value, "false"):
		return 0, true
	}
	return 0, false
}

// parsePrefix reads a range of addresses, or one address.
func parsePrefix(value string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(value)
	if err != nil {
		address, err := netip.ParseAddr(value)
		if err != nil || address.Zone() != "" {
			return p, false
		}
		address = address.Unmap()
		p = netip.PrefixFrom(address, address.BitLen())
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}
