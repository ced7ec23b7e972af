package pack

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// extensions lists the extensions of files that may be images.
var extensions = map[string]bool{
	".jpg": true, ".jpeg": true, ".png": true, ".webp": true, ".gif": true, ".bmp": true, ".tif": true, ".tiff": true,
}

func isImage(name string) bool { return extensions[strings.ToLower(filepath.Ext(name))] }

// openFolder finds the images of a folder with a folder for each class. The
// name of a class is the name of its folder, with spaces for _ and -. Other
// files, and those whose name begins with a dot, are not of interest.
func openFolder(c Config) (source, error) {
	l := newList()
	l.classes = []string{} // names, even where they look like numbers
	err := filepath.WalkDir(c.Source, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") && path != c.Source {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !isImage(path) {
			return nil
		}
		relative, err := filepath.Rel(c.Source, path)
		if err != nil {
			return err
		}
		class, _, ok := strings.Cut(filepath.ToSlash(relative), "/")
		if !ok {
			return fmt.Errorf("%s is in no folder of a class; want %s", path, filepath.Join(c.Source, "CLASS", relative))
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(l.hash, "%s %d\n", filepath.ToSlash(relative), info.Size())
		name := norm.NFC.String(strings.NewReplacer("_", " ", "-", " ").Replace(class))
		l.pairs = append(l.pairs, pair{where: path, image: place{path: path},
			caption: strings.ReplaceAll(c.Template, "{}", name), label: name})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if len(l.pairs) == 0 {
		return nil, fmt.Errorf("pack: %s: no image in a folder of a class", c.Source)
	}
	return l, l.finish()
}
