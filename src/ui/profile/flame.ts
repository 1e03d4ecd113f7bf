// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Where the boxes of a flame graph lie. The root is on top; below each call stand those that it
 * made, as wide as their share of the instructions. What is zoomed to fills the width, and those
 * it was called from stand above it, as wide.
 */
import type { ProfileNode } from '../../protocol/profile.ts';
import { formatCount, formatCounted, formatShare } from '../../shared/format.ts';

/** Addresses of calls below the root; empty: the root itself. */
export type FlamePath = readonly number[];

export interface FlameBox {
  readonly node: ProfileNode;
  readonly path: FlamePath;
  readonly key: string;
  /** Row, 0 on top. */
  readonly depth: number;
  /** Left edge and width in parts of the whole width. */
  readonly x: number;
  readonly width: number;
  /** Whether it leads to what is zoomed to. */
  readonly above: boolean;
}

export function keyOf(path: FlamePath): string {
  return path.join('/');
}

/** The nodes along a path, as far as there are any; the root first. */
export function nodesAlong(root: ProfileNode, path: FlamePath): ProfileNode[] {
  const nodes = [root];
  for (const address of path) {
    const next = nodes.at(-1)?.children.find((child) => child.address === address);
    if (next === undefined) break;
    nodes.push(next);
  }
  return nodes;
}

/**
 * @param narrowest boxes narrower than this part of the width are left out
 * @returns row by row in the order in which one reads within each call: parents before children
 */
export function layoutFlame(root: ProfileNode, zoom: FlamePath, narrowest: number): FlameBox[] {
  const along = nodesAlong(root, zoom);
  const boxes: FlameBox[] = [];
  const add = (node: ProfileNode, path: FlamePath, x: number, width: number): void => {
    const depth = path.length;
    boxes.push({ node, path, key: keyOf(path), depth, x, width, above: depth < along.length - 1 });
  };
  along.slice(0, -1).forEach((node, depth) => add(node, zoom.slice(0, depth), 0, 1));
  const place = (node: ProfileNode, path: FlamePath, x: number, width: number): void => {
    add(node, path, x, width);
    let left = x;
    for (const child of node.children) {
      const part = node.total > 0 ? (width * child.total) / node.total : 0;
      if (part >= narrowest) place(child, [...path, child.address], left, part);
      left += part;
    }
  };
  const top = along.at(-1) ?? root;
  place(top, zoom.slice(0, along.length - 1), 0, 1);
  return boxes;
}

/** The box to which a key leads from another; null: to none. */
export function flameNeighbour(
  boxes: readonly FlameBox[],
  from: FlamePath,
  key: string,
): FlameBox | null {
  const at = boxes.findIndex((box) => box.key === keyOf(from));
  const here = boxes[at];
  if (here === undefined || key === 'Home') return boxes[0] ?? null;
  const row = boxes.filter((box) => box.depth === here.depth);
  const place = row.indexOf(here);
  switch (key) {
    case 'ArrowUp':
      return boxes.find((box) => box.key === keyOf(from.slice(0, -1)) && box !== here) ?? null;
    case 'ArrowDown':
      return (
        boxes.slice(at + 1).find((box) => box.depth === here.depth + 1 && isBelow(box, from)) ??
        null
      );
    case 'ArrowLeft':
      return row[place - 1] ?? null;
    case 'ArrowRight':
      return row[place + 1] ?? null;
    default:
      return null;
  }
}

function isBelow(box: FlameBox, path: FlamePath): boolean {
  return path.every((address, i) => box.path[i] === address);
}

/** What a box stands for, with its exact numbers, in lines. */
export function flameText(node: ProfileNode, total: number): string[] {
  const made = node.calls === 1 ? 'called once' : `called ${formatCount(node.calls)} times`;
  return [
    node.calls === 0 ? node.name : `${node.name}, ${made}`,
    `${formatCounted(node.total, 'instruction')} with what it calls (${formatShare(node.total, total)})`,
    `${formatCount(node.self)} of its own (${formatShare(node.self, total)})`,
  ];
}

/** A hue from 10 to 60 that is always the same for a name: neighbours tell apart, it means nothing. */
export function flameHue(name: string): number {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return 10 + (hash % 51);
}
