// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { CpuState, FLAG, GPR, STATE_SIZE, type GprName } from '../cpu-state.ts';
import { DebugIndex } from '../debug-index.ts';
import type { DebugInfo, DebugSymbol, DebugTensor } from '../debug-info.ts';
import type { Env } from './code.ts';
import { compileAddress, compileCondition, compileExpression } from './expression.ts';
import { Scope } from './scope.ts';
import { compileTemplate } from './template.ts';
import { valueText, type ValueFormat } from './value-text.ts';

const symbol = (name: string, address: number, kind: DebugSymbol['kind']): DebugSymbol => {
  const section = kind === 'data' ? '.data' : '.text';
  return { name, address, size: 16, section, kind, file: 0, line: 1 };
};
const tensor = (
  name: string,
  address: number,
  type: DebugTensor['type'],
  shape: number[],
): DebugTensor => {
  const axes = ['pixel', 'hidden'].slice(0, shape.length);
  return { name, address, type, shape, axes, file: 0, line: 1 };
};

const DEBUG: DebugInfo = {
  version: 1,
  sha256: '',
  entry: 0x1000,
  files: ['a.asm'],
  lines: [],
  sections: [
    { name: '.text', start: 0x1000, size: 0x100 },
    { name: '.data', start: 0x2000, size: 0x1000 },
  ],
  symbols: [
    symbol('_start', 0x1000, 'code'),
    symbol('dense', 0x1010, 'code'),
    symbol('dense.loop', 0x1018, 'local'),
    symbol('table', 0x2000, 'data'),
    symbol('cf', 0x2008, 'data'),
    symbol('batch', 0x2040, 'data'),
    symbol('w1', 0x2100, 'data'),
    symbol('stack', 0x2800, 'data'),
  ],
  tensors: [
    tensor('w1', 0x2100, 'f64', [4, 3]),
    tensor('batch', 0x2040, 'u64', []),
    tensor('loss', 0x2048, 'f64', []),
    tensor('small', 0x2050, 'f32', [2]),
  ],
  events: [],
};

const index = new DebugIndex(DEBUG);
const scope = new Scope(index, 0x1014);
const cpu = new CpuState(new ArrayBuffer(STATE_SIZE));
const ram = new DataView(new ArrayBuffer(0x4000));
const env: Env = {
  cpu,
  ram,
  readable: (address, length) => address >= 0x1000 && address + length <= 0x3000,
  hits: 7,
};
const set = (name: GprName, value: bigint): void => cpu.setGpr(GPR[name], value);

set('rax', 0xffff_ffff_ffff_fff0n);
set('rbx', 0x8000_0001n);
set('rcx', 3n);
set('rdx', 0x1234n);
set('rdi', 0x2000n);
set('rsp', 0x2800n);
cpu.rip = 0x1018n;
cpu.rflags = 0x202 | FLAG.ZF;
cpu.mxcsr = 0x1f80;
const xmm0 = new DataView(cpu.bytes.buffer, 0x100, 16);
xmm0.setFloat64(0, -0.25, true);
xmm0.setFloat64(8, 1e300, true);
ram.setBigUint64(0x2000, 0x1018n, true);
ram.setBigUint64(0x2008, 0x41ffn, true);
ram.setBigUint64(0x2040, 100n, true);
ram.setFloat64(0x2048, 0.1, true);
ram.setFloat32(0x2050, 0.1, true);
ram.setFloat32(0x2054, -2, true);
for (let i = 0; i < 12; i++) ram.setFloat64(0x2100 + 8 * i, i / 8, true);

function text(source: string, format: ValueFormat = 'auto', at: Env = env): string {
  const compiled = compileExpression(source, scope, {
    watched: { kind: 'float', bits: 64 },
  });
  if (!compiled.ok) return `${compiled.error.column}: ${compiled.error.message}`;
  const value = compiled.value.evaluate(at);
  if (!value.ok) return `${value.error.column}: ${value.error.message}`;
  const nameOf = (address: number): string | null => index.describe(address);
  return `${valueText(value.value, compiled.value.type, format, nameOf)} ${compiled.value.typeName}`;
}

describe('literals', () => {
  it.each([
    ['10', '10 i64'],
    ['0x1F', '31 i64'],
    ['1fh', '31 i64'],
    ['0b101', '5 i64'],
    ['101b', '5 i64'],
    ['0o17', '15 i64'],
    ['1_000', '1000 i64'],
    ['18446744073709551615', '18446744073709551615 u64'],
    ['1.5', '1.5 f64'],
    ['1e-3', '0.001 f64'],
    ["'A'", "'A' char"],
    ["'AB'", '16961 i64'],
    ['nan', 'nan f64'],
    ['-inf', '-inf f64'],
  ])('%s is %s', (source, expected) => expect(text(source)).toBe(expected));
});

describe('registers', () => {
  it.each([
    ['rax', '18446744073709551600 u64'],
    ['rax.i64', '-16 i64'],
    ['RAX.i32', '-16 i32'],
    ['eax', '4294967280 u32'],
    ['ax', '65520 u16'],
    ['al', '240 u8'],
    ['ah', '255 u8'],
    ['dh', '18 u8'],
    ['spl', '0 u8'],
    ['edi.u8', '0 u8'],
    ['rip', '0x1018 dense.loop ptr'],
    ['rsp', '0x2800 stack ptr'],
    ['zf', '1 u8'],
    ['cf', '0 u8'],
    ['$cf', '0x2008 cf ptr'],
    ['mxcsr', '8064 u32'],
    ['xmm0.f64[0]', '-0.25 f64'],
    ['xmm0.f64', '-0.25 f64'],
    ['xmm0.f64[rcx - 2]', '1e+300 f64'],
    ['xmm0.u8[7]', '191 u8'],
    ['xmm0', '-0.25  1e+300 xmm'],
    ['xmm0 == xmm0', 'true bool'],
    ['xmm0 == xmm1', 'false bool'],
    ['rax.f64', 'nan f64'],
    ['ebx.f32', '-1e-45 f32'],
  ])('%s is %s', (source, expected) => expect(text(source)).toBe(expected));
});

describe('memory', () => {
  it.each([
    ['[rdi]', '4120 u64'],
    ['[rdi].ptr', '0x1018 dense.loop ptr'],
    ['dword [rdi + 8]', '16895 u32'],
    ['byte [rdi+9]', '65 u8'],
    ['[rdi+9].char', "'A' char"],
    ['[rdi+8].i8', '-1 i8'],
    ['[rdi].u16[4]', '16895 u16'],
    ['[w1+8*rcx].f64', '0.375 f64'],
    ['[rel table]', '4120 u64'],
    ['[[rsp - 0x800]]', '0 u64'],
    ['table', '0x2000 table ptr'],
    ['table.u64', '4120 u64'],
    ['table.u16[4]', '16895 u16'],
    ['&table.u16[4]', '0x2008 cf ptr'],
    ['dense.loop', '0x1018 dense.loop ptr'],
    ['.loop', '0x1018 dense.loop ptr'],
    ['rip == .loop', 'true bool'],
  ])('%s is %s', (source, expected) => expect(text(source)).toBe(expected));
});

describe('tensors', () => {
  it.each([
    ['w1[1][2]', '0.625 f64'],
    ['w1[rcx][0]', '1.125 f64'],
    ['&w1[1][2]', '0x2128 w1+0x28 ptr'],
    ['w1[1]', '0x2118 w1+0x18 ptr'],
    ['w1', '0x2100 w1 ptr'],
    ['batch', '100 u64'],
    ['[batch]', '100 u64'],
    ['&batch', '0x2040 batch ptr'],
    ['batch.u8', '100 u8'],
    ['[loss]', '0.1 f64'],
    ['loss * 2', '0.2 f64'],
    ['small[1]', '-2 f32'],
    ['small[0] == 0.1', 'true bool'],
    ['loss == 0.1', 'true bool'],
    ['w1[0][batch - 99]', '0.125 f64'],
  ])('%s is %s', (source, expected) => expect(text(source)).toBe(expected));
});

describe('operators', () => {
  it.each([
    ['1 + 2 * 3', '7 i64'],
    ['(1 + 2) * 3', '9 i64'],
    ['7 / 2', '3 i64'],
    ['-7 / 2', '-3 i64'],
    ['-7 % 4', '-3 i64'],
    ['7 / 2.0', '3.5 f64'],
    ['rax + 16', '0 u64'],
    ['rcx - 4', '18446744073709551615 u64'],
    ['(rcx - 4).i64', '-1 i64'],
    ['rax.i64 >> 2', '-4 i64'],
    ['rax >> 60', '15 u64'],
    ['rax >> 64', '0 u64'],
    ['1 << 63', '9223372036854775808 u64'],
    ['~0', '-1 i64'],
    ['rcx & 1 == 1', 'true bool'],
    ['rcx ^ 1 | 4', '6 u64'],
    ['rax == -16', 'true bool'],
    ['al == -16', 'true bool'],
    ['al == 0xf0', 'true bool'],
    ['rax.i64 < 0', 'true bool'],
    ['rax > rcx', 'true bool'],
    ['rax.i64 > rcx', 'false bool'],
    ['xmm0.f64[0] < 0 && rcx > 2', 'true bool'],
    ['rcx > 3 || zf', 'true bool'],
    ['!zf', 'false bool'],
    ['zf ? 1 : 2', '1 i64'],
    ['zf ? rcx : 0.5', '3 f64'],
    ['hits % 7 == 0', 'true bool'],
    ['nan == nan', 'false bool'],
    ['isnan(nan) && !isnan(1)', 'true bool'],
    ['abs(-3)', '3 u64'],
    ['sqrt(loss * 0 + 16)', '4 f64'],
    ['int(2.9)', '2 i64'],
    ['max(rcx, 2, 1)', '3 u64'],
    ['min(w1[0][1], 1)', '0.125 f64'],
    ['zf + zf', '2 u64'],
    ['instructions', '0 u64'],
  ])('%s is %s', (source, expected) => expect(text(source)).toBe(expected));

  it('does not touch what a decided && or || does not need', () => {
    expect(text('rcx == 4 && [0].u8 == 1')).toBe('false bool');
    expect(text('rcx == 3 || [0].u8 == 1')).toBe('true bool');
    expect(text('rcx == 3 ? 1 : [0].u8')).toMatch(/^1 /);
  });

  it('knows the watched value before and after', () => {
    const view = (value: number): DataView => {
      const bytes = new DataView(new ArrayBuffer(8));
      bytes.setFloat64(0, value, true);
      return bytes;
    };
    const watched = { ...env, old: view(1), now: view(1.5) };
    expect(text('new - old', 'auto', watched)).toBe('0.5 f64');
    expect(text('new - old')).toBe('1: There is no watched value here.');
  });
});

describe('what is wrong is said where it is', () => {
  it.each([
    ['', 1, 'Type an expression'],
    ['1 +', 4, 'missing at the end'],
    ['(1 + 2', 7, 'not closed'],
    ['rcx = 3', 5, 'write =='],
    ['1 2', 3, 'A number was not expected'],
    ['0x1g', 1, 'not a number'],
    ['99999999999999999999', 1, 'does not fit'],
    ["'abc", 1, 'not closed'],
    ['rcx > wl[0][0]', 7, 'Did you mean w1?'],
    ['raax', 1, 'Did you mean rax?'],
    ['.lop', 1, 'no local label'],
    ['xmm0 + 1', 1, 'which lane'],
    ['xmm0[1]', 1, 'xmm0.f64[0]'],
    ['xmm0.f64[2]', 10, '0 to 1'],
    ['xmm0.q', 6, 'no type'],
    ['xmm0.f64[-1]', 10, 'from 0'],
    ['w1[4][0]', 4, 'pixel goes from 0 to 3'],
    ['w1[rax][0]', 4, 'out of range'],
    ['w1[0][0][0]', 1, 'w1[pixel][hidden]'],
    ['batch[0]', 1, 'single value'],
    ['table[0]', 1, 'Only tensors'],
    ['rcx < 0', 1, 'Add .i64'],
    ['al == 256', 7, 'never fits'],
    ['0 > eax', 5, 'Add .i32'],
    ['loss & 1', 1, 'takes integers'],
    ['eax.f64', 1, 'fewer bits'],
    ['1 / (rcx - 3)', 3, 'divides by zero'],
    ['[8]', 1, 'Nothing is mapped at 0x8'],
    ['[rax]', 1, 'Nothing is mapped at 0xfffffffffffffff0'],
    ['&rax', 2, 'does not lie in memory'],
    ['sqr(4)', 1, 'no function'],
    ['sqrt(1, 2)', 1, 'one argument'],
    ['rax # 1', 5, 'no meaning'],
    ['old', 1, 'There is no watched value'],
  ])('%s: column %i, %s', (source, column, message) => {
    expect(text(source)).toContain(message);
    expect(text(source)).toMatch(new RegExp(`^${column}: `));
  });

  it('refuses abysses instead of falling into them', () => {
    for (const mark of ['(', '-', '[', '1?']) {
      expect(text(mark.repeat(250))).toContain('too deeply');
    }
    expect(text('1+'.repeat(5000))).toContain('too long');
    expect(text(`1${'+1'.repeat(200)}`)).toBe('201 i64');
  });
});

describe('formats', () => {
  it.each([
    ['rax', 'hex', '0xfffffffffffffff0 u64'],
    ['al', 'binary', '0b11110000 u8'],
    ['ax', 'binary', '0b11111111_11110000 u16'],
    ['table.u16[4]', 'hex', '0x41ff u16'],
    ['65', 'char', "'A' i64"],
    ['10', 'char', "'\\x0a' i64"],
    ['xmm0.f64', 'hex', '0xbfd0000000000000 f64'],
    ['xmm0.u64', 'float', '-0.25 u64'],
    ['xmm0', 'hex', '0x7e37e43c8800759cbfd0000000000000 xmm'],
  ] as const)('%s as %s is %s', (source, format, expected) => {
    expect(text(source, format)).toBe(expected);
  });
});

describe('an address', () => {
  it.each([
    ['batch', 0x2040n],
    ['w1[1][2] + 8', 0x2130n],
    ['w1 + 8*rcx', 0x2118n],
    ['[rdi]', 0x1018n],
    ['rsp - 8', 0x27f8n],
    ['0x2000', 0x2000n],
    ['[batch]', 100n],
  ])('%s is %s', (source, expected) => {
    const compiled = compileAddress(source, scope);
    expect(compiled.ok && compiled.value(env)).toEqual({ ok: true, value: expected });
  });
});

describe('a template', () => {
  it('prints its expressions, and says which cannot be read', () => {
    const made = compileTemplate('{{batch}} {batch}: {loss}, {rax, x} [{[0]}]', scope, () => null);
    expect(made.ok && made.value(env)).toBe(
      '{batch} 100: 0.1, 0xfffffffffffffff0 [(Nothing is mapped at 0x0, so there is nothing to read.)]',
    );
  });

  it('says where it is wrong', () => {
    const wrong = compileTemplate('a {batch} b {wrong}', scope, () => null);
    expect(wrong.ok ? null : wrong.error.column).toBe(14);
    const open = compileTemplate('a {batch', scope, () => null);
    expect(open.ok ? null : open.error.column).toBe(3);
  });
});

describe('a condition', () => {
  it('is a truth, or a problem', () => {
    const sure = compileCondition('batch == 100', scope);
    expect(sure.ok && sure.value.holds(env)).toBe(true);
    const number = compileCondition('rcx - 3', scope);
    expect(number.ok && number.value.holds(env)).toBe(false);
    const unreadable = compileCondition('[0] == 0', scope);
    expect(unreadable.ok && unreadable.value.holds(env)).toMatchObject({ column: 1 });
  });
});
