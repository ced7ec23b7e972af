//go:build cloud

package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	gcs "cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/gcsblob"
	_ "gocloud.dev/blob/s3blob"
	"google.golang.org/api/googleapi"
)

// clouds are the object stores, each bucket opened once. Their credentials are
// those of each service's own chain: environment, files of its tools, machine.
type clouds struct {
	mu      sync.Mutex
	buckets map[string]*blob.Bucket
}

func (c *clouds) bucket(ctx context.Context, address string) (*blob.Bucket, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b, ok := c.buckets[address]; ok {
		return b, nil
	}
	b, err := blob.OpenBucket(context.WithoutCancel(ctx), address) // which others will use as well
	if err != nil {
		return nil, cloudError(err)
	}
	if c.buckets == nil {
		c.buckets = map[string]*blob.Bucket{}
	}
	c.buckets[address] = b
	return b, nil
}

// match lists the keys of a bucket that a pattern matches, in their order; * stays
// within a folder.
func (c *clouds) match(ctx context.Context, scheme, address, pattern string) (names []Name, err error) {
	place, options, _ := strings.Cut(address, "?")
	if options != "" {
		options = "?" + options
	}
	name := func(key string) Name {
		return Name{scheme, place + "/" + key + options, place + "/" + key, address, key}
	}
	meta := strings.IndexAny(pattern, `*[\`)
	if meta < 0 {
		return []Name{name(pattern)}, nil
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, err
	}
	b, err := c.bucket(ctx, address)
	if err != nil {
		return nil, err
	}
	list := &blob.ListOptions{Prefix: pattern[:meta]}
	if !strings.Contains(pattern[meta:], "/") {
		list.Delimiter = "/"
	}
	for it := b.List(list); ; {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, cloudError(err)
		}
		if ok, _ := path.Match(pattern, o.Key); ok && !o.IsDir {
			names = append(names, name(o.Key))
		}
		if len(names) > maxNames {
			return nil, fmt.Errorf("more than %d files", maxNames)
		}
	}
}

func (c *clouds) object(ctx context.Context, name Name) (object, error) {
	b, err := c.bucket(ctx, name.bucket)
	if err != nil {
		return nil, err
	}
	return &cloudObject{b, name.key}, nil
}

// A cloudObject is one in a bucket.
type cloudObject struct {
	bucket *blob.Bucket
	key    string
}

func (o *cloudObject) stat(ctx context.Context) (v Version, tail []byte, err error) {
	a, err := o.bucket.Attributes(ctx, o.key)
	if err != nil {
		return v, nil, cloudError(err)
	}
	v = Version{Size: a.Size, Tag: a.ETag}
	if v.Tag == "" {
		v.Tag = a.ModTime.UTC().Format(http.TimeFormat)
	}
	var attrs gcs.ObjectAttrs
	if a.As(&attrs) {
		v.Tag = strconv.FormatInt(attrs.Generation, 10)
	}
	tail = make([]byte, min(v.Size, tailBytes))
	if len(tail) == 0 {
		return v, nil, nil
	}
	r, err := o.get(ctx, v.Size-int64(len(tail)), int64(len(tail)), v)
	if err != nil {
		return v, nil, err
	}
	defer func() { _ = r.Close() }() // what counts has been read
	if _, err := io.ReadFull(r, tail); err != nil {
		return v, nil, temporary{clean(err)}
	}
	return v, tail, nil
}

func (o *cloudObject) get(ctx context.Context, off, n int64, v Version) (io.ReadCloser, error) {
	r, err := o.bucket.NewRangeReader(ctx, o.key, off, n, &blob.ReaderOptions{BeforeRead: func(as func(any) bool) error {
		var fromS3 *s3.GetObjectInput
		var tries *[]func(*s3.Options)
		var fromAzure *azblob.DownloadStreamOptions
		var fromGoogle **gcs.ObjectHandle
		if as(&tries) { // ours are told to the user
			*tries = append(*tries, func(o *s3.Options) { o.RetryMaxAttempts = 1 })
		}
		switch {
		case as(&fromS3):
			fromS3.IfMatch = &v.Tag
		case as(&fromAzure):
			fromAzure.AccessConditions = &azblob.AccessConditions{
				ModifiedAccessConditions: &azblob.ModifiedAccessConditions{IfMatch: (*azcore.ETag)(&v.Tag)},
			}
		case as(&fromGoogle):
			generation, err := strconv.ParseInt(v.Tag, 10, 64)
			if err != nil {
				return err
			}
			*fromGoogle = (*fromGoogle).If(gcs.Conditions{GenerationMatch: generation})
		}
		return nil
	}})
	if err != nil {
		if statusOf(err) == http.StatusPreconditionFailed {
			return nil, fmt.Errorf("%w: it is not version %s any more", ErrChanged, v.Tag)
		}
		return nil, cloudError(err)
	}
	if r.Size() != v.Size {
		_ = r.Close() // not of use
		return nil, changed(v, Version{Size: r.Size(), Tag: "another"})
	}
	return r, nil
}

// statusOf is the status of the answer that err is of, or 0.
func statusOf(err error) int {
	var amazon interface{ HTTPStatusCode() int }
	var azure *azcore.ResponseError
	var google *googleapi.Error
	switch {
	case errors.As(err, &azure):
		return azure.StatusCode
	case errors.As(err, &google):
		return google.Code
	case errors.As(err, &amazon):
		return amazon.HTTPStatusCode()
	}
	return 0
}

// noise is what the clients say of themselves and of a request.
var noise = regexp.MustCompile(`blob (\(key "[^"]*"\) )?\(code=\w+\): |RequestID: [^,]*, HostID: [^,]*, |https? response error StatusCode: 0, | -{40,}`)

// cloudError says what err means, in one line, and whether another try may help.
func cloudError(err error) error {
	text := errors.New(Redact(noise.ReplaceAllString(strings.Join(strings.Fields(err.Error()), " "), "")))
	lower := strings.ToLower(text.Error())
	switch code := statusOf(err); {
	case strings.Contains(lower, "get credentials"), strings.Contains(lower, "default credentials"), strings.Contains(lower, "defaultazurecredential"),
		strings.Contains(lower, "private key should be a pem"): // what Google's client makes of having none
		return fmt.Errorf("no credentials in the environment: %w; want those of the service's own tools, or ?anonymous=true", text)
	case strings.Contains(lower, "invalid region"):
		return fmt.Errorf("no region: %w; want AWS_REGION in the environment, or ?region=", text)
	case code == http.StatusNotFound:
		return fmt.Errorf("no such bucket or object: %w", text)
	case code == http.StatusForbidden, code == http.StatusUnauthorized:
		return fmt.Errorf("access denied: %w", text)
	case code == 0 && connectionLost(err), code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return temporary{text}
	default:
		return text
	}
}

// connectionLost says whether err is of the way to the service.
func connectionLost(err error) bool {
	return errors.As(connection(err), new(temporary))
}
