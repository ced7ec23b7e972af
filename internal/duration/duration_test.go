package duration

import (
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"0s": "0 s", "400ms": "0 s", "99s": "99 s", "100s": "2 min", "59m31s": "60 min", "99m29s": "99 min",
		"99m30s": "1 h 40 min", "2h": "2 h", "47h59m29s": "47 h 59 min", "47h59m30s": "2 days", "49h": "2 days 1 h",
		"239h29m": "9 days 23 h", "239h30m": "10 days", "1176h2m": "49 days",
	} {
		d, err := time.ParseDuration(text)
		if have := Words(d); have != want || err != nil {
			t.Errorf("Words(%s) = %q, %v; want %q", text, have, err, want)
		}
	}
}
