package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A schema is what of OpenAPI's the description uses.
type schema struct {
	Properties map[string]any `json:"properties"`
	Required   []string       `json:"required"`
}

func description(t *testing.T) (d struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		RequestBody *struct {
			Content map[string]struct{ Schema schema } `json:"content"`
		} `json:"requestBody"`
		Responses map[string]any `json:"responses"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}) {
	t.Helper()
	must(t, json.Unmarshal(openAPI, &d))
	return d
}

// TestOpenAPIRoutes holds that what is served is what is described.
func TestOpenAPIRoutes(t *testing.T) {
	d := description(t)
	var described, served []string
	for path, methods := range d.Paths {
		for method, m := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
			if m.Responses["200"] == nil || (method == "post") != (m.RequestBody != nil) {
				t.Errorf("%s %s: want an answer 200, and a body for POST alone", method, path)
			}
		}
	}
	for pattern := range newServer(testModel()).routes() {
		served = append(served, pattern)
	}
	slices.Sort(described)
	slices.Sort(served)
	if diff := cmp.Diff(served, described); diff != "" || !strings.HasPrefix(d.OpenAPI, "3.") {
		t.Errorf("openapi.json (-served +described):\n%s", diff)
	}
}

// TestOpenAPISchemas holds that each answer and request has the keys of its description,
// and that all references lead somewhere.
func TestOpenAPISchemas(t *testing.T) {
	d := description(t)
	for name, value := range map[string]any{
		"Embeddings": Embeddings{}, "Found": Found{}, "FoundItem": FoundItem{}, "OpenAI": OpenAI{},
		"OpenAIEmbedding": OpenAIEmbedding{}, "Health": Health{}, "Error": Error{},
	} {
		all, required := keys(reflect.TypeOf(value))
		described, want := d.Components.Schemas[name], []string{}
		for key := range described.Properties {
			want = append(want, key)
		}
		slices.Sort(want)
		slices.Sort(described.Required)
		if diff := cmp.Diff(all, want) + cmp.Diff(required, described.Required); diff != "" {
			t.Errorf("%s (-code +described):\n%s", name, diff)
		}
	}
	for path, of := range map[string]any{"/api/embed": inputs{}, "/api/search": inputs{}, "/v1/embeddings": openAIRequest{}} {
		known, _ := keys(reflect.TypeOf(of))
		for key := range d.Paths[path]["post"].RequestBody.Content["application/json"].Schema.Properties {
			if !slices.Contains(known, key) {
				t.Errorf("%s: openapi.json names the key %s, which no request has; want one of %v", path, key, known)
			}
		}
	}
	for part := range strings.SplitSeq(string(openAPI), `"$ref": "#/components/schemas/`) {
		name, _, _ := strings.Cut(part, `"`)
		if _, ok := d.Components.Schemas[name]; !ok && !strings.HasPrefix(part, "{") {
			t.Errorf("openapi.json refers to %s, which it does not describe", name)
		}
	}
}

// keys are the keys of a type in JSON, and those that are always there.
func keys(t reflect.Type) (all, required []string) {
	for _, f := range reflect.VisibleFields(t) {
		tag, has := f.Tag.Lookup("json")
		if !has {
			continue
		}
		name, rest, _ := strings.Cut(tag, ",")
		all = append(all, name)
		if rest != "omitempty" {
			required = append(required, name)
		}
	}
	slices.Sort(all)
	slices.Sort(required)
	return all, required
}
