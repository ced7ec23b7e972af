package main

import (
	"fmt"
	"strings"

	"github.com/goclip/goclip/configs"
)

const intro = `# Keys of a run

Every key that a recipe, ` + "`--set`" + ` or a variable of the environment may set, with its type and default.
` + "`goclip train config`" + ` prints the same as YAML that runs.
` + "`goclip train config RECIPE`" + ` prints the values of a recipe.
` + "`go generate ./configs`" + ` writes this page from the comments of the Config structs.

- A recipe is a YAML file, or the name of one that comes with the program:
  RECIPES.
- Over the recipe go variables such as ` + "`GOCLIP_OPTIM_WARMUP=100`" + `, and over those flags such as
  ` + "`--set optim.warmup=100`" + `.
- The file ` + "`config.yaml`" + ` in the folder of a run has the value of every key.
  It is a recipe that repeats the run.
- Patterns of data and ` + "`world.dir`" + ` are relative to the current folder.
- The files of ` + "`eval.classes`, `eval.templates` and `tokenizer.path`" + ` are looked for beside the recipe that
  names them, then in the current folder.
  ` + "`embedded:NAME`" + ` is a file in the program, such as ` + "`embedded:cifar10-classes.txt`" + `.
`

// page is docs/configuration.md.
func page(docs map[string]doc) []byte {
	var b strings.Builder
	recipes := "`" + strings.Join(configs.Recipes(), "`, `") + "`"
	b.WriteString(strings.Replace(intro, "RECIPES", recipes, 1))
	keys, section := configs.Keys(), "none yet"
	for i := 0; i < len(keys); {
		n := 1 // keys that share a comment
		for i+n < len(keys) && docs[keys[i+n].Name].text == "" && above(keys[i+n].Name) == above(keys[i].Name) {
			n++
		}
		if s := above(keys[i].Name); s != section && !strings.HasSuffix(s, "[]") {
			b.WriteString(heading(s, docs))
			section = s
		}
		b.WriteString(item(keys[i:i+n], docs[keys[i].Name]))
		i += n
	}
	return []byte(b.String())
}

// above is the section of a key.
func above(key string) string { return key[:max(0, strings.LastIndexByte(key, '.'))] }

func heading(section string, docs map[string]doc) string {
	if section == "" {
		return "\n## The run itself\n\n"
	}
	text := fmt.Sprintf("\n## %s\n\n", section)
	if d := docs[section]; d.text != "" {
		text += paragraphs(markdown(d), "") + "\n"
	}
	return text
}

// item describes keys that share a comment.
func item(keys []configs.Key, d doc) string {
	var names []string
	indent := ""
	for _, key := range keys {
		kind := key.Type
		switch {
		case strings.Contains(key.Name, "[]"):
			indent = "  "
		case key.Required:
			kind += ", required"
		default:
			kind += ", default `" + key.Default + "`"
		}
		names = append(names, fmt.Sprintf("**`%s`** (%s)", key.Name, kind))
	}
	text := strings.Join(names, ", ") + ": " + markdown(d)
	return indent + "- " + strings.TrimLeft(paragraphs(text, indent+"  "), " ")
}

// paragraphs wraps the lines of text, each a paragraph of its own.
func paragraphs(text, indent string) string {
	var b strings.Builder
	for i, p := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, line := range configs.Wrap(p, 110-len(indent)) {
			b.WriteString(indent + line + "\n")
		}
	}
	return b.String()
}

// markdown is the comment with keys in code and nothing else that Markdown reads.
func markdown(d doc) string {
	escaped := doc{strings.NewReplacer("*", `\*`, "_", `\_`, "`", "\\`", "<", `\<`).Replace(d.text), d.fields}
	return escaped.plain(func(k string) string { return "`" + k + "`" })
}
