// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Going to moments, and finding them: replay forward from a checkpoint, in slices between which the
 * host breathes and may call it off.
 */
import type { EngineStop, RunResult, Watch } from '../../cpu/cpu.ts';
import type { Addr } from '../../shared/brand.ts';
import { Pace, SLICE } from '../pace.ts';
import { APPROACH, Rest, TRACED } from './rest.ts';
import { StepTrace } from './step-trace.ts';
import type { TimeMachine } from './time-machine.ts';

export interface TravelHost {
  readonly breathe: () => Promise<void>;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Whether the user wants it to end; the machine then stays where it has come to. */
  readonly cancelled: () => boolean;
  /** Now and then while it takes long. */
  readonly progress?: () => void;
}

/** What to look for. */
export interface Query {
  readonly breakpoints: ReadonlySet<Addr>;
  readonly watches: readonly Watch[];
  /**
   * Whether this is it: rip at one of the breakpoints, or behind an instruction that used watched
   * memory; the machine's state is that of the moment.
   */
  readonly wanted: (stop: EngineStop | { readonly kind: 'arrived' }) => boolean;
  /** The first moment to look at; default: where the recording begins. */
  readonly from?: number;
  /** Instructions to look through first, default 4,096; each time 8 times as many. */
  readonly width?: number;
}

const NOTHING: Query = { breakpoints: new Set(), watches: [], wanted: () => false };
const WIDTH = 4096;
const GROWTH = 8;

/** Stops at somebody else's breakpoints on the way that are put up with. */
const STRAY = 64;

/** With so many hits in one stretch its latter half is looked through by itself. */
const MANY = 1000;

/** Thrown inside to get out; every public method turns it into its answer. */
class Cancelled extends Error {}

export class Travel {
  readonly time: TimeMachine;
  /** What is done while nobody travels. */
  readonly rest: Rest;
  readonly #host: TravelHost;
  readonly #pace = new Pace();
  readonly #trace: StepTrace;
  #breathed = 0;
  /** What the engine has been armed with; null: by somebody else. */
  #armed: Query | null = null;

  constructor(time: TimeMachine, host: TravelHost) {
    this.time = time;
    this.#trace = new StepTrace(time);
    this.rest = new Rest(time, this.#trace, host.now);
    this.#host = host;
  }

  /** Runs one instruction, a call not answered, and remembers how to undo it. */
  step(): RunResult {
    return this.#trace.step(false);
  }

  /** To be called before anything here but `step`, once somebody else has set breakpoints or watches. */
  begin(): void {
    this.#armed = null;
    this.#breathed = this.#host.now();
  }

  /**
   * Goes to the state after `to` instructions, or as near as the recording allows.
   * @param settle leaves checkpoints close by, for steps back from there
   * @returns false when it was called off
   */
  seek(to: number, settle = false): Promise<boolean> {
    return this.#unlessCancelled(async () => {
      await this.#seek(to, settle);
      return true;
    }, false);
  }

  /**
   * Finds the last moment not behind `limit` that a query wants. The machine is then anywhere.
   * @returns its instruction number; null when there is none, or when it was called off
   */
  last(limit: number, query: Query): Promise<number | null> {
    return this.#unlessCancelled(async () => {
      const first = Math.max(this.time.branch.first, query.from ?? 0);
      let width = query.width ?? WIDTH;
      for (let high = limit; high > first; width *= GROWTH) {
        const low = Math.max(first, high - width);
        const found = await this.#lastIn(low, high, query);
        if (found !== null) return found;
        high = low;
      }
      await this.#seek(first);
      return limit >= first && this.#arrived(query) ? first : null;
    }, null);
  }

  /**
   * Looks through the recording backwards, one stretch after the other, each run forward.
   * @param each sees every stop of the query in its stretch, in order, with the instruction number
   * @param found asked behind each stretch; ends the search unless null
   */
  stretches<T>(
    limit: number,
    query: Query,
    each: (at: number) => void,
    found: () => T | null,
  ): Promise<T | null> {
    return this.#unlessCancelled(async () => {
      const { first } = this.time.branch;
      let width = query.width ?? WIDTH;
      for (let high = limit; high > first; width *= GROWTH) {
        const low = Math.max(first, high - width);
        await this.#seek(low);
        if (low === first && this.#arrived(query)) each(low);
        await this.#run(high, query, (at) => {
          each(at);
          return true;
        });
        const answer = found();
        if (answer !== null) return answer;
        high = low;
      }
      return null;
    }, null);
  }

  /**
   * Runs from one moment to another. @param each sees every stop of the query, in order
   * @returns false when it was called off on the way
   */
  sweep(from: number, to: number, query: Query, each: (at: number) => void): Promise<boolean> {
    return this.#unlessCancelled(async () => {
      await this.#seek(from);
      if (this.#arrived(query)) each(from);
      return this.#run(to, query, (at) => {
        each(at);
        return true;
      });
    }, false);
  }

  async #unlessCancelled<T>(action: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof Cancelled) return otherwise;
      throw error;
    }
  }

  async #lastIn(low: number, high: number, query: Query): Promise<number | null> {
    await this.#seek(low);
    const hits: number[] = [];
    const complete = await this.#run(high, query, (at) => hits.push(at) < MANY);
    const last = hits.at(-1) ?? null;
    if (complete || last === null || last >= high) return last;
    const middle = last + Math.floor((high - last) / 2);
    const later = middle < high ? await this.#lastIn(middle, high, query) : null;
    if (later !== null) return later;
    return (middle > last ? await this.#lastIn(last, middle, query) : null) ?? last;
  }

  async #seek(to: number, settle = false): Promise<void> {
    const { time } = this;
    const goal = Math.min(Math.max(to, time.branch.first), time.end);
    if (goal === time.position) return;
    if (this.#trace.reaches(goal)) {
      this.#trace.back(goal);
      return;
    }
    time.approach(goal);
    if (settle) {
      for (const distance of APPROACH) {
        if (goal - time.position <= 2 * distance) continue;
        await this.#run(goal - distance, NOTHING, () => true);
        time.checkpoint();
      }
      const traced = goal - TRACED;
      if (time.position < traced) await this.#run(traced, NOTHING, () => true);
      this.#trace.run(goal);
    }
    await this.#run(goal, NOTHING, () => true);
  }

  /**
   * Runs on to a moment of the past, or the end.
   * @param each gets the number of each wanted moment; false ends the run there
   * @returns whether it has come to `to`
   */
  async #run(to: number, query: Query, each: (at: number) => boolean): Promise<boolean> {
    const { time } = this;
    if (query !== NOTHING) this.#arm(query);
    let stray = 0;
    while (time.position < to && time.past) {
      const began = this.#host.now();
      const { stop, executed } = time.run(Math.min(to - time.position, this.#pace.budget));
      this.#pace.learn(executed, this.#host.now() - began);
      if (query === NOTHING) {
        if (stop.kind !== 'budget' && ++stray === STRAY) this.#arm(NOTHING);
      } else if (executed > 0) {
        const used = stop.kind === 'watchpoint' && query.wanted(stop);
        if ((used || this.#arrived(query)) && !each(time.position)) return false;
      }
      await this.#breathe();
    }
    return true;
  }

  /** Whether the machine stands where the query has a breakpoint, and this is wanted. */
  #arrived(query: Query): boolean {
    const rip = Number(this.time.memory.state.rip);
    return query.breakpoints.has(rip as Addr) && query.wanted({ kind: 'arrived' });
  }

  #arm(query: Query): void {
    if (this.#armed === query) return;
    this.#armed = query;
    this.time.engine.setBreakpoints(query.breakpoints);
    this.time.engine.setWatches(query.watches);
  }

  async #breathe(): Promise<void> {
    if (this.#host.now() - this.#breathed < SLICE) return;
    this.#host.progress?.();
    await this.#host.breathe();
    this.#breathed = this.#host.now();
    if (this.#host.cancelled()) throw new Cancelled();
  }
}
