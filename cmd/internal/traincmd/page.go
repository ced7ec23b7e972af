package traincmd

import (
	"context"

	"github.com/goclip/goclip/train"
	"github.com/goclip/goclip/web/live"
	"github.com/goclip/goclip/web/serve"
)

// showPage serves the page of the run in workdir, until stop or the end of ctx.
// Without an address there is none. The run does not know of it: all it shows is
// in the run's folder.
func showPage(ctx context.Context, address, workdir string, log *train.Console) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	s, err := serve.Listen(address, false)
	if err != nil {
		return nil, err
	}
	log.Printf("the page of the run: %s", s.URL)
	return s.Start(ctx, live.Open(workdir).Handler()), nil
}
