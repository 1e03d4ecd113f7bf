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
  Mnemonic,
  OpKind,
  Register,
  RegisterExt,
  type UsedRegister,
} from 'iced-x86';
import { WRITES } from '../../cpu/operand-access.ts';

/** Registers that a function must leave as it found them, by the System V ABI. */
export const CALLEE_SAVED = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15'] as const;
export type CalleeSaved = (typeof CALLEE_SAVED)[number];

const BY_REGISTER: ReadonlyMap<Register, CalleeSaved> = new Map([
  [Register.RBX, 'rbx'],
  [Register.RBP, 'rbp'],
  [Register.R12, 'r12'],
  [Register.R13, 'r13'],
  [Register.R14, 'r14'],
  [Register.R15, 'r15'],
]);

/** The stack at one instruction, before it executes. Depths are bytes below the return address. */
export interface StackShape {
  /** rsp = address of the return address - depth; null when it does not follow from the code. */
  readonly depth: number | null;
  /** rbp = address of the return address - this, once rbp is a frame pointer; else null. */
  readonly framePointer: number | null;
  /** Where callers' values lie: register → depth of its slot. */
  readonly saved: ReadonlyMap<CalleeSaved, number>;
  /** Callee-saved registers that hold something else now. */
  readonly changed: ReadonlySet<CalleeSaved>;
}

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

const ENTRY: StackShape = {
  depth: 0,
  framePointer: null,
  saved: new Map(),
  changed: new Set(),
};

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

  /** The shape after an instruction that does not call. */
  #after(address: number, shape: StackShape): StackShape {
    const i = this.#instruction;
    const saved = new Map(shape.saved);
    const changed = new Set(shape.changed);
    let { depth, framePointer } = shape;
    const own = i.opCount > 0 && i.opKind(0) === OpKind.Register ? i.opRegister(0) : Register.None;
    const named = BY_REGISTER.get(own);

    if (i.mnemonic === Mnemonic.Push) {
      depth = depth === null ? null : depth + 8;
      if (named !== undefined && depth !== null && !changed.has(named) && !saved.has(named)) {
        saved.set(named, depth);
      }
      return { depth, framePointer, saved, changed };
    }
    const stored = this.#storedRegister();
    if (stored !== null && depth !== null) {
      const slot = depth - stored.offset;
      if (slot > 0 && !changed.has(stored.register) && !saved.has(stored.register)) {
        saved.set(stored.register, slot);
      }
      return { depth, framePointer, saved, changed };
    }
    const written = this.#writes();
    const from = i.mnemonic === Mnemonic.Pop ? 0 : this.#loadOffset();
    const slot = from === null || depth === null ? null : depth - from;
    if (i.mnemonic === Mnemonic.Leave && framePointer !== null) depth = framePointer - 8;
    else if (own === Register.RSP) depth = this.#moved(depth, framePointer);
    else if (depth !== null && i.isStackInstruction) depth -= i.stackPointerIncrement;
    else if (written.includes(Register.RSP)) depth = null;

    if (i.mnemonic === Mnemonic.Mov && own === Register.RBP && i.op1Register === Register.RSP) {
      framePointer = shape.depth;
      changed.add('rbp');
      return { depth, framePointer, saved, changed };
    }
    for (const register of written) {
      const name = BY_REGISTER.get(register);
      if (name === undefined) continue;
      if (name === 'rbp') framePointer = null;
      const home = saved.get(name);
      const back = home !== undefined && slot === home && own === register;
      if (back || (i.mnemonic === Mnemonic.Leave && name === 'rbp')) {
        changed.delete(name); // the caller's value is back
      } else {
        changed.add(name);
        if (home === undefined) this.#unsaved(address, name);
      }
    }
    return { depth, framePointer, saved, changed };
  }

  /** The registers that the instruction writes, each by its full name. */
  #writes(): Register[] {
    const info = this.#info.info(this.#instruction);
    const used = info.usedRegisters() as UsedRegister[];
    const written = used.filter((each) => WRITES.has(each.access)).map((each) => each.register);
    for (const each of used) each.free();
    info.free();
    return written.map((register) => RegisterExt.fullRegister(register));
  }

  /** `mov [rsp + n], rbx`: which register, and n; else null. */
  #storedRegister(): { register: CalleeSaved; offset: number } | null {
    const i = this.#instruction;
    if (i.mnemonic !== Mnemonic.Mov || i.opKind(0) !== OpKind.Memory) return null;
    if (i.opKind(1) !== OpKind.Register) return null;
    const register = BY_REGISTER.get(i.opRegister(1));
    if (register === undefined || i.memoryBase !== Register.RSP) return null;
    if (i.memoryIndex !== Register.None) return null;
    return { register, offset: Number(i.memoryDisplacement) };
  }

  /** n of `mov rbx, [rsp + n]`; else null. */
  #loadOffset(): number | null {
    const i = this.#instruction;
    if (i.mnemonic !== Mnemonic.Mov || i.opCount < 2 || i.opKind(1) !== OpKind.Memory) return null;
    if (i.memoryBase !== Register.RSP || i.memoryIndex !== Register.None) return null;
    return Number(i.memoryDisplacement);
  }

  /** The depth after an instruction whose target is rsp. */
  #moved(depth: number | null, framePointer: number | null): number | null {
    const i = this.#instruction;
    const immediate = i.opCount === 2 && isImmediate(i.opKind(1)) ? Number(i.immediate(1)) : null;
    if (i.mnemonic === Mnemonic.Mov && i.op1Register === Register.RBP) return framePointer;
    if (i.mnemonic === Mnemonic.Lea && i.memoryIndex === Register.None) {
      const by = Number(BigInt.asIntN(64, i.memoryDisplacementU64));
      if (i.memoryBase === Register.RSP && depth !== null) return depth - by;
      if (i.memoryBase === Register.RBP && framePointer !== null) return framePointer - by;
    }
    if (immediate === null || depth === null) return null;
    if (i.mnemonic === Mnemonic.Sub) return depth + immediate;
    if (i.mnemonic === Mnemonic.Add) return depth - immediate;
    return null;
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

function isImmediate(kind: OpKind): boolean {
  return (
    kind === OpKind.Immediate8 ||
    kind === OpKind.Immediate32 ||
    kind === OpKind.Immediate8to64 ||
    kind === OpKind.Immediate32to64
  );
}
