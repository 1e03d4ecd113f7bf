// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * From a reducible control-flow graph to WebAssembly's blocks and loops, after Ramsey, "Beyond
 * Relooper" (2022): a node's code contains the code of the nodes it immediately dominates; those
 * that several forward edges reach follow a `block` that the edges break out of.
 */
import { dominators, reversePostorder, type Edge, type Node } from './graph.ts';

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
  const order = reversePostorder(root);
  const rank = new Map(order.map((n, i) => [n, i]));
  const idom = dominators(order);
  const rankOf = (n: Node): number => rank.get(n) ?? -1;
  const merges = new Set<Node>();
  const headers = new Set<Node>();
  const forward = new Map<Node, number>();
  for (const node of order) {
    for (const { to } of node.edges) {
      if (rankOf(to) <= rankOf(node)) {
        if (!dominates(idom, to, node)) throw new Error('irreducible control flow');
        headers.add(to);
      } else {
        const n = (forward.get(to) ?? 0) + 1;
        forward.set(to, n);
        if (n > 1) merges.add(to);
      }
    }
  }
  const children = new Map<Node, Node[]>();
  for (const node of order) {
    const parent = idom.get(node);
    if (!parent || parent === node) continue;
    const list = children.get(parent);
    if (list) list.push(node);
    else children.set(parent, [node]);
  }

  const jumpLabel = (from: Node, edge: Edge): string | null => {
    if (rankOf(edge.to) <= rankOf(from)) return `loop${edge.to.id}`;
    return merges.has(edge.to) ? `after${edge.to.id}` : null;
  };

  const tree = (node: Node): void => {
    const following = (children.get(node) ?? []).filter((c) => merges.has(c));
    const header = headers.has(node);
    if (header) sink.loop(`loop${node.id}`);
    within(node, following);
    if (header) sink.end();
  };

  const within = (node: Node, following: readonly Node[]): void => {
    // the last in order is the outermost block
    for (let i = following.length - 1; i >= 0; i--) {
      const f = following[i];
      if (f) sink.block(`after${f.id}`);
    }
    sink.node(
      node,
      (edge) => tree(edge.to),
      (edge) => jumpLabel(node, edge),
    );
    for (const f of following) {
      sink.end();
      tree(f);
    }
  };

  tree(root);
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
