// SPDX-License-Identifier: GPL-2.0-or-later
/** How long translations live: bounded in number, and taken up again when their code comes back. */
import { afterEach, describe, expect, it } from 'vitest';
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import { GuestMemory } from '../../machine/memory.ts';
import { addr } from '../../shared/brand.ts';
import { GPR } from '../../shared/cpu-state.ts';
import type { RunResult } from '../cpu.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import { JitEngine } from './engine.ts';
import { HOT } from './translations.ts';
import { Retired } from './retired.ts';

const CODE = 0x400000;
const DATA = 0x500000;
const STACK = 0x600000;
const PLENTY = 1_000_000;
/** Bytes of a function of `program`. */
const LENGTH = 5;

/**
 * Calls so many functions, each of which adds `by` to rax, then stores rax at `DATA`. Code:
 * `call f0; call f1; …; mov [DATA], rax; syscall; f0: add rax, by; ret; f1: …`
 */
function program(functions: number, by: number): Uint8Array {
  const first = 5 * functions + 10;
  const code = new Uint8Array(first + LENGTH * functions);
  const view = new DataView(code.buffer);
  for (let f = 0; f < functions; f++) {
    code[5 * f] = 0xe8;
    view.setInt32(5 * f + 1, first + LENGTH * f - 5 * (f + 1), true);
    code.set([0x48, 0x83, 0xc0, by, 0xc3], first + LENGTH * f);
  }
  code.set([0x48, 0x89, 0x04, 0x25], 5 * functions);
  view.setInt32(5 * functions + 4, DATA, true);
  code.set([0x0f, 0x05], 5 * functions + 8);
  return code;
}

describe('translations', () => {
  let engine: JitEngine | undefined;
  afterEach(() => engine?.dispose());

  async function machine(regions?: number): Promise<[GuestMemory, JitEngine]> {
    const memory = new GuestMemory(16 * 2 ** 20);
    const made = new JitEngine(memory, await createUnicornEngine(memory), HOT, regions);
    engine = made;
    return [memory, made];
  }

  /** As a new process: everything is mapped anew. */
  function load(
    memory: GuestMemory,
    code: Uint8Array,
    data: number = PROT.read | PROT.write,
  ): void {
    for (const [at, prot] of [
      [CODE, PROT.read | PROT.exec],
      [DATA, data],
      [STACK, PROT.read | PROT.write],
    ] as const) {
      memory.unmap(addr(at), PAGE_SIZE);
      memory.protect(addr(at), PAGE_SIZE, prot);
    }
    memory.write(addr(CODE), code);
    memory.state.rip = BigInt(CODE);
    memory.state.setGpr(GPR.rsp, BigInt(STACK + PAGE_SIZE));
    memory.state.setGpr(GPR.rax, 0n);
  }

  const stored = (memory: GuestMemory): bigint =>
    new DataView(memory.memory.buffer).getBigUint64(DATA, true);

  it('are entered again behind a breakpoint without the fallback', async () => {
    const [memory, jit] = await machine();
    load(memory, program(3, 1));
    const second = addr(CODE + 3 * 5 + 10 + LENGTH);
    jit.setBreakpoints(new Set([second]));
    expect(jit.run(PLENTY).stop).toEqual({ kind: 'breakpoint' });
    const { steps } = jit.stats;
    expect(jit.run(PLENTY).stop).toEqual({ kind: 'syscall' });
    expect(memory.state.gpr(GPR.rax)).toBe(3n);
    expect(jit.stats.steps).toBe(steps);
  });

  it('never live in greater number than allowed, however many a program needs', async () => {
    const [memory, jit] = await machine(8);
    const most = { live: 0, kept: 0 };
    for (let round = 0; round < 3; round++) {
      load(memory, program(60, 3));
      for (let run: RunResult | null = null; run?.stop.kind !== 'syscall';) {
        run = jit.run(7);
        expect(['budget', 'syscall']).toContain(run.stop.kind);
        most.live = Math.max(most.live, jit.stats.live);
        most.kept = Math.max(most.kept, jit.stats.kept);
      }
      expect(stored(memory)).toBe(180n);
    }
    expect(jit.stats.regions).toBeGreaterThan(100);
    expect(most.live).toBeGreaterThan(4);
    expect(most.live).toBeLessThanOrEqual(8);
    expect(most.kept).toBeLessThanOrEqual(8);
  });

  it('are taken up again by a program that is started again', async () => {
    const [memory, jit] = await machine();
    load(memory, program(6, 5));
    expect(jit.run(PLENTY).stop.kind).toBe('syscall');
    expect(stored(memory)).toBe(30n);
    const { regions } = jit.stats;
    for (let again = 1; again <= 3; again++) {
      load(memory, program(6, 5));
      expect(jit.stats).toMatchObject({ live: 0, kept: regions });
      expect(jit.run(PLENTY)).toEqual({ stop: { kind: 'syscall' }, executed: 20 });
      expect(stored(memory)).toBe(30n);
      expect(jit.stats).toMatchObject({
        regions,
        revived: regions * again,
        live: regions,
        kept: 0,
      });
    }
  });

  it('are made anew for other code at the same place', async () => {
    const [memory, jit] = await machine();
    for (const by of [5, 7, 5]) {
      load(memory, program(6, by));
      expect(jit.run(PLENTY).stop.kind).toBe('syscall');
      expect(stored(memory)).toBe(BigInt(6 * by));
    }
  });

  it('do not outlive the rights that they take for granted', async () => {
    const [memory, jit] = await machine();
    load(memory, program(6, 5));
    jit.run(PLENTY);
    load(memory, program(6, 5), PROT.read);
    expect(jit.run(PLENTY).stop).toMatchObject({
      kind: 'fault',
      fault: { code: 'write-protected', address: BigInt(DATA) },
    });
    load(memory, program(6, 5));
    memory.protect(addr(CODE), PAGE_SIZE, PROT.read);
    expect(jit.run(PLENTY).stop).toMatchObject({ kind: 'fault', fault: { signal: 'SIGSEGV' } });
  });
});

describe('retired translations', () => {
  it('are bounded in number and bytes, the oldest going first', () => {
    const retired = new Retired<{ root: number; wasmBytes: number }>();
    for (let root = 0; root < 3000; root++) retired.add({ root, wasmBytes: 1000 });
    expect(retired.size).toBe(1024);
    expect(retired.take(0, () => true)).toBeNull();
    expect(retired.take(2999, () => true)?.root).toBe(2999);
    retired.add({ root: 1, wasmBytes: 8 * 2 ** 20 });
    expect(retired.size).toBe(1);
  });

  it('are given out once, and only while they fit', () => {
    const retired = new Retired<{ root: number; wasmBytes: number }>();
    retired.add({ root: 4, wasmBytes: 10 });
    expect(retired.take(4, () => false)).toBeNull();
    expect(retired.take(4, () => true)).toEqual({ root: 4, wasmBytes: 10 });
    expect(retired.take(4, () => true)).toBeNull();
  });
});
