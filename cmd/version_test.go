package cmd

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestRelease(t *testing.T) {
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef"}
	for _, test := range []struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		{"v1.2.3", []debug.BuildSetting{commit}, "v1.2.3"},
		{"(devel)", nil, "(devel)"},
		{"(devel)", []debug.BuildSetting{commit, {Key: "vcs.modified", Value: "false"}}, "(devel) 0123456789ab"},
		{"", []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}, commit}, "(devel) 0123456789ab+dirty"},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: test.version}, Settings: test.settings}
		if got := release(info); got != test.want {
			t.Errorf("release(%q, %v) = %q; want %q", test.version, test.settings, got, test.want)
		}
	}
}

// TestVersion holds that the version comes in lines that a program can read.
func TestVersion(t *testing.T) {
	lines := strings.Split(version(), "\n")
	for i, prefix := range []string{"goclip ", "go1.", "kernels "} {
		if !strings.HasPrefix(lines[i], prefix) {
			t.Errorf("line %d is %q; want it to begin with %q", i, lines[i], prefix)
		}
	}
}
