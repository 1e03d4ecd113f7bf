// SPDX-License-Identifier: GPL-2.0-or-later
/** What runs a lot is found out, also where breakpoints cut the runs short. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeAssembler } from '../../cli/node-assembler.ts';
import { addr } from '../../shared/brand.ts';
import { Bench, CODE, PLENTY } from '../testing/bench.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import { JitEngine } from './engine.ts';

const ROUNDS = 100;
const PROGRAM = `
    mov ebx, ${ROUNDS}
outer:
    mov ecx, 10000
inner:
    dec ecx
    jnz inner
    dec ebx
    jnz outer
    syscall`;
/** Behind the first instruction, which is 5 bytes long. */
const OUTER = addr(CODE + 5);

describe('a hot region', () => {
  let bench: Bench;
  let engine: JitEngine;
  beforeAll(async () => {
    bench = new Bench(await nodeAssembler());
    await bench.open(async (memory) => {
      engine = new JitEngine(memory, await createUnicornEngine(memory), 500_000);
      return engine;
    });
  });
  afterAll(() => bench.engine.dispose());

  it('is translated anew although no run is long', async () => {
    await bench.load(PROGRAM);
    bench.engine.setBreakpoints(new Set([OUTER]));
    expect(bench.engine.run(PLENTY).stop).toEqual({ kind: 'breakpoint' });
    expect(bench.engine.run(PLENTY).stop).toEqual({ kind: 'breakpoint' });
    const { regions } = engine.stats;
    let hits = 2;
    for (; hits < 2 * ROUNDS; hits++) {
      if (bench.engine.run(PLENTY).stop.kind !== 'breakpoint') break;
    }
    expect(hits).toBe(ROUNDS);
    expect(bench.memory.state.instructions).toBe(1 + ROUNDS * 20_003 + 1);
    expect(engine.stats.regions).toBeGreaterThan(regions);
  });
});
