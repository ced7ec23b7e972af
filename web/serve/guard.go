package serve

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// tokenName names the token, in an address and in a cookie.
const tokenName = "token"

// maxRequests is the most requests, and viewers of a stream, at once.
const maxRequests = 512

// headers of every answer. Nothing is loaded but from this server, no script
// but its own files runs, and no other page may show or read an answer.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
		"img-src 'self' data: blob:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cache-Control":                "no-store",
}

// guard answers only who may ask. Without a token, that is who has asked for
// this machine by a name of its own: a page elsewhere whose name was made to
// mean 127.0.0.1, DNS rebinding, asks for its own name. With one, it is who has
// it, in a header, a cookie, or the address, which sets the cookie. Another
// site's page may link here, and nothing else.
func guard(token string, pages http.Handler) http.Handler {
	slots := make(chan struct{}, maxRequests)
	pages = http.NewCrossOriginProtection().Handler(pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if token == "" && !loopback(hostname(r.Host)) {
			Error(w, http.StatusMisdirectedRequest, "serve: host "+r.Host+"; want localhost or 127.0.0.1")
			return
		}
		if token != "" && !admit(w, r, token) {
			return
		}
		if site := r.Header.Get("Sec-Fetch-Site"); strings.HasSuffix(site, "-site") &&
			r.Header.Get("Sec-Fetch-Mode") != "navigate" {
			Error(w, http.StatusForbidden, "serve: a request of another site's page")
			return
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			Error(w, http.StatusServiceUnavailable, "serve: too many requests at once")
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// admit says whether a request has the token, or has been answered.
func admit(w http.ResponseWriter, r *http.Request, token string) bool {
	is := func(s string) bool { return subtle.ConstantTimeCompare([]byte(s), []byte(token)) == 1 }
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && is(bearer) {
		return true
	}
	if c, err := r.Cookie(tokenName); err == nil && is(c.Value) {
		return true
	}
	if r.Method == http.MethodGet && is(r.URL.Query().Get(tokenName)) {
		http.SetCookie(w, &http.Cookie{Name: tokenName, Value: token, Path: "/",
			HttpOnly: true, SameSite: http.SameSiteStrictMode})
		http.Redirect(w, r, "./", http.StatusSeeOther) // to an address that does not show it
		return false
	}
	Error(w, http.StatusUnauthorized, "serve: no token; "+
		"want the address that the server printed, or a header Authorization: Bearer TOKEN")
	return false
}

// hostname is the name of a Host header, whose port may be a tunnel's.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// loopback says whether a name means this machine alone.
func loopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.Unmap().IsLoopback()
}

// JSON answers with a value.
func JSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // a client that has gone
}

// Error answers with what is wrong, as {"error": "..."}.
func Error(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": text})
}

// File answers with a part of a page.
func File(contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType+"; charset=utf-8")
		_, _ = w.Write([]byte(text))
	}
}
