package torchfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goclip/goclip/checkpoint/weights"
)

// maxPickle bounds data.pkl, which of a model and its optimizer is some 100
// bytes for a tensor. Interpreting it takes up to 100 times its bytes.
const maxPickle = 16 << 20

// An archive is what the zip layer finds: the pickle, and where storages lie.
type archive struct {
	pickle   string
	storages map[string]record // by key
}

// A record is the place of a stored file's bytes.
type record struct{ offset, size int64 }

const (
	script = "is a TorchScript archive, which holds code; want its tensors, as the model's safetensors file, " +
		"or in Python: torch.save(torch.jit.load(path).state_dict(), 'weights.pt')"
	legacy = "is of a format before PyTorch 1.6; want the zip format, " +
		"in Python: torch.save(torch.load(path, map_location='cpu'), 'weights.pt')"
)

// openArchive reads the directory of the zip and its data.pkl.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	head := make([]byte, min(size, 512))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !strings.HasPrefix(string(head), "PK\x03\x04") {
		if isLegacy(string(head)) {
			return nil, errors.New(legacy)
		}
		return nil, errors.New("is no zip; want a file of torch.save")
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("is cut short or damaged: %w", err)
	}
	folder, err := folder(z)
	if err != nil {
		return nil, err
	}
	a := &archive{storages: map[string]record{}}
	seen := map[string]bool{}
	for _, f := range z.File {
		name, inside := strings.CutPrefix(f.Name, folder)
		key, storage := strings.CutPrefix(name, "data/")
		if !inside || !storage && name != "data.pkl" && name != "byteorder" {
			continue // version and such
		}
		if seen[name] {
			return nil, fmt.Errorf("file %.200q occurs twice", f.Name)
		}
		seen[name] = true
		place, err := stored(f, size)
		if err != nil {
			return nil, fmt.Errorf("file %.200q: %w", f.Name, err)
		}
		if storage {
			a.storages[key] = place
			continue
		}
		if err := a.read(r, name, place); err != nil {
			return nil, fmt.Errorf("file %.200q: %w", f.Name, err)
		}
	}
	return a, nil
}

// Looks reports whether head, the first 512 bytes of a file, begins a file of
// torch.save, of any version, rather than another format.
func Looks(head string) bool { return strings.HasPrefix(head, "PK\x03\x04") || isLegacy(head) }

// isLegacy recognizes the number that begins a pickle of PyTorch 0.1.10 to
// 1.5, and the name of a file in the tar before that.
func isLegacy(head string) bool {
	return strings.HasPrefix(head, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.") ||
		len(head) == 512 && head[257:262] == "ustar"
}

// folder returns the folder of the archive that has data.pkl, with its slash.
func folder(z *zip.Reader) (string, error) {
	folder, found := "", false
	for _, f := range z.File {
		dir, name, _ := strings.Cut(f.Name, "/")
		if name == "constants.pkl" || strings.HasPrefix(name, "code/") {
			return "", errors.New(script)
		}
		if name != "data.pkl" {
			continue
		}
		if found && dir+"/" != folder {
			return "", fmt.Errorf("has %.100q and %.100q; want one data.pkl", folder+name, f.Name)
		}
		folder, found = dir+"/", true
	}
	if !found {
		return "", errors.New("has no data.pkl; want a file of torch.save")
	}
	return folder, nil
}

// stored returns the place of a file, which torch.save does not compress.
func stored(f *zip.File, size int64) (record, error) {
	if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
		return record{}, errors.New("is compressed; want it as torch.save writes it")
	}
	offset, err := f.DataOffset()
	if err != nil {
		return record{}, err
	}
	if offset < 0 || offset > size || f.UncompressedSize64 > uint64(size-offset) {
		return record{}, fmt.Errorf("bytes %d to %d in a file of %d; want it inside",
			offset, uint64(offset)+f.UncompressedSize64, size)
	}
	return record{offset, int64(f.UncompressedSize64)}, nil
}

// read takes in one of the small files.
func (a *archive) read(r io.ReaderAt, name string, place record) error {
	if place.size > maxPickle {
		return fmt.Errorf("has %d bytes; want at most %d", place.size, maxPickle)
	}
	text := make([]byte, place.size)
	if n, err := r.ReadAt(text, place.offset); n < len(text) {
		return err
	}
	if name == "data.pkl" {
		a.pickle = string(text)
	} else if string(text) != "little" {
		return fmt.Errorf("is %.20q; want %q", text, "little")
	}
	return nil
}

// A storage is a run of elements in the file, which tensors are views of.
type storage struct {
	dtype    weights.DType
	offset   int64 // in bytes of the file
	elements int64
}

// storage finds the storage that a persistent id of the pickle names:
// ("storage", type, key, location, elements).
func (a *archive) storage(id any) (*storage, error) {
	t, _ := id.(tuple)
	if len(t) != 5 || t[0] != "storage" {
		return nil, fmt.Errorf("persistent id %s; want (storage, type, key, location, elements)", kind(id))
	}
	dtype, ok1 := t[1].(weights.DType)
	key, ok2 := t[2].(string)
	n, ok3 := t[4].(int64)
	if !ok1 || !ok2 || !ok3 {
		return nil, fmt.Errorf("persistent id of %s, %s, %s; want a type of storage, a string, a number",
			kind(t[1]), kind(t[2]), kind(t[4]))
	}
	place, ok := a.storages[key]
	if !ok {
		return nil, fmt.Errorf("storage %.100q: %w", key, weights.ErrNotFound)
	}
	if n < 0 || n > place.size || n*int64(dtype.Size()) != place.size {
		return nil, fmt.Errorf("storage %.100q: %d elements of %s in %d bytes; want as many bytes",
			key, n, dtype, place.size)
	}
	return &storage{dtype, place.offset, n}, nil
}
