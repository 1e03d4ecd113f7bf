// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { DebugIndex } from './debug-index.ts';
import { DEBUG } from '../state/testing/fake-machine.ts';

const index = new DebugIndex(DEBUG);

describe('DebugIndex', () => {
  it('finds the line of any byte of an instruction, and none in gaps', () => {
    expect(index.lineAt(0x401000)).toEqual({ file: 'main.asm', line: 10 });
    expect(index.lineAt(0x401006)).toEqual({ file: 'main.asm', line: 12 });
    expect(index.lineAt(0x40100e)).toEqual({ file: 'lib.inc', line: 4 });
    expect(index.lineAt(0x40100f)).toBeNull();
    expect(index.lineAt(0)).toBeNull();
    expect(index.lineAt(0x402010)).toBeNull();
  });

  it('finds the instructions of a line, of code only', () => {
    expect(index.addressesOf('main.asm', 12)).toEqual([0x401003, 0x401007]);
    expect(index.addressesOf('main.asm', 30)).toEqual([]);
    expect(index.addressesOf('nowhere.asm', 12)).toEqual([]);
  });

  it('finds the next line with code within reach', () => {
    expect(index.codeLineFrom('main.asm', 11)).toBe(12);
    expect(index.codeLineFrom('main.asm', 13)).toBe(13);
    expect(index.codeLineFrom('main.asm', 14)).toBeNull();
    expect(index.codeLineFrom('main.asm', 1, 3)).toBeNull();
  });

  it('names addresses by the symbol around them', () => {
    expect(index.describe(0x401000)).toBe('_start');
    expect(index.describe(0x401007)).toBe('_start.loop+0x4');
    expect(index.describe(0x402008)).toBe('table+0x8');
    expect(index.describe(0x400fff)).toBeNull();
    // Behind the end of its section nothing belongs to the last symbol.
    expect(index.describe(0x500000)).toBeNull();
  });

  it('walks back along instructions, as far as they are known', () => {
    expect(index.instructionsBefore(0x401009, 2)).toBe(0x401003);
    expect(index.instructionsBefore(0x401009, 99)).toBe(0x401000);
    expect(index.instructionsBefore(0x401004, 3)).toBe(0x401004);
    expect(index.instructionsBefore(0x123, 3)).toBe(0x123);
  });
});
