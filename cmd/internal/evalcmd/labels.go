package evalcmd

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"strings"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/eval"
)

// labelFlags say which labels there are to choose from.
type labelFlags struct{ labels, file string }

// read reads the labels of the flags; nil means that they give none.
func (l labelFlags) read() (classes []string, err error) {
	switch {
	case l.labels != "" && l.file != "":
		return nil, cli.Usagef("--labels, --labels-file: have both; want one of them")
	case l.file != "":
		if classes, err = configs.ReadClasses(l.file); err != nil {
			return nil, err
		}
		if len(classes) < 2 {
			return nil, fmt.Errorf("eval: %s: one label; want two or more to choose from", l.file)
		}
		return classes, nil
	case l.labels == "":
		return nil, nil
	}
	if classes, err = splitLabels(l.labels); err != nil {
		return nil, err
	}
	for _, name := range classes {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			return nil, cli.Usagef("--labels %q: %s is a file; want --labels-file for the labels in it", l.labels, name)
		}
	}
	if err := eval.CheckClasses(classes); err != nil {
		return nil, fmt.Errorf("%w in --labels", err)
	}
	if len(classes) < 2 {
		return nil, cli.Usagef("--labels %q: one label; want two or more to choose from", l.labels)
	}
	return classes, nil
}

// splitLabels reads a line of CSV: a label with a comma stands in double quotes.
func splitLabels(line string) ([]string, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.TrimLeadingSpace = true
	rows, err := r.ReadAll()
	if err != nil || len(rows) != 1 {
		return nil, cli.Usagef("--labels %q: want a line of CSV: commas between, and a label with a comma or quotes as "+
			`"kite, the bird"`, line)
	}
	for i, name := range rows[0] {
		rows[0][i] = strings.TrimSpace(name)
	}
	return rows[0], nil
}

// labels are those of the flags, or else the names of the run's own classes.
func (s *session) labels(ctx context.Context, given []string) ([]string, error) {
	if given == nil {
		given = s.classes(ctx)
	}
	if len(given) < 2 {
		return nil, cli.Usagef("--labels, --labels-file: have none, and the run has no classes; want two labels or more")
	}
	return given, nil
}
