// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * From counts by address to what one reads: lines, functions, kinds of instructions, paths of calls.
 *
 * Everything but the paths is exact whatever the program does, for it goes by address alone. The
 * paths follow calls and returns as executed; code that is jumped to belongs to who was called last.
 */
import type { CallNode } from '../../cpu/call-tree.ts';
import { LONGEST_INSTRUCTION } from '../../cpu/operand-access.ts';
import type { ExecutionProfile } from '../../cpu/profile.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type {
  ProfileClass,
  ProfileFunction,
  ProfileLine,
  ProfileNode,
  ProfileReport,
} from '../../protocol/profile.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import { hex } from '../../shared/format.ts';
import { classify } from './opcode-classes.ts';

/** @param index names and lines; null without debug info. */
export function makeReport(
  profile: ExecutionProfile,
  memory: GuestMemory,
  index: DebugIndex | null,
  on: boolean,
): ProfileReport {
  const counts = [...profile.counts].sort(([a], [b]) => a - b);
  const root = profile.calls.root && nodeOf(profile.calls.root, index);
  return {
    on,
    total: counts.reduce((sum, [, count]) => sum + count, 0),
    lines: linesOf(counts, index),
    functions: functionsOf(counts, root, index),
    classes: classesOf(counts, memory),
    root,
  };
}

type Counts = readonly (readonly [address: number, count: number])[];

function linesOf(counts: Counts, index: DebugIndex | null): ProfileLine[] {
  const found = new Map<string, { -readonly [K in keyof ProfileLine]: ProfileLine[K] }>();
  for (const [address, count] of counts) {
    const place = index?.lineAt(address);
    if (!place) continue;
    const key = `${place.file}:${place.line}`;
    const known = found.get(key);
    if (known) known.count += count;
    else found.set(key, { ...place, count, times: count });
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}

/** The function around an address: its symbol without the local label. */
function functionAt(address: number, index: DebugIndex | null): { name: string; address: number } {
  const name = index?.symbolAt(address)?.name.replace(/\..*$/, '');
  const symbol = name === undefined ? null : (index?.symbol(name) ?? null);
  return symbol
    ? { name: symbol.name, address: symbol.address }
    : { name: name || hex(address), address };
}

function functionsOf(
  counts: Counts,
  root: ProfileNode | null,
  index: DebugIndex | null,
): ProfileFunction[] {
  const found = new Map<string, { -readonly [K in keyof ProfileFunction]: ProfileFunction[K] }>();
  const entry = (name: string, address: number) => {
    let known = found.get(name);
    if (!known) {
      const place = index?.lineAt(address) ?? null;
      const where = { file: place?.file ?? null, line: place?.line ?? null };
      known = { name, address, ...where, self: 0, total: 0, calls: 0 };
      found.set(name, known);
    }
    return known;
  };
  for (const [address, count] of counts) {
    const { name, address: start } = functionAt(address, index);
    entry(name, start).self += count;
  }
  const open = new Set<string>();
  const walk = (node: ProfileNode): void => {
    const known = entry(node.name, node.address);
    known.calls += node.calls;
    const outermost = !open.has(node.name); // a recursion is counted once
    if (outermost) known.total += node.total;
    open.add(node.name);
    for (const child of node.children) walk(child);
    if (outermost) open.delete(node.name);
  };
  if (root) walk(root);
  return [...found.values()].sort((a, b) => b.self - a.self);
}

function classesOf(counts: Counts, memory: GuestMemory): ProfileClass[] {
  const kinds = new Map<string, Map<string, number>>();
  for (const [address, count] of counts) {
    const code = classify(memory.bytes.subarray(address, address + LONGEST_INSTRUCTION), address);
    const kind = code?.kind ?? 'system and other';
    const names = kinds.get(kind) ?? new Map<string, number>();
    kinds.set(kind, names);
    const mnemonic = code?.mnemonic ?? 'unknown';
    names.set(mnemonic, (names.get(mnemonic) ?? 0) + count);
  }
  return [...kinds]
    .map(([name, names]) => {
      const mnemonics = [...names].map(([mnemonic, count]) => ({ name: mnemonic, count }));
      mnemonics.sort((a, b) => b.count - a.count);
      return { name, count: mnemonics.reduce((sum, { count }) => sum + count, 0), mnemonics };
    })
    .sort((a, b) => b.count - a.count);
}

function nodeOf(node: CallNode, index: DebugIndex | null): ProfileNode {
  const children = [...node.children.values()].map((child) => nodeOf(child, index));
  children.sort((a, b) => b.total - a.total);
  const below = children.reduce((sum, { total }) => sum + total, 0);
  const { name, address } = functionAt(node.address, index);
  return { name, address, calls: node.calls, total: node.self + below, self: node.self, children };
}
