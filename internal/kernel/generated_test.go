package kernel

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGenerated holds that the assembly is what its generator writes. It needs
// the generator's own dependency, which a build of this package does not.
func TestGenerated(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the generator")
	}
	dir := t.TempDir()
	command := exec.Command("go", "run", ".", "-out", filepath.Join(dir, "kernel_amd64.s"),
		"-stubs", filepath.Join(dir, "kernel_amd64.go"), "-pkg", "kernel")
	command.Dir = "_gen"
	command.Env = append(os.Environ(), "GOPROXY=off", "GOOS=", "GOARCH=", "GOFLAGS=")
	if out, err := command.CombinedOutput(); err != nil {
		t.Skipf("the generator does not run here: %v: %s", err, out)
	}
	command = exec.Command("go", "test", ".")
	command.Dir = "_gen"
	command.Env = append(os.Environ(), "GOPROXY=off", "GOOS=", "GOARCH=", "GOFLAGS=")
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("the generator's tests: %v: %s", err, out)
	}
	for _, name := range []string{"kernel_amd64.s", "kernel_amd64.go"} {
		have, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		_, have, _ = bytes.Cut(have, []byte("\n")) // the first line is the command
		_, want, _ = bytes.Cut(want, []byte("\n"))
		if !bytes.Equal(have, want) {
			t.Errorf("%s is stale: go generate ./internal/kernel", name)
		}
	}
}
