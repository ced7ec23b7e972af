package main

import (
	"fmt"
	"testing"

	"github.com/mmcloughlin/avo/reg"
)

// TestEncode compares with what GNU as writes for the same instructions.
func TestEncode(t *testing.T) {
	for name, c := range map[string]struct {
		code []byte
		want string
	}{
		"tilerelease":                        {vex(none, 0x49, 0, 0, 0, 0xc0), "c4e27849c0"},
		"ldtilecfg [rax]":                    {vex(none, 0x49, 0, 0, 0, 0), "c4e2784900"},
		"tilezero tmm3":                      {tileRegisters(pF2, 0x49, 3, 0, 0), "c4e27b49d8"},
		"tileloadd tmm4, [rax+rsi]":          {tileMemory(pF2, 0x4b, 4, reg.RAX, reg.RSI, 0), "c4e27b4ba43000000000"},
		"tileloadd tmm7, [r10+r11+1024]":     {tileMemory(pF2, 0x4b, 7, reg.R10, reg.R11, 1024), "c4827b4bbc1a00040000"},
		"tilestored [r8+rsi+2112], tmm5":     {tileMemory(pF3, 0x4b, 5, reg.R8, reg.RSI, 2112), "c4c27a4bac3040080000"},
		"tdpbf16ps tmm3, tmm5, tmm7":         {tileRegisters(pF3, 0x5c, 3, 7, 5), "c4e2425cdd"},
		"vdpbf16ps zmm1, zmm16, zmm18":       {evex(pF3, 0x52, 1, 16, 18), "62b27e4052ca"},
		"vdpbf16ps zmm15, zmm31, zmm9":       {evex(pF3, 0x52, 15, 31, 9), "6252064052f9"},
		"vcvtne2ps2bf16 zmm1, zmm2, zmm3":    {evex(pF2, 0x72, 1, 2, 3), "62f26f4872cb"},
		"vcvtne2ps2bf16 zmm25, zmm12, zmm30": {evex(pF2, 0x72, 25, 12, 30), "62021f4872ce"},
	} {
		if got := fmt.Sprintf("%x", c.code); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
