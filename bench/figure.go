package main

import (
	"fmt"
	"slices"
	"time"
)

// A figure is what is printed: one line, from one sample a round.
type figure struct {
	name    string
	what    string // what is compared with what
	samples []float64
	unit    string
	bound   float64
	atLeast bool   // the bound is a least one
	told    bool   // there is no bound: to read the others by
	note    string // absolute values, to read the ratio by
}

func (f figure) met() bool {
	if f.atLeast {
		return median(f.samples) >= f.bound
	}
	return median(f.samples) <= f.bound
}

const line = "%-28s %-55s %10s  %-20s %-8s %-7s %s\n"

func (b *bench) header() {
	fmt.Fprintf(b.out, line, "figure", "compared", "median", "(min..max)", "bound", "", "medians of the sides")
}

func (b *bench) report(f figure) {
	sign, verdict := "<=", "met"
	if f.atLeast {
		sign = ">="
	}
	if !f.told && !f.met() {
		verdict = "MISSED"
		b.missed++
	}
	bound := sign + " " + number(f.bound)
	if f.told {
		bound, verdict = "none", ""
	}
	fmt.Fprintf(b.out, line, f.name, f.what, number(median(f.samples))+f.unit,
		"("+number(slices.Min(f.samples))+".."+number(slices.Max(f.samples))+")", bound, verdict, f.note)
}

// number is short, and as exact as a measurement is.
func number(v float64) string { return fmt.Sprintf("%.3g", v) }

func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// ratios divides round by round.
func ratios[T float64 | time.Duration](of, to []T) []float64 {
	each := make([]float64, len(of))
	for i := range of {
		each[i] = float64(of[i]) / float64(to[i])
	}
	return each
}
