// SPDX-License-Identifier: GPL-2.0-or-later
/** Registers, their parts and the flags as code. */
import { FLAG, GPR_NAMES, STATE, type CpuState } from '../cpu-state.ts';
import {
  scalarCode,
  U64,
  type Bits,
  type Code,
  type Env,
  type IntCode,
  type IntType,
  type VectorCode,
} from './code.ts';
import type { Span } from './problem.ts';

interface Part {
  /** In the state block. */
  readonly offset: number;
  readonly bits: Bits;
}

const PARTS = new Map<string, Part>();
for (const [i, name] of GPR_NAMES.entries()) {
  const offset = STATE.gpr + i * 8;
  PARTS.set(name, { offset, bits: 64 });
  const stem = name.slice(1);
  if (i >= 8) {
    PARTS.set(`${name}d`, { offset, bits: 32 });
    PARTS.set(`${name}w`, { offset, bits: 16 });
    PARTS.set(`${name}b`, { offset, bits: 8 });
    continue;
  }
  PARTS.set(`e${stem}`, { offset, bits: 32 });
  PARTS.set(stem, { offset, bits: 16 });
  if (stem.endsWith('x')) {
    PARTS.set(`${stem.charAt(0)}l`, { offset, bits: 8 });
    PARTS.set(`${stem.charAt(0)}h`, { offset: offset + 1, bits: 8 });
  } else {
    PARTS.set(`${stem}l`, { offset, bits: 8 });
  }
}
PARTS.set('rip', { offset: STATE.rip, bits: 64 });
PARTS.set('rflags', { offset: STATE.rflags, bits: 64 });
PARTS.set('eflags', { offset: STATE.rflags, bits: 32 });
PARTS.set('mxcsr', { offset: STATE.mxcsr, bits: 32 });
PARTS.set('fs_base', { offset: STATE.fsBase, bits: 64 });
PARTS.set('gs_base', { offset: STATE.gsBase, bits: 64 });
PARTS.set('instructions', { offset: STATE.instructions, bits: 64 });

/** All names that stand for a part of the CPU, for completion and for guesses. */
export const REGISTER_NAMES: readonly string[] = [
  ...PARTS.keys(),
  ...Array.from({ length: 16 }, (_, i) => `xmm${i}`),
  ...Object.keys(FLAG).map((flag) => flag.toLowerCase()),
];

const VIEWS = new WeakMap<CpuState, DataView>();

/** The state block of the CPU as a view. */
export function stateView(cpu: CpuState): DataView {
  let view = VIEWS.get(cpu);
  if (view === undefined) {
    const { bytes } = cpu;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    VIEWS.set(cpu, view);
  }
  return view;
}

const FLAG_TYPE: IntType = { kind: 'int', bits: 8, signed: false };

/** A register, a part of one or a flag; null when the name is none of these. Case does not matter. */
export function registerCode(name: string, span: Span): Code | null {
  const lower = name.toLowerCase();
  const part = PARTS.get(lower);
  if (part !== undefined) {
    const type: IntType =
      lower === 'rip' || lower === 'rsp'
        ? { ...U64, look: 'pointer' }
        : { ...U64, bits: part.bits };
    return scalarCode(
      type,
      span,
      (env) => stateView(env.cpu),
      () => part.offset,
    );
  }
  const flag = Object.entries(FLAG).find(([key]) => key.toLowerCase() === lower)?.[1];
  if (flag !== undefined) {
    const run = (env: Env): bigint => ((env.cpu.rflags & flag) !== 0 ? 1n : 0n);
    return { type: FLAG_TYPE, run, start: span.start, end: span.end } satisfies IntCode;
  }
  const vector = /^xmm(\d|1[0-5])$/.exec(lower);
  if (vector === null) return null;
  const index = Number(vector[1]);
  return {
    type: { kind: 'vector' },
    run: (env) => env.cpu.xmm(index),
    start: span.start,
    end: span.end,
  } satisfies VectorCode;
}
