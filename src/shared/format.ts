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
