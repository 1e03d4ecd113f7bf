// SPDX-License-Identifier: GPL-2.0-or-later
/** Code that a program goes on rewriting is left alone, and taken up again when it keeps still. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeAssembler } from '../../cli/node-assembler.ts';
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import { addr } from '../../shared/brand.ts';
import { Bench } from '../testing/bench.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import { JitEngine } from './engine.ts';
import { RestlessCode } from './restless.ts';

describe('restless code', () => {
  const PAGE = 0x600;
  const at = PAGE * PAGE_SIZE + 8;

  it('may be rewritten a few times, then rests, then gets another chance', () => {
    const code = new RestlessCode();
    for (let i = 0; i < 8; i++) code.rewritten([PAGE], 100);
    expect(code.restAt(at, 100)).toBe(0);
    code.rewritten([PAGE], 100);
    const rest = code.restAt(at, 100);
    expect(rest).toBeGreaterThan(1000);
    expect(code.restAt(at + PAGE_SIZE, 100)).toBe(0);
    expect(code.restAt(at, 200)).toBe(rest - 100);
    expect(code.restAt(at, 100 + rest)).toBe(0);
  });

  it('is not held against a time before, nor against another program', () => {
    const code = new RestlessCode();
    for (let i = 0; i < 9; i++) code.rewritten([PAGE], 1_000_000);
    expect(code.restAt(at, 500)).toBe(0);
    expect(code.restAt(at, 1_000_000)).toBeGreaterThan(0);
    code.clear();
    expect(code.restAt(at, 1_000_000)).toBe(0);
  });
});

describe('a loop that rewrites itself', () => {
  const OWN = 0x600000;
  let bench: Bench;
  let engine: JitEngine;
  beforeAll(async () => {
    bench = new Bench(await nodeAssembler());
    await bench.open(async (memory) => {
      engine = new JitEngine(memory, await createUnicornEngine(memory));
      return engine;
    });
    bench.memory.protect(addr(OWN), PAGE_SIZE, PROT.read | PROT.write | PROT.exec);
  });
  afterAll(() => engine.dispose());

  it('is not translated each time, and at speed once it keeps still', async () => {
    await bench.load(
      `mov ecx, 1000\n.again: inc dword [rel .add + 2]\n.add: add ebx, strict dword 0\ndec ecx\njnz .again
      mov ecx, 1000000\n.still: add rbx, rcx\ndec ecx\njnz .still\nsyscall`,
      OWN,
    );
    const { stop } = bench.finish();
    expect(stop.kind).toBe('syscall');
    expect(bench.gpr('rbx')).toBe(BigInt((1000 * 1001) / 2 + (1_000_000 * 1_000_001) / 2));
    expect(engine.stats.regions).toBeLessThan(40);
    expect(engine.stats.steps).toBeLessThan(20_000);
  });
});
