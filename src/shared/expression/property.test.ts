// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { Random } from '../../nn/random.ts';
import { CpuState, STATE_SIZE } from '../cpu-state.ts';
import type { Env } from './code.ts';
import { compileExpression } from './expression.ts';
import { Scope } from './scope.ts';

const seed = 20_261;
const scope = new Scope(null);
const cpu = new CpuState(new ArrayBuffer(STATE_SIZE));
const env: Env = {
  cpu,
  ram: new DataView(new ArrayBuffer(64)),
  readable: () => false,
  hits: 1,
};

function evaluate(text: string): bigint | null {
  const compiled = compileExpression(text, scope);
  if (!compiled.ok) throw new Error(`${text}: ${compiled.error.message}`);
  const value = compiled.value.evaluate(env);
  return value.ok && typeof value.value === 'bigint' ? value.value : null;
}

/** A text, and what it is worth in 64-bit arithmetic; null when that divides by zero. */
interface Sum {
  readonly text: string;
  readonly value: bigint | null;
}

const OPERATORS = ['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>'] as const;

function apply(op: (typeof OPERATORS)[number], a: bigint, b: bigint): bigint | null {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0n ? null : a / b;
    case '%':
      return b === 0n ? null : a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return b > 63n ? 0n : a << b;
    case '>>':
      return b > 63n ? 0n : a >> b;
  }
}

/** Every leaf is a 64-bit register, so that all is unsigned; every operation in brackets. */
function sum(random: Random, depth: number): Sum {
  if (depth === 0 || random.chance(0.2)) {
    const number = 8 + random.int(8);
    return { text: `r${number}`, value: cpu.gpr(number) };
  }
  const [a, b] = [sum(random, depth - 1), sum(random, depth - 1)];
  const op = OPERATORS[random.int(OPERATORS.length)] ?? '+';
  const raw = a.value === null || b.value === null ? null : apply(op, a.value, b.value);
  return {
    text: `(${a.text} ${op} ${b.text})`,
    value: raw === null ? null : BigInt.asUintN(64, raw),
  };
}

describe('any expression', () => {
  it('of 64-bit registers is worth what 64-bit arithmetic says', () => {
    const random = new Random(seed);
    for (let round = 0; round < 400; round++) {
      for (let i = 8; i < 16; i++) {
        const bits = BigInt(random.next()) | (BigInt(random.next()) << 32n);
        cpu.setGpr(i, bits >> BigInt(random.int(64)));
      }
      const { text, value } = sum(random, 4);
      expect(evaluate(text), `seed ${seed}: ${text}`).toBe(value);
    }
  });

  it('binds its operators as a table says, from the tightest to the loosest', () => {
    const levels = [['*', '/', '%'], ['+', '-'], ['<<', '>>'], ['&'], ['^'], ['|']];
    cpu.setGpr(8, 29n);
    cpu.setGpr(9, 7n);
    cpu.setGpr(10, 3n);
    for (const [i, tighter] of levels.entries()) {
      for (const looser of levels.slice(i).flat()) {
        for (const op of tighter) {
          const left = evaluate(`r8 ${op} r9 ${looser} r10`);
          expect(left, `${op} before ${looser}`).toBe(evaluate(`(r8 ${op} r9) ${looser} r10`));
          if (tighter.includes(looser)) continue;
          const right = evaluate(`r8 ${looser} r9 ${op} r10`);
          expect(right, `${op} within ${looser}`).toBe(evaluate(`r8 ${looser} (r9 ${op} r10)`));
        }
      }
    }
  });

  it('of whatever characters is compiled or refused at a place within it', () => {
    const random = new Random(seed);
    const pieces = ['rax', 'xmm0', '.f64', '[', ']', '(', ')', '+', '-', '*', '&&', '||', '?', ':'];
    pieces.push('1', '0x', '1.5', "'a'", '<', '==', '=', '.', ',', ' ', 'é', '"', 'abs', '~', '$');
    let compiled = 0;
    for (let round = 0; round < 5000; round++) {
      let text = '';
      for (let n = random.int(9); n >= 0; n--) text += pieces[random.int(pieces.length)] ?? '';
      const result = compileExpression(text, scope);
      if (result.ok) {
        compiled++;
        const value = result.value.evaluate(env);
        if (!value.ok) expect(value.error.column).toBeLessThanOrEqual(text.length + 1);
      } else {
        expect(result.error.column, text).toBeGreaterThan(0);
        expect(result.error.column, text).toBeLessThanOrEqual(text.length + 1);
        expect(result.error.message, text).toMatch(/[.?]$/);
      }
    }
    expect(compiled).toBeGreaterThan(50);
  });
});
