// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * From a reducible control-flow graph to WebAssembly's blocks and loops, after Ramsey, "Beyond
 * Relooper" (2022): a node's code contains the code of the nodes it immediately dominates; those
 * that several forward edges reach follow a `block` that the edges break out of.
 */
import { dominators, ranks, reversePostorder, type Edge, type Node } from './graph.ts';

/** Writes the parts; labels are those passed to `block` and `loop`. */
export interface StructureSink {
  block(label: string): void;
  loop(label: string): void;
  end(): void;
  /**
   * Writes a node's own code and its way out. For each edge that is taken it calls `follow`, which
   * writes the jump (or the target itself, in place) and after which nothing falls through.
   */
  node(node: Node, follow: (edge: Edge) => void, jumpLabel: (edge: Edge) => string | null): void;
}

/** @throws Error when the graph is irreducible. */
export function structure(root: Node, sink: StructureSink): void {
  new Structure(root, sink).tree(root);
}

class Structure {
  readonly #sink: StructureSink;
  readonly #rank: readonly (number | undefined)[];
  /** Nodes that several forward edges reach, and those that edges lead back to. */
  readonly #merges = new Set<Node>();
  readonly #headers = new Set<Node>();
  /** By node: the merges that it immediately dominates. */
  readonly #following = new Map<Node, Node[]>();

  constructor(root: Node, sink: StructureSink) {
    this.#sink = sink;
    const order = reversePostorder(root);
    this.#rank = ranks(order);
    const idom = dominators(order);
    const reached = new Set<Node>();
    for (const node of order) {
      for (const { to } of node.edges) {
        if (this.#isBack(node, to)) {
          if (!dominates(idom, to, node)) throw new Error('irreducible control flow');
          this.#headers.add(to);
        } else if (reached.has(to)) this.#merges.add(to);
        else reached.add(to);
      }
    }
    for (const node of order) {
      const parent = idom.get(node);
      if (!parent || parent === node || !this.#merges.has(node)) continue;
      const list = this.#following.get(parent);
      if (list) list.push(node);
      else this.#following.set(parent, [node]);
    }
  }

  tree(node: Node): void {
    const header = this.#headers.has(node);
    if (header) this.#sink.loop(`loop${node.id}`);
    this.#within(node, this.#following.get(node) ?? []);
    if (header) this.#sink.end();
  }

  #within(node: Node, following: readonly Node[]): void {
    // the last in order is the outermost block
    for (let i = following.length - 1; i >= 0; i--) {
      const f = following[i];
      if (f) this.#sink.block(`after${f.id}`);
    }
    this.#sink.node(
      node,
      (edge) => this.tree(edge.to),
      (edge) => this.#jumpLabel(node, edge),
    );
    for (const f of following) {
      this.#sink.end();
      this.tree(f);
    }
  }

  #jumpLabel(from: Node, { to }: Edge): string | null {
    if (this.#isBack(from, to)) return `loop${to.id}`;
    return this.#merges.has(to) ? `after${to.id}` : null;
  }

  #isBack(from: Node, to: Node): boolean {
    return (this.#rank[to.id] ?? -1) <= (this.#rank[from.id] ?? -1);
  }
}

function dominates(idom: ReadonlyMap<Node, Node>, a: Node, b: Node): boolean {
  let x = b;
  for (;;) {
    if (x === a) return true;
    const up = idom.get(x);
    if (!up || up === x) return false;
    x = up;
  }
}
