// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Control-flow graphs: order, dominators, loops, and making irreducible ones reducible.
 *
 * Every cycle ends up with one header through which alone it is entered. Where a cycle has several
 * entries (jumps into loops, or a region's own outside entries within its loops) a dispatcher node
 * becomes the header: whoever goes to one of the entries names it in a variable first.
 */

export interface Node {
  readonly id: number;
  edges: Edge[];
  /** Set for dispatchers: what each value of the label variable stands for. */
  readonly cases: Node[] | null;
}

export interface Edge {
  to: Node;
  /** Value of the label variable on arrival, when `to` is a dispatcher; else -1. */
  label: number;
}

export class Graph {
  readonly nodes: Node[] = [];

  add(cases: Node[] | null = null): Node {
    const node: Node = { id: this.nodes.length, edges: [], cases };
    this.nodes.push(node);
    return node;
  }

  connect(from: Node, to: Node): Edge {
    const edge: Edge = { to, label: -1 };
    from.edges.push(edge);
    return edge;
  }
}

/** Nodes reachable from `root` in reverse postorder. */
export function reversePostorder(root: Node): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>([root]);
  const stack: { node: Node; next: number }[] = [{ node: root, next: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const edge = top.node.edges[top.next++];
    if (!edge) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(edge.to)) {
      seen.add(edge.to);
      stack.push({ node: edge.to, next: 0 });
    }
  }
  return order.reverse();
}

/** The edges that close a cycle in a depth-first walk from `root`, by their targets. */
export function retreatingEdges(root: Node): Map<Node, Node[]> {
  const found = new Map<Node, Node[]>();
  const state = new Map<Node, 'open' | 'done'>([[root, 'open']]);
  const stack: { node: Node; next: number }[] = [{ node: root, next: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const edge = top.node.edges[top.next++];
    if (!edge) {
      state.set(top.node, 'done');
      stack.pop();
      continue;
    }
    const seen = state.get(edge.to);
    if (seen === 'open') found.set(edge.to, [...(found.get(edge.to) ?? []), top.node]);
    else if (!seen) {
      state.set(edge.to, 'open');
      stack.push({ node: edge.to, next: 0 });
    }
  }
  return found;
}

/** Immediate dominators of the nodes in `order` (reverse postorder), by Cooper, Harvey, Kennedy. */
export function dominators(order: readonly Node[]): Map<Node, Node> {
  const index = new Map(order.map((n, i) => [n, i]));
  const preds = predecessors(order);
  const idom = new Map<Node, Node>();
  const root = order[0];
  if (!root) return idom;
  idom.set(root, root);
  const rank = (n: Node): number => index.get(n) ?? 0;
  const meet = (a: Node, b: Node): Node => {
    let x = a;
    let y = b;
    while (x !== y) {
      while (rank(x) > rank(y)) x = idom.get(x) ?? root;
      while (rank(y) > rank(x)) y = idom.get(y) ?? root;
    }
    return x;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const node of order) {
      if (node === root) continue;
      let best: Node | null = null;
      for (const p of preds.get(node) ?? []) {
        if (idom.has(p)) best = best ? meet(best, p) : p;
      }
      if (best && idom.get(node) !== best) {
        idom.set(node, best);
        changed = true;
      }
    }
  }
  return idom;
}

/**
 * The loops of some headers: for each, the nodes that lead back to it. Only jumps back from nodes
 * that the header dominates count.
 */
export function naturalLoops(root: Node, headers: ReadonlySet<Node>): Map<Node, Set<Node>> {
  const order = reversePostorder(root);
  const preds = predecessors(order);
  const idom = dominators(order);
  const dominates = (a: Node, b: Node): boolean => {
    for (let x: Node | undefined = b; x;) {
      if (x === a) return true;
      const up: Node | undefined = idom.get(x);
      x = up === x ? undefined : up;
    }
    return false;
  };
  const loops = new Map<Node, Set<Node>>();
  for (const header of order) {
    if (!headers.has(header)) continue;
    const work = (preds.get(header) ?? []).filter((p) => dominates(header, p));
    if (work.length === 0) continue;
    const body = new Set([header]);
    let whole = true;
    for (let n = work.pop(); n; n = work.pop()) {
      if (body.has(n)) continue;
      // a way in past the header: no loop of its own
      if (!dominates(header, n)) whole = false;
      else {
        body.add(n);
        work.push(...(preds.get(n) ?? []));
      }
    }
    if (whole) loops.set(header, body);
  }
  return loops;
}

export function predecessors(order: readonly Node[]): Map<Node, Node[]> {
  const preds = new Map<Node, Node[]>(order.map((n) => [n, []]));
  for (const node of order) for (const edge of node.edges) preds.get(edge.to)?.push(node);
  return preds;
}

/** Strongly connected components with a cycle in them, among `nodes` alone (Tarjan). */
function cycles(nodes: ReadonlySet<Node>): Node[][] {
  const found: Node[][] = [];
  const number = new Map<Node, number>();
  const low = new Map<Node, number>();
  const open: Node[] = [];
  const onStack = new Set<Node>();
  const enter = (node: Node): void => {
    number.set(node, number.size);
    low.set(node, number.size - 1);
    open.push(node);
    onStack.add(node);
  };
  for (const start of nodes) {
    if (number.has(start)) continue;
    const stack: { node: Node; next: number }[] = [{ node: start, next: 0 }];
    enter(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const node = top.node;
      const edge = node.edges[top.next++];
      if (edge) {
        if (!nodes.has(edge.to)) continue;
        if (!number.has(edge.to)) {
          enter(edge.to);
          stack.push({ node: edge.to, next: 0 });
        } else if (onStack.has(edge.to)) {
          low.set(node, Math.min(low.get(node) ?? 0, number.get(edge.to) ?? 0));
        }
        continue;
      }
      stack.pop();
      const parent = stack.at(-1)?.node;
      if (parent) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(node) ?? 0));
      if (low.get(node) !== number.get(node)) continue;
      const members = open.splice(open.indexOf(node));
      for (const m of members) onStack.delete(m);
      if (members.length > 1 || node.edges.some((e) => e.to === node)) found.push(members);
    }
  }
  return found;
}

/**
 * Gives every cycle a single entry by adding dispatchers to `graph`.
 * @param rank smaller for entries that a dispatcher should test first.
 * @returns the dispatchers.
 */
export function makeReducible(graph: Graph, root: Node, rank: (n: Node) => number): Node[] {
  const dispatchers: Node[] = [];
  const work: Set<Node>[] = [new Set(reversePostorder(root))];
  for (let nodes = work.pop(); nodes; nodes = work.pop()) {
    for (const members of cycles(nodes)) {
      const inside = new Set(members);
      const entries = entriesOf(graph, inside, root);
      const [only] = entries;
      if (entries.length === 1 && only) {
        inside.delete(only);
        work.push(inside);
        continue;
      }
      entries.sort((a, b) => rank(a) - rank(b));
      const dispatcher = graph.add(entries);
      for (const node of graph.nodes) {
        if (node === dispatcher) continue;
        for (const edge of node.edges) {
          const at = entries.indexOf(edge.to);
          if (at < 0) continue;
          if (edge.label >= 0) throw new Error('a dispatcher became an entry of another');
          edge.to = dispatcher;
          edge.label = at;
        }
      }
      for (const entry of entries) graph.connect(dispatcher, entry);
      dispatchers.push(dispatcher);
      work.push(inside);
    }
  }
  return dispatchers;
}

/** The headers of outermost loops that have no other entry. */
export function outermostHeaders(graph: Graph, root: Node): Set<Node> {
  const headers = new Set<Node>();
  for (const members of cycles(new Set(reversePostorder(root)))) {
    const [only, another] = entriesOf(graph, new Set(members), root);
    if (only && !another) headers.add(only);
  }
  return headers;
}

function entriesOf(graph: Graph, inside: ReadonlySet<Node>, root: Node): Node[] {
  const entries = new Set<Node>();
  if (inside.has(root)) entries.add(root);
  for (const node of graph.nodes) {
    if (inside.has(node)) continue;
    for (const edge of node.edges) if (inside.has(edge.to)) entries.add(edge.to);
  }
  return [...entries];
}
