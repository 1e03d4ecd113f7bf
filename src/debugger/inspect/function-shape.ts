// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What a function does to the stack, found from its code: how far rsp lies below the return address
 * at each instruction, which callee-saved registers lie where, and where it breaks the convention.
 *
 * Every path from an entry is followed once: within the function, and on into another one where it
 * gets there with something on the stack (a tail that two functions share). Our sources balance
 * rsp by constants (`push`, `sub rsp, 8`), so that the depth is known everywhere without a frame
 * pointer; `mov rbp, rsp` and `leave` are understood as well.
 */
import {
  Decoder,
  DecoderOptions,
  FlowControl,
  Formatter,
  FormatterSyntax,
  Instruction,
  InstructionInfoFactory,
  OpKind,
} from 'iced-x86';
import { afterInstruction, ENTRY, type CalleeSaved, type StackShape } from './stack-shape.ts';

export interface ShapeWarning {
  readonly kind: 'register' | 'balance';
  readonly text: string;
  readonly address: number;
}

export interface FunctionShape {
  /** Where this way through the function begins. */
  readonly entry: number;
  readonly at: ReadonlyMap<number, StackShape>;
  readonly warnings: readonly ShapeWarning[];
}

interface Step {
  readonly after: StackShape;
  readonly length: number;
  /** Where it may go within the function, its successor not counted. */
  readonly targets: readonly number[];
  readonly falls: boolean;
  readonly call: number | null;
  readonly returns: boolean;
}

/** A stretch of code and the function in it, [start, end). */
export interface CodeRange {
  readonly bytes: Uint8Array;
  /** Address of the first byte. */
  readonly base: number;
  readonly start: number;
  readonly end: number;
}

export class FunctionReader {
  readonly #code: CodeRange;
  readonly #decoder: Decoder;
  readonly #instruction = new Instruction();
  readonly #info = new InstructionInfoFactory();
  readonly #formatter = new Formatter(FormatterSyntax.Nasm);
  readonly #warnings = new Map<string, ShapeWarning>();

  /** To be disposed of. */
  constructor(code: CodeRange) {
    this.#code = code;
    this.#decoder = new Decoder(64, code.bytes, DecoderOptions.None);
  }

  dispose(): void {
    this.#formatter.free();
    this.#info.free();
    this.#instruction.free();
    this.#decoder.free();
  }

  /**
   * The shapes from the function's first byte, and from each place in it that it calls itself:
   * a subroutine behind a local label has stack depths of its own.
   */
  read(): FunctionShape[] {
    const entries = [this.#code.start];
    const shapes: FunctionShape[] = [];
    for (const entry of entries) {
      this.#warnings.clear();
      const { at, calls, ends } = this.#walk(entry);
      const warnings = [...this.#warnings.values()];
      // Who never returns need not keep anything.
      shapes.push({ entry, at, warnings: ends ? warnings : [] });
      for (const call of calls) {
        if (this.#holds(call) && !entries.includes(call)) entries.push(call);
      }
    }
    return shapes;
  }

  #holds(address: number): boolean {
    return address >= this.#code.start && address < this.#code.end;
  }

  /** @returns also whether this way ever returns by itself. */
  #walk(entry: number): { at: Map<number, StackShape>; calls: Set<number>; ends: boolean } {
    let ends = false;
    const at = new Map<number, StackShape>();
    const calls = new Set<number>();
    const open: { address: number; shape: StackShape }[] = [{ address: entry, shape: ENTRY }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { address, shape } = next;
      const known = at.get(address);
      if (known !== undefined) {
        if (known.depth !== null && shape.depth !== null && known.depth !== shape.depth) {
          this.#warn(
            'balance',
            address,
            `Two ways lead here with ${known.depth} and ${shape.depth} bytes on the stack.`,
          );
          at.set(address, { ...known, depth: null });
        }
        continue;
      }
      // With an empty stack it is another function's business; else its code is a part of this.
      if (!this.#holds(address) && shape.depth === 0) continue;
      const step = this.#step(address, shape);
      if (step === null) continue;
      at.set(address, shape);
      if (step.call !== null) calls.add(step.call);
      if (step.returns) this.#checkReturn(address, shape);
      ends ||= step.returns;
      if (step.falls) open.push({ address: address + step.length, shape: step.after });
      for (const target of step.targets) open.push({ address: target, shape: step.after });
    }
    return { at, calls, ends };
  }

  #step(address: number, shape: StackShape): Step | null {
    const { bytes, base } = this.#code;
    if (address < base || address >= base + bytes.length) return null;
    this.#decoder.position = address - base;
    this.#decoder.ip = BigInt(address);
    this.#decoder.decodeOut(this.#instruction);
    const i = this.#instruction;
    if (i.isInvalid) return null;
    const flow = i.flowControl;
    const near = i.opCount > 0 && i.opKind(0) === OpKind.NearBranch64;
    const target = near ? Number(i.nearBranchTarget) : null;
    const isCall = flow === FlowControl.Call || flow === FlowControl.IndirectCall;
    const jumps =
      flow === FlowControl.ConditionalBranch || flow === FlowControl.UnconditionalBranch;
    const leaves =
      flow === FlowControl.UnconditionalBranch ||
      flow === FlowControl.IndirectBranch ||
      flow === FlowControl.Return ||
      flow === FlowControl.Exception;
    return {
      after: isCall ? shape : this.#after(address, shape),
      length: i.length,
      targets: jumps && target !== null ? [target] : [],
      falls: !leaves,
      call: isCall ? target : null,
      returns: flow === FlowControl.Return,
    };
  }

  #after(address: number, shape: StackShape): StackShape {
    const { after, spoilt } = afterInstruction(this.#instruction, this.#info, shape);
    for (const register of spoilt) this.#unsaved(address, register);
    return after;
  }

  #checkReturn(address: number, shape: StackShape): void {
    if (shape.depth !== null && shape.depth !== 0) {
      const what =
        shape.depth > 0
          ? `${shape.depth} bytes are still on the stack`
          : `${-shape.depth} bytes too many have been taken off the stack`;
      this.#warn('balance', address, `At this ret ${what}: it returns to the wrong place.`);
      return;
    }
    for (const register of shape.changed) {
      if (!shape.saved.has(register)) continue; // told where it was changed
      this.#warn(
        'register',
        address,
        `This ret comes without ${register} put back for the caller.`,
      );
    }
  }

  #unsaved(address: number, register: CalleeSaved): void {
    const text = this.#formatter.format(this.#instruction);
    this.#warn(
      'register',
      address,
      `\`${text}\` changes ${register}, which belongs to the caller, without saving it first.`,
      register,
    );
  }

  #warn(kind: ShapeWarning['kind'], address: number, text: string, once = text): void {
    if (!this.#warnings.has(once)) this.#warnings.set(once, { kind, address, text });
  }
}
