// SPDX-License-Identifier: GPL-2.0-or-later
/** What the views of the debugger ask the machine worker about a stopped program: types only. */

export interface SearchRequest {
  /** 1 to 4096 bytes to find, in the order of memory. */
  readonly pattern: Uint8Array;
  /** A bit set means that the bit counts; as long as `pattern`, or null: all count. */
  readonly mask: Uint8Array | null;
  /** Where to begin. */
  readonly from: number;
  /** Hits begin at multiples of this: 1, 2, 4, 8 or 16. */
  readonly align: number;
  /** At most so many hits. */
  readonly limit: number;
}

/** One piece of a search: ask again from `next` for the rest, or stop asking to cancel. */
export interface SearchResult {
  /** Addresses, ascending. */
  readonly hits: readonly number[];
  /** Where to go on; null when all of memory has been looked at. */
  readonly next: number | null;
}

/** What an instruction does to an operand. */
export type OperandAccess =
  'reads' | 'writes' | 'reads and writes' | 'takes the address of' | 'uses';

export interface ExplainedOperand {
  /** As the disassembly writes it: `xmm0`, `qword [rsp+8]`. */
  readonly text: string;
  readonly access: OperandAccess;
  /** Its value now; null when it has none that can be read (unmapped, or only an address). */
  readonly value: string | null;
  /** Effective address of a memory operand, or the target of a branch; else null. */
  readonly address: number | null;
  /** How the address comes about, with numbers: `rdi + 8 × rcx = 0x402000 + 8 × 3 = 0x402018`. */
  readonly addressText: string | null;
}

export interface ExplainedFlags {
  readonly read: readonly string[];
  /** By the result. */
  readonly written: readonly string[];
  readonly cleared: readonly string[];
  readonly set: readonly string[];
  /** Whose value the architecture leaves open. */
  readonly undefined: readonly string[];
}

/** An instruction, explained with the numbers of this moment. */
export interface Explanation {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** Lower case. */
  readonly mnemonic: string;
  /** What it does, in a sentence or two; '' for one that the table does not know. */
  readonly summary: string;
  readonly operands: readonly ExplainedOperand[];
  readonly flags: ExplainedFlags;
  /** How long its result takes on recent processors, in words. */
  readonly latency: string;
  /** What it will do, with the numbers filled in; empty where that is not worked out. */
  readonly formula: readonly string[];
  /** The form in the manual: `MULSD xmm1, xmm2/m64`. */
  readonly form: string;
  /** The encoding in the manual: `F2 0F 59 /r`. */
  readonly encoding: string;
  /** Extensions of the instruction set that it belongs to: `SSE2`. */
  readonly extensions: readonly string[];
  /** Whether it is the next instruction: else the registers may be others when it is reached. */
  readonly next: boolean;
}

export interface SavedRegister {
  readonly register: string;
  /** Address of the slot that holds the caller's value. */
  readonly slot: number;
}

/** One active function, the innermost first. */
export interface StackFrame {
  /** Its next instruction: rip, or the return address in a caller. */
  readonly address: number;
  /** `name+0x10`; null outside of all symbols. */
  readonly place: string | null;
  readonly file: string | null;
  /** Line of the next instruction; in callers, of the call. */
  readonly line: number | null;
  /** rsp in this function, that is, the lowest address of its slots. */
  readonly rsp: number;
  /** Address of its return address; null for the outermost function. */
  readonly returnSlot: number | null;
  /** Whether the return slot follows from the function's code, or was found by scanning. */
  readonly exact: boolean;
  readonly saved: readonly SavedRegister[];
}

export type SlotKind =
  /** The return address of a frame. */
  | 'return'
  /** Follows a call instruction, but belongs to no frame: an old one, or data that looks like it. */
  | 'stale'
  /** A register saved for the caller. */
  | 'saved'
  | 'plain';

export interface StackSlot {
  readonly address: number;
  readonly value: bigint;
  readonly kind: SlotKind;
  /** Index into `frames`; -1 beyond the last. */
  readonly frame: number;
  /** `return to train+0x3c`, `rbx of train`, `w1+0x8`; '' when nothing is known. */
  readonly text: string;
}

/** A breach of the calling convention (System V ABI). */
export interface AbiWarning {
  readonly kind: 'register' | 'balance' | 'alignment';
  /** One or two sentences. */
  readonly text: string;
  /** The instruction to look at. */
  readonly address: number;
}

export interface StackReport {
  readonly frames: readonly StackFrame[];
  /** From rsp upwards. */
  readonly slots: readonly StackSlot[];
  readonly warnings: readonly AbiWarning[];
  /** Whether the frames reach the program's entry. */
  readonly complete: boolean;
}

export interface InspectApi {
  /** Looks through a piece of mapped memory; at most 32 MiB a call. */
  search(request: SearchRequest): Promise<SearchResult>;
  /** Explains the instruction at an address, or the next one; null where there is none. */
  explain(address: number | 'rip'): Promise<Explanation | null>;
  /** What a mnemonic does, or null when the table does not know it. */
  describeMnemonic(mnemonic: string): Promise<string | null>;
  /** @param slots how many slots of 8 bytes to show, at most 4096. */
  callStack(slots: number): Promise<StackReport>;
  /** Breaches of the calling convention that this stop and those before it have shown. */
  abiWarnings(): Promise<readonly AbiWarning[]>;
}
