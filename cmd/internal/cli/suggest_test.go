package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// program is one with a command that has flags, and a group of commands.
func program() *cobra.Command {
	root := &cobra.Command{Use: "goclip"}
	nothing := func(*cobra.Command, []string) error { return nil }
	train := &cobra.Command{Use: "train --config FILE", Args: cobra.NoArgs, RunE: nothing}
	train.Flags().String("config", "", "")
	train.Flags().String("workdir", "", "")
	train.Flags().StringArray("set", nil, "")
	train.AddCommand(&cobra.Command{Use: "plan", Args: cobra.NoArgs, RunE: nothing})
	group := &cobra.Command{Use: "eval"}
	group.AddCommand(&cobra.Command{Use: "zeroshot", Args: cobra.NoArgs, RunE: nothing})
	doctor := &cobra.Command{Use: "doctor", Args: cobra.NoArgs, RunE: nothing}
	doctor.Flags().String("config", "", "")
	doctor.Flags().String("data", "", "")
	root.AddCommand(doctor)
	root.AddCommand(train, group)
	return root
}

// TestSuggest: whatever does not exist is answered with what is probably meant.
func TestSuggest(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("testdata", 0o777); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"train --confg x":           "unknown flag: --confg; did you mean --config?",
		"train --wrokdir x":         "did you mean --workdir?",
		"train --work x":            "did you mean --workdir?",
		"train --optim.warmup 3":    "a key of the recipe is changed by --set optim.warmup=VALUE",
		"train --elephants":         "unknown flag: --elephants; goclip train --help lists them all",
		"train configs/x.yaml":      "did you mean --config configs/x.yaml?",
		"doctor configs/x.yaml":     "did you mean --config configs/x.yaml?",
		"doctor testdata":           "did you mean --data testdata?",
		"doctor a.parquet":          "did you mean --data a.parquet?",
		"train plann":               "did you mean goclip train plan?",
		"eval zershot":              `unknown command "zershot" for "goclip eval"; did you mean goclip eval zeroshot?`,
		"eval":                      "eval wants a command",
		"trian --config quickstart": "train",
	} {
		var errs strings.Builder
		if code := Run(program(), strings.Fields(args), &errs); code != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("goclip %s: exit code %d, %q; want 2, %q", args, code, errs.String(), want)
		}
	}
}

// TestPrintJSON: fractions have six digits, texts and whole numbers stay.
func TestPrintJSON(t *testing.T) {
	var b strings.Builder
	err := PrintJSON(&b, map[string]any{`a "0.123456789"\`: 0.9299999713897705, "b": int64(12345678901234567),
		"c": []float64{1e-9, -1.0 / 3, 2, 123456789.5}, "d": "1.23456789 <b>"})
	const want = `{"a \"0.123456789\"\\":0.93,"b":12345678901234567,"c":[1e-09,-0.333333,2,1.23457e+08],` +
		`"d":"1.23456789 \u003cb\u003e"}` + "\n"
	if err != nil || b.String() != want {
		t.Errorf("%s%v; want\n%s", b.String(), err, want)
	}
	if err := PrintJSON(&b, func() {}); err == nil {
		t.Error("a function: no error")
	}
}

// TestOpen starts the system's program with the address, and says what to do without one.
func TestOpen(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("puts a program of its own in the place of xdg-open")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if err := Open("http://127.0.0.1:1/"); err == nil || !strings.Contains(err.Error(), "open http://127.0.0.1:1/ by hand") {
		t.Errorf("without xdg-open: %v", err)
	}
	script := "#!/bin/sh\necho \"$1\" > " + filepath.Join(dir, "opened") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := Open("http://127.0.0.1:1/"); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
		if text, err := os.ReadFile(filepath.Join(dir, "opened")); err == nil && len(text) > 0 {
			if string(text) != "http://127.0.0.1:1/\n" {
				t.Errorf("opened %q", text)
			}
			return
		}
	}
	t.Error("nothing was opened")
}

// TestColor: NO_COLOR and a dumb terminal have none.
func TestColor(t *testing.T) {
	for _, test := range []struct {
		no, term string
		want     bool
	}{{"", "xterm", true}, {"1", "xterm", false}, {"", "dumb", false}} {
		t.Setenv("NO_COLOR", test.no)
		t.Setenv("TERM", test.term)
		if Color() != test.want {
			t.Errorf("NO_COLOR=%s TERM=%s: color %t", test.no, test.term, !test.want)
		}
	}
}
