// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { PROT } from '../../machine/layout.ts';
import { GuestMemory } from '../../machine/memory.ts';
import { addr } from '../../shared/brand.ts';
import { CODE } from '../testing/bench.ts';
import { KnownCode } from './known-code.ts';

const LOAD = [0x66, 0x0f, 0x28, 0xc1]; // movapd xmm0, xmm1
const RETURN = 0xc3;

function straightCode(before: number, loads: number): KnownCode {
  const memory = new GuestMemory(16 * 2 ** 20);
  memory.protect(addr(CODE), 0x4000, PROT.read | PROT.exec);
  const nops = Array.from({ length: before }, () => 0x90);
  const body = Array.from({ length: loads }, () => LOAD).flat();
  memory.write(addr(CODE), Uint8Array.from([...nops, ...body, RETURN]));
  return new KnownCode(memory, (address, length) => memory.bytes.slice(address, address + length));
}

describe('a block of unknown length', () => {
  // wherever the parts in which it is decoded end
  it.each([0, 1, 2, 3])('goes on to the next jump, %i bytes on', (before) => {
    const block = straightCode(before, 700).blockAt(CODE, 0);
    expect(block).toMatchObject({ open: true, special: false, count: before + 700 + 1 });
    expect(block.size).toBe(before + 700 * LOAD.length + 1);
  });

  it('ends with what is no instruction', () => {
    const code = straightCode(0, 0);
    expect(code.blockAt(CODE, null)).toMatchObject({ count: 1, special: false });
    const memory = new GuestMemory(16 * 2 ** 20);
    memory.protect(addr(CODE), 0x1000, PROT.read | PROT.exec);
    memory.write(addr(CODE), Uint8Array.of(0x90, 0x06)); // push es: not in 64-bit mode
    const invalid = new KnownCode(memory, (at, length) => memory.bytes.slice(at, at + length));
    expect(invalid.blockAt(CODE, 0)).toMatchObject({ count: 2, special: true });
  });
});

describe('an instruction', () => {
  it('is told from what cannot be fetched', () => {
    const memory = new GuestMemory(16 * 2 ** 20);
    memory.protect(addr(CODE), 0x1000, PROT.read | PROT.exec);
    memory.protect(addr(CODE + 0x1000), 0x1000, PROT.read);
    const end = CODE + 0x1000;
    memory.write(addr(end - 2), Uint8Array.from(LOAD.slice(0, 2)));
    const code = new KnownCode(memory, (at, length) => memory.bytes.slice(at, at + length));
    expect(code.instructionAt(end - 2)).toEqual({ code: 'exec-protected', address: end });
    expect(code.instructionAt(end)).toEqual({ code: 'exec-protected', address: end });
    const nowhere = end + 0x1000;
    expect(code.instructionAt(nowhere)).toEqual({ code: 'unmapped-fetch', address: nowhere });
  });
});
