// Package export writes models as folders that other programs read: those of
// open_clip, of transformers, and graphs of ONNX. A folder is complete: weights,
// config, tokenizer, how images are prepared, and a README.md for people. What a form
// cannot express is refused by name. Before a folder gets its name, it is read back
// and compared with the model, see [Report].
package export

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
)

// A Format is the form of a folder.
type Format string

const (
	OpenCLIP     Format = "open_clip" // for open_clip's local-dir: and hf-hub:
	Transformers Format = "hf"        // CLIPModel or SiglipModel of transformers
	ONNX         Format = "onnx"      // a graph for each tower
)

// Formats are all there are.
var Formats = []Format{OpenCLIP, Transformers, ONNX}

// A Model is what is written, its adapters (model.lora) merged, and what using it takes.
type Model struct {
	CLIP       *model.CLIP
	Preprocess preprocess.Config
	Tokenizer  *tokenizer.Tokenizer
	Card       Card

	given *Model // as it was before it got a token of padding; nil if it did not
}

// A plan is what a folder will hold.
type plan struct {
	format Format
	files  []checkpoint.File // names may have one folder, with a slash

	// notes say where the form computes something else in rare cases.
	notes []string
}

func (p *plan) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// text adds a file of text.
func (p *plan) text(name, text string) {
	p.files = append(p.files, checkpoint.File{Name: name, Size: int64(len(text)), Write: func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}})
}

// planners by format.
var planners = map[Format]func(*Model) (*plan, error){
	OpenCLIP: planOpenCLIP, Transformers: planTransformers, ONNX: planONNX,
}

// Write writes m in a format as the folder out, which must not be there, or be empty.
// The folder has its name only when all of it is written and has been compared with m:
// differences above [Tolerance] are an error, after which nothing is left.
func Write(m Model, to Format, out string) (*Report, error) {
	if planners[to] == nil {
		return nil, fmt.Errorf("export: form %q; want one of %v", string(to), Formats)
	}
	if err := checkEmpty(out); err != nil {
		return nil, err
	}
	if err := m.CLIP.Finite(); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	m.Preprocess.SetDefaults()
	var err error
	if m.CLIP, err = m.CLIP.Merged(nil); err != nil {
		return nil, err
	}
	with, err := padded(&m, to)
	if err != nil {
		return nil, fmt.Errorf("export: %s: %w", to, err)
	}
	m = *with
	p, err := planners[to](&m)
	if err != nil {
		return nil, fmt.Errorf("export: %s: %w", to, err)
	}
	if m.given != nil {
		p.note("padding has the token %s of its own, with the embedding of %q, which the model pads with", padToken,
			m.given.Tokenizer.Token(m.given.Tokenizer.Pad()))
	}
	p.text("README.md", m.Card.markdown(&m, to, p.notes))
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(out)), 0o777); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	temporary, err := os.MkdirTemp(filepath.Dir(filepath.Clean(out)), "."+filepath.Base(out)+".*")
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	defer func() { _ = os.RemoveAll(temporary) }() // which has another name by then if all went well
	r, err := p.write(&m, to, temporary)
	if err == nil {
		err = rename(temporary, out)
	}
	if err != nil {
		return nil, fmt.Errorf("export: %s: %w", out, err)
	}
	r.Dir, r.Notes = out, p.notes
	return r, nil
}

// write fills the folder dir and reads it back.
func (p *plan) write(m *Model, to Format, dir string) (*Report, error) {
	if err := os.Chmod(dir, 0o755); err != nil { // temporary folders are private
		return nil, err
	}
	var names []string
	for _, f := range p.files {
		names = append(names, f.Name)
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := writeFile(path, f.Write); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	r, err := compare(m, to, dir)
	if err != nil {
		return nil, err
	}
	r.Files = names
	return r, nil
}

// writeFile writes a file, and its folder, to the disk.
func writeFile(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// checkEmpty refuses a folder with something in it, and what is no folder.
func checkEmpty(out string) error {
	if strings.TrimSpace(out) == "" {
		return errors.New("export: no name of a folder; want one to write")
	}
	if filepath.Base(filepath.Clean(out)) == "." {
		return fmt.Errorf("export: %s: is the current folder; want another, such as a new one in it", out)
	}
	entries, err := os.ReadDir(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("export: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("export: %s holds %s already; want a new folder, or an empty one", out, entries[0].Name())
	}
	return nil
}

// rename gives the folder its name, in place of an empty one.
func rename(from, to string) error {
	for _, dir := range []string{from, filepath.Join(from, visual), filepath.Join(from, textual)} {
		if err := (checkpoint.OS{}).SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return checkpoint.OS{}.SyncDir(filepath.Dir(filepath.Clean(to)))
}
