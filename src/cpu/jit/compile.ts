// SPDX-License-Identifier: GPL-2.0-or-later
/** One region from guest blocks through the intermediate form to a WebAssembly module. */
import type { Insn } from './decode.ts';
import type { Counters } from './counters.ts';
import { emitFunction } from './emit.ts';
import { EXIT } from './exits.ts';
import { commonFlags, convert, convertible } from './flag-flow.ts';
import type { FlagState } from './flags.ts';
import {
  Graph,
  makeReducible,
  naturalLoops,
  predecessors,
  retreatingEdges,
  reversePostorder,
  type Edge,
  type Node,
} from './graph.ts';
import { get, i32, i64, ifThen, op, printExpr, printStmt, set } from './ir.ts';
import type { Expr, Stmt } from './ir.ts';
import { Lift } from './lift.ts';
import type { LiftOptions } from './lift/memory.ts';
import { liftTerminator, type Way } from './lift/control.ts';
import { LIFTERS } from './lift/table.ts';
import { planAccesses, type Placed } from './access.ts';
import { planBudget, type Budget } from './budget.ts';
import { analyse, type BlockFacts } from './liveness.ts';
import { successors, type Block, type Region } from './region.ts';
import { promiseRounds } from './rounds-code.ts';
import { planRounds, type Rounds } from './rounds.ts';
import { LoadGroups } from './load-groups.ts';
import { structure } from './structure.ts';
import { Vars, type ExpectRange, type Window } from './vars.ts';
import type { CodeWriter } from './wasm.ts';

/** A node's code: statements, then the first way whose condition holds, else the last one. */
interface NodeCode {
  readonly title: string;
  readonly stmts: readonly Stmt[];
  readonly tests: readonly { readonly cond: Expr; readonly edge: Edge }[];
  readonly last: Edge | Stmt;
}

export interface Compiled {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Guest addresses at which the function may be entered; the index is its parameter. */
  readonly entries: readonly number[];
  readonly windows: readonly Window[];
  /** Homes of windows by the sites that share them. */
  readonly homes: ReadonlyMap<string, number>;
  /** The intermediate form, node by node, for people. */
  readonly listing: () => string[];
}

/** The nodes and edges around a loop's copy for rounds. */
interface RoundsNodes {
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

export interface CompileOptions extends LiftOptions {
  /** RAM address of a new 16-byte window home. */
  allocateWindow(): number;
  /** Where accesses are expected; without it, every window is in RAM. */
  readonly expectRange?: ExpectRange | undefined;
  /** Whether loops get rounds. */
  readonly rounds: boolean;
}

export function compileRegion(region: Region, options: CompileOptions): Compiled {
  const plain = new Set<Block>();
  const used = options.counters?.used ?? 0;
  for (;;) {
    options.counters?.release(used);
    const compiled = new RegionCompiler(region, options).compile(plain);
    if (compiled) return compiled;
  }
}

class RegionCompiler {
  readonly #region: Region;
  readonly #vars: Vars;
  readonly #lift: Lift;
  readonly #watching: boolean;
  readonly #counters: Counters | null;
  readonly #inRounds: boolean;
  readonly #graph = new Graph();
  readonly #code = new Map<Node, NodeCode>();
  readonly #nodeOf = new Map<Block, Node>();
  readonly #blockOf = new Map<Node, Block>();
  readonly #leave = new Map<number, Node>();
  readonly #edges = new Map<Block, Edge[]>();
  /** What an edge does on its way. */
  readonly #onEdge = new Map<Edge, Stmt[]>();
  readonly #rounds: RoundsNodes[] = [];
  readonly #plans = new Map<Block, Placed[][]>();
  readonly #flagsIn = new Map<Node, FlagState | null>();
  readonly #flagsOut = new Map<Node, FlagState | null>();

  constructor(region: Region, options: CompileOptions) {
    this.#region = region;
    this.#vars = new Vars(() => options.allocateWindow(), options.expectRange);
    this.#lift = new Lift(this.#vars, options);
    this.#inRounds = options.rounds;
    this.#watching = (options.watch ?? null) !== null;
    this.#counters = options.counters ?? null;
  }

  /**
   * @param plain headers of loops that get no rounds.
   * @returns null when one more has been added to these.
   */
  compile(plain: Set<Block>): Compiled | null {
    const start = this.#graph.add();
    const { blocks, root } = this.#region;
    for (const block of blocks) this.#addNode(block);
    for (const block of blocks) this.#connectBlock(block);
    const { entries, headers } = this.#connectEntries(start, root);
    if (this.#inRounds && !this.#watching) this.#addRounds(start, headers, plain);
    const reachable = new Set(reversePostorder(start));
    const live = [...this.#nodeOf.keys()].filter((b) => reachable.has(this.#node(b)));
    const checked = new Set([...entries, ...live.filter((b) => headers.has(this.#node(b)))]);
    // behind a loop in rounds, so that its rounds are charged for themselves alone
    for (const { plan } of this.#rounds) {
      for (const b of plan.blocks) {
        for (const next of successors(b)) if (!plan.plans.has(next)) checked.add(next);
      }
    }
    const budget = planBudget(live, checked, new Set(this.#rounds.map((r) => r.plan.header)));
    const planOf = (b: Block): Placed[][] => this.#plans.get(b) ?? planAccesses(b.insns);
    const facts = analyse(live, budget.checkpoints, this.#watching, planOf);
    this.#askAtOnce(facts);
    const rank = new Map(reversePostorder(start).map((n, i) => [n, i]));
    const dispatchers = makeReducible(this.#graph, start, (n) => rank.get(n) ?? 0);

    const order = reversePostorder(start);
    this.#liftAll(order, budget, facts);
    for (const { plan, ask, again } of this.#rounds) {
      if (convertible(this.#flagsOut.get(again) ?? null, this.#flagsIn.get(ask) ?? null)) continue;
      plain.add(plan.original);
      return null;
    }
    this.#startCode(start);
    for (const d of dispatchers) this.#dispatcherCode(d);
    for (const node of order) this.#finishEdges(node, budget, facts);
    return {
      bytes: this.#emit(start),
      entries: entries.map((b) => b.ip),
      windows: [...this.#vars.windows.values()],
      homes: this.#vars.homes,
      listing: () => this.#listing(order),
    };
  }

  #addNode(block: Block): Node {
    const node = this.#graph.add();
    this.#nodeOf.set(block, node);
    this.#blockOf.set(node, block);
    return node;
  }

  #node(block: Block): Node {
    const node = this.#nodeOf.get(block);
    if (!node) throw new Error('a block without a node');
    return node;
  }

  /** The node behind a target; an address outside becomes a node that leaves for it. */
  #target(target: Block | number): Node {
    if (typeof target !== 'number') return this.#node(target);
    let node = this.#leave.get(target);
    if (!node) {
      node = this.#graph.add();
      this.#leave.set(target, node);
      const last: Stmt = { k: 'exit', code: EXIT.next, rip: i64(target), refund: 0 };
      this.#code.set(node, { title: 'leave', stmts: [], tests: [], last });
    }
    return node;
  }

  #connectBlock(block: Block): void {
    const node = this.#node(block);
    const edges = successorsByEdge(block).map((t) => this.#graph.connect(node, this.#target(t)));
    this.#edges.set(block, edges);
  }

  /** Entries: the root, where the region is left and resumed, and every loop's header. */
  #connectEntries(start: Node, root: Block): { entries: Block[]; headers: ReadonlySet<Node> } {
    const entries = new Map<number, Block>([[root.ip, root]]);
    this.#graph.connect(start, this.#node(root));
    const enter = (block: Block): void => {
      if (entries.has(block.ip)) return;
      entries.set(block.ip, block);
      this.#graph.connect(start, this.#node(block));
    };
    for (const block of this.#region.blocks) if (block.entry) enter(block);
    const loops = retreatingEdges(start);
    for (const [node, from] of loops) {
      const block = this.#blockOf.get(node);
      // one that returns close climb the stack and end soon; to enter it would cost a dispatcher
      if (block && !from.every((n) => this.#blockOf.get(n)?.term.k === 'ret')) enter(block);
    }
    return { entries: [...entries.values()], headers: new Set(loops.keys()) };
  }

  // ---- loops in rounds ----

  #addRounds(start: Node, headers: ReadonlySet<Node>, plain: ReadonlySet<Block>): void {
    const loops = naturalLoops(start, headers);
    for (const [node, body] of loops) {
      const header = this.#blockOf.get(node);
      const blocks = new Set([...body].flatMap((n) => this.#blockOf.get(n) ?? []));
      if (!header || plain.has(header) || blocks.size < body.size) continue;
      // where calls are told, the budget must be exact
      if (this.#counters && [...blocks].some(({ term }) => mayTrace(term))) continue;
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
    const first = this.#node(plan.header);
    this.#rounds.push({
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
  #askAtOnce(facts: ReadonlyMap<Block, BlockFacts>): void {
    for (const { plan, ask, refused } of this.#rounds) {
      if (facts.get(plan.header)?.flagsIn() !== false) continue;
      const header = this.#node(plan.original);
      for (const node of this.#graph.nodes) {
        if (node === refused) continue;
        for (const edge of node.edges) if (edge.to === header) edge.to = ask;
      }
    }
  }

  #roundsCode({ plan, ask, again, refused, ...edges }: RoundsNodes, length: number): void {
    const { rounds, left } = this.#vars;
    const at = plan.header.ip.toString(16);
    const promise = promiseRounds(this.#lift, plan, length);
    this.#code.set(ask, {
      title: `ask for ${promise.rounds} rounds of ${at}`,
      stmts: [],
      tests: promise.refusals.map((cond, i) => ({
        cond,
        edge: i === 0 ? edges.refuse : this.#graph.connect(ask, refused),
      })),
      last: edges.enter,
    });
    const charge = op('i32.sub', get(left), i32(promise.rounds * length));
    this.#onEdge.set(edges.enter, [set(left, charge), set(rounds, i32(promise.rounds))]);
    this.#code.set(refused, { title: 'refused', stmts: [], tests: [], last: edges.original });
    this.#code.set(again, {
      title: `next round of ${at}`,
      stmts: [set(rounds, op('i32.sub', get(rounds), i32(1)))],
      tests: [{ cond: get(rounds), edge: edges.repeat }],
      last: edges.end,
    });
  }

  // ---- blocks ----

  #liftAll(order: readonly Node[], budget: Budget, facts: ReadonlyMap<Block, BlockFacts>): void {
    const preds = predecessors(order);
    const rounds = new Map(
      this.#rounds.flatMap((r) => [r.ask, r.again, r.refused].map((n) => [n, r] as const)),
    );
    for (const node of order) {
      const from = (preds.get(node) ?? []).filter((p) => rounds.get(p)?.again !== p);
      const known = from.every((p) => this.#flagsOut.has(p));
      const flags = known ? commonFlags(from.map((p) => this.#flagsOut.get(p) ?? null)) : null;
      const block = this.#blockOf.get(node);
      const fact = block && facts.get(block);
      const round = rounds.get(node);
      const dispatcher = node.cases !== null;
      this.#flagsIn.set(node, (block || round) && !dispatcher ? flags : null);
      if (block && fact) this.#flagsOut.set(node, this.#liftBlock(block, flags, budget, fact));
      else this.#flagsOut.set(node, round ? flags : null);
      if (round?.ask === node) this.#roundsCode(round, budget.ahead(round.plan.header));
    }
  }

  #liftBlock(
    block: Block,
    known: FlagState | null,
    budget: Budget,
    fact: BlockFacts,
  ): FlagState | null {
    const lift = this.#lift;
    const { left, rounds } = this.#vars;
    const count = block.insns.length;
    const ahead = budget.ahead(block);
    const loop = this.#rounds.find((r) => this.#isCopy(r, block));
    const unused = loop && { rounds, each: budget.ahead(loop.plan.header) };
    lift.beginBlock(block.insns, fact.plan, known, { ahead, unused });
    if (budget.checkpoints.has(block)) {
      lift.stmts.push(set(left, op('i32.sub', get(left), i32(ahead))));
      const short = op('i32.lt_s', get(left), i32(0));
      lift.emit(ifThen(short, [lift.exit(EXIT.budget, i64(block.ip), 0)]));
    }
    if (this.#counters && count > 0) lift.stmts.push(this.#counters.count(block.insns));
    let way: Way = { tests: [], exit: null };
    const groups = new LoadGroups();
    block.insns.forEach((insn, i) => {
      lift.beginInsn(insn, i, fact.flagsLive[i] ?? true);
      if (loop && groups.begins(insn))
        lift.emit(ifThen(op('i32.eqz', get(rounds)), [lift.giveUp()]));
      lift.emit({ k: 'note', text: `${insn.ip.toString(16)} ${insn.mnemonic.toLowerCase()}` });
      const last = i === count - 1;
      if (last && block.term.k !== 'goto' && block.term.k !== 'step') {
        way = liftTerminator(lift, block.term);
      } else if (insn.mnemonic !== 'Jmp') lifterOf(insn)(lift);
    });
    if (block.term.k === 'step') way = liftTerminator(lift, block.term);
    lift.emit(...lift.lowLanes.joinAll());
    const edges = this.#edges.get(block) ?? [];
    const title = `block ${block.ip.toString(16)}${loop ? ' in rounds' : ''}`;
    this.#code.set(this.#node(block), { title, stmts: lift.stmts, ...ways(way, edges) });
    return lift.flags;
  }

  #isCopy({ plan }: RoundsNodes, block: Block): boolean {
    return plan.plans.has(block);
  }

  /** Gives back to the budget and puts the flags where the edge's target expects them. */
  #finishEdges(node: Node, budget: Budget, facts: ReadonlyMap<Block, BlockFacts>): void {
    const { left, rounds, flags } = this.#vars;
    const block = this.#blockOf.get(node);
    const loop = block && this.#rounds.find((r) => this.#isCopy(r, block));
    const targets = block ? successorsByEdge(block) : [];
    node.edges.forEach((edge, i) => {
      const stmts: Stmt[] = [];
      const to = targets[i] ?? null;
      if (block) {
        const inside = typeof to === 'number' ? null : to;
        const refund = budget.refund(block, inside);
        const stays =
          inside && loop && (this.#isCopy(loop, inside) || inside === loop.plan.original);
        if (loop && !stays) {
          const each = budget.ahead(loop.plan.header);
          const whole = op('i32.mul', get(rounds), i32(each));
          const back = op('i32.add', whole, i32(refund - each));
          stmts.push(set(left, op('i32.add', get(left), back)));
        } else if (refund !== 0) stmts.push(set(left, op('i32.add', get(left), i32(refund))));
      }
      const target = this.#blockOf.get(edge.to);
      const fact = target && facts.get(target);
      if (!fact || fact.flagsIn()) {
        const [from, wanted] = [this.#flagsOut.get(node), this.#flagsIn.get(edge.to)];
        stmts.push(...convert(from ?? null, wanted ?? null, flags));
      }
      const already = this.#onEdge.get(edge) ?? [];
      if (stmts.length > 0 || already.length > 0) this.#onEdge.set(edge, [...already, ...stmts]);
    });
  }

  #startCode(start: Node): void {
    const { entry } = this.#vars;
    const tests = start.edges
      .map((edge, i) => ({ cond: op('i32.eq', get(entry), i32(i)), edge }))
      .slice(1);
    const last = start.edges[0];
    if (last) this.#code.set(start, { title: 'enter', stmts: [], tests, last });
  }

  #dispatcherCode(d: Node): void {
    const { label } = this.#vars;
    const tests = d.edges
      .slice(1)
      .map((edge, i) => ({ cond: op('i32.eq', get(label), i32(i + 1)), edge }));
    const first = d.edges[0];
    // the first case is the loop's own header: one test decides against all the others
    if (first) tests.unshift({ cond: op('i32.eqz', get(label)), edge: first });
    const last = tests.pop();
    if (last) this.#code.set(d, { title: 'dispatch', stmts: [], tests, last: last.edge });
  }

  // ---- from nodes to bytes ----

  #emit(start: Node): Uint8Array<ArrayBuffer> {
    const insns = this.#region.blocks.flatMap((block) => block.insns);
    const name = `guest ${this.#region.root.ip.toString(16)}`;
    return emitFunction(this.#vars, insns, name, (code) => {
      structure(start, {
        block: (l) => code.block(l),
        loop: (l) => code.loop(l),
        end: () => code.end(),
        node: (node, follow, jumpLabel) => this.#emitNode(code, node, follow, jumpLabel),
      });
    });
  }

  #emitNode(
    code: CodeWriter,
    node: Node,
    follow: (edge: Edge) => void,
    jumpLabel: (edge: Edge) => string | null,
  ): void {
    const body = this.#code.get(node);
    if (!body) throw new Error('a node without code');
    for (const s of body.stmts) code.stmt(s);
    const go = (edge: Edge): void => {
      for (const s of this.#onEdge.get(edge) ?? []) code.stmt(s);
      if (edge.label >= 0) code.stmt(set(this.#vars.label, i32(edge.label)));
      const label = jumpLabel(edge);
      if (label === null) follow(edge);
      else code.br(label);
    };
    for (const { cond, edge } of body.tests) {
      const label = jumpLabel(edge);
      code.expr(cond);
      if (label !== null && edge.label < 0 && !this.#onEdge.has(edge)) code.brIf(label);
      else {
        code.if();
        go(edge);
        code.end();
      }
    }
    if ('to' in body.last) go(body.last);
    else code.stmt(body.last);
  }

  #listing(order: readonly Node[]): string[] {
    return order.flatMap((node) => listNode(node, this.#code.get(node), this.#onEdge));
  }
}

function listNode(
  node: Node,
  code: NodeCode | undefined,
  onEdge: ReadonlyMap<Edge, readonly Stmt[]>,
): string[] {
  if (!code) return [];
  const to = (e: Edge): string => {
    const work = (onEdge.get(e) ?? []).flatMap((s) => printStmt(s)).join('; ');
    const name = e.label >= 0 ? `n${e.to.id} as ${e.label}` : `n${e.to.id}`;
    return work ? `${name} after ${work}` : name;
  };
  return [
    `n${node.id}: ${code.title}`,
    ...code.stmts.flatMap((s) => printStmt(s, '  ')),
    ...code.tests.map((t) => `  if ${printExpr(t.cond)} goto ${to(t.edge)}`),
    ...('to' in code.last ? [`  goto ${to(code.last)}`] : printStmt(code.last, '  ')),
  ];
}

function mayTrace(term: Block['term']): boolean {
  return term.k === 'call' || term.k === 'ret' || term.k === 'indirect';
}

function lifterOf(insn: Insn): (c: Lift) => void {
  const lifter = LIFTERS.get(insn.mnemonic);
  if (!lifter) throw new Error(`${insn.mnemonic} is not translated`);
  return lifter.lift;
}

/** The targets of a block's edges, in the order in which they were connected. */
function successorsByEdge(block: Block): (Block | number)[] {
  const term = block.term;
  if (term.k === 'goto' || term.k === 'call') return [term.to];
  if (term.k === 'branch') return [term.yes, term.no];
  return successors(block);
}

function ways(way: Way, edges: readonly Edge[]): Pick<NodeCode, 'tests' | 'last'> {
  const tests = way.tests.flatMap((cond, i) => {
    const edge = edges[i];
    return edge ? [{ cond, edge }] : [];
  });
  const last = way.exit ?? edges[way.tests.length];
  if (!last) throw new Error('a block without a way out');
  return { tests, last };
}
