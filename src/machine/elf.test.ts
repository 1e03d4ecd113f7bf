// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { loadSegments, parseElf } from './elf.ts';
import { MAX_RAM, PROT, PROT_MAPPED } from './layout.ts';
import { GuestMemory } from './memory.ts';
import { elfImage, IMAGE_BASE, type ImageSpec, type SegmentSpec } from './testing/elf-image.ts';

const one = (segment: SegmentSpec): ImageSpec => ({ segments: [segment] });
const textAnd = (segment: SegmentSpec): ImageSpec => ({ segments: [{}, segment] });

const refused: [what: string, image: Uint8Array, error: RegExp][] = [
  ['nothing', new Uint8Array(0), /not an ELF file/],
  ['a script', new TextEncoder().encode('#!/bin/sh\necho hi\n'.repeat(9)), /not an ELF file/],
  ['only the magic', elfImage({ size: 4 }), /cut short: 4 bytes/],
  ['a header one byte short', elfImage({ size: 63 }), /cut short: 63 bytes/],
  ['a cut program header', elfImage({ size: 100 }), /reach past the end of the file \(100 bytes\)/],
  ['a 32-bit program', elfImage({ patch: [[4, [1]]] }), /not a 64-bit program/],
  ['a big-endian program', elfImage({ patch: [[5, [2]]] }), /not little-endian/],
  ['another version', elfImage({ patch: [[6, [9]]] }), /version is not 1/],
  ['an ARM program', elfImage({ machine: 183 }), /another processor \(ELF machine 183/],
  ['an object file', elfImage({ type: 1 }), /not an executable \(ELF type 1/],
  ['a static PIE', elfImage({ type: 3 }), /position-independent/],
  ['a core dump', elfImage({ type: 4 }), /ELF type 4/],
  ['odd program headers', elfImage({ patch: [[0x36, [32, 0]]] }), /32 bytes each instead of 56/],
  ['no program headers', elfImage({ segments: [] }), /no program headers/],
  ['65535 program headers', elfImage({ patch: [[0x38, [0xff, 0xff]]] }), /reach past the end/],
  [
    'headers at 2^64 - 1',
    elfImage({ patch: [[0x20, Array<number>(8).fill(0xff)]] }),
    /reach past the end/,
  ],
  ['an interpreter', elfImage(textAnd({ type: 3 })), /dynamically linked/],
  ['a dynamic section', elfImage(textAnd({ type: 2 })), /dynamically linked/],
  ['nothing to load', elfImage(one({ type: 4 })), /no PT_LOAD/],
  ['only empty segments', elfImage(one({ fileSize: 0 })), /no PT_LOAD/],
  [
    'more bytes in the file than in memory',
    elfImage(one({ fileSize: 0x1000, memorySize: 0xfff })),
    /program header 0 has more bytes in the file \(4096\) than in memory \(4095\)/,
  ],
  [
    'a segment past the end of the file',
    elfImage(one({ offset: 0x1000, fileSize: 1 })),
    /wants bytes 0x1000 to 0x1001 of a file that has 0x1000/,
  ],
  ['a huge file size', elfImage(one({ fileSize: (1n << 64n) - 1n })), /wants bytes/],
  [
    'an address that does not match its offset',
    elfImage(one({ address: IMAGE_BASE + 16 })),
    /differ modulo the page size/,
  ],
  ['a segment at zero', elfImage(one({ address: 0 })), /below the lowest address 0x200000/],
  [
    'a segment in the kernel half',
    elfImage(textAnd({ address: 0xffffffff80000000n })),
    /past the most RAM this machine can have \(512 MiB\)/,
  ],
  [
    'a segment that wraps around',
    elfImage(textAnd({ address: IMAGE_BASE, fileSize: 0, memorySize: (1n << 64n) - 1n })),
    /past the most RAM/,
  ],
  [
    'a bss of 1 TiB',
    elfImage(textAnd({ address: 0x600000, fileSize: 0, memorySize: 2 ** 40 })),
    /past the most RAM/,
  ],
  [
    'a segment that ends one byte past RAM',
    elfImage(textAnd({ address: MAX_RAM - 0x1000, fileSize: 0, memorySize: 0x1001 })),
    /past the most RAM/,
  ],
  [
    'overlapping segments',
    elfImage(textAnd({ address: IMAGE_BASE + 0xfff, fileSize: 0, memorySize: 16 })),
    /segments at 0x400000 and 0x400fff overlap/,
  ],
  ['an entry outside', elfImage({ entry: 0x123456 }), /entry point 0x123456 does not lie/],
  ['an entry in data', elfImage(one({ flags: 6 })), /not lie in an executable segment/],
];

describe('parseElf', () => {
  it.each(refused)('refuses %s', (_what, image, error) => {
    const parsed = parseElf(image);
    expect(parsed.ok ? 'accepted' : parsed.error).toMatch(error);
  });

  it('never throws, whatever one byte of the headers says', () => {
    const good = elfImage(textAnd({ flags: 6, address: 0x600000, fileSize: 0, memorySize: 64 }));
    for (let at = 0; at < 64 + 2 * 56; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const image = good.slice();
        image[at] = value;
        expect(() => parseElf(image)).not.toThrow();
      }
    }
  });

  it('finds entry, end, program headers and the wish for an executable stack', () => {
    const parsed = parseElf(
      elfImage({
        segments: [
          {},
          { flags: 6, address: 0x600010, offset: 0x10, fileSize: 8, memorySize: 0x2345 },
          { type: 0x6474e551, flags: 7 },
        ],
      }),
    );
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        entry: IMAGE_BASE + 0x200,
        headers: IMAGE_BASE + 64,
        headerCount: 3,
        end: 0x603000,
        executableStack: true,
      },
    });
  });
});

describe('loadSegments', () => {
  it('maps whole pages of the file, zeroes bss, and protects as the headers say', () => {
    const bytes = elfImage({
      size: 0x2000,
      segments: [
        { fileSize: 0x1000 },
        { flags: 6, address: 0x401800, offset: 0x1800, fileSize: 0x10, memorySize: 0x1900 },
      ],
    });
    bytes.fill(0x77, 0x1000);
    const parsed = parseElf(bytes);
    if (!parsed.ok) throw new Error(parsed.error);
    const memory = new GuestMemory(16 * 2 ** 20);
    memory.bytes.fill(0xee, 0x401000, 0x402000);
    loadSegments(memory, bytes, parsed.value);
    expect(memory.bytes[0x400000]).toBe(0x7f);
    expect(memory.bytes[0x401000]).toBe(0x77); // the page's own bytes, as mmap gives them
    expect(memory.bytes[0x40180f]).toBe(0x77);
    expect(memory.bytes.subarray(0x401810, 0x402000).every((b) => b === 0)).toBe(true);
    expect(memory.protectionAt(0x400000)).toBe(PROT.read | PROT.exec | PROT_MAPPED);
    expect(memory.protectionAt(0x401000)).toBe(PROT.read | PROT.write | PROT_MAPPED);
    expect(memory.protectionAt(0x403000)).toBe(PROT.read | PROT.write | PROT_MAPPED);
    expect(memory.protectionAt(0x404000)).toBe(0);
  });
});
