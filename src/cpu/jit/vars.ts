// SPDX-License-Identifier: GPL-2.0-or-later
/** The variables of one region and the WebAssembly locals behind them. */
import type { FlagVars } from './flags.ts';
import type { Var } from './ir.ts';
import type { Range } from './ranges.ts';
import type { Ty } from './wasm-ops.ts';
import { GPR_NAMES } from '../../shared/cpu-state.ts';

/** A range of RAM in which accesses of one kind need no further check. */
export interface Window {
  readonly key: string;
  /** `PROT` bits that accesses through it need. */
  readonly need: number;
  /** Start of the range, and for how many starts an access of `span` bytes is inside. */
  readonly start: Var;
  readonly length: Var;
  /** Home of the two in RAM, so that the next entry finds them warm. */
  readonly address: number;
  /** Bytes of the largest access through this window. */
  span: number;
  /** Set when the range is a constant in the code. */
  readonly fixed: Range | null;
}

/** A place in the code where an access is checked: its instruction, register and kind. */
export interface Site {
  readonly key: string;
  /** The register through which it goes; 32: none. */
  readonly through: number;
  readonly need: number;
}

/** Which range of RAM the accesses checked at a site are expected in, if that can be said. */
export type ExpectRange = (site: Site) => Range | null;

const XMM_NAMES: readonly string[] = Array.from({ length: 16 }, (_, i) => `xmm${i}`);

export class Vars {
  /** Types of the locals behind the parameter. */
  readonly locals: Ty[] = [];
  /** The parameter: which of the region's entries. */
  readonly entry: Var = { name: 'entry', ty: 'i32', local: 0 };
  readonly left = this.make('left', 'i32');
  readonly label = this.make('label', 'i32');
  readonly code = this.make('code', 'i32');
  readonly rip = this.make('rip', 'i64');
  /** Rounds of the innermost loop that have been paid for and not yet begun, and the current one. */
  readonly rounds = this.make('rounds', 'i32');
  /** Address of an access outside its window, and that window's home. */
  readonly missed = this.make('missed', 'i64');
  readonly missedWindow = this.make('missedWindow', 'i32');
  readonly flags: FlagVars = {
    kind: this.make('fk', 'i32'),
    a: this.make('fa', 'i64'),
    b: this.make('fb', 'i64'),
    c: this.make('fc', 'i64'),
  };
  readonly gpr: Var[] = GPR_NAMES.map((name) => this.make(name, 'i64'));
  readonly xmm: Var[] = XMM_NAMES.map((name) => this.make(name, 'v128'));
  readonly #lowLanes = new Map<number, Var>();
  readonly windows = new Map<string, Window>();
  /** Homes of the windows that sites share, by their keys. */
  readonly homes = new Map<string, number>();
  readonly #allocateWindow: () => number;
  readonly #expect: ExpectRange;
  readonly #shortLived = new Pool('t');
  readonly #blockLong = new Pool('g');

  /** @param allocateWindow gives the RAM address of a new window's home. */
  constructor(allocateWindow: () => number, expect: ExpectRange = () => null) {
    this.#allocateWindow = allocateWindow;
    this.#expect = expect;
  }

  make(name: string, ty: Ty): Var {
    this.locals.push(ty);
    return { name, ty, local: this.locals.length };
  }

  /** Where the lowest lane of an xmm register lives while it is apart (`lift/low-lanes.ts`). */
  lowLane(reg: number): Var {
    let v = this.#lowLanes.get(reg);
    if (!v) this.#lowLanes.set(reg, (v = this.make(`low${reg}`, 'v128')));
    return v;
  }

  /** A temporary that lives until the end of the instruction. */
  temp(ty: Ty): Var {
    return this.#shortLived.take(ty, this);
  }

  /** A temporary that lives until the end of the block. */
  blockTemp(ty: Ty): Var {
    return this.#blockLong.take(ty, this);
  }

  endInsn(): void {
    this.#shortLived.release();
  }

  endBlock(): void {
    this.#shortLived.release();
    this.#blockLong.release();
  }

  /** The window of a site: a constant range of its own where one is expected, else a shared one. */
  windowAt(site: Site, shared: string, span: number): Window {
    const own = this.windows.get(site.key);
    const range = own ? null : this.homes.has(site.key) ? null : this.#expect(site);
    if (!own && !range) {
      const window = this.window(shared, span, site.need);
      this.homes.set(site.key, window.address);
      return window;
    }
    const window = own ?? {
      key: site.key,
      need: site.need,
      start: this.rip,
      length: this.rip,
      address: this.#allocateWindow(),
      span,
      fixed: range,
    };
    window.span = Math.max(window.span, span);
    this.windows.set(site.key, window);
    return window;
  }

  window(key: string, span: number, need: number): Window {
    let found = this.windows.get(key);
    if (!found) {
      found = {
        key,
        need,
        start: this.make(`${key}.start`, 'i64'),
        length: this.make(`${key}.length`, 'i64'),
        address: this.#allocateWindow(),
        span,
        fixed: null,
      };
      this.windows.set(key, found);
    }
    found.span = Math.max(found.span, span);
    return found;
  }
}

/** Temporaries used again and again: the fewer locals, the quicker the host compiles. */
class Pool {
  readonly #prefix: string;
  readonly #lists: { readonly ty: Ty; readonly vars: Var[]; used: number }[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  take(ty: Ty, vars: Vars): Var {
    let list = this.#lists.find((l) => l.ty === ty);
    if (!list) this.#lists.push((list = { ty, vars: [], used: 0 }));
    const n = list.used++;
    let found = list.vars[n];
    if (!found) list.vars.push((found = vars.make(`${this.#prefix}${n}_${ty}`, ty)));
    return found;
  }

  release(): void {
    for (const list of this.#lists) list.used = 0;
  }
}
