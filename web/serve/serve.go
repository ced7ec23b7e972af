// Package serve is what the pages of goclip have in common as servers: where
// they listen, who may ask, how long an answer may take, and how they end.
package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

// A Server has a port, and answers once it runs.
type Server struct {
	// URL is where a browser finds it. Of a public server it has the token,
	// without which nothing is answered.
	URL string

	// Grace is how long answers under way may take once the server ends; 0 means a
	// second, and that their context ends at once, as streams need it.
	Grace time.Duration

	listener net.Listener
	token    string
}

// Bounds of a request. An answer that is a stream sets its own.
const (
	headerTime  = 5 * time.Second
	readTime    = 30 * time.Second
	writeTime   = 60 * time.Second
	idleTime    = 60 * time.Second
	headerBytes = 16 << 10
	endTime     = time.Second // for answers under way when a server ends
)

// Listen takes the port of an address, such as 127.0.0.1:8080; port 0 is any
// that is free. A port that is in use is an error, and so is an address that
// other machines can reach, unless public says that they may: then each visitor
// needs the server's token, a new one each time.
func Listen(address string, public bool) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("serve: address %q; want one such as 127.0.0.1:8080", address)
	}
	if !public && !loopback(host) {
		return nil, fmt.Errorf("serve: %s can be reached from other machines; "+
			"want 127.0.0.1:%s, which ssh -L %s:localhost:%s HOST brings to yours", address, port, port, port)
	}
	s := &Server{}
	if s.listener, err = net.Listen("tcp", address); err != nil {
		return nil, fmt.Errorf("serve: %w; want a free port, such as --page or --listen 127.0.0.1:0", err)
	}
	at := s.listener.Addr().(*net.TCPAddr)
	if name, err := os.Hostname(); err == nil && at.IP.IsUnspecified() { // all addresses of this machine
		host = name
	} else {
		host = at.IP.String()
	}
	s.URL = "http://" + net.JoinHostPort(host, strconv.Itoa(at.Port)) + "/"
	if public {
		s.token = rand.Text()
		s.URL += "?" + url.Values{tokenName: {s.token}}.Encode()
	}
	return s, nil
}

// Run answers with pages until ctx ends, and then within a second, or Grace.
func (s *Server) Run(ctx context.Context, pages http.Handler) error {
	requests, grace := ctx, endTime
	if s.Grace > 0 {
		grace = s.Grace
		var cancel context.CancelFunc
		requests, cancel = context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
	}
	server := http.Server{
		Handler:           guard(s.token, pages),
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		BaseContext: func(net.Listener) context.Context { return requests }, // streams end with it
		ErrorLog:    log.New(io.Discard, "", 0),                             // of clients that go away
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if server.Shutdown(soon) != nil {
			_ = server.Close() // of what did not end in time
		}
	})
	err := server.Serve(s.listener)
	if !stop() {
		<-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

// Start runs the server beside other work, and returns what ends it.
func (s *Server) Start(ctx context.Context, pages http.Handler) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx, pages) // a page that fails must not end a run
	}()
	return func() {
		cancel()
		<-done
	}
}
