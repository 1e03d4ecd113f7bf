// SPDX-License-Identifier: GPL-2.0-or-later
/** One region from guest blocks through the intermediate form to a WebAssembly module. */
import type { Insn } from './decode.ts';
import type { Counters } from './counters.ts';
import { emitFunction } from './emit.ts';
import { EXIT } from './exits.ts';
import { commonFlags, convert, convertible } from './flag-flow.ts';
import { stored, type FlagState } from './flags.ts';
import { Flow, successorsByEdge, type Part, type RoundsNodes } from './flow.ts';
import { predecessors, reversePostorder, type Edge, type Node } from './graph.ts';
import { get, i32, i64, ifThen, op, set, type Stmt } from './ir.ts';
import { Lift } from './lift.ts';
import type { LiftOptions } from './lift/memory.ts';
import { liftTerminator, type Way } from './lift/control.ts';
import { LIFTERS } from './lift/table.ts';
import type { Placed } from './access.ts';
import { planBudget, type Budget } from './budget.ts';
import { analyse, type BlockFacts } from './liveness.ts';
import { successors, type Block, type Region } from './region.ts';
import { promiseRounds } from './rounds-code.ts';
import { LoadGroups } from './load-groups.ts';
import { NodeCodes, type NodeCode } from './node-code.ts';
import { Vars, type ExpectRange, type Window } from './vars.ts';

export interface Compiled {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Guest addresses at which the function may be entered; the index is its parameter. */
  readonly entries: readonly number[];
  /** More addresses, at which the region's other part can be entered. */
  readonly seldom: readonly number[];
  readonly windows: readonly Window[];
  /** Homes of windows by the sites that share them. */
  readonly homes: ReadonlyMap<string, number>;
  /** The intermediate form, node by node, for people. */
  readonly listing: () => string[];
}

export interface CompileOptions extends LiftOptions {
  /** RAM address of a new 16-byte window home. */
  allocateWindow(): number;
  /** Where accesses are expected; without it, every window is in RAM. */
  readonly expectRange?: ExpectRange | undefined;
  /** Whether loops get rounds. */
  readonly rounds: boolean;
  /** Without it, what is translated best is the main part, anything else whole. */
  readonly part?: Part;
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

/** At which checkpoints the budget is asked for. */
interface Asks {
  /** By the blocks themselves. */
  readonly onArrival: ReadonlySet<Block>;
  /** On each way to them. */
  readonly onTheWay: ReadonlySet<Block>;
}

class RegionCompiler {
  readonly #region: Region;
  readonly #vars: Vars;
  readonly #lift: Lift;
  readonly #watching: boolean;
  readonly #counters: Counters | null;
  readonly #inRounds: boolean;
  readonly #flow: Flow;
  readonly #code: NodeCodes;
  #asks: Asks = { onArrival: new Set(), onTheWay: new Set() };
  readonly #flagsIn = new Map<Node, FlagState | null>();
  readonly #flagsOut = new Map<Node, FlagState | null>();

  constructor(region: Region, options: CompileOptions) {
    this.#region = region;
    this.#vars = new Vars(() => options.allocateWindow(), options.expectRange);
    this.#lift = new Lift(this.#vars, options);
    this.#flow = new Flow(region, options.part ?? (options.rounds ? 'main' : 'whole'));
    this.#code = new NodeCodes(this.#vars.label);
    this.#inRounds = options.rounds;
    this.#watching = (options.watch ?? null) !== null;
    this.#counters = options.counters ?? null;
  }

  /**
   * @param plain headers of loops that get no rounds.
   * @returns null when one more has been added to these.
   */
  compile(plain: Set<Block>): Compiled | null {
    const flow = this.#flow;
    if (this.#inRounds && !this.#watching) flow.addRounds(plain, this.#counters !== null);
    const live = flow.live();
    const closing = live.filter((b) => flow.headers.has(flow.nodeOf(b)));
    const elsewhere = this.#region.blocks.filter((b) => flow.isElsewhere(b));
    const checked = new Set([...flow.entries, ...closing, ...elsewhere]);
    // behind a loop in rounds, so that its rounds are charged for themselves alone
    for (const { plan } of flow.rounds) {
      for (const b of plan.blocks) {
        for (const next of successors(b)) if (!plan.plans.has(next)) checked.add(next);
      }
    }
    const prepaid = new Set(flow.rounds.map((r) => r.plan.header));
    const budget = planBudget(live, checked, prepaid);
    const planOf = (b: Block): Placed[][] => flow.planOf(b);
    this.#asks = this.#whereToAsk(budget);
    const { onArrival, onTheWay } = this.#asks;
    const facts = analyse(live, onArrival, onTheWay, this.#watching, planOf);
    flow.askAtOnce(facts);
    const dispatchers = flow.makeReducible();
    const order = reversePostorder(flow.start);
    this.#liftAll(order, budget, facts);
    for (const { plan, ask, again } of flow.rounds) {
      if (convertible(this.#flagsOut.get(again) ?? null, this.#flagsIn.get(ask) ?? null)) continue;
      plain.add(plan.original);
      return null;
    }
    this.#code.choose(flow.start, 'enter', this.#vars.entry);
    for (const [target, node] of flow.exits) this.#code.set(node, leaving(target));
    for (const d of dispatchers) this.#code.dispatch(d);
    for (const node of order) this.#finishEdges(node, budget, facts);
    return {
      bytes: this.#emit(),
      entries: flow.entries.map((b) => b.ip),
      seldom: flow.seldom.map((b) => b.ip),
      windows: [...this.#vars.windows.values()],
      homes: this.#vars.homes,
      listing: () => this.#code.listing(order),
    };
  }

  /**
   * Where checkpoints ask the budget. Asked on the ways to a loop, the flags are as those who come
   * left them, in registers or constant; in the loop they would be in variables, set on each way.
   */
  #whereToAsk({ checkpoints }: Budget): Asks {
    if (!this.#inRounds) return { onArrival: checkpoints, onTheWay: new Set() };
    const closes = (b: Block): boolean => this.#flow.headers.has(this.#flow.nodeOf(b));
    const all = [...checkpoints];
    return {
      onArrival: new Set(all.filter((b) => !closes(b))),
      onTheWay: new Set(all.filter(closes)),
    };
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
        edge: i === 0 ? edges.refuse : this.#flow.connect(ask, refused),
      })),
      last: edges.enter,
    });
    const charge = op('i32.sub', get(left), i32(promise.rounds * length));
    this.#code.onEdge(edges.enter, [set(left, charge), set(rounds, i32(promise.rounds))]);
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
      this.#flow.rounds.flatMap((r) => [r.ask, r.again, r.refused].map((n) => [n, r] as const)),
    );
    for (const node of order) {
      const from = (preds.get(node) ?? []).filter((p) => rounds.get(p)?.again !== p);
      const known = from.every((p) => this.#flagsOut.has(p));
      const flags = known ? commonFlags(from.map((p) => this.#flagsOut.get(p) ?? null)) : null;
      const block = this.#flow.blockOf(node);
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
    const loop = this.#flow.copyOf(block);
    const unused = loop && { rounds, each: budget.ahead(loop.plan.header) };
    lift.beginBlock(block.insns, fact.plan, known, { ahead, unused });
    if (this.#asks.onArrival.has(block)) {
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
      lift.stmts.push({ k: 'note', insn });
      const last = i === count - 1;
      if (last && block.term.k !== 'goto' && block.term.k !== 'step') {
        way = liftTerminator(lift, block.term);
      } else if (insn.mnemonic !== 'Jmp') lifterOf(insn)(lift);
    });
    if (block.term.k === 'step') way = liftTerminator(lift, block.term);
    lift.emit(...lift.lowLanes.joinAll());
    const edges = this.#flow.edgesOf(block);
    const title = `block ${block.ip.toString(16)}${loop ? ' in rounds' : ''}`;
    this.#code.set(this.#flow.nodeOf(block), { title, stmts: lift.stmts, ...ways(way, edges) });
    return lift.flags;
  }

  /** Gives back to the budget and puts the flags where the edge's target expects them. */
  #finishEdges(node: Node, budget: Budget, facts: ReadonlyMap<Block, BlockFacts>): void {
    const { left, rounds, flags } = this.#vars;
    const block = this.#flow.blockOf(node);
    const loop = block && this.#flow.copyOf(block);
    const targets = block ? successorsByEdge(block) : [];
    node.edges.forEach((edge, i) => {
      const stmts: Stmt[] = [];
      const to = targets[i] ?? null;
      if (block) {
        const inside = typeof to === 'number' ? null : to;
        const refund = budget.refund(block, inside);
        const stays =
          inside && loop && (loop.plan.plans.has(inside) || inside === loop.plan.original);
        if (loop && !stays) {
          const each = budget.ahead(loop.plan.header);
          const whole = op('i32.mul', get(rounds), i32(each));
          const back = op('i32.add', whole, i32(refund - each));
          stmts.push(set(left, op('i32.add', get(left), back)));
        } else if (refund !== 0) stmts.push(set(left, op('i32.add', get(left), i32(refund))));
      }
      const target = this.#flow.blockOf(edge.to);
      if (target && this.#asks.onTheWay.has(target)) {
        stmts.push(...this.#askFor(target, budget.ahead(target), this.#flagsOut.get(node) ?? null));
      }
      const fact = target && facts.get(target);
      if (!fact || fact.flagsIn) {
        const [from, wanted] = [this.#flagsOut.get(node), this.#flagsIn.get(edge.to)];
        stmts.push(...convert(from ?? null, wanted ?? null, flags));
      }
      this.#code.onEdge(edge, stmts);
    });
  }

  /** Charges what lies ahead of a block, or leaves for it. */
  #askFor(block: Block, ahead: number, flags: FlagState | null): Stmt[] {
    const { left, flags: homes } = this.#vars;
    const before = flags ? stored(flags, homes) : [];
    const exit = {
      k: 'exit',
      code: EXIT.budget,
      rip: i64(block.ip),
      refund: ahead,
      before,
    } as const;
    return [
      set(left, op('i32.sub', get(left), i32(ahead))),
      ifThen(op('i32.lt_s', get(left), i32(0)), [exit]),
    ];
  }

  #emit(): Uint8Array<ArrayBuffer> {
    const insns = this.#region.blocks.flatMap((block) => block.insns);
    const name = `guest ${this.#region.root.ip.toString(16)}`;
    return emitFunction(this.#vars, insns, name, (code) => {
      this.#code.write(this.#flow.start, code);
    });
  }
}

function leaving(target: number): NodeCode {
  const last: Stmt = { k: 'exit', code: EXIT.next, rip: i64(target), refund: 0 };
  return { title: 'leave', stmts: [], tests: [], last };
}

function lifterOf(insn: Insn): (c: Lift) => void {
  const lifter = LIFTERS.get(insn.mnemonic);
  if (!lifter) throw new Error(`${insn.mnemonic} is not translated`);
  return lifter.lift;
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
