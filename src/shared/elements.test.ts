// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import {
  bitsText,
  ELEMENT_FORMATS,
  elementBytes,
  elementChars,
  elementText,
  elementTexts,
  parseElement,
  type ElementFormat,
} from './elements.ts';

function parsed(text: string, format: ElementFormat): string {
  const result = parseElement(text, format);
  return result.ok ? bitsText(result.value) : result.error;
}

describe('elements', () => {
  it('read back as they are written, in every format', () => {
    let seed = 1;
    for (let round = 0; round < 200; round++) {
      const bytes = Uint8Array.from({ length: 8 }, () => {
        seed = (seed * 1103515245 + 12345) % 2 ** 31;
        return (seed >> 16) & 0xff;
      });
      for (const { value: format } of ELEMENT_FORMATS) {
        const size = elementBytes(format);
        const text = elementText(bytes, 0, format);
        expect(text.length).toBeLessThanOrEqual(elementChars(format));
        if (text === 'nan') continue;
        const again = parseElement(text, format);
        // What is no character shows as its number, which is typed as 0x…
        if (format === 'char' && text.length === 2 && !text.startsWith('\\')) continue;
        expect(again, `${format} ${text}`).toEqual({ ok: true, value: bytes.slice(0, size) });
      }
    }
  });

  it('show all of a register, lane 0 first', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
    expect(elementTexts(bytes, 'x32')).toEqual(['03020100', '07060504', '0b0a0908', '0f0e0d0c']);
    expect(elementTexts(bytes, 'u16')[7]).toBe('3854');
    expect(elementTexts(bytes, 'char').slice(8, 11)).toEqual(['08', '\\t', '\\n']);
    expect(elementTexts(bytes, 'b8')[5]).toBe('00000101');
  });

  it('are typed in many ways', () => {
    expect(parsed('-1', 'u16')).toBe('0xffff');
    expect(parsed('65535', 'i16')).toBe('0xffff');
    expect(parsed("'a'", 'u8')).toBe('0x61');
    expect(parsed('a', 'char')).toBe('0x61');
    expect(parsed('\\n', 'char')).toBe('0x0a');
    expect(parsed('0b1010', 'u8')).toBe('0x0a');
    expect(parsed('101', 'b8')).toBe('0x05');
    expect(parsed('ff', 'hex')).toBe('0xff');
    expect(parsed('10', 'x16')).toBe('0x0010');
    expect(parsed('0ffh', 'u32')).toBe('0x000000ff');
    expect(parsed('1_000', 'u32')).toBe('0x000003e8');
    expect(parsed('0.5', 'f64')).toBe('0x3fe0000000000000');
    expect(parsed('-0', 'f32')).toBe('0x80000000');
    expect(parsed('0x3fe0000000000000', 'f64')).toBe('0x3fe0000000000000');
    expect(parsed('-inf', 'f32')).toBe('0xff800000');
  });

  it('are refused in words', () => {
    expect(parsed('256', 'u8')).toBe('256 does not fit into 8 bits (-128 to 255).');
    expect(parsed('-129', 'i8')).toContain('does not fit');
    expect(parsed('pear', 'f64')).toBe(
      '“pear” is not a number: try 0.5, -1e-3, inf, nan, or bits as 0x….',
    );
    expect(parsed('1.5', 'i32')).toContain('“1.5” is not an integer');
    expect(parsed('', 'i32')).toBe('Type a value.');
    expect(parsed('xyz', 'hex')).toContain('is not an integer');
  });
});
