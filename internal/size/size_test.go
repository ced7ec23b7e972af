package size

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{
		"1KiB": 1 << 10, "512MiB": 512 << 20, "2GiB": 2 << 30, "1TiB": 1 << 40, "1.5 GiB": 3 << 29,
		"3kB": 3000, "2MB": 2e6, "1GB": 1e9, "4TB": 4e12, "0.001kB": 1,
	} {
		if have, err := Parse(text); have != want || err != nil {
			t.Errorf("Parse(%q) = %d, %v; want %d", text, have, err, want)
		}
	}
	for _, text := range []string{"", "12", "MiB", "-1MiB", "0MiB", "NaNMiB", "+InfGB", "1e30TB", "1mib", "2 G"} {
		if have, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = %d; want error", text, have)
		}
	}
}
