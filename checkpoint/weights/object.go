package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Object reads text, which is one JSON object, and calls member for each of its
// names, with the decoder before the value. A name that occurs twice is an
// error, which encoding/json would pass over.
func Object(text string, member func(name string, d *json.Decoder) error) error {
	d := json.NewDecoder(strings.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("is not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name := key.(string) // the decoder gives nothing else as a key
		if seen[name] {
			return fmt.Errorf("%.200q occurs twice", name)
		}
		seen[name] = true
		if err := member(name, d); err != nil {
			return fmt.Errorf("%.200q: %w", name, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("goes on after its end")
	}
	return nil
}
