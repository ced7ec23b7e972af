package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// otherVariables begin as ours do and are not keys of a run.
var otherVariables = []string{
	"GOCLIP_KERNEL", // internal/kernel.CheckLevel: the level of instructions
}

// Load reads the recipe at path, or the embedded recipe of that name. Over it go
// the variables of environ, such as GOCLIP_OPTIM_WARMUP=100 for optim.warmup,
// and over those the sets, such as optim.warmup=100. What none of them names has
// its default.
//
// A relative path of eval.classes, eval.templates or tokenizer.path that the
// recipe names is looked for beside the recipe, then in the current folder, and
// becomes absolute, or embedded:NAME beside an embedded recipe. Patterns of data
// and world.dir stay relative to the current folder.
//
// With model.from, what none of them names of the sections model, data.preprocess and
// tokenizer is the source's.
//
// A key or variable that does not exist, a key that occurs twice, a value of
// another type, and what Validate finds are errors.
func Load(path string, sets, environ []string) (*Run, error) {
	run, err := loadFrom(Default(), []string{path}, sets, environ)
	if err != nil {
		return nil, err
	}
	if err := run.Validate(); err != nil {
		return nil, err
	}
	return run, nil
}

// LoadStarted is Load of the config.yaml in a run's folder. Everything is in it, so
// that what the run started from (model.from) need not be there any more.
func LoadStarted(path string, sets, environ []string) (*Run, error) {
	run, err := load(Default(), []string{path}, sets, environ)
	if err != nil {
		return nil, err
	}
	if err := run.Validate(); err != nil {
		return nil, err
	}
	return run, nil
}

// LoadTrained reads the config beside weights that are to be used, not trained: of
// what it says, the model, the vocabulary and the preparation of images must be
// right, and nothing else need be there.
func LoadTrained(path string) (*Run, error) {
	run, err := load(Default(), []string{path}, nil, nil)
	if err != nil {
		return nil, err
	}
	for _, part := range []interface{ Validate() error }{run.Model, run.Tokenizer, run.Data.Preprocess} {
		if err := part.Validate(); err != nil {
			return nil, err
		}
	}
	return run, nil
}

// LoadResume is Load for a run that goes on: started, the run's own YAML, takes the
// place of the recipe, so that what was set at its start stays set. The recipe at
// path, unless that is empty, is only compared: differs names the keys in which
// it differs, without those that the run has replaced by what it chose.
func LoadResume(started, path string, sets, environ []string) (run *Run, differs string, err error) {
	if _, err := os.Stat(started); errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("configs: %s holds no run to resume: it has no %s",
			filepath.Dir(started), filepath.Base(started))
	}
	began, err := LoadStarted(started, nil, nil)
	if err != nil {
		return nil, "", err
	}
	if run, err = LoadStarted(started, sets, environ); err != nil {
		return nil, "", err
	}
	keepFrom(began, run)
	if path == "" {
		return run, "", nil
	}
	recipe, err := load(Default(), []string{started, path}, sets, environ)
	if err != nil {
		return nil, "", err
	}
	keepFrom(began, recipe)
	return run, difference(run, recipe, []string{"train.memory", "train.rematerialize"}), nil
}

// layers are the values of a run by key, each layer over those before it.
type layers struct {
	*viper.Viper
	from map[string]string // of a key that a recipe set last: its folder, or embeddedPrefix
}

// load reads recipes, each over those before it and all over base. It returns
// the run after defaults.
func load(base Run, paths, sets, environ []string) (*Run, error) {
	l, err := readLayers(paths, sets, environ)
	if err != nil {
		return nil, err
	}
	return l.over(base)
}

// loadFrom is load over what model.from names.
func loadFrom(base Run, paths, sets, environ []string) (*Run, error) {
	l, err := readLayers(paths, sets, environ)
	if err != nil {
		return nil, err
	}
	from, err := l.take(&base)
	if err != nil {
		return nil, err
	}
	run, err := l.over(base)
	if err != nil {
		return nil, err
	}
	run.Model.From = from
	return run, nil
}

// readLayers reads recipes, variables and sets.
func readLayers(paths, sets, environ []string) (l layers, err error) {
	l = layers{viper.New(), map[string]string{}}
	for _, path := range paths {
		if err := l.addRecipe(path); err != nil {
			return l, err
		}
	}
	if err := l.addVariables(environ); err != nil {
		return l, err
	}
	for _, set := range sets {
		key, value, ok := strings.Cut(set, "=")
		if !ok {
			return l, fmt.Errorf("configs: --set %s: have no =; want a key and its value, such as train.steps=100", set)
		}
		if err := l.addText(strings.TrimSpace(key), value); err != nil {
			return l, fmt.Errorf("configs: --set %s: %w", set, err)
		}
	}
	return l, nil
}

// over decodes the layers over base. It returns the run after defaults.
func (l layers) over(base Run) (*Run, error) {
	if err := l.UnmarshalExact(&base, func(c *mapstructure.DecoderConfig) {
		// Types have been checked, and better than by a weak conversion.
		c.TagName, c.WeaklyTypedInput, c.DecodeHook = "yaml", false, nil
	}); err != nil {
		return nil, fmt.Errorf("configs: %w", err)
	}
	base.SetDefaults()
	base.findFiles(l.from)
	return &base, nil
}

// addRecipe adds the keys of a recipe.
func (l layers) addRecipe(path string) error {
	text, from, err := readRecipe(path)
	if err != nil {
		return err
	}
	values, err := parse(path, text)
	if err != nil {
		return err
	}
	for key := range new(Run).files() {
		section, name, _ := strings.Cut(key, ".")
		if keys, ok := values[section].(map[string]any); ok && keys[name] != nil {
			l.from[key] = from
		}
	}
	if err := l.MergeConfigMap(values); err != nil {
		return fmt.Errorf("configs: %s: %w", path, err)
	}
	return nil
}

// addVariables adds the keys that variables beginning with GOCLIP_ set.
func (l layers) addVariables(environ []string) error {
	keys := make(map[string]string, len(fields.leaves))
	for key := range fields.leaves {
		keys[variable(key)] = key
	}
	for _, pair := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "GOCLIP_") || slices.Contains(otherVariables, name) {
			continue
		}
		key, ok := keys[name]
		if !ok {
			return fmt.Errorf("configs: environment: %s is unknown%s", name, suggestVariable(name))
		}
		if err := l.addText(key, value); err != nil {
			return fmt.Errorf("configs: environment: %s: %w", name, err)
		}
	}
	return nil
}

// variable is the name of a key in the environment.
func variable(key string) string {
	return "GOCLIP_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// addText sets a key to a value given as text.
func (l layers) addText(key, text string) error {
	t, ok := fields.leaves[key]
	if !ok {
		return fields.unknown(key)
	}
	value, err := decodeText(text, t)
	if err != nil {
		return err
	}
	l.Set(key, value)
	delete(l.from, key)
	return nil
}

// parse reads YAML into values of the types of Run, in maps by section. It
// walks the nodes itself, because only they know lines and repeated keys.
func parse(path string, text []byte) (map[string]any, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := d.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil // nothing but comments
	} else if err != nil {
		return nil, syntaxError(path, err)
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("configs: %s: have several documents; want one", path)
	}
	values, err := section(document.Content[0], "")
	var located *nodeError
	if errors.As(err, &located) {
		return nil, fmt.Errorf("configs: %s:%d: %w", path, located.line, err)
	}
	return values, err
}

var syntaxLine = regexp.MustCompile(`^yaml: line (\d+): (.*)`)

func syntaxError(path string, err error) error {
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("configs: %s:%s: %s", path, m[1], m[2])
	}
	return fmt.Errorf("configs: %s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
}

// A nodeError is an error at a line of a file.
type nodeError struct {
	line int
	err  error
}

func (e *nodeError) Error() string { return e.err.Error() }

// at says at which line err is, unless it is inside of what has a line already.
func at(node *yaml.Node, err error) error {
	var inner *nodeError
	if errors.As(err, &inner) {
		return &nodeError{inner.line, err}
	}
	return &nodeError{node.Line, err}
}

func (e *nodeError) Unwrap() error { return e.err }

// section reads the keys below name.
func section(node *yaml.Node, name string) (map[string]any, error) {
	node = target(node)
	if isNull(node) {
		return nil, nil
	}
	if node.Kind != yaml.MappingNode {
		return nil, at(node, fmt.Errorf("%shave %s; want keys, such as %s",
			label(name), describe(node), fields.sections[name][0]))
	}
	values, lines := map[string]any{}, map[string]int{}
	for i := 0; i < len(node.Content); i += 2 {
		keyNode, valueNode := node.Content[i], node.Content[i+1]
		key := join(name, keyNode.Value)
		if now, ok := renamed[key]; ok {
			key = now
		}
		if first, ok := lines[key]; ok {
			return nil, at(keyNode, fmt.Errorf("%s occurs twice, first in line %d", key, first))
		}
		lines[key] = keyNode.Line

		var value any
		var err error
		if _, ok := fields.sections[key]; ok {
			value, err = section(valueNode, key)
		} else if t, ok := fields.leaves[key]; !ok || keyNode.Kind != yaml.ScalarNode ||
			strings.Contains(keyNode.Value, ".") {
			return nil, at(keyNode, fields.unknown(key))
		} else if isNull(target(valueNode)) {
			continue // a key without a value keeps its default
		} else if value, err = decode(target(valueNode), t); err != nil {
			err = at(valueNode, fmt.Errorf("%s: %w", key, err))
		}
		if err != nil {
			return nil, err
		}
		values[key[strings.LastIndexByte(key, '.')+1:]] = value
	}
	return values, nil
}

// renamed has the keys that runs of an older program recorded under another name.
var renamed = map[string]string{"train.probe_pairs": "train.grid_pairs"}

func label(section string) string {
	if section == "" {
		return ""
	}
	return section + ": "
}

// target is the node that an alias stands for.
func target(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }
