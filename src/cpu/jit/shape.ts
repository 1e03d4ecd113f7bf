// SPDX-License-Identifier: GPL-2.0-or-later
/** What a function consists of, as far as its direct jumps tell. */
import type { Insn } from './decode.ts';

export interface CodeSource {
  /** Decoded instructions from `ip` on, one run of them, up to the first that cannot be fetched. */
  insnAt(ip: number): Insn | null;
  /** Whether the translator knows the instruction. */
  translatable(insn: Insn): boolean;
  isBreakpoint(ip: number): boolean;
}

export const LIMITS = {
  /** Instructions of one function that are looked at. */
  function: 500,
  /** Largest callee that is copied into its caller, where a region is worth its best translation. */
  inline: 80,
  /** The same for one called through a pointer: a routine that was chosen at run time. */
  chosen: 192,
  depth: 3,
  /** Instructions of a region, copies included. */
  region: 480,
  /** Longest block; longer straight-line code is cut. */
  block: 200,
} as const;

/** Instructions behind which something else may begin, at least as far as decoding goes. */
export const ENDS: ReadonlySet<string> = new Set(['Jmp', 'Ret', 'Syscall']);

export function isBranch(insn: Insn): boolean {
  return insn.target >= 0 && insn.mnemonic !== 'Jmp' && insn.mnemonic !== 'Call';
}

/** The instructions of one function, found by its direct jumps; calls count as falling through. */
export interface Shape {
  readonly insns: ReadonlyMap<number, Insn>;
  readonly leaders: ReadonlySet<number>;
}

/** AVX, of which nothing is translated. */
export function isWide(insn: Insn | null): boolean {
  return insn?.mnemonic.startsWith('V') === true;
}

export function discoverShape(source: CodeSource, entry: number): Shape {
  const { insns, leaders } = discover(source, entry, false);
  return { insns, leaders };
}

/** The same, or null for a function that has AVX; of such a one little is decoded. */
export function discoverNarrow(source: CodeSource, entry: number): Shape | null {
  const { insns, leaders, wide } = discover(source, entry, true);
  return wide ? null : { insns, leaders };
}

function discover(
  source: CodeSource,
  entry: number,
  narrow: boolean,
): Shape & { readonly wide: boolean } {
  const insns = new Map<number, Insn>();
  const leaders = new Set<number>([entry]);
  const work = [entry];
  for (let start = work.shift(); start !== undefined; start = work.shift()) {
    let ip = start;
    let length = 0;
    while (!insns.has(ip) && insns.size < LIMITS.function) {
      if (source.isBreakpoint(ip) && ip !== entry) break;
      const insn = source.insnAt(ip);
      if (!insn) break;
      if (!source.translatable(insn)) {
        if (narrow && isWide(insn)) return { insns, leaders, wide: true };
        // resumes behind it after a step of the fallback
        lead(ip, leaders, work);
        if (insn.fallsThrough && !insn.privileged) lead(insn.next, leaders, work);
        break;
      }
      insns.set(ip, insn);
      if (isBranch(insn)) {
        lead(insn.target, leaders, work);
        lead(insn.next, leaders, work);
        break;
      }
      if (insn.mnemonic === 'Call') {
        lead(insn.next, leaders, work);
        break;
      }
      if (insn.mnemonic === 'Syscall') lead(insn.next, leaders, work);
      if (insn.mnemonic === 'Jmp' && insn.target >= 0) lead(insn.target, leaders, work);
      if (ENDS.has(insn.mnemonic)) break;
      ip = insn.next;
      if (++length === LIMITS.block) {
        lead(ip, leaders, work);
        break;
      }
    }
  }
  return { insns, leaders, wide: false };
}

/** A block begins at `ip`. */
function lead(ip: number, leaders: Set<number>, work: number[]): void {
  if (leaders.has(ip)) return;
  leaders.add(ip);
  work.push(ip);
}
