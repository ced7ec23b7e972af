// Package duration writes times for people.
package duration

import (
	"fmt"
	"time"
)

// Words writes a time in the one or two units that matter: 45 s, 12 min, 3 h 5 min, 49
// days.
func Words(d time.Duration) string {
	switch {
	case d < 100*time.Second:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	case d < 99*time.Minute+30*time.Second:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	case d < 48*time.Hour-time.Minute/2:
		m := int(d.Round(time.Minute).Minutes())
		return both(m/60, "h", m%60, "min")
	case d < 10*24*time.Hour-time.Hour/2:
		h := int(d.Round(time.Hour).Hours())
		return both(h/24, "days", h%24, "h")
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

func both(large int, unit string, small int, smaller string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", large, unit)
	}
	return fmt.Sprintf("%d %s %d %s", large, unit, small, smaller)
}
