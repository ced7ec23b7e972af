// Package cloud opens files in S3, Google Cloud Storage and Azure Blob Storage for
// package storage. It is a module of its own, as the clients of these services are
// larger than all else:
//
//	cloud.Register() // once, in main: s3://, gs:// and azblob:// are files like others
package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	gcs "cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/gcsblob"
	_ "gocloud.dev/blob/s3blob"
	"google.golang.org/api/googleapi"

	"github.com/goclip/goclip/data/storage"
)

// Register makes s3://, gs:// and azblob:// known to all stores of the process.
func Register() {
	for _, scheme := range []string{"s3", "gs", "azblob"} {
		storage.Register(scheme, Open)
	}
}

// Open opens the bucket of an address, such as s3://bucket?region=eu-west-1 (the
// options are gocloud.dev's). Credentials come from each service's own chain:
// environment, files of its tools, machine.
func Open(ctx context.Context, address string) (storage.Bucket, error) {
	b, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return nil, cloudError(err)
	}
	return &bucket{b}, nil
}

// A bucket is a storage.Bucket.
type bucket struct{ blobs *blob.Bucket }

func (b *bucket) Keys(ctx context.Context, prefix, delimiter string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for it := b.blobs.List(&blob.ListOptions{Prefix: prefix, Delimiter: delimiter}); ; {
			o, err := it.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield("", cloudError(err))
				return
			}
			if !o.IsDir && !yield(o.Key, nil) {
				return
			}
		}
	}
}

func (b *bucket) Stat(ctx context.Context, key string) (storage.Version, error) {
	a, err := b.blobs.Attributes(ctx, key)
	if err != nil {
		return storage.Version{}, cloudError(err)
	}
	v := storage.Version{Size: a.Size, Tag: a.ETag}
	if v.Tag == "" {
		v.Tag = a.ModTime.UTC().Format(http.TimeFormat)
	}
	var attrs gcs.ObjectAttrs
	if a.As(&attrs) {
		v.Tag = strconv.FormatInt(attrs.Generation, 10)
	}
	return v, nil
}

func (b *bucket) Read(ctx context.Context, key string, off, n int64, v storage.Version) (io.ReadCloser, error) {
	options := &blob.ReaderOptions{BeforeRead: func(as func(any) bool) error { return pin(as, v) }}
	r, err := b.blobs.NewRangeReader(ctx, key, off, n, options)
	if err != nil {
		if statusOf(err) == http.StatusPreconditionFailed {
			return nil, fmt.Errorf("%w: it is not version %s any more", storage.ErrChanged, v.Tag)
		}
		return nil, cloudError(err)
	}
	if r.Size() != v.Size {
		_ = r.Close() // not of use
		return nil, fmt.Errorf("%w: had %d bytes of version %s, has %d of another",
			storage.ErrChanged, v.Size, v.Tag, r.Size())
	}
	return r, nil
}

// pin limits a request to one version of a file; as converts it to its service's type.
func pin(as func(any) bool, v storage.Version) error {
	var fromS3 *s3.GetObjectInput
	var tries *[]func(*s3.Options)
	var fromAzure *azblob.DownloadStreamOptions
	var fromGoogle **gcs.ObjectHandle
	if as(&tries) { // the store's own are reported
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
}

// statusOf is the HTTP status of the response that err holds, or 0 without one.
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
var noise = regexp.MustCompile(`blob (\(key "[^"]*"\) )?\(code=\w+\): |RequestID: [^,]*, HostID: [^,]*, |` +
	`https? response error StatusCode: 0, | -{40,}`)

// cloudError says what err means, in one line, and whether another try may help.
func cloudError(err error) error {
	line := strings.Join(strings.Fields(err.Error()), " ")
	text := errors.New(storage.Redact(noise.ReplaceAllString(line, "")))
	lower := strings.ToLower(text.Error())
	switch code := statusOf(err); {
	case strings.Contains(lower, "get credentials"), strings.Contains(lower, "default credentials"),
		strings.Contains(lower, "defaultazurecredential"),
		strings.Contains(lower, "private key should be a pem"): // what Google's client makes of having none
		return fmt.Errorf("no credentials in the environment: %w; "+
			"want the credentials that the service's own tools use, or ?anonymous=true", text)
	case strings.Contains(lower, "invalid region"):
		return fmt.Errorf("no region: %w; want AWS_REGION in the environment, or ?region=", text)
	case code == http.StatusNotFound:
		return fmt.Errorf("no such bucket or object: %w", text)
	case code == http.StatusForbidden, code == http.StatusUnauthorized:
		return fmt.Errorf("access denied: %w", text)
	case code == 0 && storage.Lost(err),
		code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return storage.Temporary(text)
	default:
		return text
	}
}
