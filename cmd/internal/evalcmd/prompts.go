package evalcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/eval"
)

// promptFlags are the files of a class list and of templates, then what they hold.
type promptFlags struct {
	classFile, templateFile string

	classes, templates []string
	embedded           []float32 // (C * P, E), of session.prompts
}

func (p *promptFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.classFile, "classes", "", "class names, one a line; a label is the number of its line, from 0")
	c.Flags().StringVar(&p.templateFile, "templates", "", "prompts, one a line, with {} for the class (default \""+eval.DefaultTemplate+"\")")
}

func (p *promptFlags) read() (err error) {
	if p.classes, err = configs.ReadClasses(p.classFile); err != nil {
		return err
	}
	p.templates, err = configs.ReadTemplates(p.templateFile)
	return err
}

func (p *promptFlags) embed(ctx context.Context, s *session) (err error) {
	p.embedded, err = s.Texts(ctx, eval.Prompts(p.classes, p.templates))
	return err
}
