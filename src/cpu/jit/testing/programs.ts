// SPDX-License-Identifier: GPL-2.0-or-later
/** Random whole programs on engines and on silicon; those that differ are made small. */
import { STATE } from '../../../shared/cpu-state.ts';
import { hexBytes } from '../../../shared/format.ts';
import { newState, ORACLE_DATA, type Oracle, type OracleResult } from '../../testing/oracle.ts';
import type { Sample, Snippet } from './cases.ts';
import type { Form } from './forms.ts';
import { makeProgramCode, MIDDLE, type Unit } from './program-code.ts';
import { Random } from './random.ts';
import { differences, type Bench, type Outcome } from './three-way.ts';

/** Bytes of the data page that a program starts with and that are compared. */
const PROGRAM_DATA = 2048;
const STACK = ORACLE_DATA + 0x7c0;
const NOP = 0x90;
const INT3 = 0xcc;
const SIGALRM = 14;

/** Instructions after which an engine gives a program up. */
const MOST = 20_000_000;

export interface Program {
  readonly snippet: Snippet;
  readonly sample: Sample;
  readonly units: readonly Unit[];
  /** What registers, data and the budgets of its run come from. */
  readonly seed: bigint;
}

export interface ProgramFailure {
  readonly engine: string;
  readonly program: Program;
  readonly differences: readonly string[];
}

/** A program of given code, with registers and data by the seed. */
export function programOf(code: Uint8Array, seed: bigint, units: readonly Unit[] = []): Program {
  const random = new Random(seed);
  const state = newState();
  for (let i = 0; i < 16; i++) {
    state.setGpr(i, random.integer());
    const [lo, hi] = random.vector();
    const view = new DataView(state.bytes.buffer, state.bytes.byteOffset + STATE.xmm + i * 16, 16);
    view.setBigUint64(0, lo, true);
    view.setBigUint64(8, hi, true);
  }
  state.setGpr(3, BigInt(MIDDLE));
  state.setGpr(4, BigInt(STACK));
  const data = new Uint8Array(PROGRAM_DATA);
  const view = new DataView(data.buffer);
  for (let at = 0; at < data.length; at += 8) view.setBigUint64(at, random.double(), true);
  const snippet: Snippet = {
    code,
    insns: [],
    undefinedFlags: 0,
    undefinedOnTheWay: 0,
    anyMxcsr: false,
  };
  return { snippet, sample: { state, data }, units, seed };
}

/** Makes a program of instructions of the given forms, and a state to start it from. */
export function makeProgram(forms: readonly Form[], random: Random): Program {
  const { bytes, units } = makeProgramCode(forms, random);
  return programOf(bytes, random.u64(), units);
}

/** Runs a program to its end in pieces of random length. */
export function runProgram(bench: Bench, program: Program): Outcome {
  const { memory, engine } = bench;
  bench.load(program.snippet, program.sample);
  const random = new Random(~program.seed);
  const reach = random.pick([1, 3, 40, 1000, 100_000]);
  // one by one only for a while: some engines take long over it
  let patience = 300;
  let executed = 0;
  for (;;) {
    const budget = patience-- > 0 ? random.below(reach) + 1 : MOST;
    const run = engine.run(budget);
    executed += run.executed;
    if (run.executed > budget) throw new Error('more instructions than the budget');
    if (run.stop.kind === 'budget' && executed < MOST) continue;
    const state = memory.state.bytes.slice();
    const { stop } = run;
    // the silicon is asked before the int3
    if (stop.kind === 'fault' && stop.fault.code === 'breakpoint-trap') {
      new DataView(state.buffer).setBigUint64(STATE.rip, stop.fault.rip, true);
    }
    const data = memory.bytes.slice(ORACLE_DATA, ORACLE_DATA + PROGRAM_DATA);
    return { stop, executed, state, data };
  }
}

/** What silicon does with programs. */
export function siliconRuns(oracle: Oracle, programs: readonly Program[]): OracleResult[] {
  const cases = programs.map(({ snippet, sample }) => ({ code: snippet.code, ...sample }));
  return oracle.run(cases, PROGRAM_DATA);
}

/** Runs programs on silicon and on an engine. @returns those in which the engine differed. */
export function comparePrograms(
  oracle: Oracle,
  engine: string,
  bench: Bench,
  programs: readonly Program[],
): ProgramFailure[] {
  const truths = siliconRuns(oracle, programs);
  return programs.flatMap((program, i) => {
    const truth = truths[i];
    if (!truth) throw new Error('the oracle gave too few answers');
    if (truth.signal === SIGALRM) return []; // endless, which only shrinking makes them
    const found = differences(program.snippet, runProgram(bench, program), truth);
    return found.length > 0 ? [{ engine, program, differences: found }] : [];
  });
}

/**
 * Makes a failing program smaller: units become nops, as many at once as can be, and an int3 ends
 * it as early as can be. Registers, data and budgets stay.
 */
export function shrinkProgram(
  oracle: Oracle,
  bench: Bench,
  failure: ProgramFailure,
): ProgramFailure {
  let best = failure;
  /** Takes the first of the changed codes that still fails. @returns its place, or -1. */
  const attempt = (codes: readonly Uint8Array[], units: readonly Unit[]): number => {
    const programs = codes.map((code) => programOf(code, failure.program.seed, units));
    const [found] = comparePrograms(oracle, failure.engine, bench, programs);
    if (!found) return -1;
    best = found;
    return programs.indexOf(found.program);
  };
  const { units } = failure.program;
  for (let many = units.length; many >= 1; many = Math.floor(many / 2)) {
    for (let from = 0; from < units.length; from += many) {
      const code = best.program.snippet.code.slice();
      for (const { at, length } of units.slice(from, from + many)) code.fill(NOP, at, at + length);
      attempt([code], units);
    }
  }
  const ended = units.map(({ at }) => best.program.snippet.code.slice().fill(INT3, at, at + 1));
  attempt(ended, units);
  return best;
}

/** The failure as one line of JSON. Code and seed make a fixture of it. */
export function describeProgram({ engine, program, differences: found }: ProgramFailure): string {
  const { snippet, seed } = program;
  return JSON.stringify({
    engine,
    code: hexBytes(snippet.code),
    seed: `${seed}`,
    differences: found,
  });
}
