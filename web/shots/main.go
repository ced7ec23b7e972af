// Command shots takes a picture of a page in a headless Chromium:
//
//	go run ./web/shots --url http://127.0.0.1:8080/ --wait '#pairs:not([hidden])' --out docs/live.png
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/spf13/cobra"
)

// maxTime is how long a page may take, and pollTime how often it is asked.
const (
	maxTime  = 2 * time.Minute
	pollTime = 50 * time.Millisecond
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		os.Exit(1) // cobra has printed the error
	}
}

// A shot is a picture to be taken.
type shot struct {
	url, out, wait, script, upload string
	width, height                  int64
	dark, print                    bool
}

func command() *cobra.Command {
	var s shot
	c := &cobra.Command{
		Use:   "shots --url URL --out FILE.png",
		Short: "Take a picture of a page in a headless Chromium",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return s.take(c.Context()) },
	}
	c.Flags().StringVar(&s.url, "url", "", "the page")
	c.Flags().StringVar(&s.out, "out", "", "PNG file to write")
	c.Flags().StringVar(&s.wait, "wait", "body", "selector of what must be seen first")
	c.Flags().StringVar(&s.upload, "upload", "", "file to put into the page's file input")
	c.Flags().StringVar(&s.script, "script", "", "JavaScript to run before that")
	c.Flags().Int64Var(&s.width, "width", 1100, "of the window, in pixels")
	c.Flags().Int64Var(&s.height, "height", 0, "of the picture, in pixels; 0 is the whole page")
	c.Flags().BoolVar(&s.dark, "dark", false, "in dark mode")
	c.Flags().BoolVar(&s.print, "print", false, "as it is printed")
	for _, name := range []string{"url", "out"} {
		_ = c.MarkFlagRequired(name) // the flag exists
	}
	return c
}

// browser starts a headless Chromium with an empty tab. Root, as whom CI runs it,
// has no sandbox.
func browser(ctx context.Context, o ...chromedp.ContextOption) (context.Context, context.CancelFunc) {
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)...)
	ctx, cancel := chromedp.NewContext(ctx, o...)
	return ctx, func() {
		cancel()
		stop()
	}
}

// until waits for an expression to be true. It asks again and again, as a page
// whose policy forbids eval cannot be made to watch.
func until(expression string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		for {
			if is, err := chromedp.Evaluate[bool](expression)(ctx, t); err != nil || is {
				return none, err
			}
			select {
			case <-ctx.Done():
				return none, fmt.Errorf("waiting for %s: %w", expression, ctx.Err())
			case <-time.After(pollTime):
			}
		}
	}
}

func (s shot) take(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	ctx, cancel = browser(ctx)
	defer cancel()
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	media := emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}
	if s.print {
		media.Media = "print"
	}
	do := []chromedp.Action[chromedp.Void]{
		func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
			_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, media)
			return none, err
		},
		chromedp.EmulateViewport(s.width, max(s.height, 900)),
		chromedp.Navigate(s.url),
	}
	if s.upload != "" {
		path, err := filepath.Abs(s.upload) // a browser's folder is another
		if err != nil {
			return fmt.Errorf("shots: %w", err)
		}
		do = append(do, chromedp.SetUploadFiles(chromedp.CSS("input[type=file]"), []string{path}))
	}
	if s.script != "" {
		do = append(do, chromedp.Evaluate[chromedp.Void](s.script))
	}
	do = append(do, chromedp.WaitVisible(chromedp.CSS(s.wait)),
		until("[...document.images].every(i => i.complete)"), chromedp.Sleep(500*time.Millisecond))
	err := chromedp.Do(ctx, do...)
	var picture []byte
	if err == nil {
		take := chromedp.FullScreenshot(100)
		if s.height > 0 {
			take = chromedp.CaptureScreenshot()
		}
		picture, err = chromedp.Run(ctx, take)
	}
	if err != nil {
		return fmt.Errorf("shots: %s: %w", s.url, err)
	}
	if err := os.WriteFile(s.out, picture, 0o666); err != nil {
		return fmt.Errorf("shots: %w", err)
	}
	return nil
}
