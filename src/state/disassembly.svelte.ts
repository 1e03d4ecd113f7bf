// SPDX-License-Identifier: GPL-2.0-or-later
/** The instructions around a place, and one of them explained; fetched anew at every stop. */
import type { Explanation } from '../protocol/inspect.ts';
import type { DisassembledInstruction } from '../protocol/machine.ts';
import type { InspectHandle } from './machine.svelte.ts';

/** Instructions shown before the place when known, and in all. */
const BEFORE = 20;
const COUNT = 80;

/** So near to the end the rows are fetched from further on. */
const MARGIN = 16;

interface Source {
  readonly inspect: Pick<InspectHandle, 'disassemble' | 'explain'>;
  readonly index: { instructionsBefore(address: number, count: number): number } | null;
}

export class DisassemblyState {
  readonly #machine: Source;
  #code = $state.raw<readonly DisassembledInstruction[]>([]);
  #explanation = $state.raw<Explanation | null>(null);
  #turn = 0;
  #explainTurn = 0;

  constructor(machine: Source) {
    this.#machine = machine;
  }

  get code(): readonly DisassembledInstruction[] {
    return this.#code;
  }

  get explanation(): Explanation | null {
    return this.#explanation;
  }

  /** Fetches the code around an address; the rows stay where they are as long as it is well inside. */
  async load(at: number): Promise<void> {
    const turn = ++this.#turn;
    const first = this.#code[0]?.address;
    const inside = this.#code.slice(2, -MARGIN).some((line) => line.address === at);
    const before = this.#machine.index?.instructionsBefore(at, BEFORE) ?? at;
    const start = inside && first !== undefined ? first : before;
    try {
      const found = await this.#machine.inspect.disassemble(start, COUNT);
      if (turn === this.#turn && !sameCode(found, this.#code)) this.#code = found;
    } catch {
      this.#code = []; // the worker is gone; the machine's own message says so
    }
  }

  /** Explains the instruction at an address, or the next one. */
  async explain(at: number | 'rip'): Promise<void> {
    const turn = ++this.#explainTurn;
    try {
      const found = await this.#machine.inspect.explain(at);
      if (turn === this.#explainTurn) this.#explanation = found;
    } catch {
      this.#explanation = null;
    }
  }
}

/** Whether two disassemblies say the same, so that nothing needs to be drawn again. */
function sameCode(
  a: readonly DisassembledInstruction[],
  b: readonly DisassembledInstruction[],
): boolean {
  const same = (x: DisassembledInstruction, y: DisassembledInstruction | undefined): boolean =>
    x.address === y?.address &&
    x.text === y.text &&
    x.bytes.length === y.bytes.length &&
    x.bytes.every((byte, at) => byte === y.bytes[at]);
  return a.length === b.length && a.every((line, i) => same(line, b[i]));
}
