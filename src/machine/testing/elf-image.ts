// SPDX-License-Identifier: GPL-2.0-or-later
/** Small ELF images for tests, with every header field open to mischief. */

export interface SegmentSpec {
  readonly type?: number;
  /** PF bits: 1 execute, 2 write, 4 read. */
  readonly flags?: number;
  readonly offset?: number;
  readonly address?: number | bigint;
  readonly fileSize?: number | bigint;
  readonly memorySize?: number | bigint;
}

export interface ImageSpec {
  readonly type?: number;
  readonly machine?: number;
  readonly entry?: number;
  readonly segments?: readonly SegmentSpec[];
  /** Length of the whole file. */
  readonly size?: number;
  /** Bytes put at an offset after everything else. */
  readonly patch?: readonly (readonly [offset: number, bytes: readonly number[]])[];
}

export const IMAGE_BASE = 0x400000;

/** By default one page: headers and `nop`s, readable and executable, entry behind the headers. */
export function elfImage(spec: ImageSpec = {}): Uint8Array {
  const segments = spec.segments ?? [{}];
  const size = spec.size ?? 0x1000;
  const bytes = new Uint8Array(Math.max(size, 64 + segments.length * 56)).fill(0x90, 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(0x10, spec.type ?? 2, true);
  view.setUint16(0x12, spec.machine ?? 62, true);
  view.setUint32(0x14, 1, true);
  view.setBigUint64(0x18, BigInt(spec.entry ?? IMAGE_BASE + 0x200), true);
  view.setBigUint64(0x20, 64n, true);
  view.setUint16(0x34, 64, true);
  view.setUint16(0x36, 56, true);
  view.setUint16(0x38, segments.length, true);
  for (const [i, segment] of segments.entries()) {
    const at = 64 + i * 56;
    const fileSize = segment.fileSize ?? size;
    view.setUint32(at, segment.type ?? 1, true);
    view.setUint32(at + 4, segment.flags ?? 5, true);
    view.setBigUint64(at + 8, BigInt(segment.offset ?? 0), true);
    view.setBigUint64(at + 16, BigInt(segment.address ?? IMAGE_BASE), true);
    view.setBigUint64(at + 24, BigInt(segment.address ?? IMAGE_BASE), true);
    view.setBigUint64(at + 32, BigInt(fileSize), true);
    view.setBigUint64(at + 40, BigInt(segment.memorySize ?? fileSize), true);
    view.setBigUint64(at + 48, 0x1000n, true);
  }
  for (const [offset, patch] of spec.patch ?? []) bytes.set(patch, offset);
  return bytes.subarray(0, size);
}
