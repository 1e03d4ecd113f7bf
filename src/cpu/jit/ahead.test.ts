// SPDX-License-Identifier: GPL-2.0-or-later
/** What is translated before a program runs: all it calls, and nothing that shows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeAssembler } from '../../cli/node-assembler.ts';
import { addr } from '../../shared/brand.ts';
import { Bench, CODE, DATA, RODATA } from '../testing/bench.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import { JitEngine } from './engine.ts';

/** Calls functions directly, through an address and through a table of constants. */
const PROGRAM = `
    call direct
    lea rcx, [rel mentioned]
    call rcx
    mov rcx, [${RODATA + 1800}]
    call rcx
    mov [${DATA}], rax
    syscall
direct:
    add rax, 1
    call deeper
    ret
deeper:
    add rax, 10
    ret
mentioned:
    add rax, 100
    ret
wide:
    vaddpd ymm0, ymm0, ymm1
    ret
in_table:
    add rax, 1000
    ret`;

describe('translating ahead', () => {
  let bench: Bench;
  let engine: JitEngine;
  beforeAll(async () => {
    bench = new Bench(await nodeAssembler());
    await bench.open(async (memory) => {
      engine = new JitEngine(memory, await createUnicornEngine(memory));
      return engine;
    });
  });
  afterAll(() => bench.engine.dispose());

  async function load(): Promise<void> {
    await bench.load(PROGRAM);
    const code = bench.memory.bytes.subarray(CODE, CODE + 0x100);
    // add rax, 1000: the only one with a long immediate
    const inTable = CODE + code.findIndex((_, i) => code[i] === 0x48 && code[i + 1] === 0x05);
    bench.memory.write(
      addr(RODATA + 1800),
      new Uint8Array(new BigUint64Array([BigInt(inTable)]).buffer),
    );
  }

  function prepared(): number {
    let pieces = 0;
    for (const piece = engine.prepare(); piece.next().done !== true;) pieces++;
    return pieces;
  }

  it('leaves nothing to do for the run, and changes nothing else', async () => {
    await load();
    const before = bench.snapshot();
    const guest = bench.memory.bytes.slice(CODE, RODATA + 0x1000);
    expect(prepared()).toBeGreaterThanOrEqual(5);
    expect(bench.snapshot()).toBe(before);
    expect(bench.memory.bytes.slice(CODE, RODATA + 0x1000)).toEqual(guest);
    const { regions } = engine.stats;
    expect(bench.finish().stop).toEqual({ kind: 'syscall' });
    expect(bench.gpr('rax')).toBe(1111n);
    expect(engine.stats.regions).toBe(regions);
    expect(prepared()).toBeGreaterThan(0);
    expect(engine.stats.regions).toBe(regions);
  });

  it('may be left and taken up between runs, and heeds breakpoints', async () => {
    await load();
    const pieces = engine.prepare();
    pieces.next();
    pieces.next();
    expect(bench.engine.run(3).executed).toBe(3);
    bench.engine.setBreakpoints(new Set([addr(CODE + 5)]));
    while (pieces.next().done !== true);
    expect(bench.finish().stop).toEqual({ kind: 'breakpoint' });
    expect(bench.gpr('rax')).toBe(11n);
    expect(bench.finish().stop).toEqual({ kind: 'syscall' });
    expect(bench.gpr('rax')).toBe(1111n);
  });
});
