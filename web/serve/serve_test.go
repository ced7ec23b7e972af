package serve

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// pages answer with the method, and accept a POST.
var pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Method) })

// TestGuard holds who is answered without a token: who asks this machine by a
// name of its own, and from no other site's page.
func TestGuard(t *testing.T) {
	s := httptest.NewServer(guard("", pages))
	defer s.Close()
	for _, test := range []struct {
		name, method, host string
		header             http.Header
		want               int
	}{
		{name: "plain", want: 200},
		{name: "localhost", host: "localhost:8080", want: 200},
		{name: "by a tunnel of another port", host: "LocalHost:9999", want: 200},
		{name: "IPv6", host: "[::1]:8080", want: 200},
		{name: "without a port", host: "127.0.0.1", want: 200},
		{name: "DNS rebinding", host: "evil.example:8080", want: 421},
		{name: "a name that begins well", host: "localhost.evil.example", want: 421},
		{name: "a number that begins well", host: "127.0.0.1.evil.example", want: 421},
		{name: "another machine's number", host: "192.168.0.7:8080", want: 421},
		{name: "POST by curl", method: "POST", want: 200},
		{name: "POST of its own page", method: "POST", host: "localhost:8080",
			header: http.Header{"Origin": {"http://localhost:8080"}, "Sec-Fetch-Site": {"same-origin"}}, want: 200},
		{name: "POST of another site", method: "POST",
			header: http.Header{"Origin": {"http://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}, want: 403},
		{name: "POST of an old browser from another site", method: "POST",
			header: http.Header{"Origin": {"http://evil.example"}}, want: 403},
		{name: "a picture in another site's page",
			header: http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"}}, want: 403},
		{name: "a stream to another port's page",
			header: http.Header{"Sec-Fetch-Site": {"same-site"}, "Sec-Fetch-Mode": {"cors"}}, want: 403},
		{name: "a link in another site's page",
			header: http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}}, want: 200},
		{name: "an address that was typed", header: http.Header{"Sec-Fetch-Site": {"none"},
			"Sec-Fetch-Mode": {"navigate"}}, want: 200},
		{name: "POST of another port", method: "POST", host: "localhost:8080",
			header: http.Header{"Origin": {"http://localhost:3000"}}, want: 403},
	} {
		r, err := http.NewRequest(test.method, s.URL, nil)
		must(t, err)
		r.Host = test.host
		if test.header != nil {
			r.Header = test.header
		}
		a, err := http.DefaultClient.Do(r)
		must(t, err)
		a.Body.Close()
		if a.StatusCode != test.want {
			t.Errorf("%s: %d; want %d", test.name, a.StatusCode, test.want)
		}
		csp := a.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self';") ||
			strings.Contains(csp, "unsafe") || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", test.name, a.Header)
		}
	}
}

// TestToken holds that a public server answers nobody without its token, whose
// address sets a cookie that no script can read.
func TestToken(t *testing.T) {
	s := httptest.NewServer(guard("secret", pages))
	defer s.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(path, host string, header ...string) *http.Response {
		r, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
		must(t, err)
		r.Host = host
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		a, err := client.Do(r)
		must(t, err)
		a.Body.Close()
		return a
	}
	a := get("/?token=secret", "gpu7.example")
	cookies := a.Cookies()
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" ||
		len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode {
		t.Fatalf("the token's address: %d to %q, cookies %v; want to / and one cookie",
			a.StatusCode, a.Header.Get("Location"), cookies)
	}
	for _, test := range []struct {
		name, path string
		header     []string
		want       int
	}{
		{"cookie", "/", []string{"Cookie", cookies[0].Name + "=" + cookies[0].Value}, 200},
		{"bearer", "/", []string{"Authorization", "Bearer secret"}, 200},
		{"nothing", "/", nil, 401},
		{"another token", "/?token=secre", nil, 401},
		{"another cookie", "/", []string{"Cookie", "token=x"}, 401},
		{"an empty bearer", "/", []string{"Authorization", "Bearer "}, 401},
	} {
		if a := get(test.path, "gpu7.example", test.header...); a.StatusCode != test.want {
			t.Errorf("%s: %d; want %d", test.name, a.StatusCode, test.want)
		}
	}
}

// TestListen holds that only --public opens a port to other machines, and what
// is said of a port that is in use.
func TestListen(t *testing.T) {
	first, err := Listen("127.0.0.1:0", false)
	must(t, err)
	defer first.listener.Close()
	for address, want := range map[string]string{
		first.listener.Addr().String(): "address already in use; want a free port",
		":0":                           "serve: :0 can be reached from other machines; want 127.0.0.1:0",
		"0.0.0.0:8080":                 "ssh -L 8080:localhost:8080",
		"192.0.2.1:80":                 "can be reached",
		"example.com:80":               "can be reached",
		"8080":                         `serve: address "8080"; want one such as 127.0.0.1:8080`,
	} {
		if s, err := Listen(address, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Listen %s = %v, %v; want %q", address, s, err, want)
		}
	}
	public, err := Listen(":0", true)
	must(t, err)
	defer public.listener.Close()
	if u, err := url.Parse(public.URL); err != nil ||
		len(u.Query().Get("token")) < 26 || u.Hostname() == "::" || u.Port() == "0" {
		t.Errorf("address of a public server %q, %v; want a name, a port, and a token of 128 bits", public.URL, err)
	}
}

// TestRun holds that a server ends with its context, streams too.
func TestRun(t *testing.T) {
	s, err := Listen("127.0.0.1:0", false)
	must(t, err)
	begun := make(chan bool, 1)
	stop := s.Start(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			return
		}
		fmt.Fprintln(w, "one")
		_ = http.NewResponseController(w).Flush()
		begun <- true
		<-r.Context().Done()
		fmt.Fprintln(w, "last")
	}))
	a, err := http.Get(s.URL + "stream")
	must(t, err)
	defer a.Body.Close()
	<-begun
	start := time.Now()
	stop()
	if text, err := io.ReadAll(a.Body); string(text) != "one\nlast\n" ||
		err != nil || time.Since(start) > 3*time.Second {
		t.Errorf("a stream ends with %q, %v after %v", text, err, time.Since(start))
	}
	if _, err := http.Get(s.URL); err == nil {
		t.Error("a server that has ended answers")
	}
}

// TestGrace holds that an answer under way is given when a server ends, and that the end
// comes all the same.
func TestGrace(t *testing.T) {
	for _, test := range []struct {
		takes time.Duration
		want  string
	}{{endTime + endTime/4, "done"}, {time.Hour, ""}} {
		s, err := Listen("127.0.0.1:0", false)
		must(t, err)
		s.Grace = endTime + endTime/2
		begun := make(chan bool, 1)
		stop := s.Start(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begun <- true
			select {
			case <-time.After(test.takes):
				fmt.Fprint(w, "done")
			case <-r.Context().Done():
			}
		}))
		answer := make(chan string)
		go func() {
			a, err := http.Get(s.URL)
			if err != nil {
				answer <- ""
				return
			}
			defer a.Body.Close()
			text, _ := io.ReadAll(a.Body)
			answer <- string(text)
		}()
		<-begun
		start := time.Now()
		stop()
		if got := <-answer; got != test.want || time.Since(start) > 3*time.Second {
			t.Errorf("an answer of %v: %q after %v; want %q within the grace", test.takes, got, time.Since(start), test.want)
		}
	}
}

// TestSlow holds that a client which sends no whole request is let go.
func TestSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the seconds that a client gets")
	}
	t.Parallel()
	s, err := Listen("127.0.0.1:0", false)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	stop := s.Start(ctx, pages)
	defer stop()
	defer cancel()
	c, err := net.Dial("tcp", s.listener.Addr().String())
	must(t, err)
	defer c.Close()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: localhost\r\nX-")
	must(t, c.SetReadDeadline(time.Now().Add(2*headerTime)))
	start := time.Now()
	if text, err := io.ReadAll(c); err != nil || strings.Contains(string(text), " 200 ") {
		t.Errorf("half a request: %q, %v after %v; want the connection closed after %v",
			text, err, time.Since(start), headerTime)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
