package kernel

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGenerated holds that the assembly is what its generator writes. The generator
// has dependencies that a build of this package lacks: make check downloads them.
// Without them the test skips, but fails where the variable CI is set, as it is by
// make check and on most servers that run tests.
func TestGenerated(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the generator")
	}
	dir := t.TempDir()
	out, err := generator("run", ".", "-out", filepath.Join(dir, "kernel_amd64.s"),
		"-stubs", filepath.Join(dir, "kernel_amd64.go"), "-pkg", "kernel")
	switch {
	case err != nil && os.Getenv("CI") != "":
		t.Fatalf("the generator does not run: %v: %s", err, out)
	case err != nil:
		t.Skipf("the generator does not run; go mod download in internal/kernel/_gen gets what it lacks: %v: %s",
			err, out)
	}
	if out, err := generator("test", "."); err != nil {
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

// generator runs the go command in the generator's module, for this machine and
// without the network.
func generator(args ...string) (out []byte, err error) {
	command := exec.Command("go", args...)
	command.Dir = "_gen"
	command.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOOS=", "GOARCH=", "GOFLAGS=")
	return command.CombinedOutput()
}
