// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What has to be written into a running program so that it goes on as another assembly of its
 * sources would: bytes of code and constants, as long as nothing has moved.
 */
import type { DebugInfo } from './debug-info.ts';
import { formatCount, hex } from './format.ts';
import { err, ok, type Result } from './result.ts';

/** An image with what is known of it. */
export interface PatchableProgram {
  readonly image: Uint8Array;
  readonly debug: DebugInfo | null;
}

export interface CodePatch {
  /** Ascending. */
  readonly writes: readonly { readonly address: number; readonly bytes: Uint8Array }[];
  /** Where instructions began and begin no more: nobody may stand there, or return there. */
  readonly gone: readonly number[];
  /** What is known of the second assembly: its lines are others, perhaps. */
  readonly debug: DebugInfo;
}

/** Differences that lie closer together than this are written as one. */
const GAP = 16;

/** Numbers a record in `DebugInfo.lines`. */
const RECORD = 4;

const PT_LOAD = 1;
const PF_WRITE = 2;

/**
 * Compares two assemblies of one program.
 * @returns what turns the first into the second; or why that cannot be done while it runs, as the
 *   part of a sentence that follows a colon.
 */
export function codePatch(from: PatchableProgram, to: PatchableProgram): Result<CodePatch, string> {
  if (from.debug === null || to.debug === null) return err('its labels are not known');
  const moved = differenceOf(from.debug, to.debug);
  if (moved !== null) return err(moved);
  const segments = segmentsOf(from.image);
  const others = segmentsOf(to.image);
  if (JSON.stringify(segments) !== JSON.stringify(others)) {
    return err('it is loaded to other addresses');
  }
  const writes: CodePatch['writes'][number][] = [];
  for (const { address, offset, size, writable } of segments) {
    const old = from.image.subarray(offset, offset + size);
    const now = to.image.subarray(offset, offset + size);
    for (const { start, end } of differences(old, now)) {
      if (writable) {
        const name = sectionAt(to.debug, address + start);
        return err(`initial values in ${name} have changed, and it has begun`);
      }
      writes.push({ address: address + start, bytes: now.slice(start, end) });
    }
  }
  writes.sort((a, b) => a.address - b.address);
  return ok({ writes, gone: goneStarts(from.debug, to.debug), debug: to.debug });
}

/** @returns what lies elsewhere, or means something else, in the second; null: nothing. */
function differenceOf(from: DebugInfo, to: DebugInfo): string | null {
  const sizes = new Map(to.sections.map(({ name, size }) => [name, size]));
  for (const { name, size } of from.sections) {
    const now = sizes.get(name) ?? 0;
    if (now === size) continue;
    const by = formatCount(Math.abs(now - size));
    return `${name} has become ${by} byte${by === '1' ? '' : 's'} ${now > size ? 'longer' : 'shorter'}`;
  }
  if (sizes.size !== from.sections.length) return 'it has other sections';
  const before = new Map(from.symbols.map(({ name, address }) => [name, address]));
  for (const { name, address } of to.symbols) {
    const old = before.get(name);
    if (old === undefined) return `the label ${name} is new`;
    if (old !== address) return `${name} has moved from ${hex(old)} to ${hex(address)}`;
    before.delete(name);
  }
  const [missing] = before.keys();
  if (missing !== undefined) return `the label ${missing} is gone`;
  if (meaningOf(from) !== meaningOf(to)) return 'its tensors or events are others';
  return null;
}

/** What a program says of itself, beside its labels, as a text to compare. */
export function meaningOf({ tensors, events }: DebugInfo): string {
  return JSON.stringify([
    tensors.map(({ name, address, type, shape, axes }) => [name, address, type, shape, axes]),
    events.map(({ name, address }) => [name, address]),
  ]);
}

interface Segment {
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly writable: boolean;
}

/** What of a 64-bit ELF image, known to be good, is put into memory. */
function segmentsOf(image: Uint8Array): Segment[] {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const number = (at: number): number => Number(view.getBigUint64(at, true));
  const table = number(0x20);
  const entrySize = view.getUint16(0x36, true);
  return Array.from({ length: view.getUint16(0x38, true) }, (_, i) => table + i * entrySize)
    .filter((at) => view.getUint32(at, true) === PT_LOAD)
    .map((at) => ({
      address: number(at + 16),
      offset: number(at + 8),
      size: number(at + 32),
      writable: (view.getUint32(at + 4, true) & PF_WRITE) !== 0,
    }));
}

/** Stretches in which two arrays of one length differ; those next to each other as one. */
function differences(a: Uint8Array, b: Uint8Array): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (let i = 0; i < b.length; i++) {
    if (a[i] === b[i]) continue;
    const last = found.at(-1);
    if (last !== undefined && i - last.end < GAP) last.end = i + 1;
    else found.push({ start: i, end: i + 1 });
  }
  return found;
}

function sectionAt({ sections }: DebugInfo, address: number): string {
  const found = sections.find((s) => address >= s.start && address < s.start + s.size);
  return found?.name ?? hex(address);
}

function goneStarts(from: DebugInfo, to: DebugInfo): number[] {
  const now = new Set(starts(to));
  return starts(from).filter((address) => !now.has(address));
}

/** Where instructions begin. */
function starts({ lines, sections }: DebugInfo): number[] {
  const code = sections.filter(({ name }) => name.startsWith('.text'));
  const found: number[] = [];
  for (let i = 0; i < lines.length; i += RECORD) {
    const address = lines[i] ?? 0;
    if (code.some((s) => address >= s.start && address < s.start + s.size)) found.push(address);
  }
  return found;
}
