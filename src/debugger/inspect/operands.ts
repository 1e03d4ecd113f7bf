// SPDX-License-Identifier: GPL-2.0-or-later
/** One instruction taken apart: its operands, where they are, and what they hold now. */
import {
  Decoder,
  DecoderOptions,
  Formatter,
  FormatterSyntax,
  FormatMnemonicOptions,
  Instruction,
  InstructionInfoFactory,
  MemorySizeExt,
  OpAccess,
  OpKind,
  Register,
  RegisterExt,
  type InstructionInfo,
} from 'iced-x86';
import { LONGEST_INSTRUCTION } from '../../cpu/operand-access.ts';
import { PROT_MAPPED } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { OperandAccess } from '../../protocol/inspect.ts';
import { hex } from '../../shared/format.ts';

export interface Operand {
  readonly kind: 'gpr' | 'xmm' | 'memory' | 'immediate' | 'target' | 'other';
  /** As the disassembly writes it. */
  readonly text: string;
  readonly access: OperandAccess;
  /** Bytes. */
  readonly size: number;
  /** Number of the register; -1 for what is none. */
  readonly register: number;
  /** ah, bh, ch, dh. */
  readonly high: boolean;
  /** Effective address or branch target; null for others, and for what is no user address. */
  readonly address: number | null;
  readonly addressText: string | null;
  /** Its bytes now, `size` of them; null when not readable. For an immediate its value. */
  readonly bytes: Uint8Array | null;
}

const ACCESS: ReadonlyMap<OpAccess, OperandAccess> = new Map([
  [OpAccess.Read, 'reads'],
  [OpAccess.CondRead, 'reads'],
  [OpAccess.Write, 'writes'],
  [OpAccess.CondWrite, 'writes'],
  [OpAccess.ReadWrite, 'reads and writes'],
  [OpAccess.ReadCondWrite, 'reads and writes'],
  [OpAccess.NoMemAccess, 'takes the address of'],
]);

/** The tools that taking an instruction apart needs; to be disposed of. */
export class OperandReader {
  readonly instruction = new Instruction();
  readonly #memory: GuestMemory;
  readonly #nameOf: (address: number) => string | null;
  readonly #formatter = new Formatter(FormatterSyntax.Nasm);
  readonly #factory = new InstructionInfoFactory();

  constructor(memory: GuestMemory, nameOf: (address: number) => string | null) {
    this.#memory = memory;
    this.#nameOf = nameOf;
    this.#formatter.hexPrefix = '0x';
    this.#formatter.hexSuffix = '';
    this.#formatter.uppercaseHex = false;
    this.#formatter.spaceAfterOperandSeparator = true;
  }

  dispose(): void {
    this.#factory.free();
    this.#formatter.free();
    this.instruction.free();
  }

  /** Decodes into `instruction`. @returns its bytes, or null when there is no instruction. */
  decode(address: number): Uint8Array | null {
    const limit = address + LONGEST_INSTRUCTION;
    let end = address;
    while (end < limit && (this.#memory.protectionAt(end) & PROT_MAPPED) !== 0) end++;
    if (end === address) return null;
    const decoder = new Decoder(64, this.#memory.bytes.slice(address, end), DecoderOptions.None);
    try {
      decoder.ip = BigInt(address);
      decoder.decodeOut(this.instruction);
    } finally {
      decoder.free();
    }
    if (this.instruction.isInvalid) return null;
    return this.#memory.bytes.slice(address, address + this.instruction.length);
  }

  /** `mulsd`, `jne`, without prefixes. */
  get mnemonic(): string {
    const none = FormatMnemonicOptions.NoPrefixes;
    return this.#formatter.formatMnemonicOptions(this.instruction, none).trim();
  }

  operands(): Operand[] {
    const info = this.#factory.info(this.instruction);
    try {
      const count = this.instruction.opCount;
      return Array.from({ length: count }, (_, n) => this.#operand(n, info));
    } finally {
      info.free();
    }
  }

  #operand(n: number, info: InstructionInfo): Operand {
    const i = this.instruction;
    const kind = i.opKind(n);
    // Some operands are not written: the predicate of cmpltsd, the registers of movsq.
    const shown = this.#formatter.getFormatterOperand(i, n);
    const plain = {
      text: shown === undefined ? '' : this.#formatter.formatOperand(i, shown),
      access: ACCESS.get(info.opAccess(n)) ?? 'uses',
      register: -1,
      high: false,
      address: null,
      addressText: null,
    } as const;
    if (kind === OpKind.Register) return { ...plain, ...this.#register(i.opRegister(n)) };
    if (kind === OpKind.Memory) return { ...plain, ...this.#memoryOperand(plain.text) };
    if (kind === OpKind.NearBranch64) {
      const address = Number(i.nearBranchTarget);
      const text = this.#nameOf(address) ?? hex(address);
      return { ...plain, kind: 'target', text, size: 8, address, bytes: null };
    }
    const implied = this.#implied(kind);
    if (implied !== null) return { ...plain, ...implied };
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, i.immediate(n)), true);
    return { ...plain, kind: 'immediate', size: 8, bytes };
  }

  #register(register: Register): Pick<Operand, 'kind' | 'size' | 'register' | 'high' | 'bytes'> {
    const full = RegisterExt.fullRegister(register);
    const size = RegisterExt.size(register);
    const { state } = this.#memory;
    if (RegisterExt.isGPR(register)) {
      const number = RegisterExt.number(full);
      const high = register >= Register.SPL ? false : register >= Register.AH && size === 1;
      const at = number * 8 + (high ? 1 : 0);
      const bytes = state.bytes.slice(at, at + size);
      return { kind: 'gpr', size, register: number, high, bytes };
    }
    if (RegisterExt.isXMM(register)) {
      const number = RegisterExt.number(register);
      return { kind: 'xmm', size, register: number, high: false, bytes: state.xmm(number).slice() };
    }
    return { kind: 'other', size, register: -1, high: false, bytes: null };
  }

  #memoryOperand(
    text: string,
  ): Pick<Operand, 'kind' | 'text' | 'size' | 'address' | 'addressText' | 'bytes'> {
    const i = this.instruction;
    const size = MemorySizeExt.size(i.memorySize);
    const { address, addressText } = this.#effective();
    let named = text;
    if (i.isIpRelMemoryOperand) {
      const name = this.#nameOf(Number(i.ipRelMemoryAddress));
      if (name !== null) named = named.replace(/(\[(?:rel )?)[^\]]*\]/, `$1${name}]`);
    }
    return {
      kind: 'memory',
      text: named,
      size,
      address,
      addressText,
      bytes: this.#read(address, size),
    };
  }

  #effective(): { address: number | null; addressText: string } {
    const i = this.instruction;
    const { state } = this.#memory;
    const symbols: string[] = [];
    const numbers: string[] = [];
    let sum = 0n;
    const add = (symbol: string, value: bigint, number: string): void => {
      symbols.push(symbol);
      numbers.push(number);
      sum += value;
    };
    if (i.memorySegment === Register.FS) add('fs', state.fsBase, hex(state.fsBase));
    if (i.memorySegment === Register.GS) add('gs', state.gsBase, hex(state.gsBase));
    if (i.isIpRelMemoryOperand) {
      sum += i.ipRelMemoryAddress;
    } else {
      if (i.memoryBase !== Register.None) {
        const value = this.#value(i.memoryBase);
        add(this.#formatter.formatRegister(i.memoryBase), value, hex(value));
      }
      if (i.memoryIndex !== Register.None) {
        const value = this.#value(i.memoryIndex);
        const scale = i.memoryIndexScale;
        const name = this.#formatter.formatRegister(i.memoryIndex);
        const short = value < 1_000_000n ? value.toString() : hex(value);
        const times = scale === 1 ? '' : `${scale} × `;
        add(`${times}${name}`, value * BigInt(scale), `${times}${short}`);
      }
      const displacement = BigInt.asIntN(64, i.memoryDisplacementU64);
      if (displacement !== 0n || symbols.length === 0) {
        const name = displacement > 0xffffn ? this.#nameOf(Number(displacement)) : null;
        const number =
          displacement < 4096n && displacement > -4096n ? `${displacement}` : hex(displacement);
        add(name ?? number, displacement, number);
      }
    }
    const whole = BigInt.asUintN(64, sum);
    const name = this.#nameOf(Number(whole));
    const end = name === null ? hex(whole) : `${hex(whole)} (${name})`;
    const join = (parts: readonly string[]): string => parts.join(' + ').replaceAll('+ -', '- ');
    const steps = symbols.length > 1 || (symbols.length === 1 && i.memoryBase === Register.None);
    const addressText =
      symbols.length === 0
        ? end
        : steps && symbols.length > 1
          ? `${join(symbols)} = ${join(numbers)} = ${end}`
          : `${join(symbols)} = ${end}`;
    return { address: whole < 2n ** 47n ? Number(whole) : null, addressText };
  }

  #value(register: Register): bigint {
    const number = RegisterExt.number(RegisterExt.fullRegister(register));
    const value = this.#memory.state.gpr(number);
    return RegisterExt.size(register) === 4 ? BigInt.asUintN(32, value) : value;
  }

  /** Memory that a string instruction names by rsi or rdi alone. */
  #implied(
    kind: OpKind,
  ): Pick<Operand, 'kind' | 'text' | 'size' | 'address' | 'addressText' | 'bytes'> | null {
    const source = kind === OpKind.MemorySegRSI;
    if (!source && kind !== OpKind.MemoryESRDI) return null;
    const value = this.#memory.state.gpr(source ? 6 : 7);
    const size = MemorySizeExt.size(this.instruction.memorySize);
    const address = value < 2n ** 47n ? Number(value) : null;
    const pointer = source ? 'rsi' : 'rdi';
    const [text, addressText] = [`[${pointer}]`, `${pointer} = ${hex(value)}`];
    return { kind: 'memory', text, size, address, addressText, bytes: this.#read(address, size) };
  }

  #read(address: number | null, size: number): Uint8Array | null {
    if (address === null || size === 0 || !this.#memory.allows(address, size, 0)) return null;
    return this.#memory.bytes.slice(address, address + size);
  }
}
