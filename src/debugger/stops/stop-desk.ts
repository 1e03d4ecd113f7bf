// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What the page asks about stops and values, for whatever process is in the machine. The stops
 * outlive processes.
 */
import type { GuestMemory } from '../../machine/memory.ts';
import type {
  BreakpointSpec,
  Evaluation,
  EvaluationProblem,
  EvaluationRequest,
  Located,
  StopHits,
  StopProblem,
  WatchpointSpec,
} from '../../protocol/breakpoints.ts';
import type { ElementType } from '../../protocol/debug-info.ts';
import { isAddr } from '../../shared/brand.ts';
import { typeName } from '../../shared/expression/code.ts';
import {
  compileAddress,
  compileExpression,
  type Expression,
} from '../../shared/expression/expression.ts';
import { Scope } from '../../shared/expression/scope.ts';
import { valueNumber, valueText } from '../../shared/expression/value-text.ts';
import { formatCounted, hex } from '../../shared/format.ts';
import { tensorSize } from '../../shared/lens.ts';
import type { Session } from '../session.ts';
import { GuestEnv } from './guest-env.ts';

/** Most bytes that one watchpoint may watch. */
const MOST_BYTES = 1 << 24;

const ELEMENTS: readonly string[] = [
  ...['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'f32', 'f64'],
];

function isElement(name: string): name is ElementType {
  return ELEMENTS.includes(name);
}

function refuse(message: string): EvaluationProblem {
  return { ok: false, column: 1, length: 1, message };
}

export class StopDesk {
  readonly #memory: GuestMemory;
  readonly #env: GuestEnv;
  #session: Session | null = null;
  #breakpoints: readonly BreakpointSpec[] = [];
  #watchpoints: readonly WatchpointSpec[] = [];

  constructor(memory: GuestMemory) {
    this.#memory = memory;
    this.#env = new GuestEnv(memory);
  }

  /** Another process is in the machine, or none. */
  attach(session: Session | null): void {
    this.#session = session;
    session?.setStops(this.#breakpoints, this.#watchpoints);
  }

  set(
    breakpoints: readonly BreakpointSpec[],
    watchpoints: readonly WatchpointSpec[],
  ): readonly StopProblem[] {
    this.#breakpoints = breakpoints;
    this.#watchpoints = watchpoints;
    return this.#session?.setStops(breakpoints, watchpoints) ?? [];
  }

  hits(): readonly StopHits[] {
    return this.#session?.stops.hits() ?? [];
  }

  evaluate(requests: readonly EvaluationRequest[]): readonly Evaluation[] {
    const scope = this.#scope();
    return requests.map(({ text, format }) => {
      if (scope === null) return refuse('There is no program in the machine.');
      const compiled = compileExpression(text, scope);
      if (!compiled.ok) return { ok: false, ...compiled.error };
      const expression = compiled.value;
      const value = expression.evaluate(this.#env);
      if (!value.ok) return { ok: false, ...value.error };
      const nameOf = (address: number): string | null => this.#describe(address);
      return {
        ok: true,
        type: expression.typeName,
        text: valueText(value.value, expression.type, format, nameOf),
        number: valueNumber(value.value),
        address: expression.place(this.#env)?.address ?? null,
      };
    });
  }

  findAddress(text: string): { readonly ok: true; readonly address: number } | EvaluationProblem {
    const scope = this.#scope();
    if (scope === null) return refuse('There is no program in the machine.');
    const compiled = compileAddress(text, scope);
    if (!compiled.ok) return { ok: false, ...compiled.error };
    const value = compiled.value(this.#env);
    if (!value.ok) return { ok: false, ...value.error };
    if (!isAddr(value.value)) {
      return refuse(`${hex(value.value)} is outside of the address space.`);
    }
    return { ok: true, address: Number(value.value) };
  }

  locate(text: string): Located {
    const scope = this.#scope();
    if (scope === null) return refuse('There is no program in the machine.');
    const range = /^(.*),\s*([^,()[\]]+)$/.exec(text);
    if (range?.[1] !== undefined && range[2] !== undefined) return this.#range(range[1], range[2]);
    const named = this.#named(text.trim(), scope);
    if (named !== null) return named;
    const compiled = compileExpression(text, scope);
    if (!compiled.ok) return { ok: false, ...compiled.error };
    return this.#element(compiled.value);
  }

  #range(start: string, bytes: string): Located {
    const address = this.findAddress(start);
    if (!address.ok) return address;
    const [length] = this.evaluate([{ text: bytes, format: 'auto' }]);
    const column = start.length + 2;
    if (length?.ok !== true) {
      const message = length?.message ?? 'A number of bytes is missing.';
      return { ok: false, column: column - 1 + (length?.column ?? 1), length: 1, message };
    }
    const { number } = length;
    if (!Number.isInteger(number) || number < 1 || number > MOST_BYTES) {
      return { ok: false, column, length: bytes.length, message: 'A range has 1 byte to 16 MiB.' };
    }
    const label = `${start.trim()}, ${formatCounted(number, 'byte')}`;
    return { ok: true, label, address: address.address, length: number, type: null };
  }

  /** A whole tensor, or all that a label names. */
  #named(name: string, scope: Scope): Located | null {
    const tensor = scope.tensor(name);
    if (tensor !== null) {
      const { address, type } = tensor;
      return { ok: true, label: name, address, length: tensorSize(tensor), type };
    }
    const symbol = this.#session?.index?.symbol(name);
    if (symbol === null || symbol === undefined || symbol.kind !== 'data') return null;
    const length = Math.max(1, symbol.size);
    return { ok: true, label: name, address: symbol.address, length, type: null };
  }

  #element(expression: Expression): Located {
    const place = expression.place(this.#env);
    if (place === null) {
      const value = expression.evaluate(this.#env);
      if (!value.ok) return { ok: false, ...value.error };
      return refuse(
        'This does not lie in memory. Write [address].f64, or an address, a comma and bytes.',
      );
    }
    const name = typeName(place.type);
    const length = place.type.bits / 8;
    const type = isElement(name) ? name : length === 1 ? 'u8' : 'u64';
    return { ok: true, label: expression.text.trim(), address: place.address, length, type };
  }

  #describe(address: number): string | null {
    return this.#session?.index?.describe(address) ?? null;
  }

  #scope(): Scope | null {
    if (this.#session === null) return null;
    return new Scope(this.#session.index, Number(this.#memory.state.rip));
  }
}
