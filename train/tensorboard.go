package train

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// A point is a line of metrics.jsonl, taken apart.
type point struct {
	step   int
	group  string // train, or eval
	set    string // of an evaluation
	names  []string
	values map[string]float64
}

// parsePoint reads a line of metrics.jsonl. A line with a set is of an evaluation.
func parsePoint(line []byte) (point, error) {
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return point{}, fmt.Errorf("train: line of metrics: %w", err)
	}
	p := point{group: "train", values: map[string]float64{}}
	for name, v := range fields {
		switch v := v.(type) {
		case float64:
			p.values[name] = v
		case string:
			if name == "set" {
				p.group, p.set = "eval", v
			}
		}
	}
	p.step = int(p.values["step"])
	delete(p.values, "step")
	p.names = slices.Sorted(maps.Keys(p.values))
	return p, nil
}

// An EventWriter turns lines of metrics.jsonl into an event file of TensorBoard.
// Each write is one line.
type EventWriter struct {
	w   io.Writer
	now func() time.Time
}

// NewEventWriter begins an event file of a run that goes on after step. What an
// earlier file of the same folder has of later steps, TensorBoard then drops.
func NewEventWriter(w io.Writer, step int, now func() time.Time) (*EventWriter, error) {
	e := &EventWriter{w, now}
	version := protowire.AppendString(protowire.AppendTag(nil, 3, protowire.BytesType), "brain.Event:2")
	if err := e.record(0, version); err != nil {
		return nil, err
	}
	started := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1) // SessionLog.START
	session := protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), started)
	return e, e.record(step+1, session)
}

// CreateEvents makes an event file in a folder, under a name that TensorBoard
// looks for.
func CreateEvents(folder string, step int) (*EventWriter, io.Closer, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	f, err := os.Create(filepath.Join(folder,
		fmt.Sprintf("events.out.tfevents.%d.%s.%d.0", time.Now().Unix(), host, os.Getpid())))
	if err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	e, err := NewEventWriter(f, step, time.Now)
	return e, f, err
}

// Write writes a line's numbers as scalars, named train/loss or eval/SET/top1.
func (e *EventWriter) Write(line []byte) (int, error) {
	p, err := parsePoint(line)
	if err != nil {
		return 0, err
	}
	prefix := p.group + "/"
	if p.set != "" {
		prefix += p.set + "/"
	}
	var summary []byte
	for _, name := range p.names {
		value := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), prefix+name)
		value = protowire.AppendFixed32(protowire.AppendTag(value, 2, protowire.Fixed32Type),
			math.Float32bits(float32(p.values[name])))
		summary = protowire.AppendBytes(protowire.AppendTag(summary, 1, protowire.BytesType), value)
	}
	event := protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), summary)
	if err := e.record(p.step, event); err != nil {
		return 0, err
	}
	return len(line), nil
}

// record writes an Event: time, step and what else it holds, between its length
// and checksums.
//
// Source: tensorflow/core/util/event.proto, tensorflow/core/lib/io/record_writer.h.
func (e *EventWriter) record(step int, what []byte) error {
	event := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type),
		math.Float64bits(float64(e.now().UnixNano())/1e9))
	event = protowire.AppendVarint(protowire.AppendTag(event, 2, protowire.VarintType), uint64(step))
	event = append(event, what...)
	frame := binary.LittleEndian.AppendUint64(nil, uint64(len(event)))
	frame = binary.LittleEndian.AppendUint32(frame, maskedCRC(frame))
	frame = append(frame, event...)
	frame = binary.LittleEndian.AppendUint32(frame, maskedCRC(event))
	if _, err := e.w.Write(frame); err != nil {
		return fmt.Errorf("train: events: %w", err)
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the checksum of a record, changed so that a checksum of data that
// holds checksums stays a good one.
func maskedCRC(b []byte) uint32 {
	crc := crc32.Checksum(b, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}
