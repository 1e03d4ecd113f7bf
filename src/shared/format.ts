// SPDX-License-Identifier: GPL-2.0-or-later
/** Formatting of numbers lives here and nowhere else. */

/** `0x` and at least `digits` hexadecimal digits, lower case. */
export function hex(value: number | bigint, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** Bytes as lower-case hexadecimal, two digits each, nothing between. */
export function hexBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** How a general register is shown. */
export type IntegerFormat = 'hex' | 'unsigned' | 'signed';

/** A 64-bit register value: 16 hexadecimal digits, or decimal without separators. */
export function formatU64(value: bigint, format: IntegerFormat): string {
  switch (format) {
    case 'hex':
      return hex(value, 16);
    case 'unsigned':
      return BigInt.asUintN(64, value).toString();
    case 'signed':
      return BigInt.asIntN(64, value).toString();
  }
}

/**
 * The shortest decimal text that reads back as the same double. `-0`, `inf`, `-inf`; a NaN is
 * `nan`, whatever its sign and payload.
 */
export function formatF64(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  if (Object.is(value, -0)) return '-0';
  return String(value);
}

/** As `formatF64`, the shortest text that reads back as the same single-precision number. */
export function formatF32(value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single) || single === 0) return formatF64(single);
  // Nine significant digits tell all singles apart (IEEE 754: 1 + ceil(24 log10 2)).
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return String(short);
  }
  return String(Number(single.toPrecision(9)));
}

/** How the 16 bytes of an xmm register are shown. */
export type LaneFormat = 'f64' | 'f32' | 'i64' | 'i32' | 'hex';

/** Bytes of one lane; `hex` shows every byte as a lane. */
export const LANE_BYTES: Readonly<Record<LaneFormat, number>> = {
  f64: 8,
  f32: 4,
  i64: 8,
  i32: 4,
  hex: 1,
};

/**
 * The lanes of an xmm register as text, lane 0 (bits 0 and up, the lowest address in memory) first.
 * @param bytes 16 bytes, little-endian as in memory.
 */
export function formatLanes(bytes: Uint8Array, format: LaneFormat): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lanes: string[] = [];
  for (let at = 0; at < bytes.byteLength; at += LANE_BYTES[format]) {
    lanes.push(formatLane(view, at, format));
  }
  return lanes;
}

function formatLane(view: DataView, at: number, format: LaneFormat): string {
  switch (format) {
    case 'f64':
      return formatF64(view.getFloat64(at, true));
    case 'f32':
      return formatF32(view.getFloat32(at, true));
    case 'i64':
      return view.getBigInt64(at, true).toString();
    case 'i32':
      return view.getInt32(at, true).toString();
    case 'hex':
      return view.getUint8(at).toString(16).padStart(2, '0');
  }
}

/** A count with thin separators for reading: `1,234,567`. */
export function formatCount(value: number | bigint): string {
  const whole = typeof value === 'bigint' ? value : Math.round(value);
  return whole.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A count with what is counted: `1 instruction`, `1,234 instructions`, `2 branches`. */
export function formatCounted(count: number | bigint, one: string, many = `${one}s`): string {
  const text = formatCount(count);
  return `${text} ${text === '1' ? one : many}`;
}

/** A count where room is short: `12,345`, `1.23 M`, `48.0 M`, `6.41 G`. */
export function formatCompact(value: number): string {
  if (value < 100_000) return formatCount(value);
  const [scaled, unit] = value < 999.5e6 ? [value / 1e6, 'M'] : [value / 1e9, 'G'];
  return `${scaled < 10 ? scaled.toFixed(2) : scaled < 100 ? scaled.toFixed(1) : formatCount(scaled)} ${unit}`;
}

/** A part of a whole: `45.2 %`, `0.31 %`, `<0.01 %`; `0 %` only for nothing. */
export function formatShare(part: number, whole: number): string {
  const percent = whole > 0 ? (100 * part) / whole : 0;
  if (percent === 0) return '0 %';
  if (percent < 0.01) return '<0.01 %';
  return `${percent.toFixed(percent < 1 ? 2 : 1)} %`;
}

/** Millions of instructions a second, three digits at most: `9.41`, `94.1`, `6,412`. */
export function formatMips(mips: number): string {
  if (mips < 10) return mips.toFixed(2);
  if (mips < 100) return mips.toFixed(1);
  return formatCount(mips);
}

/** A size in bytes for people: `512 B`, `8 KiB`, `1.5 MiB`. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toFixed(value < 10 ? 1 : 0))} ${units[unit] ?? 'B'}`;
}
