// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What the assembler knows of an image beside its bytes: `public/images/<name>.debug.json`.
 * Addresses are guest addresses as plain numbers. Files are paths relative to `asm/`.
 */
export interface DebugInfo {
  readonly version: 1;
  /** SHA-256 of the image, hexadecimal. */
  readonly sha256: string;
  readonly entry: number;
  /** Source files; the index is the file number used below. */
  readonly files: readonly string[];
  /**
   * Address to line, ascending, four numbers a record: address, length in bytes, file, line
   * (1-based). Code and data alike. For a macro the line of its outermost use.
   */
  readonly lines: readonly number[];
  readonly sections: readonly DebugSection[];
  /** Ascending by address. */
  readonly symbols: readonly DebugSymbol[];
  readonly tensors: readonly DebugTensor[];
  readonly events: readonly DebugEvent[];
}

export interface DebugSection {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

export interface DebugSymbol {
  /** As NASM knows it: `dense_forward`, and `dense_forward.next_row` for a dot-local label. */
  readonly name: string;
  readonly address: number;
  /** Bytes to the next symbol of the same section that is not local to this one. */
  readonly size: number;
  readonly section: string;
  /** `code` and `data` by section, `local` for dot-local labels. */
  readonly kind: 'code' | 'data' | 'local';
  readonly file: number;
  readonly line: number;
}

export type ElementType =
  'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f32' | 'f64';

/** From `;@ tensor NAME TYPE[DIM]… AXIS=NAME…`: an array with a meaning. No dimensions: a scalar. */
export interface DebugTensor {
  readonly name: string;
  readonly address: number;
  readonly type: ElementType;
  /** Elements along each axis, outermost first. */
  readonly shape: readonly number[];
  /** What an index along each axis counts (`pixel`, `hidden`, `digit`), one for each dimension. */
  readonly axes: readonly string[];
  readonly file: number;
  readonly line: number;
}

/** From `;@ event NAME`: the program is at this point of its work when rip is here. */
export interface DebugEvent {
  readonly name: string;
  readonly address: number;
  readonly file: number;
  readonly line: number;
}
