// SPDX-License-Identifier: GPL-2.0-or-later
/** What a process did to its files, and what they held because of it at any moment. */
import type { OpenFile } from '../../machine/files.ts';

export type FileOp = { readonly at: number } & (
  | {
      readonly kind: 'open';
      readonly file: OpenFile;
      /** Null: a file that has lost its name, with what it held. */
      readonly path: string | null;
      readonly content: Uint8Array | null;
      readonly truncated: boolean;
    }
  | {
      readonly kind: 'write';
      readonly file: OpenFile;
      readonly position: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'unlink'; readonly path: string }
);

/** Beside its bytes an operation costs about this. */
const COST = 120;

export class FileLog {
  readonly #ops: FileOp[];
  #bytes = 0;

  constructor(ops: readonly FileOp[] = []) {
    this.#ops = [...ops];
    for (const op of ops) this.#bytes += cost(op);
  }

  get ops(): readonly FileOp[] {
    return this.#ops;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(op: FileOp): void {
    this.#ops.push(op);
    this.#bytes += cost(op);
  }

  /** An independent copy of what was done up to `at`. */
  fork(at: number): FileLog {
    return new FileLog(this.#ops.filter((op) => op.at <= at));
  }
}

function cost(op: FileOp): number {
  if (op.kind === 'write') return COST + op.bytes.length;
  return COST + (op.kind === 'open' ? (op.content?.length ?? 0) : 0);
}

/** A file at one moment. */
export interface Node {
  /** Null: as it was before the process changed it, if it ever did. */
  content: Uint8Array | null;
  /** From the root; null when it has none any more. */
  path: string | null;
  /** Where `content` lies, when it is this view's own and may grow. */
  room: Uint8Array | null;
}

/** The files that a process has touched, at one moment. */
export interface FileView {
  /** By name; null: there is none of that name. */
  readonly names: ReadonlyMap<string, Node | null>;
  /** By what was opened. */
  readonly opened: ReadonlyMap<OpenFile, Node>;
}

/**
 * Plays a log.
 * @param before what files held before the process changed them; null: there was none
 */
export function viewFiles(
  ops: readonly FileOp[],
  before: ReadonlyMap<string, Uint8Array | null>,
): FileView {
  const names = new Map<string, Node | null>();
  const opened = new Map<OpenFile, Node>();
  const named = (path: string): Node | null => {
    const known = names.get(path);
    if (known !== undefined) return known;
    if (before.get(path) === null) return null;
    const node = { content: before.get(path) ?? null, path, room: null };
    names.set(path, node);
    return node;
  };
  for (const op of ops) {
    switch (op.kind) {
      case 'open': {
        const found = op.path === null ? null : named(op.path);
        const content = op.content ?? new Uint8Array(0);
        const node = found ?? { content, path: op.path, room: null };
        if (op.truncated) {
          node.content = new Uint8Array(0);
          node.room = null;
        }
        if (op.path !== null) names.set(op.path, node);
        opened.set(op.file, node);
        break;
      }
      case 'write': {
        const node = opened.get(op.file);
        if (node !== undefined) written(node, op.position, op.bytes);
        break;
      }
      case 'rename': {
        const node = named(op.from);
        if (node === null || op.from === op.to) break;
        lose(names.get(op.to));
        names.set(op.from, null);
        names.set(op.to, node);
        node.path = op.to;
        break;
      }
      case 'unlink':
        lose(names.get(op.path));
        names.set(op.path, null);
        break;
    }
  }
  return { names, opened };
}

function lose(node: Node | null | undefined): void {
  if (node != null) node.path = null;
}

function written(node: Node, position: number, bytes: Uint8Array): void {
  const old = node.content ?? new Uint8Array(0);
  const size = Math.max(old.length, position + bytes.length);
  if (node.room === null || node.room.length < size) {
    node.room = new Uint8Array(Math.max(4096, size, old.length * 2));
    node.room.set(old);
  }
  node.room.set(bytes, position);
  node.content = node.room.subarray(0, size);
}
