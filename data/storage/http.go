package storage

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// newClient makes one that follows redirects, but none from https to http. It
// sends no credentials: an address that needs some is one that is signed.
func newClient() *http.Client {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 32, MaxConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: 15 * time.Second, MaxResponseHeaderBytes: 64 << 10,
			DisableCompression: true, // ranges are of the bytes themselves
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			switch {
			case len(via) > 5:
				return errors.New("more than 5 redirects")
			case r.URL.Scheme != "https" && via[0].URL.Scheme == "https":
				return fmt.Errorf("a redirect from https to %s of %s; want https", r.URL.Scheme, r.URL.Host)
			}
			r.Header.Del("Referer") // the address before may be signed
			return nil
		},
	}
}

// An httpObject is a file that a server gives by range requests.
type httpObject struct {
	client  *http.Client
	address string
}

func (o *httpObject) stat(ctx context.Context) (v Version, tail []byte, err error) {
	r, err := o.do(ctx, fmt.Sprintf("bytes=-%d", tailBytes), Version{})
	if err != nil {
		return v, nil, err
	}
	defer r.Body.Close()
	first, last, size, err := contentRange(r)
	if err != nil {
		return v, nil, err
	}
	if last != size-1 || last-first >= tailBytes {
		return v, nil,
			fmt.Errorf("bytes %d-%d of %d came for the last %d; want a server that answers range requests",
				first, last, size, tailBytes)
	}
	tail = make([]byte, last-first+1)
	if _, err := io.ReadFull(r.Body, tail); err != nil {
		return v, nil, temporary{clean(err)}
	}
	return versionOf(r, size), tail, nil
}

func (o *httpObject) get(ctx context.Context, off, n int64, v Version) (io.ReadCloser, error) {
	r, err := o.do(ctx, fmt.Sprintf("bytes=%d-%d", off, off+n-1), v)
	if err != nil {
		return nil, err
	}
	first, last, size, err := contentRange(r)
	if now := versionOf(r, size); err == nil && (now.Size != v.Size || now.Tag != v.Tag) {
		err = changed(v, now)
	}
	if err == nil && (first != off || last != off+n-1) {
		err = fmt.Errorf("bytes %d-%d came for %d-%d", first, last, off, off+n-1)
	}
	if err != nil {
		_ = r.Body.Close() // not of use
		return nil, err
	}
	return r.Body, nil
}

// do asks for a range of a version, unless that is none.
func (o *httpObject) do(ctx context.Context, bytes string, v Version) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, o.address, nil)
	if err != nil {
		return nil, clean(err)
	}
	q.Header.Set("Range", bytes)
	q.Header.Set("User-Agent", "goclip")
	if v.Tag != "" && !v.weak {
		q.Header.Set("If-Match", v.Tag)
	}
	r, err := o.client.Do(q)
	if err != nil {
		return nil, connection(err)
	}
	if r.StatusCode == http.StatusPartialContent {
		return r, nil
	}
	_ = r.Body.Close() // an error page, or the whole file
	return nil, o.refused(r, v)
}

// refused is the error of an answer without the bytes.
func (o *httpObject) refused(r *http.Response, v Version) error {
	status := fmt.Errorf("the server says %s",
		strings.TrimSpace(strconv.Itoa(r.StatusCode)+" "+http.StatusText(r.StatusCode)))
	switch code := r.StatusCode; {
	case code == http.StatusOK:
		return fmt.Errorf("%w to a range request: want a server that answers those, or a copy on disk", status)
	case code == http.StatusPreconditionFailed:
		return changed(v, versionOf(r, 0))
	case code == http.StatusRequestedRangeNotSatisfiable && v.Size > 0:
		return fmt.Errorf("%w: it is shorter than %d bytes", ErrChanged, v.Size)
	case code == http.StatusForbidden, code == http.StatusUnauthorized:
		return fmt.Errorf("%w: want an address that may be read; "+
			"one that is signed ends with its time, and config.yaml keeps no query", status)
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500 &&
		code != http.StatusNotImplemented:
		return temporary{status}
	default:
		return status
	}
}

func contentRange(r *http.Response) (first, last, size int64, err error) {
	text := r.Header.Get("Content-Range")
	if _, err := fmt.Sscanf(text, "bytes %d-%d/%d", &first, &last, &size); err != nil || first < 0 ||
		last < first || size <= last {
		return 0, 0, 0, fmt.Errorf("Content-Range %q; want bytes FIRST-LAST/SIZE", text)
	}
	return first, last, size, nil
}

func versionOf(r *http.Response, size int64) Version {
	tag := r.Header.Get("ETag")
	if tag == "" {
		return Version{Size: size, Tag: r.Header.Get("Last-Modified"), weak: true}
	}
	return Version{Size: size, Tag: tag, weak: strings.HasPrefix(tag, "W/")}
}

// connection is the error of a request without an answer, temporary unless that
// will be the same next time.
func connection(err error) error {
	var name *net.DNSError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch cleaned := clean(err); {
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid):
		return fmt.Errorf("the certificate is not trusted: %w; "+
			"want one of the system's authorities, or SSL_CERT_FILE", cleaned)
	case errors.As(err, &name) && name.IsNotFound:
		return cleaned
	case errors.As(err, &record), strings.Contains(err.Error(), "redirect"):
		return cleaned
	default:
		return temporary{cleaned}
	}
}

// clean is err without the address of the request, which may be signed.
func clean(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if text := Redact(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}
