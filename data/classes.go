package data

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// ClassNames are the names of the classes that shards carry for their labels, as a
// ClassLabel of the datasets library does: a label is the place of its name, from 0.
// It is nil unless all shards carry names. Shards that carry different ones are an
// error.
func ClassNames(ctx context.Context, patterns string, c Config) ([]string, error) {
	d, err := Open(ctx, patterns, c, Need{})
	if err != nil {
		return nil, err
	}
	return d.ClassNames()
}

// ClassNames are the names that the shards of d carry, as of the function ClassNames.
func (d *Dataset) ClassNames() ([]string, error) {
	if err := d.sameNames(); err != nil {
		return nil, err
	}
	for _, s := range d.shards {
		if s.names == nil {
			return nil, nil
		}
	}
	return d.shards[0].names, nil
}

// Unlabeled is the number of rows without a label.
func (d *Dataset) Unlabeled(ctx context.Context) (n int64, err error) {
	for lo := int64(0); lo < d.rows; lo += blockRows {
		rows, err := d.read(ctx, lo, min(d.rows, lo+blockRows), columns{label: true})
		if err != nil {
			return 0, err
		}
		for _, r := range rows {
			if r.label < 0 {
				n++
			}
		}
	}
	return n, nil
}

// sameNames holds that no two shards carry different names.
func (d *Dataset) sameNames() error {
	var first *shard
	for _, s := range d.shards {
		switch {
		case s.names == nil:
		case first == nil:
			first = s
		default:
			if diff := DifferentClasses(s.names, first.names); diff != "" {
				return fmt.Errorf("data: %s: its labels are of other classes than those of %s: %s; want them apart, "+
					"or packed together", s.path, first.path, diff)
			}
		}
	}
	return nil
}

// checkClasses holds that labels are of the classes in which they are wanted.
func (d *Dataset) checkClasses() error {
	if !d.need.Label {
		return nil
	}
	if err := d.sameNames(); err != nil {
		return err
	}
	for _, s := range d.shards {
		if s.names == nil || len(d.need.Classes) == 0 {
			continue
		}
		if len(s.names) != len(d.need.Classes) {
			return fmt.Errorf("data: %s: its labels are of other classes than the class list: %s; want no list, "+
				"for the names in the shard, or the list of its classes",
				s.path, DifferentClasses(s.names, d.need.Classes))
		}
		if diff := DifferentClasses(s.names, d.need.Classes); diff != "" && !d.need.RenameClasses {
			return fmt.Errorf("data: %s: its labels are of other classes than the class list: %s; want no list, "+
				"for the names in the shard; or rename_classes, if they are other words for the same classes",
				s.path, diff)
		}
	}
	return nil
}

// DifferentClasses says how two lists of class names differ, or "". Case does not
// count, nor whether a name has spaces, _ or -.
func DifferentClasses(have, want []string) string {
	plain := func(names []string) (all []string) {
		for _, name := range names {
			all = append(all, strings.ToLower(strings.NewReplacer("_", " ", "-", " ").Replace(labelName(name))))
		}
		return all
	}
	a, b := plain(have), plain(want)
	if slices.Equal(a, b) {
		return ""
	}
	diff := fmt.Sprintf("have %s, not %s", briefNames(have), briefNames(want))
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			diff += fmt.Sprintf("; label %d is %q, not %q", i, have[i], want[i])
			break
		}
	}
	if slices.Sort(a); len(a) == len(b) {
		if slices.Sort(b); slices.Equal(a, b) {
			diff += "; the names are the same in another order"
		}
	}
	return diff
}

// briefNames counts names, and shows the first of them.
func briefNames(names []string) string {
	const most = 3
	s := fmt.Sprintf("%d (%s", len(names), strings.Join(names[:min(most, len(names))], ", "))
	if len(names) > most {
		s += ", ..."
	}
	return s + ")"
}
