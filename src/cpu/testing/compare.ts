// SPDX-License-Identifier: GPL-2.0-or-later
/** Runs a case of the oracle on an engine and compares what both did. */
import { addr } from '../../shared/brand.ts';
import { GPR_NAMES } from '../../shared/cpu-state.ts';
import { hex, hexBytes } from '../../shared/format.ts';
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import { GuestMemory } from '../../machine/memory.ts';
import type { Engine, RunResult } from '../cpu.ts';
import type { InstructionCase } from './instruction-cases.ts';
import { ORACLE_CODE, ORACLE_DATA, type OracleResult } from './oracle.ts';

const SIGNALS: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  5: 'SIGTRAP',
  7: 'SIGBUS',
  8: 'SIGFPE',
  11: 'SIGSEGV',
};

/** The sticky flag "an operand was denormal", which no engine here keeps. */
const MXCSR_DENORMAL = 2;

/** RAM laid out as the oracle's: a code page full of int3, a data page, nothing beside them. */
export function oracleMemory(): GuestMemory {
  const memory = new GuestMemory(64 * 2 ** 20);
  memory.protect(addr(ORACLE_CODE & -PAGE_SIZE), PAGE_SIZE, PROT.read | PROT.exec);
  memory.protect(addr(ORACLE_DATA), PAGE_SIZE, PROT.read | PROT.write);
  memory.write(addr(ORACLE_CODE & -PAGE_SIZE), new Uint8Array(PAGE_SIZE).fill(0xcc));
  return memory;
}

/** Puts the case into memory and runs it to its end. */
export function runCase(memory: GuestMemory, engine: Engine, item: InstructionCase): RunResult {
  const code = new Uint8Array(256).fill(0xcc);
  code.set(item.code);
  memory.write(addr(ORACLE_CODE), code);
  memory.write(addr(ORACLE_DATA), item.data);
  memory.state.bytes.set(item.state.bytes);
  memory.state.rip = BigInt(ORACLE_CODE);
  return engine.run(1000);
}

/**
 * Equal but for NaNs: of two NaN operands SSE passes on the first, QEMU the one with the larger
 * significand, as x87 does.
 */
function sameLanes(ours: Uint8Array, theirs: Uint8Array): boolean {
  const same = (bytes: number, isNaN: (view: DataView, at: number) => boolean): boolean => {
    const a = new DataView(ours.buffer, ours.byteOffset, 16);
    const b = new DataView(theirs.buffer, theirs.byteOffset, 16);
    for (let at = 0; at < 16; at += bytes) {
      const equal = ours.subarray(at, at + bytes).every((byte, i) => byte === theirs[at + i]);
      if (!equal && !(isNaN(a, at) && isNaN(b, at))) return false;
    }
    return true;
  };
  return (
    same(8, (view, at) => Number.isNaN(view.getFloat64(at, true))) ||
    same(4, (view, at) => Number.isNaN(view.getFloat32(at, true)))
  );
}

/** What differs, one line each; empty when the engine did as the silicon, or refused openly. */
export function differences(
  memory: GuestMemory,
  run: RunResult,
  item: InstructionCase,
  truth: OracleResult,
): string[] {
  const found: string[] = [];
  const refused = run.stop.kind === 'fault' && run.stop.fault.code === 'unsupported';
  if (refused) return found;
  const compare = (what: string, ours: string | bigint, theirs: string | bigint): void => {
    const show = (v: string | bigint): string => (typeof v === 'bigint' ? hex(v) : v);
    if (ours !== theirs) found.push(`${what}: ${show(ours)}, silicon ${show(theirs)}`);
  };
  const fault = run.stop.kind === 'fault' ? run.stop.fault : null;
  const { state } = memory;
  compare('signal', fault?.signal ?? run.stop.kind, SIGNALS[truth.signal] ?? `${truth.signal}`);
  if (found.length > 0) return found;
  compare('rip', fault?.rip ?? 0n, truth.state.rip);
  GPR_NAMES.forEach((name, i) => compare(name, state.gpr(i), truth.state.gpr(i)));
  for (let i = 0; i < 16; i++) {
    if (sameLanes(state.xmm(i), truth.state.xmm(i))) continue;
    compare(`xmm${i}`, hexBytes(state.xmm(i)), hexBytes(truth.state.xmm(i)));
  }
  // Silicon takes back the flags of repeated comparisons that fault; nobody is left to see it.
  const interrupted = truth.signal !== 5 && /^(?:scas|cmps)/i.test(item.mnemonic);
  const mask = ~(interrupted ? 0x8d5 : truth.signal === 5 ? item.undefinedFlags : 0);
  compare('rflags', BigInt((state.rflags & mask) >>> 0), BigInt((truth.state.rflags & mask) >>> 0));
  const mxcsr = (value: number): bigint => BigInt(value & ~MXCSR_DENORMAL);
  compare('mxcsr', mxcsr(state.mxcsr), mxcsr(truth.state.mxcsr));
  const data = memory.bytes.subarray(ORACLE_DATA, ORACLE_DATA + truth.data.length);
  const at = truth.data.findIndex((byte, i) => byte !== data[i]);
  if (at >= 0) {
    const piece = (bytes: Uint8Array): string => hexBytes(bytes.subarray(at, at + 16));
    compare(`data+${hex(at)}`, piece(data), piece(truth.data));
  }
  return found;
}
