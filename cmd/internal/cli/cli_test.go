package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestKernelLevel holds that no command runs at another level than the one that
// GOCLIP_KERNEL asks for.
func TestKernelLevel(t *testing.T) {
	for _, test := range []struct {
		level, want string
		code        int
	}{
		{"", "", 0},
		{"portable", "", 0},
		{"avx3", `GOCLIP_KERNEL: have "avx3"; want one of portable, avx2, avx512`, 1},
	} {
		t.Setenv("GOCLIP_KERNEL", test.level)
		var errs strings.Builder
		code := Run(&cobra.Command{RunE: func(*cobra.Command, []string) error { return nil }}, nil, &errs)
		if code != test.code || !strings.Contains(errs.String(), test.want) {
			t.Errorf("GOCLIP_KERNEL=%s: exit code %d, stderr %q; want %d, %q", test.level, code, errs.String(), test.code, test.want)
		}
	}
}
