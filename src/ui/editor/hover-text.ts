// SPDX-License-Identifier: GPL-2.0-or-later
/** What the editor says of a word: a register's value now, a symbol's place, size and meaning. */
import type { DebugInfo } from '../../protocol/debug-info.ts';
import { GPR_NAMES, type CpuState } from '../../shared/cpu-state.ts';
import { formatCounted, hex } from '../../shared/format.ts';
import type { Definition, SymbolIndex } from './symbol-index.ts';

export interface HoverFacts {
  /** Of the program that assembled last; null when there is none. */
  readonly debug: DebugInfo | null;
  /** Registers at the latest stop; null when there is no machine. */
  readonly cpu: CpuState | null;
}

interface RegisterPart {
  readonly index: number;
  readonly bits: 8 | 16 | 32 | 64;
  readonly high: boolean;
}

const LEGACY = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
const HIGH = ['ah', 'ch', 'dh', 'bh'];

/** Which part of which general register a name means: `eax`, `r9b`, `ah`. */
export function registerPart(name: string): RegisterPart | null {
  const n = name.toLowerCase();
  const high = HIGH.indexOf(n);
  if (high >= 0) return { index: high, bits: 8, high: true };
  const full = GPR_NAMES.indexOf(n as (typeof GPR_NAMES)[number]);
  if (full >= 0) return { index: full, bits: 64, high: false };
  const numbered = /^(r(?:8|9|1[0-5]))([dwb])$/.exec(n);
  if (numbered) {
    const index = GPR_NAMES.indexOf(numbered[1] as (typeof GPR_NAMES)[number]);
    const bits = numbered[2] === 'd' ? 32 : numbered[2] === 'w' ? 16 : 8;
    return { index, bits, high: false };
  }
  if (n.startsWith('e') && LEGACY.includes(n.slice(1))) {
    return { index: LEGACY.indexOf(n.slice(1)), bits: 32, high: false };
  }
  if (LEGACY.includes(n)) return { index: LEGACY.indexOf(n), bits: 16, high: false };
  const low = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil'].indexOf(n);
  return low >= 0 ? { index: low, bits: 8, high: false } : null;
}

function registerText(name: string, cpu: CpuState | null): string[] {
  const part = registerPart(name);
  const vector = /^xmm(\d|1[0-5])$/i.exec(name);
  if (!part && !vector) return [];
  const title = `**${name.toLowerCase()}**`;
  if (cpu === null) return [`${title}, a register: no process is loaded`];
  if (vector) {
    const bytes = cpu.xmm(Number(vector[1]));
    const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
    const f64 = [0, 8].map((o) => String(view.getFloat64(o, true)));
    const f32 = [0, 4, 8, 12].map((o) => String(Number(view.getFloat32(o, true).toPrecision(7))));
    return [
      `${title} now, lane 0 first`,
      `f64 × 2: \`${f64.join('`, `')}\``,
      `f32 × 4: \`${f32.join('`, `')}\``,
    ];
  }
  if (!part) return [];
  const whole = cpu.gpr(part.index) >> (part.high ? 8n : 0n);
  const value = BigInt.asUintN(part.bits, whole);
  const signed = BigInt.asIntN(part.bits, value);
  const also = signed === value ? '' : ` = \`${signed}\``;
  return [`${title} = \`${hex(value, part.bits / 4)}\` = \`${value}\`${also}`];
}

const KIND_TEXT: Record<Definition['kind'], string> = {
  label: 'label',
  local: 'local label',
  data: 'data',
  constant: 'constant',
  macro: 'macro',
  define: 'single-line macro',
  struct: 'structure',
  event: 'event',
};

function shapeText(shape: readonly number[], axes: readonly string[]): string {
  return shape.map((n, i) => `[${axes[i] ?? '?'} 0…${n - 1}]`).join('');
}

function symbolText(d: Definition, index: SymbolIndex, debug: DebugInfo | null): string[] {
  const lines = [`**${d.name}** — ${KIND_TEXT[d.kind]}, ${d.file}:${d.line}`];
  if (d.kind === 'constant' || d.kind === 'define') {
    const value = index.evaluate(d.detail, d.file, d.line);
    const plain = value !== null && value.toString() === d.detail;
    const result = value === null || plain ? '' : ` = \`${value}\` (${hexSigned(value)})`;
    if (d.detail !== '') lines.push(`\`${d.detail}\`${result}`);
  } else if (d.detail !== '') {
    lines.push(`\`${d.detail.slice(0, 100)}\``);
  }
  const tensor = debug?.tensors.find((t) => t.name === d.name);
  if (tensor) {
    const shape = tensor.shape.length === 0 ? ' (one value)' : shapeText(tensor.shape, tensor.axes);
    lines.push(`tensor of ${tensor.type} ${shape} at \`${hex(tensor.address)}\``);
  }
  const symbol = debug?.symbols.find((s) => s.name === d.name);
  if (symbol) {
    lines.push(
      `\`${hex(symbol.address)}\`, ${formatCounted(symbol.size, 'byte')} in ${symbol.section}`,
    );
  }
  const comment = index.commentAbove(d);
  if (comment.length > 0) lines.push(`\`\`\`text\n${comment.join('\n')}\n\`\`\``);
  return lines;
}

function hexSigned(value: bigint): string {
  return value < 0n ? `-${hex(-value)}` : hex(value);
}

/** Markdown paragraphs about a word; none when nothing is known of it. */
export function describeWord(
  word: string,
  file: string,
  line: number,
  index: SymbolIndex,
  facts: HoverFacts,
): string[] {
  const register = registerText(word, facts.cpu);
  if (register.length > 0) return register;
  const definition = index.find(word, file, line, facts.debug?.files)[0];
  if (!definition) return [];
  const lines = symbolText(definition, index, facts.debug);
  // A register alias: also what the register holds.
  if (definition.kind === 'define') lines.push(...registerText(definition.detail, facts.cpu));
  return lines;
}
