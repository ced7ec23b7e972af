package evalcmd

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/eval"
)

// promptFlags are the files of a class list and of templates, then what they hold.
type promptFlags struct {
	classFile, templateFile string
	rename                  bool

	classes, templates []string
	embedded           []float32 // (C * P, E), of session.prompts
}

func (p *promptFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.classFile, "classes", "",
		"class names, one a line; a label is the number of its line, from 0 (default: the names that the shards carry)")
	c.Flags().BoolVar(&p.rename, "rename-classes", false,
		"take --classes for other words for the classes whose names the shards carry, one for one")
	c.Flags().StringVar(&p.templateFile, "templates", "", "prompts, one a line, with {} for the class (default \""+eval.DefaultTemplate+"\")")
}

// read reads the files that the flags name.
func (p *promptFlags) read() (err error) {
	if p.classFile != "" {
		if p.classes, err = configs.ReadClasses(p.classFile); err != nil {
			return err
		}
	}
	p.templates, err = configs.ReadTemplates(p.templateFile)
	return err
}

// fromShards takes the names that shards carry where no flag gives any.
func (p *promptFlags) fromShards(ctx context.Context, shards string, c data.Config) (err error) {
	if p.classes == nil && shards != "" {
		p.classes, err = shardClasses(ctx, shards, c)
	}
	return err
}

// need are the labels, as numbers of the classes.
func (p *promptFlags) need() data.Need {
	return data.Need{Label: p.classes != nil, Classes: p.classes, RenameClasses: p.rename}
}

// errNoClasses says that there is nothing to choose from.
func errNoClasses(shards string) error {
	return cli.Usagef("--classes is missing, and %s has no names of classes", cmp.Or(storage.Redact(shards), "the file of embeddings"))
}

// shardClasses are the names of classes that shards carry, or nil.
func shardClasses(ctx context.Context, shards string, c data.Config) ([]string, error) {
	names, err := data.ClassNames(ctx, shards, c)
	if err != nil || names == nil {
		return nil, err
	}
	if err := eval.CheckClasses(names); err != nil {
		return nil, fmt.Errorf("%w in %s", err, storage.Redact(shards))
	}
	return names, nil
}

func (p *promptFlags) embed(ctx context.Context, s *session) (err error) {
	p.embedded, err = s.Texts(ctx, eval.Prompts(p.classes, p.templates))
	return err
}
