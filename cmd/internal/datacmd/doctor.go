package datacmd

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/doctor"
	"github.com/goclip/goclip/data/tokenizer"
)

// A doctorCall is what the flags of doctor say.
type doctorCall struct {
	recipe         string
	sets           []string
	data           data.Config
	tokenizer      tokenizer.Config
	out, write     string
	drop           []string
	json, strict   bool
	batch, context int
	doctor         doctor.Config
	batchSet       bool
}

func doctorCommand() *cobra.Command {
	var d doctorCall
	c := &cobra.Command{
		Use:   "doctor --data 'SHARDS'",
		Short: "Find what is wrong with pairs before training on them",
		Long: `Read all pairs once and report what is wrong with them, worst first, each with
what to do about it: rows that cannot be used, pictures that occur twice or
nearly, pictures of --val that are in training too, captions that repeat and
the floor that they put under the loss, captions that are cut off. With
--out, the same goes into a page with pictures. What it finds is no error: the exit code is 0.`,
		Args: cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		d.batchSet = c.Flags().Changed("batch")
		return d.run(c)
	}
	f := c.Flags()
	f.StringVar(&d.data.Train, "data", "", "patterns of Parquet files to train on")
	f.StringVar(&d.data.Val, "val", "", "patterns of Parquet files to evaluate on, which must not be in --data")
	f.StringVar(&d.recipe, "config", "", "recipe that says --data, --val, columns, tokenizer, batch and sizes")
	f.StringArrayVar(&d.sets, "set", nil, "key=value over the recipe")
	f.StringVar(&d.data.Image, "image", "", "column of images (default: the usual names)")
	f.StringVar(&d.data.Caption, "caption", "", "column of captions (default: the usual names)")
	f.StringVar(&d.tokenizer.Path, "tokenizer", "", "vocabulary (default: one is trained on the captions, as train does)")
	f.IntVar(&d.batch, "batch", 256, "pairs of a training step")
	f.IntVar(&d.context, "context", 77, "tokens of the longest caption")
	f.StringVar(&d.out, "out", "", "page with pictures to write, such as doctor.html; none unless it is named")
	f.BoolVar(&d.json, "json", false, "print everything as JSON")
	f.BoolVar(&d.strict, "strict", false, "exit with 1 where something is worse than a note")
	f.StringVar(&d.write, "write", "",
		"folder to write the shards of --data to, without the rows that cannot be used and the rows of --drop")
	f.StringSliceVar(&d.drop, "drop", doctor.DefaultKinds,
		"rows that --write leaves out beside: "+strings.Join(doctor.Kinds, ", ")+`, or "" for none`)
	f.IntVar(&d.doctor.Workers, "workers", 0, "goroutines that examine (default one a core)")
	cli.List(c, "data", "val")
	return c
}

func (d *doctorCall) run(c *cobra.Command) error {
	if err := d.settle(); err != nil {
		return err
	}
	train, err := data.OpenSurvey(c.Context(), d.data.Train, d.data, data.Need{Caption: true})
	if err != nil {
		return err
	}
	var val *data.Survey
	if d.data.Val != "" {
		if val, err = data.OpenSurvey(c.Context(), d.data.Val, d.data, data.Need{}); err != nil {
			return err
		}
	}
	if d.write != "" {
		if err := doctor.CheckClean(d.write, train); err != nil {
			return err
		}
	}
	if d.doctor.Tokenizer, d.doctor.Trained, err = doctor.Vocabulary(c.Context(), d.tokenizer, train); err != nil {
		return err
	}
	d.doctor.Progress = bar(os.Stderr, "examining")
	x, err := doctor.Examine(c.Context(), d.doctor, train, val)
	if err != nil {
		return err
	}
	if err := d.print(c, x); err != nil {
		return err
	}
	if d.write != "" {
		if err := d.clean(c, x); err != nil {
			return err
		}
	}
	if serious := x.Report().Serious(); d.strict && serious != "" {
		return fmt.Errorf("doctor: %s in %s", serious, d.data.Train)
	}
	return nil
}

// settle takes from the recipe what no flag says.
func (d *doctorCall) settle() error {
	d.doctor.Batch, d.doctor.Context = d.batch, d.context
	if d.recipe != "" {
		if err := d.load(); err != nil {
			return err
		}
	}
	if d.data.Train == "" {
		return cli.Usagef("--data is missing")
	}
	for _, kind := range d.drop {
		if !slices.Contains(doctor.Kinds, kind) {
			return cli.Usagef("--drop %s; want some of %s", kind, strings.Join(doctor.Kinds, ", "))
		}
	}
	return nil
}

// load reads the recipe, over which flags go.
func (d *doctorCall) load() error {
	sets := d.sets
	for key, value := range map[string]string{"data.train": d.data.Train, "data.val": d.data.Val,
		"data.image": d.data.Image, "data.caption": d.data.Caption} {
		if value != "" {
			sets = append(sets, key+"="+value)
		}
	}
	run, err := configs.Load(d.recipe, sets, nil)
	if err != nil {
		return err
	}
	d.data = run.Data
	for i, s := range run.Data.Sources {
		d.data.Train += [2]string{"", ","}[min(i, 1)] + s.Data
	}
	d.data.Sources = nil
	if d.tokenizer.Path == "" {
		d.tokenizer = run.Tokenizer
	}
	if !d.batchSet {
		d.doctor.Batch = run.Train.Batch
	}
	d.doctor.Context, d.doctor.ImageSize = run.Model.Text.ContextLength, run.Model.Image.Size
	return nil
}

// print writes the findings and the page.
func (d *doctorCall) print(c *cobra.Command, x *doctor.Examination) error {
	write := x.Report().Text
	if d.json {
		write = x.Report().JSON
	}
	if err := write(c.OutOrStdout()); err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	if d.out == "" {
		if !d.json {
			fmt.Fprintln(c.ErrOrStderr(), "with pictures: --out doctor.html")
		}
		return nil
	}
	if err := x.WritePage(d.out); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "the page is %s\n", d.out)
	return nil
}

// clean writes the shards of training without the rows to drop.
func (d *doctorCall) clean(c *cobra.Command, x *doctor.Examination) error {
	cleaned, err := x.Clean(c.Context(), d.write, d.drop, bar(os.Stderr, "writing"))
	if err != nil {
		return err
	}
	w := c.ErrOrStderr()
	fmt.Fprintf(w, "%s has %s, %d of %d rows are left out\n", d.write,
		doctor.Number(cleaned.Shards, "shard"), cleaned.Count, x.Report().Train.Rows)
	for _, why := range cleaned.Why {
		fmt.Fprintf(w, "  %d %s\n", why.N, why.Name)
	}
	return nil
}
