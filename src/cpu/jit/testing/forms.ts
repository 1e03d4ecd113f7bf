// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Every encodable form of every instruction that the translator knows, found by trying all opcodes,
 * and random instances of them.
 */
import { decodeRun, type Insn } from '../decode.ts';
import { translatable } from '../lift/table.ts';
import type { Random } from './random.ts';

export interface Form {
  /** Mandatory or operand-size prefixes, then the opcode map's escape bytes, then the opcode. */
  readonly prefixes: readonly number[];
  readonly wide: boolean;
  readonly opcode: readonly number[];
  /** Fixed reg field of ModRM, for opcode groups; or -1. */
  readonly group: number;
  readonly mnemonic: string;
}

const MAPS: readonly (readonly number[])[] = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];
const PREFIXES: readonly (readonly number[])[] = [[], [0x66], [0xf3], [0xf2], [0x66, 0xf2]];
/** How a straight-line instance ends is not for this fuzz. */
const CONTROL = /^(J|Loop|Call|Ret|Syscall)/;

function decodeOne(bytes: readonly number[], ip: number): Insn | null {
  let found: Insn | null = null;
  const padded = Uint8Array.from([...bytes, ...Array<number>(24).fill(0)]);
  decodeRun(padded, ip, (insn) => {
    found = insn;
    return false;
  });
  return found;
}

/** All forms, in a fixed order. */
export function allForms(): Form[] {
  const forms: Form[] = [];
  const seen = new Set<string>();
  for (const map of MAPS) {
    for (let opcode = 0; opcode < 256; opcode++) {
      for (const prefixes of PREFIXES) {
        for (const wide of [false, true]) {
          for (let reg = 0; reg < 8; reg++) {
            const bytes = [...prefixes, ...(wide ? [0x48] : []), ...map, opcode, 0xc1 | (reg << 3)];
            const memory = [...bytes.slice(0, -1), 0x01 | (reg << 3)];
            for (const candidate of [bytes, memory]) {
              const insn = decodeOne(candidate, 0x400000);
              if (!insn || !translatable(insn) || CONTROL.test(insn.mnemonic)) continue;
              const used = insn.next - insn.ip;
              const opcodeAt = candidate.length - 2;
              if (used <= opcodeAt) continue; // a prefix-only decode
              const key = `${prefixes.join()}/${wide}/${map.join()}/${opcode}/${insn.mnemonic}`;
              if (seen.has(`${key}/-1`) || seen.has(`${key}/${reg}`)) continue;
              const group = isGroup(map, opcode) ? reg : -1;
              seen.add(`${key}/${group}`);
              forms.push({
                prefixes,
                wide,
                opcode: [...map, opcode],
                group,
                mnemonic: insn.mnemonic,
              });
            }
          }
        }
      }
    }
  }
  return forms;
}

function isGroup(map: readonly number[], opcode: number): boolean {
  if (map.length === 0) return [0x80, 0x81, 0x83, 0x8f, 0xc0, 0xc1, 0xc6, 0xc7, 0xd0, 0xd1, 0xd2, 0xd3, 0xf6, 0xf7, 0xfe, 0xff].includes(opcode); // prettier-ignore
  if (map.length === 1) return [0x71, 0x72, 0x73, 0xba, 0xc7, 0x18, 0xae].includes(opcode);
  return false;
}

export interface Instance {
  readonly bytes: number[];
  readonly insn: Insn;
}

/** A random instance of a form as bytes, or null when the dice gave something else. */
export function instance(form: Form, random: Random): Instance | null {
  const mod = random.pick([0, 1, 2, 3, 3]);
  const rm = random.below(8);
  const sib = mod !== 3 && rm === 4 ? [random.below(256)] : [];
  return assemble(form, random, random.below(8), mod, rm, sib);
}

/** The same on registers only. */
export function inRegisters(form: Form, random: Random): Instance | null {
  const made = assemble(form, random, random.below(8), 3, random.below(8), []);
  return made?.insn.ops.some((o) => o.k === 'mem') === true ? null : made;
}

/** The same on memory at a constant distance from one of the first eight registers, rsp excepted. */
export function inMemory(
  form: Form,
  random: Random,
  base: number,
  distance: number,
): Instance | null {
  const disp = [0, 8, 16, 24].map((by) => (distance >> by) & 255);
  const made = assemble(form, random, random.below(8) & ~1, 2, base, disp);
  const right = made?.insn.ops.some((o) => o.k === 'mem' && o.base === base && o.index < 0);
  return right === true ? made : null;
}

/** @param rex its low three bits, used half the time. */
function assemble(
  form: Form,
  random: Random,
  rex: number,
  mod: number,
  rm: number,
  then: readonly number[],
): Instance | null {
  const useRex = form.wide || random.chance(0.5);
  const reg = form.group >= 0 ? form.group : random.below(8);
  const tail = [(mod << 6) | (reg << 3) | rm, ...then];
  for (let i = 0; i < 12; i++) tail.push(random.below(256));
  const prefix = 0x40 | (form.wide ? 8 : 0) | rex;
  const head = [...form.prefixes, ...(useRex ? [prefix] : []), ...form.opcode];
  const insn = decodeOne([...head, ...tail], 0x400000);
  if (!insn || insn.mnemonic !== form.mnemonic || !translatable(insn)) return null;
  return { bytes: [...head, ...tail].slice(0, insn.next - insn.ip), insn };
}
