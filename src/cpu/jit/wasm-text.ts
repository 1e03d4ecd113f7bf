// SPDX-License-Identifier: GPL-2.0-or-later
/** Reads the code of a module back as text, so that what is shown is what was really encoded. */
import { WASM_OPS, type WasmOp } from './wasm-ops.ts';

const BY_CODE = new Map<string, WasmOp>();
for (const op of WASM_OPS.values()) BY_CODE.set(`${op.prefix}/${op.opcode}`, op);

const CONTROL: Readonly<Record<number, string>> = {
  0x00: 'unreachable', 0x02: 'block', 0x03: 'loop', 0x04: 'if', 0x05: 'else', 0x0b: 'end', 0x0c: 'br',
  0x0d: 'br_if', 0x0f: 'return', 0x10: 'call', 0x1b: 'select', 0x20: 'local.get', 0x21: 'local.set',
}; // prettier-ignore

class Reader {
  at: number;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes[this.at++] ?? 0;
  }

  leb(signed: boolean): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const b = this.byte();
      value |= BigInt(b & 0x7f) << shift;
      if (b & 0x80) continue;
      return signed && b & 0x40 ? value - (1n << (shift + 7n)) : value;
    }
  }

  u32(): number {
    return Number(this.leb(false));
  }
}

/** The instructions of the module's only function, one a line. */
export function functionText(module: Uint8Array): string[] {
  const r = new Reader(module, 8);
  while (r.at < module.length) {
    const id = r.byte();
    const size = r.u32();
    if (id === 10) break;
    r.at += size;
  }
  r.u32(); // one function
  const end = r.u32() + r.at;
  for (let groups = r.u32(); groups > 0; groups--) {
    r.u32();
    r.byte();
  }
  const lines: string[] = [];
  let depth = 1;
  while (r.at < end) {
    const code = r.byte();
    if (code === 0x0b || code === 0x05) depth--;
    if (depth > 0) lines.push('  '.repeat(depth - 1) + one(r, code));
    if (code >= 0x02 && code <= 0x05) depth++;
  }
  return lines;
}

function one(r: Reader, code: number): string {
  const control = CONTROL[code];
  if (control !== undefined) {
    if (code >= 0x02 && code <= 0x04) r.byte();
    const operand = [0x0c, 0x0d, 0x10, 0x20, 0x21].includes(code) ? ` ${r.u32()}` : '';
    return control + operand;
  }
  switch (code) {
    case 0x0e: {
      const targets = Array.from({ length: r.u32() + 1 }, () => r.u32());
      return `br_table ${targets.join(' ')}`;
    }
    case 0x11: {
      const type = r.u32();
      return `call_indirect type=${type} table=${r.u32()}`;
    }
    case 0x1c:
      r.u32();
      r.byte();
      return 'select (v128)';
    case 0x41:
      return `i32.const ${r.leb(true)}`;
    case 0x42:
      return `i64.const ${r.leb(true)}`;
    case 0x43:
      r.at += 4;
      return 'f32.const';
    case 0x44:
      r.at += 8;
      return 'f64.const';
    case 0xfc:
    case 0xfd:
      return operation(r, code, r.u32());
    default:
      return operation(r, 0, code);
  }
}

function operation(r: Reader, prefix: number, opcode: number): string {
  if (prefix === 0xfd && opcode === 12) return `v128.const ${bytes16(r)}`;
  const op = BY_CODE.get(`${prefix}/${opcode}`);
  if (!op) throw new Error(`unknown opcode ${prefix}/${opcode}`);
  switch (op.imm) {
    case 'none':
      return op.name;
    case 'lane':
    case 'zero':
      return `${op.name} ${r.byte()}`;
    case 'zero2':
      r.at += 2;
      return op.name;
    case 'bytes16':
      return `${op.name} ${bytes16(r)}`;
    default: {
      r.u32();
      const offset = r.u32();
      const lane = op.imm === 'memlane' ? ` ${r.byte()}` : '';
      return `${op.name} offset=${offset}${lane}`;
    }
  }
}

function bytes16(r: Reader): string {
  return Array.from({ length: 16 }, () => r.byte()).join(' ');
}
