package live

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxUnread bounds what is read of a file at once.
const maxUnread = 64 << 20

// A tail reads a file of lines as it grows.
type tail struct {
	path string
	at   int64 // of the first byte that was not read
	file os.FileInfo
}

// more returns the whole lines since the last call. Again says that the file is
// another one now, since a run that is continued writes it anew, and that the
// lines are from its beginning. Without a file there are none.
func (t *tail) more() (lines [][]byte, again bool, err error) {
	f, err := os.Open(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		again = t.file != nil
		t.at, t.file = 0, nil
		return nil, again, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("live: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false, fmt.Errorf("live: %w", err)
	}
	if t.file != nil && (!os.SameFile(t.file, info) || info.Size() < t.at) {
		again, t.at = true, 0
	}
	t.file = info
	text, err := io.ReadAll(io.LimitReader(io.NewSectionReader(f, t.at, info.Size()-t.at), maxUnread))
	if err != nil {
		return nil, again, fmt.Errorf("live: %w", err)
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1] // a line may be half written
	t.at += int64(len(whole))
	for line := range bytes.Lines(whole) {
		lines = append(lines, line)
	}
	return lines, again, nil
}
