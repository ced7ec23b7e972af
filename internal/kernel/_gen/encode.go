package main

import (
	"encoding/binary"
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Neither Go's assembler nor avo knows the instructions of bfloat16 and of
// tiles, so they are written as numbers. Their registers are physical ones, since
// avo does not see them. The encodings are in Intel's manual, volume 2.

// Prefixes of VEX and EVEX, and the map that all these instructions are in.
const (
	none, pF3, pF2 = 0, 2, 3
	map0F38        = 2
)

// vex encodes an instruction: register and rm are the operands in the byte ModRM,
// with which tail begins, and second is the one in the prefix.
func vex(prefix, opcode, register, second, rm int, tail ...byte) []byte {
	return append([]byte{
		0xc4,
		byte(1-register>>3)<<7 | 0x40 | byte(1-rm>>3)<<5 | map0F38,
		byte(^second&15)<<3 | byte(prefix),
		byte(opcode),
	}, tail...)
}

// tileRegisters encodes an instruction whose operands are all tiles.
func tileRegisters(prefix, opcode, register, second, rm int) []byte {
	return vex(prefix, opcode, register, second, 0, byte(0xc0|register<<3|rm))
}

// tileMemory encodes a tile with rows in memory from base + disp on, stride apart.
func tileMemory(prefix, opcode, tile int, base, stride reg.GPPhysical, disp int) []byte {
	b, i := int(base.PhysicalIndex()), int(stride.PhysicalIndex())
	code := vex(prefix, opcode, tile, 0, b, byte(0x80|tile<<3|4), byte(i&7<<3|b&7))
	code[1] &^= byte(i>>3) << 6
	return binary.LittleEndian.AppendUint32(code, uint32(disp))
}

// evex encodes an instruction of 512-bit registers.
func evex(prefix, opcode, register, second, rm int) []byte {
	return []byte{
		0x62,
		byte(1-register>>3&1)<<7 | byte(1-rm>>4)<<6 | byte(1-rm>>3&1)<<5 | byte(1-register>>4)<<4 | map0F38,
		byte(^second&15)<<3 | 4 | byte(prefix),
		0x40 | byte(1-second>>4)<<3,
		byte(opcode),
		byte(0xc0 | register&7<<3 | rm&7),
	}
}

// emit writes an instruction as numbers on one line, with its name behind them.
func emit(name string, code []byte) {
	var words []string
	for len(code) > 0 {
		switch {
		case len(code) >= 4:
			words = append(words, fmt.Sprintf("LONG $%#08x", binary.LittleEndian.Uint32(code)))
			code = code[4:]
		case len(code) >= 2:
			words = append(words, fmt.Sprintf("WORD $%#04x", binary.LittleEndian.Uint16(code)))
			code = code[2:]
		default:
			words = append(words, fmt.Sprintf("BYTE $%#02x", code[0]))
			code = nil
		}
	}
	opcode, rest, _ := strings.Cut(strings.Join(words, "; "), " ")
	label := LabelRef(rest + " // " + name) // which avo prints as it is
	Instruction(&ir.Instruction{Opcode: opcode, Operands: []Op{label}})
}
