package data

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A WDS is a data set for evaluation in the layout of CLIP_benchmark: a folder with
//
//	test/nshards.txt  test/0.tar  test/1.tar ...    and other splits
//	classnames.txt  zeroshot_classification_templates.txt  dataset_type.txt
//
// A sample of a tar has an image (jpg, jpeg, png or webp) and, by the type, cls: the
// number of its class; txt: its captions, a line each; or npy: 0 or 1 for each class.
// Other members of a tar are of no interest.
//
// Source: https://github.com/LAION-AI/CLIP_benchmark, clip_benchmark/datasets/builder.py.
type WDS struct {
	Type  string // classification, retrieval or multilabel
	Split string

	// Classes and Templates, which have {} for the class, are nil where there is no file.
	Classes, Templates []string

	// Targets are, of multilabel, the classes of each image that Scan has visited.
	Targets map[RowRef][]bool

	tars   []string
	config Config
}

// OpenWDS reads what a folder says of itself.
func OpenWDS(dir, split string, c Config) (*WDS, error) {
	w, err := openWDS(dir, split, c)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", dir, err)
	}
	return w, nil
}

func openWDS(dir, split string, c Config) (*WDS, error) {
	c.SetDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	w := &WDS{Type: "classification", Split: split, Targets: map[RowRef][]bool{}, config: c}
	kind, err := wdsLines(filepath.Join(dir, "dataset_type.txt"))
	if err != nil {
		return nil, err
	}
	if len(kind) > 0 {
		w.Type = strings.ToLower(kind[0])
	}
	if !slices.Contains([]string{"classification", "retrieval", "multilabel"}, w.Type) {
		return nil, fmt.Errorf("dataset_type.txt says %q; want classification, retrieval or multilabel", w.Type)
	}
	if w.Classes, err = wdsLines(filepath.Join(dir, "classnames.txt")); err != nil {
		return nil, err
	}
	if w.Templates, err = wdsLines(filepath.Join(dir, "zeroshot_classification_templates.txt")); err != nil {
		return nil, err
	}
	for i, t := range w.Templates {
		w.Templates[i] = strings.ReplaceAll(t, "{c}", "{}")
	}
	count, err := wdsLines(filepath.Join(dir, split, "nshards.txt"))
	if err != nil {
		return nil, err
	}
	if len(count) != 1 {
		return nil, fmt.Errorf("%s has %d lines; want the number of tar files", filepath.Join(split, "nshards.txt"), len(count))
	}
	n, err := strconv.Atoi(count[0])
	if err != nil || n < 1 || n > 1_000_000 {
		return nil, fmt.Errorf("%s says %.40q; want the number of tar files", filepath.Join(split, "nshards.txt"), count[0])
	}
	for i := range n {
		w.tars = append(w.tars, filepath.Join(dir, split, fmt.Sprintf("%d.tar", i)))
	}
	return w, nil
}

// wdsLines reads the lines of a file, none if it is not there.
func wdsLines(path string) ([]string, error) {
	const most = 16 << 20
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if len(text) > most {
		return nil, fmt.Errorf("%s: more than %d bytes; want a list", filepath.Base(path), most)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	if len(lines) == 1 && lines[0] == "" {
		return nil, nil
	}
	return lines, nil
}

// Scan is as [Dataset.Scan].
func (w *WDS) Scan(ctx context.Context, size, n int, ledger *Ledger, visit func(Examples) error) error {
	r := &wdsReader{set: w}
	defer r.close()
	return scanFiles(ctx, w.config, size, n, ledger, 0, r.next, visit)
}

// A wdsReader reads the samples of all tar files.
type wdsReader struct {
	set   *WDS
	file  int // that comes next
	open  *os.File
	tar   *tar.Reader
	row   int64
	ahead *tar.Header // the first member of the next sample
}

func (r *wdsReader) close() {
	if r.open != nil {
		_ = r.open.Close() // it was only read
	}
	r.open, r.ahead = nil, nil
}

// next reads a sample: neighbors whose names are equal up to the first dot.
func (r *wdsReader) next() (row fileRow, more bool, err error) {
	for r.ahead == nil {
		if r.open == nil {
			if r.file == len(r.set.tars) {
				return row, false, nil
			}
			if r.open, err = os.Open(r.set.tars[r.file]); err != nil {
				return row, false, fmt.Errorf("data: %w", err)
			}
			r.file, r.tar, r.row = r.file+1, tar.NewReader(r.open), 0
		}
		if err := r.advance(); err != nil {
			return row, false, err
		}
		if r.ahead == nil {
			r.close()
		}
	}
	row = fileRow{ref: RowRef{r.open.Name(), r.row}, label: -1}
	r.row++
	key, found := wdsKey(r.ahead.Name), map[string][]byte{}
	for r.ahead != nil && wdsKey(r.ahead.Name) == key {
		ext := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(r.ahead.Name, key), "."))
		if slices.Contains(wdsMembers, ext) {
			if r.ahead.Size > maxImageBytes {
				return row, false, fmt.Errorf("data: %v: %s has %d bytes; want at most %d", row.ref, r.ahead.Name,
					r.ahead.Size, maxImageBytes)
			}
			if found[ext], err = io.ReadAll(r.tar); err != nil {
				return row, false, fmt.Errorf("data: %v: %s: %w", row.ref, r.ahead.Name, err)
			}
		}
		if err := r.advance(); err != nil {
			return row, false, err
		}
	}
	r.set.fill(&row, found)
	return row, true, nil
}

// wdsMembers are the extensions that are read.
var wdsMembers = []string{"webp", "png", "jpg", "jpeg", "cls", "txt", "npy"}

// wdsKey is the name of a member up to the first dot of its last part.
func wdsKey(name string) string {
	dir, base := path.Split(name)
	stem, _, _ := strings.Cut(base, ".")
	return dir + stem
}

// advance goes on to the next file of the archive; nil behind the last.
func (r *wdsReader) advance() error {
	for {
		h, err := r.tar.Next()
		switch {
		case errors.Is(err, io.EOF):
			r.ahead = nil
			return nil
		case err != nil:
			return fmt.Errorf("data: %s: behind sample %d: %w", r.open.Name(), r.row, err)
		case h.Typeflag == tar.TypeReg && !strings.HasPrefix(path.Base(h.Name), "."):
			r.ahead = h
			return nil
		}
	}
}

// fill makes a row of the members of a sample.
func (w *WDS) fill(row *fileRow, found map[string][]byte) {
	var image []byte
	for _, ext := range wdsMembers[:4] {
		if image == nil {
			image = found[ext]
		}
	}
	row.load = func() ([]byte, error) { return image, nil }
	if len(image) == 0 {
		row.problem = "no image"
		return
	}
	switch w.Type {
	case "classification":
		label, err := strconv.Atoi(strings.TrimSpace(string(found["cls"])))
		if err != nil || label < 0 {
			row.problem = fmt.Sprintf("cls is %.40q; want the number of a class", found["cls"])
		}
		row.label = label
	case "retrieval":
		for l := range strings.Lines(string(found["txt"])) {
			if l = strings.TrimSpace(l); l != "" {
				row.captions = append(row.captions, l)
			}
		}
		if len(row.captions) == 0 {
			row.problem = "no caption"
		}
	case "multilabel":
		targets, err := npyTargets(found["npy"])
		if err != nil {
			row.problem = "npy: " + err.Error()
		} else if len(targets) != len(w.Classes) {
			row.problem = fmt.Sprintf("npy has %d numbers; want one for each of the %d classes", len(targets), len(w.Classes))
		}
		w.Targets[row.ref] = targets
	}
}
