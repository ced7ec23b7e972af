package foreign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/goclip/goclip/checkpoint/weights"
)

// maxConfig bounds a config file, in bytes.
const maxConfig = 4 << 20

// A config is a JSON file whose fields are taken one by one, so that what nobody
// took is known: a field that is ignored may change what a model computes. The
// first error sticks.
type config struct {
	name    string // path of the file
	objects []*object
	err     error
}

// An object is one object of a config, or what stands for one that is absent.
type object struct {
	config *config
	path   string // of the object, such as "model_cfg.vision_cfg.", or ""
	fields map[string]json.RawMessage
	taken  map[string]bool
}

// readConfig reads the JSON object in a file.
func readConfig(dir, name string) (*config, *object, error) {
	text, err := readText(filepath.Join(dir, name))
	if err != nil {
		return nil, nil, fmt.Errorf("foreign: %w", err)
	}
	c, root := newConfig(filepath.Join(dir, name), text)
	return c, root, c.err
}

// newConfig is the text of a file, which must be one object.
func newConfig(path string, text []byte) (*config, *object) {
	c := &config{name: path}
	return c, c.parse("", text)
}

// readText reads a regular file of at most maxConfig bytes.
func readText(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxConfig {
		return nil, fmt.Errorf("%s: is no file of at most %d bytes; want a config in JSON", path, maxConfig)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxConfig))
}

// parse reads text, which is the object at path.
func (c *config) parse(path string, text []byte) *object {
	o := &object{config: c, path: path, fields: map[string]json.RawMessage{}, taken: map[string]bool{}}
	if err := weights.Object(string(text), func(name string, d *json.Decoder) error {
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		o.fields[name] = value
		return nil
	}); err != nil {
		at := ""
		if path != "" {
			at = path[:len(path)-1] + ": "
		}
		c.fail("%s%w", at, err)
	}
	c.objects = append(c.objects, o)
	return o
}

func (c *config) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("foreign: %s: %w", c.name, fmt.Errorf(format, args...))
	}
}

// end returns the first error, or the first field that nobody took.
func (c *config) end() error {
	for _, o := range c.objects {
		var left []string
		for name := range o.fields {
			if !o.taken[name] {
				left = append(left, name)
			}
		}
		if len(left) > 0 {
			slices.Sort(left)
			o.refuse(left[0], "goclip does not know this field")
		}
	}
	return c.err
}

// refuse says what a field holds and why that cannot be.
func (o *object) refuse(name, why string) {
	have := "nothing"
	if value, ok := o.fields[name]; ok {
		var line bytes.Buffer
		_ = json.Compact(&line, value) // it was decoded before
		have = line.String()
	}
	o.config.fail("%s%s: have %.100s; %s", o.path, name, have, why)
}

// has says whether a field is there and not null.
func (o *object) has(name string) bool {
	o.taken[name] = true
	value, ok := o.fields[name]
	return ok && string(value) != "null"
}

// ignore takes fields that change nothing of what a model computes.
func (o *object) ignore(names ...string) {
	for _, name := range names {
		o.taken[name] = true
	}
}

// only takes a field that must be absent, null, or one of some values in JSON.
func (o *object) only(name, lacks string, values ...string) {
	if o.has(name) && !slices.Contains(values, string(o.fields[name])) {
		o.refuse(name, "goclip has no "+lacks)
	}
}

// take decodes a field into a value of the type of standard, which is what an
// absent field means. Null is not absent.
func take[T any](o *object, name, want string, standard T) T {
	o.taken[name] = true
	text, ok := o.fields[name]
	if !ok {
		return standard
	}
	var value *T
	if err := json.Unmarshal(text, &value); err != nil || value == nil {
		o.refuse(name, "want "+want)
		return standard
	}
	return *value
}

func (o *object) number(name string, standard int) int {
	return take(o, name, "a whole number", standard)
}

func (o *object) float(name string, standard float64) float64 {
	return take(o, name, "a number", standard)
}

func (o *object) flag(name string, standard bool) bool {
	return take(o, name, "true or false", standard)
}

func (o *object) text(name, standard string) string {
	return take(o, name, "text", standard)
}

// three takes a number for each channel; null is as absent.
func (o *object) three(name string, standard []float64) []float64 {
	if !o.has(name) {
		return standard
	}
	numbers := take(o, name, "three numbers", standard)
	if len(numbers) != 3 {
		o.refuse(name, "want three numbers")
	}
	return numbers
}

// choice takes text that names one of some things; null is as absent.
func choice[T any](o *object, name, standard string, of map[string]T) T {
	value := standard
	if o.has(name) {
		value = o.text(name, standard)
	}
	chosen, ok := of[value]
	if !ok {
		o.refuse(name, "want "+list(of))
	}
	return chosen
}

// object takes an object; absent and null are an empty one.
func (o *object) object(name string) *object {
	text := []byte("{}")
	if o.has(name) {
		text = o.fields[name]
	}
	return o.config.parse(o.path+name+".", text)
}

// side takes a number or two equal ones: the side of a square. Null is as absent.
func (o *object) side(name string, standard int) int {
	if !o.has(name) {
		return standard
	}
	var side int
	if json.Unmarshal(o.fields[name], &side) == nil {
		return side
	}
	var sides []int
	if json.Unmarshal(o.fields[name], &sides) != nil || len(sides) != 2 || sides[0] != sides[1] {
		o.refuse(name, "want the side of a square")
		return standard
	}
	return sides[0]
}

// exists says whether a folder has a file.
func exists(dir, name string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
