package export

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// limitedOut holds, in the environment of a process of its own, the form and the folder
// that TestFullDisk writes.
const limitedOut = "EXPORT_TEST_OUT"

// TestFullDisk bounds the size of files, as a full disk does: nothing is left of a folder
// that cannot be written whole.
func TestFullDisk(t *testing.T) {
	m := openModel(t, here+"/open_clip")
	if args := os.Getenv(limitedOut); args != "" {
		to, out, _ := strings.Cut(args, " ")
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 3000, Max: 3000}); err != nil {
			t.Fatal(err)
		}
		_, err := Write(m, Format(to), out)
		fmt.Printf("the error: %v\n", err)
		return
	}
	for _, to := range Formats {
		dir := t.TempDir()
		c := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
		c.Env = append(os.Environ(), limitedOut+"="+string(to)+" "+filepath.Join(dir, "out"))
		text, err := c.CombinedOutput()
		left, _ := os.ReadDir(dir)
		if err != nil || !strings.Contains(string(text), "the error: export: ") ||
			!strings.Contains(string(text), "file too large") || len(left) > 0 {
			t.Errorf("%s: %v, %s, left %v; want an error, and nothing", to, err, text, left)
		}
	}
}
