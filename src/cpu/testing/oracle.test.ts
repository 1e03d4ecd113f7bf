// SPDX-License-Identifier: GPL-2.0-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FLAG } from '../../shared/cpu-state.ts';
import {
  newState,
  Oracle,
  ORACLE_CODE,
  ORACLE_DATA,
  oracleMissing,
  type OracleCase,
} from './oracle.ts';

const missing = oracleMissing();
if (missing) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== null)('the oracle', () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await Oracle.create();
  });
  afterAll(() => oracle.dispose());

  function aCase(
    code: readonly number[],
    change?: (state: OracleCase['state']) => void,
  ): OracleCase {
    const state = newState();
    change?.(state);
    return { code: Uint8Array.from(code), state, data: new Uint8Array(4096) };
  }

  it('executes an addition and reports flags', () => {
    const [result] = oracle.run([
      aCase([0x48, 0x01, 0xd8], (state) => {
        state.setGpr(0, -1n);
        state.setGpr(3, 1n);
      }),
    ]);
    expect(result?.signal).toBe(5);
    expect(result?.state.gpr(0)).toBe(0n);
    expect(result?.state.rip).toBe(BigInt(ORACLE_CODE + 3));
    expect(result?.state.rflags).toBe(0x202 | FLAG.ZF | FLAG.CF | FLAG.AF | FLAG.PF);
  });

  it('keeps all registers that the code leaves alone', () => {
    const one = aCase([], (state) => {
      for (let i = 0; i < 16; i++) {
        state.setGpr(i, 0x1111111111111111n * BigInt(i));
        state.xmm(i).fill(i + 1);
      }
      state.mxcsr = 0x7fa5;
      state.rflags = 0xed7;
    });
    const [result] = oracle.run([one]);
    for (let i = 0; i < 16; i++) expect(result?.state.gpr(i)).toBe(one.state.gpr(i));
    expect(result?.state.bytes.slice(0x100)).toEqual(one.state.bytes.slice(0x100));
    expect(result?.state.mxcsr).toBe(0x7fa5);
    expect(result?.state.rflags).toBe(0xed7);
  });

  it('tells of a fault wherever rsp points, into its own memory too', () => {
    const image = 0x400000;
    const places = Array.from({ length: 128 }, (_, i) => BigInt(image + 1024 * i));
    const results = oracle.run(
      places.map((place) => aCase([0x0f, 0x0b], (state) => state.setGpr(4, place))),
    );
    expect(results.map(({ signal }) => signal)).toEqual(places.map(() => 4));
    expect(results.map(({ state }) => state.gpr(4))).toEqual(places);
  });

  it('writes data memory and survives every kind of fault', () => {
    const results = oracle.run([
      aCase([0x48, 0x89, 0x07], (state) => {
        state.setGpr(0, 0x0102030405060708n);
        state.setGpr(7, BigInt(ORACLE_DATA + 8));
      }),
      aCase([0x8a, 0x07], (state) => state.setGpr(7, BigInt(ORACLE_DATA + 4096))),
      aCase([0x0f, 0x0b]),
      aCase([0xf7, 0xf1]),
      aCase([0x0f, 0x28, 0x07], (state) => state.setGpr(7, BigInt(ORACLE_DATA + 8))),
      aCase([0xeb, 0xfe]),
      aCase([0x90]),
    ]);
    expect(results.map(({ signal }) => signal)).toEqual([5, 11, 4, 8, 11, 14, 5]);
    expect(Array.from(results[0]?.data.subarray(8, 16) ?? [])).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    expect(results[1]?.faultAddress).toBe(BigInt(ORACLE_DATA + 4096));
    expect(results.map(({ exception }) => exception).slice(1, 5)).toEqual([14, 6, 0, 13]);
    expect(results[4]?.state.rip).toBe(BigInt(ORACLE_CODE));
  });

  it('runs many cases in a process, each from a clean page', () => {
    const fill = aCase([0xc6, 0x07, 0x55], (state) => state.setGpr(7, BigInt(ORACLE_DATA)));
    const look = aCase([0x8a, 0x07], (state) => state.setGpr(7, BigInt(ORACLE_DATA)));
    const results = oracle.run(
      Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? fill : look)),
      64,
    );
    expect(results).toHaveLength(20_000);
    expect(results.every(({ signal }) => signal === 5)).toBe(true);
    expect(results.every(({ state }, i) => i % 2 === 0 || state.gpr(0) === 0n)).toBe(true);
  });
});
