// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * SSE floating-point instructions in plain TypeScript, exact in every rounding mode and with all
 * six exception flags: what an engine falls back on when MXCSR matters.
 */
import { MemorySizeExt, Mnemonic, OpKind, Register, RegisterExt, type Instruction } from 'iced-x86';
import type { GuestMemory } from '../../machine/memory.ts';
import { FLAG, type CpuState } from '../../shared/cpu-state.ts';
import {
  add,
  compare,
  convert,
  divide,
  fromInteger,
  maximum,
  minimum,
  multiply,
  roundToIntegral,
  squareRoot,
  subtract,
  toInteger,
  type Binary,
  type Order,
} from './arithmetic.ts';
import { DOUBLE, FloatContext, ROUND, SINGLE, type Format } from './formats.ts';

/** The first operand, which is also the destination, and the second; 16 bytes each. */
interface Operands {
  readonly instruction: Instruction;
  readonly state: CpuState;
  readonly target: DataView;
  readonly source: DataView;
  readonly context: FloatContext;
}

type Execute = (o: Operands) => void;

function lane(view: DataView, f: Format, i: number): bigint {
  return f.bytes === 8 ? view.getBigUint64(i * 8, true) : BigInt(view.getUint32(i * 4, true));
}

function setLane(view: DataView, f: Format, i: number, bits: bigint): void {
  if (f.bytes === 8) view.setBigUint64(i * 8, bits, true);
  else view.setUint32(i * 4, Number(bits), true);
}

function lanes(f: Format): number[] {
  return Array.from({ length: 16 / f.bytes }, (_, i) => i);
}

function immediate(o: Operands): number {
  return Number(o.instruction.immediate(o.instruction.opCount - 1) & 0xffn);
}

/** Lane by lane. */
function each(
  f: Format,
  whole: boolean,
  compute: (o: Operands, a: bigint, b: bigint) => bigint,
): Execute {
  return (o) => {
    const results = (whole ? lanes(f) : [0]).map((i) =>
      compute(o, lane(o.target, f, i), lane(o.source, f, i)),
    );
    results.forEach((bits, i) => setLane(o.target, f, i, bits));
  };
}

function binary(f: Format, whole: boolean, operation: Binary): Execute {
  return each(f, whole, (o, a, b) => operation(f, a, b, o.context));
}

const HOLDS: readonly ((order: Order) => boolean)[] = [
  (order) => order === 'equal',
  (order) => order === 'less',
  (order) => order === 'less' || order === 'equal',
  (order) => order === 'unordered',
];

function compareLanes(f: Format, whole: boolean): Execute {
  return each(f, whole, (o, a, b) => {
    const predicate = immediate(o) & 7;
    const ordering = (predicate & 3) === 1 || (predicate & 3) === 2;
    const holds = HOLDS[predicate & 3]?.(compare(f, a, b, ordering, o.context)) === true;
    return holds !== predicate >= 4 ? (1n << BigInt(f.bytes * 8)) - 1n : 0n;
  });
}

function compareToFlags(f: Format, quietIsInvalid: boolean): Execute {
  return ({ state, target, source, context }) => {
    const order = compare(f, lane(target, f, 0), lane(source, f, 0), quietIsInvalid, context);
    const bits = {
      unordered: FLAG.ZF | FLAG.PF | FLAG.CF,
      greater: 0,
      less: FLAG.CF,
      equal: FLAG.ZF,
    }[order];
    const status = FLAG.CF | FLAG.PF | FLAG.AF | FLAG.ZF | FLAG.SF | FLAG.OF;
    state.rflags = (state.rflags & ~status) | bits;
  };
}

function round(f: Format, whole: boolean): Execute {
  return each(f, whole, (o, _a, b) => {
    const control = immediate(o);
    const rounding = control & 4 ? o.context.rounding : control & 3;
    return roundToIntegral(f, b, rounding, (control & 8) !== 0, o.context);
  });
}

/** Sums (differences) of neighbours: of the first operand below, of the second above. */
function horizontal(f: Format, operation: Binary): Execute {
  return ({ target, source, context }) => {
    const half = lanes(f).length / 2;
    const results = [target, source].flatMap((view) =>
      lanes(f)
        .slice(0, half)
        .map((i) => operation(f, lane(view, f, 2 * i), lane(view, f, 2 * i + 1), context)),
    );
    results.forEach((bits, i) => setLane(target, f, i, bits));
  };
}

function addSub(f: Format): Execute {
  return ({ target, source, context }) => {
    for (const i of lanes(f)) {
      const operation = i % 2 === 0 ? subtract : add;
      setLane(target, f, i, operation(f, lane(target, f, i), lane(source, f, i), context));
    }
  };
}

function dotProduct(f: Format): Execute {
  return (o) => {
    const control = immediate(o);
    const chosen = (i: number, from: number): boolean => ((control >> (from + i)) & 1) === 1;
    const { context } = o;
    let sums = lanes(f).map((i) =>
      chosen(i, 4) ? multiply(f, lane(o.target, f, i), lane(o.source, f, i), context) : 0n,
    );
    const at = (i: number): bigint => sums[i] ?? 0n;
    if (f.bytes === 8) sums = lanes(f).map((i) => add(f, at(i), at(i ^ 1), context));
    else {
      // each lane adds its own order of the pairs, which shows in the NaN that comes out
      sums = lanes(f).map((i) => add(f, at(i ^ 1), at(i), context));
      sums = lanes(f).map((i) => add(f, at(i), at(i ^ 2), context));
    }
    sums.forEach((bits, i) => setLane(o.target, f, i, chosen(i, 0) ? bits : 0n));
  };
}

function toRegister(f: Format, truncate: boolean): Execute {
  return ({ instruction, state, source, context }) => {
    const bits = RegisterExt.size(instruction.op0Register) * 8;
    const rounding = truncate ? ROUND.truncate : context.rounding;
    const value = toInteger(f, lane(source, f, 0), bits, rounding, context);
    state.setGpr(RegisterExt.number(instruction.op0Register), BigInt.asUintN(bits, value));
  };
}

function fromRegister(f: Format): Execute {
  return ({ instruction, target, source, context }) => {
    const value = BigInt.asIntN(sourceBytes(instruction) * 8, source.getBigUint64(0, true));
    setLane(target, f, 0, fromInteger(f, value, context));
  };
}

/** Bytes of the second operand that are read. */
function sourceBytes(i: Instruction): number {
  return i.opKind(1) === OpKind.Register
    ? RegisterExt.size(i.op1Register)
    : MemorySizeExt.size(i.memorySize);
}

/** Between formats; of two doubles or four floats in the source, as many as fit. */
function convertLanes(from: Format, to: Format, whole: boolean): Execute {
  return ({ target, source, context }) => {
    const count = whole ? 2 : 1;
    const results = lanes(to)
      .slice(0, count)
      .map((i) => convert(from, to, lane(source, from, i), context));
    results.forEach((bits, i) => setLane(target, to, i, bits));
    if (whole && to.bytes === 4) target.setBigUint64(8, 0n, true);
  };
}

function intsToFloats(f: Format): Execute {
  return ({ target, source, context }) => {
    const results = lanes(f).map((i) =>
      fromInteger(f, BigInt(source.getInt32(i * 4, true)), context),
    );
    results.forEach((bits, i) => setLane(target, f, i, bits));
  };
}

function floatsToInts(f: Format, truncate: boolean): Execute {
  return ({ target, source, context }) => {
    const rounding = truncate ? ROUND.truncate : context.rounding;
    const results = lanes(f).map((i) => toInteger(f, lane(source, f, i), 32, rounding, context));
    for (let i = 0; i < 4; i++) target.setInt32(i * 4, Number(results[i] ?? 0n), true);
  };
}

function family(name: string, make: (f: Format, whole: boolean) => Execute): [string, Execute][] {
  return [
    [`${name}pd`, make(DOUBLE, true)],
    [`${name}ps`, make(SINGLE, true)],
    [`${name}sd`, make(DOUBLE, false)],
    [`${name}ss`, make(SINGLE, false)],
  ];
}

/** Not the string instruction. */
const CMPSD = 'Cmpsd_xmm';

const TABLE: ReadonlyMap<string, Execute> = new Map([
  ...family('Add', (f, whole) => binary(f, whole, add)),
  ...family('Sub', (f, whole) => binary(f, whole, subtract)),
  ...family('Mul', (f, whole) => binary(f, whole, multiply)),
  ...family('Div', (f, whole) => binary(f, whole, divide)),
  ...family('Min', (f, whole) => binary(f, whole, minimum)),
  ...family('Max', (f, whole) => binary(f, whole, maximum)),
  ...family('Sqrt', (f, whole) => each(f, whole, (o, _a, b) => squareRoot(f, b, o.context))),
  ['Cmppd', compareLanes(DOUBLE, true)],
  ['Cmpps', compareLanes(SINGLE, true)],
  [CMPSD, compareLanes(DOUBLE, false)],
  ['Cmpss', compareLanes(SINGLE, false)],
  ...family('Round', round),
  ['Comisd', compareToFlags(DOUBLE, true)],
  ['Comiss', compareToFlags(SINGLE, true)],
  ['Ucomisd', compareToFlags(DOUBLE, false)],
  ['Ucomiss', compareToFlags(SINGLE, false)],
  ['Haddpd', horizontal(DOUBLE, add)],
  ['Haddps', horizontal(SINGLE, add)],
  ['Hsubpd', horizontal(DOUBLE, subtract)],
  ['Hsubps', horizontal(SINGLE, subtract)],
  ['Addsubpd', addSub(DOUBLE)],
  ['Addsubps', addSub(SINGLE)],
  ['Dppd', dotProduct(DOUBLE)],
  ['Dpps', dotProduct(SINGLE)],
  ['Cvtsd2si', toRegister(DOUBLE, false)],
  ['Cvttsd2si', toRegister(DOUBLE, true)],
  ['Cvtss2si', toRegister(SINGLE, false)],
  ['Cvttss2si', toRegister(SINGLE, true)],
  ['Cvtsi2sd', fromRegister(DOUBLE)],
  ['Cvtsi2ss', fromRegister(SINGLE)],
  ['Cvtsd2ss', convertLanes(DOUBLE, SINGLE, false)],
  ['Cvtss2sd', convertLanes(SINGLE, DOUBLE, false)],
  ['Cvtps2pd', convertLanes(SINGLE, DOUBLE, true)],
  ['Cvtpd2ps', convertLanes(DOUBLE, SINGLE, true)],
  ['Cvtdq2ps', intsToFloats(SINGLE)],
  ['Cvtdq2pd', intsToFloats(DOUBLE)],
  ['Cvtps2dq', floatsToInts(SINGLE, false)],
  ['Cvttps2dq', floatsToInts(SINGLE, true)],
  ['Cvtpd2dq', floatsToInts(DOUBLE, false)],
  ['Cvttpd2dq', floatsToInts(DOUBLE, true)],
] satisfies [string, Execute][]);

/**
 * Whether an instruction reads or changes MXCSR's modes or exception flags.
 * @param mnemonic iced's name; `Cmpsd_xmm` for the SSE instruction.
 */
export function isFloat(mnemonic: string): boolean {
  return TABLE.has(mnemonic);
}

/**
 * Executes a floating-point instruction on the state at home; rip stays.
 * @param operandAt the address of the memory operand, or null when it may not be read.
 * @returns false, with nothing changed, when it is none of these or its operand may not be read.
 */
export function executeFloat(
  memory: GuestMemory,
  instruction: Instruction,
  operandAt: (bytes: number) => number | null,
): boolean {
  const vector = RegisterExt.isXMM(instruction.op0Register);
  const name = Mnemonic[instruction.mnemonic];
  const execute = TABLE.get(name === 'Cmpsd' && vector ? CMPSD : name);
  const source = new Uint8Array(16);
  if (!execute || !fetchSource(memory, instruction, source, operandAt)) return false;
  const { state } = memory;
  const xmm = vector ? state.xmm(instruction.op0Register - Register.XMM0) : null;
  const target = xmm?.slice() ?? new Uint8Array(16);
  const context = new FloatContext(state.mxcsr);
  execute({
    instruction,
    state,
    target: new DataView(target.buffer),
    source: new DataView(source.buffer),
    context,
  });
  xmm?.set(target);
  state.mxcsr |= context.flags;
  return true;
}

function fetchSource(
  memory: GuestMemory,
  i: Instruction,
  source: Uint8Array,
  operandAt: (bytes: number) => number | null,
): boolean {
  if (i.opCount < 2) return false;
  if (i.opKind(1) === OpKind.Memory) {
    const bytes = sourceBytes(i);
    const at = operandAt(bytes);
    if (at === null) return false;
    source.set(memory.bytes.subarray(at, at + bytes));
    return true;
  }
  if (i.opKind(1) !== OpKind.Register) return false;
  const register = i.op1Register;
  if (RegisterExt.isXMM(register)) source.set(memory.state.xmm(register - Register.XMM0));
  else if (RegisterExt.isGPR(register)) {
    const value = memory.state.gpr(RegisterExt.number(register));
    new DataView(source.buffer).setBigUint64(0, value, true);
  } else return false;
  return true;
}
