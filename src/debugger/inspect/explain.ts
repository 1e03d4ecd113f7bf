// SPDX-License-Identifier: GPL-2.0-or-later
/** An instruction explained: what it does, on what, with the numbers of this moment. */
import { CpuidFeature, RflagsBits, type Instruction } from 'iced-x86';
import { disassemble } from '../disassemble.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { ExplainedFlags, ExplainedOperand, Explanation } from '../../protocol/inspect.ts';
import { isAddr } from '../../shared/brand.ts';
import { hex } from '../../shared/format.ts';
import { flowOutcome } from './formula-flow.ts';
import { floatOutcome } from './formula-float.ts';
import { integerOutcome } from './formula-integer.ts';
import { moveOutcome } from './formula-move.ts';
import { describeMnemonic, latencyClass } from './help/table.ts';
import { OperandReader, type Operand } from './operands.ts';
import { NOTHING, type Outcome, type Situation } from './outcome.ts';
import { integerText, lanesText, vectorShape } from './values.ts';

type NameOf = (address: number) => string | null;

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [RflagsBits.CF, 'CF'],
  [RflagsBits.PF, 'PF'],
  [RflagsBits.AF, 'AF'],
  [RflagsBits.ZF, 'ZF'],
  [RflagsBits.SF, 'SF'],
  [RflagsBits.OF, 'OF'],
  [RflagsBits.DF, 'DF'],
  [RflagsBits.IF, 'IF'],
];

function flagNames(bits: number): string[] {
  return FLAG_NAMES.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
}

function flagsOf(instruction: Instruction): ExplainedFlags {
  return {
    read: flagNames(instruction.rflagsRead),
    written: flagNames(instruction.rflagsWritten),
    cleared: flagNames(instruction.rflagsCleared),
    set: flagNames(instruction.rflagsSet),
    undefined: flagNames(instruction.rflagsUndefined),
  };
}

/** `SSE2`, `X64`; the names of iced, which are those of the manuals. */
function extensionsOf(instruction: Instruction): string[] {
  return [...instruction.cpuidFeatures()].map((feature) => {
    const name = CpuidFeature[feature] ?? '';
    return name.startsWith('INTEL') ? `${name.slice(5)} and later` : name.replaceAll('_', '.');
  });
}

function valueText(operand: Operand, mnemonic: string, vector: boolean): string | null {
  if (operand.bytes === null || operand.kind === 'target') return null;
  if (operand.kind === 'xmm') {
    const shape = vectorShape(mnemonic);
    // A scalar instruction leaves the rest as it is, and one may want to see that too.
    const all = lanesText(operand.bytes, { type: shape.type, scalar: false });
    return `${all} as ${shape.type}`;
  }
  if (operand.kind === 'memory' && vector) {
    const shape = vectorShape(mnemonic);
    return `${lanesText(operand.bytes, { type: shape.type, scalar: false })} as ${shape.type}`;
  }
  return operand.kind === 'immediate' ? null : integerText(operand.bytes);
}

function explained(operand: Operand, mnemonic: string, vector: boolean): ExplainedOperand {
  const { text, access, address, addressText } = operand;
  return { text, access, address, addressText, value: valueText(operand, mnemonic, vector) };
}

/** Tries those that know groups of instructions in turn. */
function outcomeOf(situation: Situation): Outcome {
  return (
    floatOutcome(situation) ??
    moveOutcome(situation) ??
    integerOutcome(situation) ??
    flowOutcome(situation) ??
    NOTHING
  );
}

function situationOf(
  memory: GuestMemory,
  reader: OperandReader,
  operands: readonly Operand[],
  nameOf: NameOf,
): Situation {
  const { instruction, mnemonic } = reader;
  return {
    mnemonic,
    operands,
    state: memory.state,
    next: Number(instruction.nextIP),
    repeated: instruction.hasRepPrefix || instruction.hasRepnePrefix,
    name: (at) => nameOf(at) ?? hex(at),
    read: (at, size) =>
      isAddr(at) && memory.allows(at, size, 0) ? memory.bytes.slice(at, at + size) : null,
  };
}

/** See `InspectApi.explain`. */
export function explain(memory: GuestMemory, address: number, nameOf: NameOf): Explanation | null {
  if (!isAddr(address)) return null;
  const reader = new OperandReader(memory, nameOf);
  try {
    const bytes = reader.decode(address);
    if (bytes === null) return null;
    const { instruction, mnemonic } = reader;
    const operands = reader.operands();
    const vector = operands.some((operand) => operand.kind === 'xmm');
    const loads = operands.some((o) => o.kind === 'memory' && o.access.includes('reads'));
    const opCode = instruction.opCode;
    const [form, encoding] = [opCode.instructionString, opCode.opCodeString];
    opCode.free();
    return {
      address,
      bytes,
      text: disassemble(memory, address, 1, nameOf)[0]?.text ?? '',
      mnemonic,
      summary: describeMnemonic(mnemonic) ?? '',
      operands: operands
        .filter((operand) => operand.text !== '')
        .map((operand) => explained(operand, mnemonic, vector)),
      flags: flagsOf(instruction),
      latency: latencyClass(instruction.hasRepPrefix ? `rep ${mnemonic}` : mnemonic, loads),
      formula: outcomeOf(situationOf(memory, reader, operands, nameOf)).lines,
      form,
      encoding,
      extensions: extensionsOf(instruction),
      next: BigInt(address) === memory.state.rip,
    };
  } finally {
    reader.dispose();
  }
}

/** What the instruction at an address is about to do, worked out; for tests against an engine. */
export function outcomeAt(memory: GuestMemory, address: number): Outcome {
  const reader = new OperandReader(memory, () => null);
  try {
    if (reader.decode(address) === null) return NOTHING;
    return outcomeOf(situationOf(memory, reader, reader.operands(), () => null));
  } finally {
    reader.dispose();
  }
}
