package main

import (
	"context"
	"strings"
	"testing"
)

// Everything runs on small inputs, so that the benchmarks do not rot. Bounds are
// not looked at: this says nothing about speed.
func TestQuick(t *testing.T) {
	for _, each := range benchmarks {
		t.Run(each.name, func(t *testing.T) {
			var out, notes strings.Builder
			if err := run(context.Background(), []string{"-quick", "-only", each.name}, &out, &notes); err != nil {
				t.Fatalf("%v\n%s%s", err, &notes, &out)
			}
			if !strings.Contains(out.String(), "every answer was right") {
				t.Errorf("the last line is missing:\n%s", &out)
			}
			t.Logf("\n%s", &out)
		})
	}
}

func TestUnknownName(t *testing.T) {
	err := run(context.Background(), []string{"-only", "nothing"}, new(strings.Builder), new(strings.Builder))
	if err == nil || !strings.Contains(err.Error(), "decision") {
		t.Errorf("-only nothing: %v, want the names there are", err)
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{3, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(test.values); got != test.want {
			t.Errorf("median(%v) = %v, want %v", test.values, got, test.want)
		}
	}
}
