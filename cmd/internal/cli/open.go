package cli

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// Color says whether color is wanted where there is a terminal: not with NO_COLOR
// (https://no-color.org), and not on one that is called dumb.
func Color() bool { return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" }

// Open shows an address in the browser of whoever runs the command. It does not wait
// for it.
func Open(url string) error {
	var c *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		c = exec.Command("open", url)
	case "windows":
		c = exec.Command("rundll32", "url.dll,FileProtocolHandler", url)
	default:
		c = exec.Command("xdg-open", url)
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("open: %w; open %s by hand", err, url)
	}
	go func() { _ = c.Wait() }() // its child is the browser's matter
	return nil
}
