package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// digits is how many digits of a number are printed: more than a score of 100,000
// images has that mean something.
const digits = 6

// token is a string or a number of JSON.
var token = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*`)

// PrintJSON writes v as one line of JSON, with fractions rounded to six digits. Whole
// numbers stay as they are.
func PrintJSON(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("json: %w", err)
	}
	text = token.ReplaceAllFunc(text, func(t []byte) []byte {
		if t[0] == '"' || !bytes.ContainsAny(t, ".eE") {
			return t
		}
		f, err := strconv.ParseFloat(string(t), 64)
		if err != nil {
			return t
		}
		return strconv.AppendFloat(nil, f, 'g', digits, 64)
	})
	_, err = w.Write(append(text, '\n'))
	return err
}
