package traincmd

import (
	"bytes"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/train"
)

// TestAddress: the quickstart has a page that nobody asked for, which --page none takes
// away; other runs have one where it is asked for.
func TestAddress(t *testing.T) {
	for _, test := range []struct {
		o      options
		config string
		want   string
		chosen bool
	}{
		{options{}, "quickstart", anyPort, false},
		{options{}, "configs/quickstart.yaml", "", false},
		{options{}, "cifar10", "", false},
		{options{page: "none"}, "quickstart", "", true},
		{options{page: "none", open: true}, "quickstart", "", true},
		{options{open: true}, "cifar10", anyPort, true},
		{options{page: "localhost:8080", open: true}, "cifar10", "localhost:8080", true},
	} {
		if address, chosen := test.o.address(test.config); address != test.want || chosen != test.chosen {
			t.Errorf("%+v of %s: address %q, chosen %t; want %q, %t", test.o, test.config, address, chosen, test.want, test.chosen)
		}
	}
}

// TestShowPage: the first line names the page, which is there before the run.
func TestShowPage(t *testing.T) {
	c := &cobra.Command{Use: "train"}
	c.SetContext(t.Context())
	var lines bytes.Buffer
	log := train.NewConsole(&lines, 1)
	o := options{open: true}
	t.Setenv("PATH", t.TempDir()) // without a browser
	stop, err := o.showPage(c, "cifar10", t.TempDir(), log)
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://127.0.0.1:\d+/`).FindString(lines.String())
	answer, err := http.Get(url)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(lines.String(), "the page of the run: http://") {
		t.Errorf("%q, %v; want a page that answers", lines.String(), err)
	}
	if err == nil {
		_ = answer.Body.Close()
	}
	if runtime.GOOS == "linux" && !strings.Contains(lines.String(), "no browser opens the page") {
		t.Errorf("%q; want a word on the browser that is not there", lines.String())
	}
	stop()
	lines.Reset()
	if _, err := (&options{}).showPage(c, "cifar10", "runs/a b", log); err != nil ||
		!strings.Contains(lines.String(), "eval serve --workdir 'runs/a b'") {
		t.Errorf("without a page: %q, %v; want how to see one", lines.String(), err)
	}
}
