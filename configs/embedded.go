package configs

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/regular"
)

//go:embed *.yaml *-classes.txt *-templates.txt models/*.yaml
var embedded embed.FS

// embeddedPrefix begins the name of an embedded file where a path may stand,
// such as embedded:cifar10-classes.txt.
const embeddedPrefix = "embedded:"

// Recipes lists the names of the embedded recipes, sorted, such as quickstart.
func Recipes() []string {
	files, _ := fs.Glob(embedded, "*.yaml") // the pattern is a good one
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, ".yaml")
	}
	return files
}

// Models lists the names of the known architectures, sorted, such as ViT-B-32.
func Models() []string {
	files, _ := fs.Glob(embedded, "models/*.yaml") // the pattern is a good one
	for i, file := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(file, "models/"), ".yaml")
	}
	return files
}

// LoadModel returns a run that is Default but for the sections model,
// data.preprocess and tokenizer, which are those of an architecture by its name.
func LoadModel(name string) (*Run, error) {
	if !slices.Contains(Models(), name) {
		return nil, fmt.Errorf("configs: no architecture %q; want one of %s%s",
			name, strings.Join(Models(), ", "), suggest(name, Models()))
	}
	return load(Default(), []string{embeddedPrefix + "models/" + name + ".yaml"}, nil, nil)
}

// ReadFile reads a whole file; embedded:NAME is an embedded one, such as
// embedded:quickstart.yaml.
func ReadFile(path string) ([]byte, error) {
	name, ok := strings.CutPrefix(path, embeddedPrefix)
	if !ok {
		return regular.ReadFile(path, maxFile)
	}
	text, err := embedded.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("configs: %s: there is no such file in the program", path)
	}
	return text, nil
}

// ReadClasses is eval.ReadClasses of a path that may be embedded:NAME.
func ReadClasses(path string) ([]string, error) { return readList(path, eval.ReadClasses) }

// ReadTemplates is eval.ReadTemplates of a path that may be embedded:NAME.
func ReadTemplates(path string) ([]string, error) { return readList(path, eval.ReadTemplates) }

// readList reads the lines of an embedded file, which a test has found good, and
// leaves any other file to read.
func readList(path string, read func(path string) ([]string, error)) ([]string, error) {
	if !strings.HasPrefix(path, embeddedPrefix) {
		return read(path)
	}
	text, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n"), nil
}

// readRecipe reads the file at path, or else the embedded recipe of that name.
// From is where files that the recipe names lie beside it: a folder, or
// embeddedPrefix.
func readRecipe(path string) (text []byte, from string, err error) {
	if strings.HasPrefix(path, embeddedPrefix) {
		text, err = ReadFile(path)
		return text, embeddedPrefix, err
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() || !isName(path) {
		text, err = readFile(path)
		return text, filepath.Dir(path), err
	}
	text, err = embedded.ReadFile(path + ".yaml")
	if err != nil {
		return nil, "", fmt.Errorf("configs: %s is neither a file nor a recipe (%s)%s",
			path, strings.Join(Recipes(), ", "), suggest(path, Recipes()))
	}
	return text, embeddedPrefix, nil
}

// isName says whether path may be the name of an embedded recipe: it has neither
// a separator nor an extension.
func isName(path string) bool { return path != "" && !strings.ContainsAny(path, `./\`) }

// maxFile bounds a recipe: a file of more bytes is something else.
const maxFile = 1 << 20

func readFile(path string) ([]byte, error) {
	f, err := regular.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		if _, known := embedded.ReadFile(name + ".yaml"); known == nil {
			return nil, fmt.Errorf("configs: %w; want %s for the recipe of that name", err, name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("configs: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("configs: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("configs: %s: have more than %d bytes; want a recipe in YAML", path, maxFile)
	}
	return text, nil
}
