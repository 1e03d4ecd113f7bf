// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What stops a run besides its own goal: breakpoints and watchpoints with their conditions, hit
 * counts and log texts. The session asks at every arrival and after every watched access, forward
 * and in replays; asked quietly, nothing is left behind.
 */
import type { Watch, WatchHit } from '../../cpu/cpu.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type {
  BreakpointSpec,
  LogLine,
  StopHits,
  StopProblem,
  WatchpointSpec,
} from '../../protocol/breakpoints.ts';
import type { StopReason } from '../../protocol/machine.ts';
import { addr, isAddr, type Addr } from '../../shared/brand.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import { hex, hexBytes } from '../../shared/format.ts';
import { describeInstruction } from '../disassemble.ts';
import { BreakRule } from './break-rule.ts';
import { GuestEnv } from './guest-env.ts';
import { WatchRule, type Use } from './watch-rule.ts';

/** Lines of log points kept between two takings; more than that nobody reads. */
const MOST_LINES = 10_000;

export interface Asking {
  /** A replay: what happens now has happened before. */
  readonly quiet?: boolean;
}

export class StopRules {
  readonly #memory: GuestMemory;
  readonly #index: DebugIndex | null;
  readonly #env: GuestEnv;
  /** All, by id; also those that are disabled. */
  #rules: ReadonlyMap<string, BreakRule | WatchRule> = new Map();
  #breaks: ReadonlyMap<Addr, readonly BreakRule[]> = new Map();
  #watchRules: readonly WatchRule[] = [];
  #log: LogLine[] = [];
  /** Watched bytes before a system call, by rule. */
  #before: readonly (readonly [WatchRule, Uint8Array])[] = [];

  constructor(memory: GuestMemory, index: DebugIndex | null) {
    this.#memory = memory;
    this.#index = index;
    this.#env = new GuestEnv(memory);
  }

  /** Replaces all; those of the same id and meaning keep their hits. */
  set(
    breakpoints: readonly BreakpointSpec[],
    watchpoints: readonly WatchpointSpec[],
  ): readonly StopProblem[] {
    const problems: StopProblem[] = [];
    const rules = new Map<string, BreakRule | WatchRule>();
    const breaks = new Map<Addr, BreakRule[]>();
    const watches: WatchRule[] = [];
    for (const spec of breakpoints) {
      if (!isAddr(spec.address)) continue;
      const before = this.#rules.get(spec.id);
      const rule = BreakRule.make(spec, before instanceof BreakRule ? before : null, this.#index);
      if (!(rule instanceof BreakRule)) {
        problems.push(rule);
        continue;
      }
      rules.set(spec.id, rule);
      const at = addr(spec.address);
      if (spec.enabled) breaks.set(at, [...(breaks.get(at) ?? []), rule]);
    }
    for (const spec of watchpoints) {
      const before = this.#rules.get(spec.id);
      const same = before instanceof WatchRule ? before : null;
      const rule = WatchRule.make(spec, same, this.#index, this.#memory.size);
      if (!(rule instanceof WatchRule)) {
        problems.push(rule);
        continue;
      }
      rules.set(spec.id, rule);
      if (spec.enabled) watches.push(rule);
    }
    this.#rules = rules;
    this.#breaks = breaks;
    this.#watchRules = watches;
    return problems;
  }

  /** Where the engine is to stop. */
  get addresses(): Iterable<Addr> {
    return this.#breaks.keys();
  }

  /** What the engine is to watch. */
  get watches(): readonly Watch[] {
    return this.#watchRules.map((rule) => rule.watch);
  }

  /** rip has come to an instruction that is about to be executed. */
  arrive(rip: number, { quiet = false }: Asking = {}): StopReason | null {
    const rules = this.#breaks.get(rip as Addr);
    if (rules === undefined) return null;
    const at = this.#memory.state.instructions;
    let reason: StopReason | null = null;
    for (const rule of rules) {
      const { id } = rule.spec;
      const arrival = rule.arrive(at, this.#env, quiet);
      if (arrival.kind === 'stop') {
        const text = arrival.text === null ? {} : { text: arrival.text };
        reason ??= { kind: 'breakpoint', address: rip, id, ...text };
      } else if (arrival.kind === 'log' && this.#log.length < MOST_LINES) {
        this.#log.push({ id, at, text: arrival.text });
      }
    }
    return reason;
  }

  /** The engine has stopped behind an instruction that used watched memory. */
  used(hit: WatchHit, asking: Asking = {}): StopReason | null {
    let reason: StopReason | null = null;
    for (const rule of this.#watchRules) {
      const use = rule.useOf(hit, this.#memory.bytes);
      if (use !== null) reason = this.#judge(rule, use, Number(hit.rip), asking) ?? reason;
    }
    return reason;
  }

  /** Before a system call is served: it may write into watched memory. */
  beginCall(): void {
    this.#before = this.#watchRules
      .filter(({ watch }) => watch.access !== 'read')
      .map((rule) => [rule, this.#bytesOf(rule)]);
  }

  /** After it has been served. @param rip of the `syscall` instruction. */
  endCall(rip: number, asking: Asking = {}): StopReason | null {
    let reason: StopReason | null = null;
    for (const [rule, before] of this.#before) {
      const after = this.#bytesOf(rule);
      if (before.every((byte, i) => byte === after[i])) continue;
      reason = this.#judge(rule, { before, after, access: 'write' }, rip, asking) ?? reason;
    }
    this.#before = [];
    return reason;
  }

  /** What log points have printed since this was last asked. */
  takeLog(): readonly LogLine[] {
    if (this.#log.length === 0) return this.#log;
    const lines = this.#log;
    this.#log = [];
    return lines;
  }

  /** Hits of all that are set, up to the present moment. */
  hits(): readonly StopHits[] {
    const at = this.#memory.state.instructions;
    return [...this.#rules.values()].map(({ spec, journal }) => ({
      id: spec.id,
      hits: journal.upTo(at),
    }));
  }

  /** The program goes another way from instruction count `at` on: later hits are none. */
  forgetAfter(at: number): void {
    for (const { journal } of this.#rules.values()) journal.forgetAfter(at);
  }

  #judge(rule: WatchRule, use: Use, rip: number, { quiet = false }: Asking): StopReason | null {
    if (!rule.meant(use, this.#env)) return null;
    if (!quiet) rule.journal.note(this.#memory.state.instructions);
    const index = this.#index;
    const name = index?.describe(rip) ?? hex(rip);
    const nameOf = (target: number): string | null => index?.describe(target) ?? null;
    // As the sources write it, where `default rel` stands above.
    const text = describeInstruction(this.#memory, rip, nameOf).replace('[rel ', '[');
    const where = `${text} at ${name}`;
    return {
      kind: 'watchpoint',
      id: rule.spec.id,
      rip,
      address: rule.spec.address,
      before: hexBytes(use.before),
      after: hexBytes(use.after),
      text: rule.tell(use, where),
    };
  }

  #bytesOf({ watch }: WatchRule): Uint8Array {
    return this.#memory.bytes.slice(watch.start, watch.start + watch.length);
  }
}
