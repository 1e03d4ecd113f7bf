// SPDX-License-Identifier: GPL-2.0-or-later
/** The two functions of a hot region: entries in the middle do not stand in the way of loops. */
import { describe, expect, it } from 'vitest';
import { PROT } from '../../machine/layout.ts';
import { GuestMemory } from '../../machine/memory.ts';
import { addr } from '../../shared/brand.ts';
import { GPR } from '../../shared/cpu-state.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import { GuestCode } from './code-source.ts';
import { JitEngine } from './engine.ts';
import { Flow, type Part } from './flow.ts';
import { buildRegion } from './region.ts';

const CODE = 0x400000;
const OUTER = CODE + 2;
const INNER = CODE + 7;
/** Behind the system call. */
const BEHIND = CODE + 22;
const ROUNDS = 100;

// prettier-ignore
const NESTED = [
  0x31, 0xc0,                         //        xor eax, eax
  0xb9, ROUNDS, 0x00, 0x00, 0x00,     // outer: mov ecx, 100
  0x48, 0x01, 0xc8,                   // inner: add rax, rcx
  0x48, 0xff, 0xc9,                   //        dec rcx
  0x75, 0xf8,                         //        jnz inner
  0x48, 0xff, 0xca,                   //        dec rdx
  0x75, 0xee,                         //        jnz outer
  0x0f, 0x05,                         //        syscall
];

function loaded(): GuestMemory {
  const memory = new GuestMemory(16 * 2 ** 20);
  memory.protect(addr(CODE), 4096, PROT.read | PROT.exec);
  memory.write(addr(CODE), Uint8Array.from(NESTED));
  return memory;
}

function flowOf(part: Part): { flow: Flow; dispatchers: number } {
  const code = new GuestCode(loaded());
  const region = buildRegion(code, CODE, code.shapeOf, { expected: () => null });
  if (!region) throw new Error('no region');
  const flow = new Flow(region, part);
  return { flow, dispatchers: flow.makeReducible().length };
}

const ips = (blocks: readonly { readonly ip: number }[]): number[] => blocks.map((b) => b.ip);

describe('flow of a region', () => {
  it('enters a cold one at each loop, through a dispatcher', () => {
    const { flow, dispatchers } = flowOf('whole');
    expect(ips(flow.entries)).toEqual([CODE, BEHIND, INNER, OUTER]);
    expect(dispatchers).toBe(1);
  });

  it('enters the main part of a hot one where that costs nothing', () => {
    const { flow, dispatchers } = flowOf('main');
    expect(ips(flow.entries)).toEqual([CODE, BEHIND, OUTER]);
    expect(ips(flow.seldom)).toEqual([INNER]);
    expect(dispatchers).toBe(0);
  });

  it('enters the rest at the inner loop, and leaves it for the main part', () => {
    const { flow, dispatchers } = flowOf('rest');
    expect(ips(flow.entries)).toEqual([INNER]);
    expect([...flow.exits.keys()]).toContain(OUTER);
    expect(ips(flow.live())).not.toContain(OUTER);
    expect(dispatchers).toBe(0);
  });

  it('executes the same whatever the budgets are', async () => {
    const memory = loaded();
    const engine = new JitEngine(memory, await createUnicornEngine(memory), 1000);
    const outer = 500;
    memory.state.rip = BigInt(CODE);
    memory.state.setGpr(GPR.rdx, BigInt(outer));
    let executed = 0;
    for (let n = 0; ; n++) {
      // prime to the loops' lengths: ends everywhere
      const budget = 97 + 13 * (n % 400);
      const run = engine.run(budget);
      executed += run.executed;
      if (run.stop.kind === 'syscall') break;
      expect(run).toEqual({ stop: { kind: 'budget' }, executed: budget });
    }
    expect(executed).toBe(1 + outer * (1 + 3 * ROUNDS + 2) + 1);
    expect(memory.state.gpr(GPR.rax)).toBe(BigInt((outer * ROUNDS * (ROUNDS + 1)) / 2));
    engine.dispose();
  });
});
