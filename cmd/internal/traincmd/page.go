package traincmd

import (
	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/train"
	"github.com/goclip/goclip/web/live"
	"github.com/goclip/goclip/web/serve"
)

// anyPort is a free port of this machine, which others do not reach.
const anyPort = "127.0.0.1:0"

// address is where the page of a run is to be, "" for nowhere. The quickstart has one
// that nobody need ask for; chosen says that somebody did.
func (o *options) address(config string) (address string, chosen bool) {
	switch {
	case o.page == "none":
		return "", true
	case o.page != "":
		return o.page, true
	case o.open:
		return anyPort, true
	case config == "quickstart":
		return anyPort, false
	}
	return "", false
}

// showPage serves the page of the run in workdir, until stop or the end of the
// command. The run does not know of it: all it shows is in the run's folder.
func (o *options) showPage(c *cobra.Command, config, workdir string, log *train.Console) (stop func(), err error) {
	address, chosen := o.address(config)
	if address == "" {
		log.Printf("a page of the run, also after it: %s serve --workdir %s", cli.Tool(c, "eval"), cli.Quote(workdir))
		return func() {}, nil
	}
	s, err := serve.Listen(address, false)
	if err != nil && chosen {
		return nil, err
	}
	if err != nil {
		log.Printf("no page of the run: %v", err)
		return func() {}, nil
	}
	log.Printf("the page of the run: %s (this machine only)", s.URL)
	stop = s.Start(c.Context(), live.Open(workdir).Handler())
	if o.open {
		if err := cli.Open(s.URL); err != nil {
			log.Printf("no browser opens the page: %v", err)
		}
	}
	return stop, nil
}
