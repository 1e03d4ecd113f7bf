// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The session against the real CPU under gdb: all registers after k steps, of ten small programs at
 * every instruction, and of our image at its entry and in the middle of a training. Addresses that
 * the kernel chooses (stack, mmap) are compared by what they point into.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Decoder, DecoderOptions } from 'iced-x86';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble, PROJECT } from '../../nn/testing/native.ts';
import type { EngineName } from '../../cpu/cpu.ts';
import { addr } from '../../shared/brand.ts';
import { FLAG } from '../../shared/cpu-state.ts';
import { IDX_FILES } from '../../nn/idx.ts';
import { smallPrograms } from './small-programs.ts';
import { gdbStates, whyNoGdb, type NativeState } from './gdb.ts';
import { Rig } from './rig.ts';

const WHY_NOT = whyNoGdb();
const ENGINES = ['unicorn', 'jit'] as const;

/** Flags that are compared, unless an instruction has left them undefined. */
const STATUS = FLAG.CF | FLAG.PF | FLAG.AF | FLAG.ZF | FLAG.SF | FLAG.OF;

type Regions = (address: bigint) => 'image' | 'stack' | 'other' | null;

/** A register's value, the same wherever the kernel has put stack and mappings. */
function portable(value: bigint, regions: Regions, entryStack: bigint): string {
  const region = regions(value);
  if (region === 'stack') {
    // Arguments, environment and auxiliary vector are of other lengths there.
    return value <= entryStack ? `entry rsp - ${entryStack - value}` : 'above the entry rsp';
  }
  return region === 'other' ? 'mapped' : value.toString(16);
}

interface Shown {
  readonly rip: string;
  readonly flags: string;
  readonly mxcsr: string;
  readonly gpr: readonly string[];
  readonly xmm: readonly string[];
}

function native(state: NativeState, entryStack: bigint, flags: number): Shown {
  const big = (text: string): bigint => BigInt(`0x${text}`);
  const regions: Regions = (value) => {
    const region = state.maps.find(([start, end]) => value >= big(start) && value < big(end));
    if (region === undefined) return null;
    if (big(region[0]) < 0x1000000n) return region[2] === '[heap]' ? 'other' : 'image';
    return region[2] === '[stack]' ? 'stack' : 'other';
  };
  return {
    rip: state.rip,
    flags: (Number(big(state.rflags)) & flags).toString(16),
    mxcsr: state.mxcsr,
    gpr: state.gpr.map((value, i) => {
      // A system call keeps rflags in r11: there with the trap flag by which gdb steps.
      const kept = i === 11 && value.length === 3 ? big(value) & ~BigInt(FLAG.TF) : big(value);
      return portable(kept, regions, entryStack);
    }),
    xmm: state.xmm,
  };
}

function ours(rig: Rig, entryStack: bigint, flags: number): Shown {
  const { memory } = rig;
  const { state } = memory;
  const end = Math.max(...rig.debug.sections.map(({ start, size }) => start + size));
  const regions: Regions = (value) => {
    if (value >= BigInt(memory.bytes.length) || memory.protectionAt(Number(value)) === 0) {
      return null;
    }
    if (value < BigInt(end)) return 'image';
    return value > entryStack - 2n ** 20n ? 'stack' : 'other';
  };
  const vector = (i: number): string => {
    const { buffer, byteOffset } = state.xmm(i);
    const lanes = new DataView(buffer, byteOffset, 16);
    return ((lanes.getBigUint64(8, true) << 64n) | lanes.getBigUint64(0, true)).toString(16);
  };
  return {
    rip: state.rip.toString(16),
    flags: (state.rflags & flags).toString(16),
    mxcsr: state.mxcsr.toString(16),
    gpr: Array.from({ length: 16 }, (_, i) => portable(state.gpr(i), regions, entryStack)),
    xmm: Array.from({ length: 16 }, (_, i) => vector(i)),
  };
}

/** The JIT keeps MXCSR's exception flags only for programs that look at them (docs/JIT.md). */
function blurred(shown: Shown, engine: EngineName): Shown {
  if (engine !== 'jit') return shown;
  return { ...shown, mxcsr: (Number.parseInt(shown.mxcsr, 16) & ~0x3f).toString(16) };
}

/** Follows which flags the instructions leave undefined. */
class Defined {
  mask = STATUS;

  /** The instruction at rip is about to be executed. */
  pass(rig: Rig): void {
    const at = Number(rig.memory.state.rip);
    const decoder = new Decoder(64, rig.memory.bytes.slice(at, at + 15), DecoderOptions.None);
    const instruction = decoder.decode();
    const { rflagsUndefined, rflagsModified } = instruction;
    this.mask |= flagBits(rflagsModified);
    this.mask &= ~flagBits(rflagsUndefined);
    instruction.free();
    decoder.free();
  }
}

/** From iced's numbering of flags to rflags bits. */
function flagBits(iced: number): number {
  const order = [FLAG.OF, FLAG.SF, FLAG.ZF, FLAG.AF, FLAG.CF, FLAG.PF] as const;
  return order.reduce((bits, flag, i) => ((iced >> i) & 1 ? bits | flag : bits), 0);
}

describe.skipIf(WHY_NOT !== null)(`the session against gdb ${WHY_NOT ?? ''}`, () => {
  let folder: string;
  const open: Rig[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'glassbox-gdb-'));
  });
  afterAll(() => {
    for (const rig of open) rig.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  function executable(name: string, image: Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, image);
    chmodSync(path, 0o755);
    return path;
  }

  it('ten small programs: every register after each instruction, on both engines', async () => {
    const rigs = [];
    for (const engine of ENGINES) rigs.push(await Rig.start(smallPrograms(), { engine }));
    open.push(...rigs);
    const [{ image, index }] = rigs as [Rig, Rig];
    const end = index.symbol('end')!.address;
    const program = executable('small', image);
    const states = gdbStates([{ program, args: [], folder, stations: [{ address: null, end }] }]);
    expect(states.length).toBeGreaterThan(150);
    const top = BigInt(`0x${states[0]!.gpr[4]!}`);
    for (const rig of rigs) {
      const entry = rig.gpr('rsp');
      const defined = new Defined();
      for (const [k, state] of states.entries()) {
        const where = `on ${rig.engine.name} after ${k} instructions, at ${rig.place ?? ''}`;
        expect(ours(rig, entry, defined.mask), where).toEqual(native(state, top, defined.mask));
        defined.pass(rig);
        await rig.run({ kind: 'step-in' });
      }
    }
  });

  it('our image: after k steps from its entry and from inside of a training', async () => {
    const { image, debug } = await assemble('sigmoid.asm');
    const files = Object.fromEntries(
      IDX_FILES.map((name) => {
        const packed = readFileSync(join(PROJECT, 'data/digits', `${name}.gz`));
        const bytes = new Uint8Array(gunzipSync(packed));
        writeFileSync(join(folder, name), bytes);
        return [name, bytes];
      }),
    );
    const args = 'train --data . --limit 3 --batch 3 --epochs 1 --isa sse2 --weights w';
    const at = (name: string): number => debug.symbols.find((s) => s.name === name)!.address;
    const stations = [
      { address: null, counts: [0, 1, 2, 3, 5, 8, 13, 21] },
      { address: at('dense_forward_sse2'), counts: [0, 1, 2, 3, 5, 500] },
      { address: at('network_update'), counts: [0, 1, 10, 200] },
    ];
    const words = args.split(' ');
    const program = executable('sigmoid', image);
    const states = gdbStates([{ program, args: words, folder, stations }]);
    for (const engine of ENGINES) {
      const rig = await Rig.of(image, debug, { engine, args: words, files, ram: 2 ** 26 });
      open.push(rig);
      const entry = rig.gpr('rsp');
      const top = BigInt(`0x${states[0]!.gpr[4]!}`);
      let next = 0;
      for (const { address, counts } of stations) {
        if (address !== null) await rig.run({ kind: 'to', address: addr(address) });
        let done = 0;
        for (const count of counts) {
          if (count > done) await rig.run({ kind: 'step-in', count: count - done });
          done = count;
          const where = `on ${engine}, ${count} instructions from ${address ?? 'the entry'}`;
          // Which flags are defined depends on all that was executed: those are left to the others.
          const mine = blurred(ours(rig, entry, 0), engine);
          expect(mine, where).toEqual(blurred(native(states[next++]!, top, 0), engine));
        }
      }
    }
  });
});
