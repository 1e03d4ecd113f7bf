// SPDX-License-Identifier: GPL-2.0-or-later
/** Debug info of an image from NASM's records and the annotations of the sources. */
import type { Diagnostic, SourceTree } from '../protocol/assembler.ts';
import type { DebugInfo, DebugSymbol } from '../protocol/debug-info.ts';
import { isAddr } from '../shared/brand.ts';
import { placeAnnotations } from './place-annotations.ts';
import type { Label, Records, Run } from './records.ts';
import { sha256 } from './sha256.ts';

/** Offsets in an ELF64 file header. */
const ELF_MAGIC = 0x464c457f; // 7f 'E' 'L' 'F', little-endian
const ELF_ENTRY = 24;
const ELF_HEADER_SIZE = 64;

export interface DebugBuild {
  readonly debug: DebugInfo;
  /** What is wrong with the annotations; all of them warnings, the image is not concerned. */
  readonly diagnostics: readonly Diagnostic[];
}

export function buildDebugInfo(
  image: Uint8Array,
  records: Records,
  sources: SourceTree,
): DebugBuild {
  const symbols = buildSymbols(records);
  const { tensors, events, diagnostics } = placeAnnotations(records, symbols, sources);
  return {
    debug: {
      version: 1,
      sha256: sha256(image),
      entry: entryOf(image, records),
      files: records.files,
      lines: buildLines(records.runs),
      sections: records.sections
        .filter((section) => section.size > 0)
        .map(({ name, start, size }) => ({ name, start, size })),
      symbols,
      tensors,
      events,
    },
    diagnostics,
  };
}

/** Neighbouring runs of one line become one record. */
function buildLines(runs: readonly Run[]): number[] {
  const lines: number[] = [];
  let end = -1;
  let last: Run | undefined;
  for (const run of runs) {
    if (last?.file === run.file && last.line === run.line && end === run.address) {
      const at = lines.length - 3;
      lines[at] = (lines[at] ?? 0) + run.length;
    } else {
      lines.push(run.address, run.length, run.file, run.line);
    }
    last = run;
    end = run.address + run.length;
  }
  return lines;
}

function buildSymbols(records: Records): DebugSymbol[] {
  const codeSections = new Set(
    records.runs.filter((run) => run.kind === 'instruction').map((run) => run.section),
  );
  return records.labels.map((label, index) => {
    const kind = runAt(records.runs, label.address)?.kind;
    const isCode = kind ? kind === 'instruction' : codeSections.has(label.section);
    return {
      name: label.name,
      address: label.address,
      size: endOf(records.labels, index) - label.address,
      section: label.section.name,
      kind: isLocal(label.name) ? 'local' : isCode ? 'code' : 'data',
      file: label.file,
      line: label.line,
    };
  });
}

/** The run that holds the byte at `address`. */
function runAt(runs: readonly Run[], address: number): Run | undefined {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[middle]?.address ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  const run = runs[low - 1];
  return run && address < run.address + run.length ? run : undefined;
}

/** Address of the next label of the section that is neither here nor local to what is here. */
function endOf(labels: readonly Label[], index: number): number {
  const label = labels[index];
  if (!label) throw new RangeError('no such label');
  const local = isLocal(label.name);
  for (let i = index + 1; i < labels.length; i++) {
    const next = labels[i];
    if (next?.section !== label.section || next.address === label.address) continue;
    if (local || !isLocal(next.name)) return next.address;
  }
  return label.section.start + label.section.size;
}

function isLocal(name: string): boolean {
  return name.includes('.');
}

/** Where the process starts: what the ELF header says, else where the image starts. */
function entryOf(image: Uint8Array, records: Records): number {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (image.length >= ELF_HEADER_SIZE && view.getUint32(0, true) === ELF_MAGIC) {
    const entry = view.getBigUint64(ELF_ENTRY, true);
    if (isAddr(entry)) return Number(entry);
  }
  return records.runs[0]?.address ?? 0;
}
