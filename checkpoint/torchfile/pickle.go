package torchfile

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/goclip/goclip/checkpoint/weights"
)

// What a pickle makes: nil, bool, int64, float64, string, and these. Dicts and
// lists may hold themselves.
type (
	tuple    []any
	sequence struct{ items []any }

	// A dict has string keys; integers become their decimals.
	dict struct {
		items   map[string]any
		ordered bool // OrderedDict: it may have attributes
	}

	// function is a global that may be called.
	function string
)

const (
	orderedDict = function("collections.OrderedDict")
	tensorOf    = function("torch._utils._rebuild_tensor_v2")
	parameterOf = function("torch._utils._rebuild_parameter")
)

// globals are the names that a pickle may use: three functions, which the
// interpreter does itself, and types of storages. No other name means anything.
var globals = map[string]any{
	string(orderedDict): orderedDict,
	string(tensorOf):    tensorOf,
	string(parameterOf): parameterOf,

	"torch.DoubleStorage":   weights.F64,
	"torch.FloatStorage":    weights.F32,
	"torch.HalfStorage":     weights.F16,
	"torch.BFloat16Storage": weights.BF16,
	"torch.LongStorage":     weights.I64,
	"torch.IntStorage":      weights.I32,
	"torch.ShortStorage":    weights.I16,
	"torch.CharStorage":     weights.I8,
	"torch.ByteStorage":     weights.U8,
	"torch.BoolStorage":     weights.Bool,
}

// maxKey bounds the keys of dicts, which are the names of tensors.
const maxKey = 4096

// A machine interprets a pickle of protocol 2: the opcodes that torch.save
// writes. The first error ends it.
//
// Source: Lib/pickletools.py of CPython.
type machine struct {
	text    string
	at      int // where the opcode begins that is interpreted
	next    int // where reading goes on
	stack   []any
	marks   []int // heights of the stack
	memo    map[uint32]any
	storage func(id any) (*storage, error)
	err     error
}

// run returns the value that the pickle makes.
func (m *machine) run() (any, error) {
	m.memo = map[uint32]any{}
	for m.err == nil {
		m.at = m.next
		op := m.bytes(1)
		if m.err != nil {
			break
		}
		if op[0] == '.' {
			if len(m.stack) != 1 || len(m.marks) != 0 || m.next != len(m.text) {
				return nil, fmt.Errorf("ends with %d values and %d bytes; want one value and none",
					len(m.stack), len(m.text)-m.next)
			}
			return m.stack[0], nil
		}
		if !m.constant(op[0]) && !m.container(op[0]) && !m.reference(op[0]) && m.err == nil {
			m.fail("opcode %#02x; want an opcode of torch.save's protocol 2", op[0])
		}
	}
	return nil, m.err
}

// constant does the opcodes that push a value of their own.
func (m *machine) constant(op byte) bool {
	switch op {
	case 'N':
		m.push(nil)
	case 0x88:
		m.push(true)
	case 0x89:
		m.push(false)
	case 'K': // BININT1
		m.push(int64(m.bytes(1)[0]))
	case 'M': // BININT2
		m.push(int64(binary.LittleEndian.Uint16([]byte(m.bytes(2)))))
	case 'J': // BININT
		m.push(int64(int32(m.uint32())))
	case 0x8a: // LONG1
		m.push(m.long(int(m.bytes(1)[0])))
	case 'G': // BINFLOAT, the only big-endian one
		m.push(math.Float64frombits(binary.BigEndian.Uint64([]byte(m.bytes(8)))))
	case 'X': // BINUNICODE
		s := m.bytes(int(m.uint32()))
		if !utf8.ValidString(s) {
			m.fail("string %.40q is not UTF-8", s)
		}
		m.push(s)
	default:
		return false
	}
	return true
}

// container does the opcodes that make and fill tuples, lists and dicts.
func (m *machine) container(op byte) bool {
	switch op {
	case '(': // MARK
		m.marks = append(m.marks, len(m.stack))
	case ')': // EMPTY_TUPLE
		m.push(tuple(nil))
	case 't': // TUPLE
		m.push(tuple(m.popMark()))
	case 0x85, 0x86, 0x87: // TUPLE1 to TUPLE3
		m.push(tuple(m.popN(int(op) - 0x84)))
	case ']': // EMPTY_LIST
		m.push(&sequence{})
	case 'a': // APPEND
		m.append(m.popN(1))
	case 'e': // APPENDS
		m.append(m.popMark())
	case '}': // EMPTY_DICT
		m.push(&dict{})
	case 's': // SETITEM
		m.set(m.popN(2))
	case 'u': // SETITEMS
		m.set(m.popMark())
	default:
		return false
	}
	return true
}

// reference does the opcodes of the memo, of globals and what they are for.
func (m *machine) reference(op byte) bool {
	switch op {
	case 0x80: // PROTO
		if v := m.bytes(1)[0]; v != 2 {
			m.fail("protocol %d; want 2, which torch.save writes", v)
		}
	case 'q': // BINPUT
		m.memo[uint32(m.bytes(1)[0])] = m.top()
	case 'r': // LONG_BINPUT
		m.memo[m.uint32()] = m.top()
	case 'h': // BINGET
		m.get(uint32(m.bytes(1)[0]))
	case 'j': // LONG_BINGET
		m.get(m.uint32())
	case 'c': // GLOBAL
		name := m.line() + "." + m.line()
		value, ok := globals[name]
		if !ok {
			m.fail("names %.200q; want a state dict, which needs tensors and OrderedDict only", name)
		}
		m.push(value)
	case 'Q': // BINPERSID
		s, err := m.storage(m.pop())
		if err != nil {
			m.fail("%w", err)
		}
		m.push(s)
	case 'R': // REDUCE
		args := m.popN(2)
		m.push(m.call(args[0], args[1]))
	case 'b': // BUILD
		m.build()
	default:
		return false
	}
	return true
}

func (m *machine) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

// bytes reads n bytes; after an error it gives some that can be indexed.
func (m *machine) bytes(n int) string {
	if n < 0 || n > len(m.text)-m.next {
		m.fail("is cut short")
		return "\x00\x00\x00\x00\x00\x00\x00\x00"[:max(0, min(n, 8))]
	}
	m.next += n
	return m.text[m.next-n : m.next]
}

func (m *machine) uint32() uint32 { return binary.LittleEndian.Uint32([]byte(m.bytes(4))) }

// long reads an integer in two's complement of n bytes.
func (m *machine) long(n int) int64 {
	if n > 8 {
		m.fail("an integer of %d bytes; want at most 8", n)
		return 0
	}
	var v int64
	b := m.bytes(n)
	for i := range b {
		v |= int64(b[i]) << (8 * i)
	}
	if n > 0 && b[n-1] >= 0x80 && n < 8 {
		v -= 1 << (8 * n)
	}
	return v
}

// line reads up to the end of a line.
func (m *machine) line() string {
	const most = 256
	for n := 0; n < min(most, len(m.text)-m.next); n++ {
		if m.text[m.next+n] == '\n' {
			return m.bytes(n + 1)[:n]
		}
	}
	m.fail("a name without end; want at most %d bytes", most)
	return ""
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

// popN takes the last n values, after the last mark, in a slice of their own.
func (m *machine) popN(n int) []any {
	values := make([]any, n)
	from := len(m.stack) - n
	if from < m.floor() {
		m.fail("takes a value from an empty stack")
		return values
	}
	copy(values, m.stack[from:])
	m.stack = m.stack[:from]
	return values
}

// floor is the height of the stack at the last mark.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) pop() any { return m.popN(1)[0] }

// popMark takes the values after the last mark, and the mark.
func (m *machine) popMark() []any {
	if len(m.marks) == 0 {
		m.fail("takes values up to a mark that is not there")
		return nil
	}
	values := m.popN(len(m.stack) - m.floor())
	m.marks = m.marks[:len(m.marks)-1]
	return values
}

// top is the last value, which stays.
func (m *machine) top() any {
	if len(m.stack) <= m.floor() {
		m.fail("takes a value from an empty stack")
		return nil
	}
	return m.stack[len(m.stack)-1]
}

func (m *machine) get(i uint32) {
	v, ok := m.memo[i]
	if !ok {
		m.fail("memo %d is empty", i)
	}
	m.push(v)
}
