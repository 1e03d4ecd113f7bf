// SPDX-License-Identifier: GPL-2.0-or-later
/** A region as a graph: its blocks, where it is entered and left, and its loops' copies for rounds. */
import { planAccesses, type Placed } from './access.ts';
import {
  Graph,
  makeReducible,
  naturalLoops,
  outermostHeaders,
  retreatingEdges,
  reversePostorder,
  type Edge,
  type Node,
} from './graph.ts';
import type { BlockFacts } from './liveness.ts';
import { successors, type Block, type Region } from './region.ts';
import { planRounds, type Rounds } from './rounds.ts';

/** The nodes and edges around a loop's copy for rounds. */
export interface RoundsNodes {
  readonly plan: Rounds;
  readonly ask: Node;
  readonly again: Node;
  /** On the way from `ask` to the original loop. */
  readonly refused: Node;
  readonly enter: Edge;
  /** The first of several. */
  readonly refuse: Edge;
  readonly original: Edge;
  readonly repeat: Edge;
  readonly end: Edge;
}

/**
 * What of a region a function is for. In a hot one no entry may stand in the way of a loop, for each
 * that leads into one makes a dispatcher of its header. So there are two functions: `main`, entered
 * where it costs nothing and where execution comes back from elsewhere; and `rest`, entered where a
 * budget may have ended or a prediction failed, which leaves for `main` as soon as it can.
 */
export type Part = 'whole' | 'main' | 'rest';

export class Flow {
  /** Goes to the entry that the function is called with. */
  readonly start: Node;
  readonly entries: readonly Block[];
  /** Where the `rest` is entered. */
  readonly seldom: readonly Block[];
  /** Where loops close. */
  readonly headers: ReadonlySet<Node>;
  readonly rounds: RoundsNodes[] = [];
  readonly #graph = new Graph();
  readonly #nodeOf = new Map<Block, Node>();
  readonly #blockOf = new Map<Node, Block>();
  readonly #exits = new Map<number, Node>();
  readonly #edges = new Map<Block, Edge[]>();
  readonly #plans = new Map<Block, Placed[][]>();
  /** Blocks at which another function of the region begins. */
  readonly #elsewhere = new Set<Block>();

  constructor({ blocks, root }: Region, part: Part) {
    this.start = this.#graph.add();
    for (const block of blocks) this.#addNode(block);
    for (const block of blocks) this.#connectBlock(block);
    const whole = part === 'whole';
    const necessary = byAddress([root, ...blocks.filter((b) => b.entry || (whole && b.seldom))]);
    this.#enterAt(necessary);
    const loops = retreatingEdges(this.start);
    const free = whole ? null : outermostHeaders(this.#graph, this.start);
    const isFree = (b: Block): boolean => !free || free.has(this.nodeOf(b));
    const all = byAddress([
      ...necessary,
      ...this.#resumable(loops),
      ...blocks.filter((b) => b.seldom),
    ]);
    const main = all.filter((b) => necessary.includes(b) || isFree(b));
    this.seldom = all.filter((b) => !main.includes(b));
    const rest = part === 'rest' && this.seldom.length > 0;
    this.entries = rest ? this.seldom : main;
    if (rest) this.#leaveFor(main);
    this.#enterAt(this.entries);
    // the rest may have loops that are not reached from the region's root
    const more = rest ? retreatingEdges(this.start) : loops;
    this.headers = new Set([...loops.keys(), ...more.keys()]);
  }

  /** Whether a block belongs to the region, but to another function. */
  isElsewhere(block: Block): boolean {
    return this.#elsewhere.has(block);
  }

  /** The blocks that are reached. */
  live(): Block[] {
    const reachable = new Set(reversePostorder(this.start));
    return [...this.#nodeOf.keys()].filter((b) => reachable.has(this.nodeOf(b)));
  }

  blockOf(node: Node): Block | undefined {
    return this.#blockOf.get(node);
  }

  /** The block's ways out, in order. */
  edgesOf(block: Block): readonly Edge[] {
    return this.#edges.get(block) ?? [];
  }

  /** Nodes that leave the region, by the addresses they leave for. */
  get exits(): ReadonlyMap<number, Node> {
    return this.#exits;
  }

  /** The accesses of a block and their checks. */
  planOf(block: Block): Placed[][] {
    return this.#plans.get(block) ?? planAccesses(block.insns);
  }

  /** The copy for rounds that a block belongs to. */
  copyOf(block: Block): RoundsNodes | undefined {
    return this.rounds.find(({ plan }) => plan.plans.has(block));
  }

  connect(from: Node, to: Node): Edge {
    return this.#graph.connect(from, to);
  }

  /** Gives every cycle a single entry. @returns the dispatchers added. */
  makeReducible(): Node[] {
    return makeReducible(this.#graph, this.start);
  }

  #addNode(block: Block): Node {
    const node = this.#graph.add();
    this.#nodeOf.set(block, node);
    this.#blockOf.set(node, block);
    return node;
  }

  nodeOf(block: Block): Node {
    const node = this.#nodeOf.get(block);
    if (!node) throw new Error('a block without a node');
    return node;
  }

  /** The node behind a target; an address outside becomes a node that leaves for it. */
  #target(target: Block | number): Node {
    if (typeof target !== 'number') {
      return this.#elsewhere.has(target) ? this.#exit(target.ip) : this.nodeOf(target);
    }
    return this.#exit(target);
  }

  #exit(target: number): Node {
    let node = this.#exits.get(target);
    if (!node) {
      node = this.#graph.add();
      this.#exits.set(target, node);
    }
    return node;
  }

  #connectBlock(block: Block): void {
    const node = this.nodeOf(block);
    const edges = successorsByEdge(block).map((t) => this.#graph.connect(node, this.#target(t)));
    this.#edges.set(block, edges);
  }

  #enterAt(blocks: readonly Block[]): void {
    this.start.edges = [];
    for (const block of blocks) this.#graph.connect(this.start, this.nodeOf(block));
  }

  /** Where the budget may end: the headers of loops. */
  #resumable(loops: ReadonlyMap<Node, readonly Node[]>): Block[] {
    return [...loops].flatMap(([node, from]) => {
      const block = this.#blockOf.get(node);
      // those that returns close climb the stack and end soon
      const climbs = from.every((n) => this.#blockOf.get(n)?.term.k === 'ret');
      return block && !climbs ? [block] : [];
    });
  }

  /** Makes the ways to these blocks leave the function. */
  #leaveFor(blocks: readonly Block[]): void {
    for (const block of blocks) this.#elsewhere.add(block);
    for (const block of this.#nodeOf.keys()) {
      const targets = successorsByEdge(block);
      this.edgesOf(block).forEach((edge, i) => {
        const target = targets[i];
        if (target !== undefined) edge.to = this.#target(target);
      });
    }
  }

  /**
   * Gives loops a copy for rounds.
   * @param plain headers of those that get none.
   * @param traced whether calls are told of: their budget must be exact.
   */
  addRounds(plain: ReadonlySet<Block>, traced: boolean): void {
    const loops = naturalLoops(this.start, this.headers);
    for (const [node, body] of loops) {
      const header = this.#blockOf.get(node);
      const blocks = new Set([...body].flatMap((n) => this.#blockOf.get(n) ?? []));
      if (!header || plain.has(header) || blocks.size < body.size) continue;
      if (traced && [...blocks].some(({ term }) => mayTrace(term))) continue;
      const plan = planRounds(header, blocks, planAccesses);
      if (plan) this.#connectRounds(node, body, plan);
    }
  }

  #connectRounds(header: Node, body: ReadonlySet<Node>, plan: Rounds): void {
    const ask = this.#graph.add();
    for (const latch of body) {
      for (const edge of latch.edges) if (edge.to === header) edge.to = ask;
    }
    for (const block of plan.blocks) this.#addNode(block);
    for (const [block, placed] of plan.plans) this.#plans.set(block, placed);
    const again = this.#graph.add();
    const refused = this.#graph.add();
    for (const block of plan.blocks) this.#connectBlock(block);
    for (const block of plan.blocks) {
      for (const edge of this.#edges.get(block) ?? []) if (edge.to === header) edge.to = again;
    }
    const first = this.nodeOf(plan.header);
    this.rounds.push({
      plan,
      ask,
      again,
      refused,
      enter: this.#graph.connect(ask, first),
      refuse: this.#graph.connect(ask, refused),
      original: this.#graph.connect(refused, header),
      repeat: this.#graph.connect(again, first),
      end: this.#graph.connect(again, ask),
    });
  }

  /**
   * Lets those who come to a loop ask at once. Where its copy may leave before it has written flags
   * they come to the first round as it is instead: the flags are then known behind it.
   */
  askAtOnce(facts: ReadonlyMap<Block, BlockFacts>): void {
    for (const { plan, ask, refused } of this.rounds) {
      if (facts.get(plan.header)?.flagsIn !== false) continue;
      const header = this.nodeOf(plan.original);
      for (const node of this.#graph.nodes) {
        if (node === refused) continue;
        for (const edge of node.edges) if (edge.to === header) edge.to = ask;
      }
    }
  }
}

/** Of several blocks at an address (copies of a callee), the first. */
function byAddress(blocks: readonly Block[]): Block[] {
  const found = new Map<number, Block>();
  for (const b of blocks) if (!found.has(b.ip)) found.set(b.ip, b);
  return [...found.values()];
}

function mayTrace(term: Block['term']): boolean {
  return term.k === 'call' || term.k === 'ret' || term.k === 'indirect';
}

/** The targets of a block's edges, in the order in which they were connected. */
export function successorsByEdge(block: Block): (Block | number)[] {
  const term = block.term;
  if (term.k === 'goto' || term.k === 'call') return [term.to];
  if (term.k === 'branch') return [term.yes, term.no];
  return successors(block);
}
