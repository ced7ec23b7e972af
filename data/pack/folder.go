package pack

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// extensions lists the extensions of files that may be images.
var extensions = map[string]bool{
	".jpg": true, ".jpeg": true, ".jfif": true, ".png": true, ".webp": true, ".gif": true, ".bmp": true,
	".tif": true, ".tiff": true,
}

func isImage(name string) bool { return extensions[strings.ToLower(filepath.Ext(name))] }

// openFolder finds the images of a folder with a folder for each class, links
// being followed. The name of a class is the name of its folder, with spaces for
// _ and -; two folders of one name are an error. Other files are counted; those
// whose name begins with a dot are not of interest.
func openFolder(c Config) (source, error) {
	l := newList()
	l.classes = []string{} // names, even where they look like numbers
	l.ignored = map[string]int64{}
	w := folderWalk{Config: c, list: l, folders: map[string]string{}}
	if err := w.folder("", nil); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if len(l.pairs) == 0 {
		return nil, fmt.Errorf("pack: %s: no image in a folder of a class; files by extension: %v", c.Source, l.ignored)
	}
	return l, l.finish()
}

// A folderWalk adds the images of a folder of classes to a list.
type folderWalk struct {
	Config
	list    *list
	folders map[string]string // by the name of their class
}

// folder walks a folder, whose path is relative to the source, in the order of
// names. The folders above are given without links, which may lead back to one.
func (w *folderWalk) folder(relative string, above []string) error {
	path := filepath.Join(w.Source, relative)
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if slices.Contains(above, real) {
		return fmt.Errorf("%s is a link to %s, a folder above it; want no loop", path, real)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	above = append(slices.Clip(above), real)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		name := filepath.Join(relative, entry.Name())
		info, err := os.Stat(filepath.Join(path, entry.Name()))
		switch {
		case err != nil && isImage(name): // a link to nothing, of interest when it is read
			err = w.image(name, 0)
		case err != nil:
			return err
		case info.IsDir():
			err = w.folder(name, above)
		case isImage(name):
			err = w.image(name, info.Size())
		default:
			w.list.ignored[strings.ToLower(filepath.Ext(name))]++
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// image adds an image, whose path is relative to the source.
func (w *folderWalk) image(relative string, size int64) error {
	path := filepath.Join(w.Source, relative)
	class, _, ok := strings.Cut(filepath.ToSlash(relative), "/")
	if !ok {
		return fmt.Errorf("%s is in no folder of a class; want %s", path, filepath.Join(w.Source, "CLASS", relative))
	}
	class = norm.NFC.String(class)
	name := strings.NewReplacer("_", " ", "-", " ").Replace(class)
	if other := cmp.Or(w.folders[name], class); other != class {
		return fmt.Errorf("%s: folders %q and %q are both the class %q; want a name for each", w.Source, other, class, name)
	}
	w.folders[name] = class
	fmt.Fprintf(w.list.hash, "%s %d\n", filepath.ToSlash(relative), size)
	return w.list.add(pair{where: path, image: place{path: path},
		caption: strings.ReplaceAll(w.Template, "{}", name), label: name})
}
