package evalcmd

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

// limitedArgs holds, in the environment of a process of its own, the arguments
// that TestFullDisk calls, a line each.
const limitedArgs = "EVALCMD_TEST_ARGS"

// TestFullDisk bounds the size of files, as a full disk does, and holds that a
// file that cannot be written whole is not there, and that the one before it
// stays.
func TestFullDisk(t *testing.T) {
	if args := os.Getenv(limitedArgs); args != "" {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 900, Max: 900}); err != nil {
			t.Fatal(err)
		}
		code, _, errs := call(strings.Split(args, "\n")...)
		fmt.Printf("exit code %d: %s", code, errs)
		return
	}
	enter(t)
	e, dir := embedded(t), t.TempDir()
	for _, args := range [][]string{
		{"report", "--checkpoint", "r", "--embeddings", e, "--classes", "world/classes.txt", "--out", "x.html"},
		{"search", "--checkpoint", "r", "--embeddings", e, "--text", "a", "--sheet", "x.png"},
		{"embed", "--checkpoint", "r", "--data", valData, "--out", "x.parquet"},
		{"embed", "--checkpoint", "r", "--data", valData, "--out", "x.npy"},
	} {
		path := filepath.Join(dir, args[len(args)-1])
		args[len(args)-1] = path
		for _, before := range []string{"", "the file before"} {
			if before != "" {
				if err := os.WriteFile(path, []byte(before), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			c := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
			c.Env = append(os.Environ(), limitedArgs+"="+strings.Join(args, "\n"))
			out, err := c.CombinedOutput()
			if text := string(out); err != nil || !strings.Contains(text, "exit code 1: ") ||
				!strings.Contains(text, path+": ") || !strings.Contains(text, "file too large") {
				t.Errorf("eval %q: %v, %s; want exit code 1, the name of the file, and why", args, err, out)
			}
			if after, err := os.ReadFile(path); string(after) != before || (before == "") != os.IsNotExist(err) {
				t.Errorf("eval %q leaves %d bytes, %v; want %q", args, len(after), err, before)
			}
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 4 {
		t.Errorf("the folder holds %v, %v; want the four files alone", left, err)
	}
}
