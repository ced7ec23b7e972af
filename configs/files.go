package configs

import (
	"os"
	"path"
	"path/filepath"
	"strings"
)

// clipVocabulary is the tokenizer.path of CLIP's own vocabulary, which is no file.
const clipVocabulary = "clip"

// files are the fields that name a single file or folder, by their keys.
func (r *Run) files() map[string]*string {
	return map[string]*string{
		"eval.classes": &r.Eval.Classes, "eval.templates": &r.Eval.Templates, "tokenizer.path": &r.Tokenizer.Path,
		"model.from": &r.Model.From,
	}
}

// findFiles makes the paths of files independent of the current folder, so that
// the run is the same when it goes on in another. From says where the recipe
// lies that named a key, if one did: a relative path is looked for there first,
// and then in the current folder. One that is in neither stays as it is.
//
// Files of the world stay relative, as the world's folder and the data do.
func (r *Run) findFiles(from map[string]string) {
	world := filepath.ToSlash(r.World.Dir) + "/"
	for key, file := range r.files() {
		switch {
		case *file == "" || filepath.IsAbs(*file) || strings.HasPrefix(*file, embeddedPrefix):
		case key == "tokenizer.path" && *file == clipVocabulary:
		case r.World.Dir != "" && strings.HasPrefix(filepath.ToSlash(*file), world):
		default:
			*file = findFile(*file, from[key])
		}
	}
}

// findFile looks for a relative path beside a recipe, if folder is not empty,
// and in the current folder.
func findFile(file, folder string) string {
	if folder == embeddedPrefix {
		if _, err := embedded.ReadFile(path.Clean(filepath.ToSlash(file))); err == nil {
			return embeddedPrefix + file
		}
		folder = ""
	}
	for _, candidate := range []string{filepath.Join(folder, file), file} {
		if _, err := os.Stat(candidate); err != nil {
			continue
		}
		if full, err := filepath.Abs(candidate); err == nil {
			return full
		}
	}
	return file
}
