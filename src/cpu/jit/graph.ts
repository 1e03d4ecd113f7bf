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

/**
 * Walks depth first through what is reachable from `root`.
 * @param left called for each node once all that is reachable from it has been seen.
 * @param back called for edges that close a cycle: to a node that has not been left yet.
 */
function walk(
  root: Node,
  left: ((node: Node) => void) | null,
  back: ((from: Node, to: Node) => void) | null,
): void {
  // by ids
  const state: ('open' | 'done' | undefined)[] = [];
  state[root.id] = 'open';
  const open = [root];
  const next = [0];
  for (let top = 0; top >= 0;) {
    const node = open[top];
    if (!node) break;
    const at = next[top] ?? 0;
    next[top] = at + 1;
    const edge = node.edges[at];
    if (!edge) {
      state[node.id] = 'done';
      left?.(node);
      top--;
      continue;
    }
    const seen = state[edge.to.id];
    if (seen === 'open') back?.(node, edge.to);
    else if (!seen) {
      state[edge.to.id] = 'open';
      open[++top] = edge.to;
      next[top] = 0;
    }
  }
}

/** Nodes reachable from `root` in reverse postorder. */
export function reversePostorder(root: Node): Node[] {
  const order: Node[] = [];
  walk(root, (node) => order.push(node), null);
  return order.reverse();
}

/** The edges that close a cycle in a depth-first walk from `root`, by their targets. */
export function retreatingEdges(root: Node): Map<Node, Node[]> {
  const found = new Map<Node, Node[]>();
  walk(root, null, (from, to) => found.set(to, [...(found.get(to) ?? []), from]));
  return found;
}

/** Immediate dominators of the nodes in `order` (reverse postorder), by Cooper, Harvey, Kennedy. */
export function dominators(order: readonly Node[]): Map<Node, Node> {
  const rank = ranks(order);
  const preds: number[][] = order.map(() => []);
  order.forEach((node, i) => {
    for (const { to } of node.edges) preds[rank[to.id] ?? -1]?.push(i);
  });
  // by ranks; the root's own is itself
  const idom: number[] = order.map((_, i) => (i === 0 ? 0 : -1));
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 1; i < order.length; i++) {
      let best = -1;
      for (const p of preds[i] ?? []) {
        if ((idom[p] ?? -1) >= 0) best = best < 0 ? p : meet(idom, best, p);
      }
      if (best >= 0 && idom[i] !== best) {
        idom[i] = best;
        changed = true;
      }
    }
  }
  const found = new Map<Node, Node>();
  order.forEach((node, i) => {
    const up = order[idom[i] ?? -1];
    if (up) found.set(node, up);
  });
  return found;
}

function meet(idom: readonly number[], a: number, b: number): number {
  let x = a;
  let y = b;
  while (x !== y) {
    if (x > y) x = idom[x] ?? 0;
    else y = idom[y] ?? 0;
  }
  return x;
}

/** Places of nodes in an order, by their ids. */
export function ranks(order: readonly Node[]): (number | undefined)[] {
  const rank: (number | undefined)[] = [];
  for (let i = 0; i < order.length; i++) {
    const node = order[i];
    if (node) rank[node.id] = i;
  }
  return rank;
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
  // by ids: when a node was entered, and the earliest that is reached from it; -1 once it is done
  const entered: (number | undefined)[] = [];
  const low: number[] = [];
  const open: Node[] = [];
  let time = 0;
  for (const start of nodes) {
    if (entered[start.id] !== undefined) continue;
    const stack = [start];
    const next = [0];
    entered[start.id] = low[start.id] = time++;
    open.push(start);
    for (let top = 0; top >= 0;) {
      const node = stack[top];
      if (!node) break;
      const at = next[top] ?? 0;
      next[top] = at + 1;
      const to = node.edges[at]?.to;
      if (to) {
        const when = entered[to.id];
        if (when === undefined) {
          if (!nodes.has(to)) continue;
          entered[to.id] = low[to.id] = time++;
          open.push(to);
          stack[++top] = to;
          next[top] = 0;
        } else if (when >= 0) low[node.id] = Math.min(low[node.id] ?? 0, when);
        continue;
      }
      top--;
      const parent = stack[top];
      const lowest = low[node.id] ?? 0;
      if (parent && top >= 0) low[parent.id] = Math.min(low[parent.id] ?? 0, lowest);
      if (lowest !== entered[node.id]) continue;
      const members = open.splice(open.lastIndexOf(node));
      for (const m of members) entered[m.id] = -1;
      if (members.length > 1 || node.edges.some((e) => e.to === node)) found.push(members);
    }
  }
  return found;
}

/**
 * Gives every cycle a single entry by adding dispatchers to `graph`.
 * @param first smaller for entries that a dispatcher should test first; without it, those that come
 *   first in reverse postorder.
 * @returns the dispatchers.
 */
export function makeReducible(
  graph: Graph,
  root: Node,
  first: ((n: Node) => number) | null = null,
): Node[] {
  const order = reversePostorder(root);
  const places = ranks(order);
  const place = (n: Node): number => places[n.id] ?? 0;
  if (!order.some((n) => n.edges.some((e) => place(e.to) <= place(n)))) return [];
  const rank = first ?? place;
  const dispatchers: Node[] = [];
  const work: Set<Node>[] = [new Set(order)];
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
