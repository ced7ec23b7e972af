package parquetfile

import (
	"encoding/json"
	"fmt"
)

// FeaturesKey is the key of the metadata in which the datasets library of Hugging
// Face describes the columns of a file.
const FeaturesKey = "huggingface"

// ClassNames are the names that the ClassLabel of a column has: a label is the
// place of its name, from 0. It is nil where the file names no classes of the column.
// Metadata that are no JSON are an error.
func (f *File) ClassNames(column string) ([]string, error) {
	text, ok := f.Lookup(FeaturesKey)
	if !ok {
		return nil, nil
	}
	var described struct {
		Info struct {
			Features map[string]json.RawMessage `json:"features"`
		} `json:"info"`
	}
	if err := json.Unmarshal([]byte(text), &described); err != nil {
		return nil, fmt.Errorf("metadata %s: %w; want features as the datasets library writes them", FeaturesKey, err)
	}
	var kind struct {
		Type  string   `json:"_type"`
		Names []string `json:"names"`
	}
	feature, ok := described.Info.Features[column]
	if !ok || feature[0] != '{' { // a list, which is no class
		return nil, nil
	}
	if err := json.Unmarshal(feature, &kind); err != nil {
		return nil, fmt.Errorf("metadata %s: column %s: %w; want the names of a ClassLabel", FeaturesKey, column, err)
	}
	if kind.Type != "ClassLabel" || len(kind.Names) == 0 {
		return nil, nil
	}
	return kind.Names, nil
}
