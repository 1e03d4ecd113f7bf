// SPDX-License-Identifier: GPL-2.0-or-later
/** Shows what the JIT makes of a function: assembly, intermediate form, WebAssembly. */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Decoder, DecoderOptions, Formatter, FormatterSyntax } from 'iced-x86';
import { GuestCode } from '../cpu/jit/code-source.ts';
import { compileRegion } from '../cpu/jit/compile.ts';
import { buildRegion, type Region } from '../cpu/jit/region.ts';
import { instructionTable } from '../cpu/jit/table-text.ts';
import { functionText } from '../cpu/jit/wasm-text.ts';
import { PAGE_SIZE, PROT } from '../machine/layout.ts';
import { GuestMemory } from '../machine/memory.ts';
import type { DebugInfo } from '../shared/debug-info.ts';
import { addr } from '../shared/brand.ts';
import { hex } from '../shared/format.ts';

const USAGE = `usage: npm run jit-view -- [--columns] IMAGE ADDRESS|SYMBOL
       npm run jit-view -- --table

Shows what the JIT makes of the function: assembly, intermediate form, WebAssembly.
IMAGE is a static ELF program such as public/images/sigmoid; symbols come from
IMAGE.debug.json beside it.

  --columns  the three side by side
  --table    the instructions that are translated, as in docs/jit-instructions.md
  --help     this text
`;

/** Its arguments make no sense. */
const MISUSE = 2;

function misuse(message: string): number {
  console.error(`jit-view: ${message}`);
  return MISUSE;
}

function main(): number {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        table: { type: 'boolean', default: false },
        columns: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return misuse(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  if (values.help || values.table) {
    process.stdout.write(values.help ? USAGE : instructionTable());
    return 0;
  }
  const [image, where] = positionals;
  if (image === undefined || where === undefined) return misuse(`what shall it show?\n${USAGE}`);
  if (!existsSync(image)) return misuse(`there is no file ${image}; npm run asm makes the images`);
  const symbols = symbolsOf(image);
  const named = symbols.find(({ name }) => name === where)?.address;
  const address = named ?? (/^(0x)?[0-9a-f]+$/i.test(where) ? parseInt(where, 16) : null);
  if (address === null) {
    const near = symbols.filter(({ name }) => name.includes(where)).slice(0, 8);
    const hint = near.length > 0 ? `; there are ${near.map(({ name }) => name).join(', ')}` : '';
    return misuse(`${where} is neither an address nor a symbol of ${image}${hint}`);
  }
  const memory = loaded(readFileSync(image));
  const code = new GuestCode(memory);
  const region = buildRegion(code, address, code.shapeOf, { expected: () => null });
  if (!region) {
    console.error(`jit-view: the instruction at ${hex(address)} is not translated`);
    return 1;
  }
  let windows = 0x101000;
  const compiled = compileRegion(region, {
    refillInPlace: false,
    rounds: true,
    allocateWindow: () => (windows += 16),
    fixedAccess: () => true,
  });
  const parts = [assembly(memory, region), compiled.listing(), functionText(compiled.bytes)];
  const titles = ['assembly', 'intermediate form', 'WebAssembly'];
  if (values.columns) printColumns(titles, parts);
  else
    parts.forEach((lines, i) => console.log([`==== ${titles[i] ?? ''}`, ...lines, ''].join('\n')));
  return 0;
}

function symbolsOf(image: string): DebugInfo['symbols'] {
  const file = `${image}.debug.json`;
  if (!existsSync(file)) return [];
  return (JSON.parse(readFileSync(file, 'utf8')) as DebugInfo).symbols;
}

/** Maps the loadable segments of an ELF64 file, all of them readable and executable. */
function loaded(file: Uint8Array): GuestMemory {
  const memory = new GuestMemory();
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const table = Number(view.getBigUint64(32, true));
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = table + i * view.getUint16(54, true);
    if (view.getUint32(at, true) !== 1) continue;
    const [offset, start, size] = [8, 16, 32].map((o) => Number(view.getBigUint64(at + o, true)));
    if (offset === undefined || start === undefined || size === undefined) continue;
    const first = start - (start % PAGE_SIZE);
    const length = Math.ceil((start + Math.max(size, 1) - first) / PAGE_SIZE) * PAGE_SIZE;
    memory.protect(addr(first), length, PROT.read | PROT.exec);
    memory.write(addr(start), file.subarray(offset, offset + size));
  }
  return memory;
}

function assembly(memory: GuestMemory, region: Region): string[] {
  const formatter = new Formatter(FormatterSyntax.Nasm);
  const lines: string[] = [];
  for (const block of region.blocks) {
    lines.push(`${hex(block.ip)}:${block.context.id > 0 ? ` (copy ${block.context.id})` : ''}`);
    for (const insn of block.insns) {
      const decoder = new Decoder(
        64,
        memory.bytes.subarray(insn.ip, insn.next),
        DecoderOptions.None,
      );
      decoder.ip = BigInt(insn.ip);
      lines.push(`    ${formatter.format(decoder.decode())}`);
    }
  }
  return lines;
}

function printColumns(titles: readonly string[], parts: readonly (readonly string[])[]): void {
  const widths = [44, 76, 40];
  const cut = (text: string, i: number): string => text.slice(0, widths[i]).padEnd(widths[i] ?? 0);
  console.log(titles.map(cut).join(' | '));
  const rows = Math.max(...parts.map((p) => p.length));
  for (let row = 0; row < rows; row++) {
    console.log(
      parts
        .map((p, i) => cut(p[row] ?? '', i))
        .join(' | ')
        .trimEnd(),
    );
  }
}

process.exitCode = main();
