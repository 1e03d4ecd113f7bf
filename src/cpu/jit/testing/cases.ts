// SPDX-License-Identifier: GPL-2.0-or-later
/** Random cases for the fuzz: a few instructions and states to run them from. */
import { Code, Decoder, DecoderOptions, RflagsBits } from 'iced-x86';
import type { CpuState } from '../../../shared/cpu-state.ts';
import { isFloat } from '../../float/execute.ts';
import { newState, ORACLE_CODE, ORACLE_DATA } from '../../testing/oracle.ts';
import { decodeRun, type Insn, type MemOperand } from '../decode.ts';
import { instance, type Form } from './forms.ts';
import type { Random } from './random.ts';

/** Bytes of the data page that a case sets and compares. */
export const DATA_BYTES = 512;

export interface Snippet {
  readonly code: Uint8Array;
  readonly insns: readonly Insn[];
  /** rflags bits that are undefined afterwards. */
  readonly undefinedFlags: number;
  /** Those that are undefined at some point on the way, where a fault may end it. */
  readonly undefinedOnTheWay: number;
  /** Samples have any modes and flags in MXCSR, and these are compared. */
  readonly anyMxcsr: boolean;
}

export interface Sample {
  readonly state: CpuState;
  readonly data: Uint8Array;
}

const FLAG_PLACES: readonly (readonly [number, number])[] = [
  [RflagsBits.CF, 1],
  [RflagsBits.PF, 4],
  [RflagsBits.AF, 16],
  [RflagsBits.ZF, 64],
  [RflagsBits.SF, 128],
  [RflagsBits.OF, 2048],
];

function places(bits: number): number {
  return FLAG_PLACES.reduce((mask, [bit, place]) => ((bits & bit) !== 0 ? mask | place : mask), 0);
}

interface FlagEffect {
  readonly read: number;
  readonly defined: number;
  readonly undefined: number;
}

/** What each instruction of `code` does to the status flags, in rflags' places. */
export function flagEffects(code: Uint8Array): FlagEffect[] {
  const decoder = new Decoder(64, code, DecoderOptions.None);
  const effects: FlagEffect[] = [];
  while (decoder.canDecode) {
    const ins = decoder.decode();
    const defined = ins.rflagsWritten | ins.rflagsCleared | ins.rflagsSet;
    const form = Code[ins.code];
    // by a count of zero, flags stay as they are
    const perhaps = form.endsWith('_CL') || ins.hasRepPrefix || ins.hasRepnePrefix;
    effects.push({
      read: places(ins.rflagsRead),
      defined: perhaps ? 0 : places(defined),
      undefined: places(ins.rflagsUndefined) | oddities(form),
    });
    ins.free();
  }
  decoder.free();
  return effects;
}

/** Flags that silicon leaves differently from the manual's promise, by form. */
function oddities(form: string): number {
  // a masked count of zero leaves flags alone, others leave some undefined: which, depends on state
  return /^(Shl|Sal|Shr|Sar|Shld|Shrd|Rol|Ror|Rcl|Rcr)_/.test(form) ? 2048 | 16 : 0;
}

/** Instructions whose very result is undefined: 16-bit double shifts by more than 16. */
export function undefinedResult(insn: Insn): boolean {
  const [dst, , count] = insn.ops;
  if (insn.mnemonic !== 'Shld' && insn.mnemonic !== 'Shrd') return false;
  const size = dst?.k === 'gpr' || dst?.k === 'mem' ? dst.size : 0;
  return size === 2 && (count?.k !== 'imm' || (count.value & 31n) > 16n);
}

/** A snippet of `length` instructions, or null when flags that are undefined would be read. */
export function makeSnippet(
  forms: readonly Form[],
  length: number,
  random: Random,
): Snippet | null {
  const bytes: number[] = [];
  const insns: Insn[] = [];
  while (insns.length < length) {
    const made = instance(random.pick(forms), random);
    if (!made || undefinedResult(made.insn)) continue;
    if (made.insn.mnemonic === 'Popfq' && length > 1) continue; // its value must be prepared
    insns.push(made.insn);
    bytes.push(...made.bytes);
  }
  const anyMxcsr = insns.some((i) => isFloat(i.mnemonic)) && random.chance(0.3);
  return snippetOf(Uint8Array.from(bytes), insns, anyMxcsr);
}

/** A snippet of given code; null when flags that are undefined would be read. */
export function snippetOf(
  code: Uint8Array,
  known?: readonly Insn[],
  anyMxcsr = false,
): Snippet | null {
  const insns = known ?? decodeAll(code);
  let unknown = 0;
  let onTheWay = 0;
  for (const effect of flagEffects(code)) {
    if (effect.read & unknown) return null;
    unknown = (unknown & ~effect.defined) | effect.undefined;
    onTheWay |= unknown;
  }
  return { code, insns, undefinedFlags: unknown, undefinedOnTheWay: onTheWay, anyMxcsr };
}

function decodeAll(code: Uint8Array): Insn[] {
  const insns: Insn[] = [];
  decodeRun(code, ORACLE_CODE, (insn) => insns.push(insn) > 0);
  return insns;
}

/** A random state that makes most of the snippet's accesses valid. */
export function makeSample(snippet: Snippet, random: Random): Sample {
  const state = newState();
  for (let i = 0; i < 16; i++) state.setGpr(i, random.integer());
  for (let i = 0; i < 16; i++) {
    const [lo, hi] = random.vector();
    const view = new DataView(state.bytes.buffer, state.bytes.byteOffset + 0x100 + i * 16, 16);
    view.setBigUint64(0, lo, true);
    view.setBigUint64(8, hi, true);
  }
  if (snippet.anyMxcsr) {
    const modes = random.below(4) << 13;
    const denormals = random.pick([0, 0, 0x40, 0x8000, 0x8040]);
    // mostly with the precision flag up, as in programs that have computed for a while
    state.mxcsr =
      0x1f80 | random.pick([0, modes]) | denormals | random.pick([0x20, 0x20, random.below(64)]);
  }
  state.rflags = 0x202 | (random.below(0x1000) & 0x8d5) | (random.chance(0.1) ? 0x400 : 0);
  if (random.chance(0.95)) state.setGpr(4, address(random, 8));
  for (const insn of [...snippet.insns].reverse()) aim(insn, state, random);
  const data = new Uint8Array(DATA_BYTES);
  const view = new DataView(data.buffer);
  for (let at = 0; at < DATA_BYTES; at += 16) {
    const [lo, hi] = random.vector();
    view.setBigUint64(at, lo, true);
    view.setBigUint64(at + 8, hi, true);
  }
  if (snippet.insns[0]?.mnemonic === 'Popfq') {
    // no trap flag, nor others that the kernel would notice
    const at = Number(state.gpr(4)) - ORACLE_DATA;
    if (at >= 0 && at + 8 <= DATA_BYTES)
      view.setBigUint64(at, view.getBigUint64(at, true) & 0xcd5n, true);
  }
  return { state, data };
}

function address(random: Random, align: number): bigint {
  if (random.chance(0.03)) return BigInt(ORACLE_DATA - random.below(40));
  const at = random.below(DATA_BYTES - 64);
  return BigInt(ORACLE_DATA + 32 + (random.chance(0.7) ? at - (at % align) : at));
}

/** Sets the registers that an instruction addresses memory with. */
function aim(insn: Insn, state: CpuState, random: Random): void {
  const text = insn.mnemonic;
  if (/^(Movs|Stos|Lods|Scas|Cmps)[bwdq]$/.test(text)) {
    state.setGpr(6, address(random, 8));
    state.setGpr(7, address(random, 8));
    if (random.chance(0.95)) state.setGpr(1, BigInt(random.below(12)));
    return;
  }
  if (text === 'Popfq') return;
  if ((text === 'Div' || text === 'Idiv') && random.chance(0.6)) {
    const negative = text === 'Idiv' && random.chance(0.5);
    if (negative) state.setGpr(0, state.gpr(0) | (1n << 63n) | 0x8000_8000n);
    state.setGpr(2, negative ? 0xffff_ffff_ffff_ffffn : 0n);
  }
  const memory = insn.ops.find((o) => o.k === 'mem');
  if (memory) aimAt(memory, state, address(random, 16));
}

function aimAt(m: MemOperand, state: CpuState, target: bigint): void {
  const index = m.index >= 0 ? state.gpr(m.index) * BigInt(m.scale) : 0n;
  if (m.base >= 0 && m.base !== m.index) {
    let value = target - BigInt(m.disp) - index;
    if (m.addr32) value &= 0xffff_ffffn;
    state.setGpr(m.base, value);
  } else if (m.index >= 0 && m.base < 0) {
    state.setGpr(m.index, (target - BigInt(m.disp)) / BigInt(m.scale));
  }
}

/** The code's address in every case. */
export const CODE_AT = ORACLE_CODE;
