// SPDX-License-Identifier: GPL-2.0-or-later
/** One region from guest blocks through the intermediate form to a WebAssembly module. */
import type { Insn } from './decode.ts';
import { emitFunction } from './emit.ts';
import { EXIT } from './exits.ts';
import type { FlagState } from './flags.ts';
import {
  Graph,
  makeReducible,
  predecessors,
  retreatingTargets,
  reversePostorder,
  type Edge,
  type Node,
} from './graph.ts';
import { get, i32, i64, ifThen, op, printExpr, printStmt, set } from './ir.ts';
import type { Expr, Stmt } from './ir.ts';
import { Lift, type LiftOptions } from './lift.ts';
import { liftTerminator, type Way } from './lift/control.ts';
import { LIFTERS } from './lift/table.ts';
import { analyse, type BlockFacts } from './liveness.ts';
import { successors, type Block, type Region } from './region.ts';
import { structure } from './structure.ts';
import { Vars, type Window } from './vars.ts';
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
  /** The intermediate form, node by node, for people. */
  readonly listing: () => string[];
}

const LONGEST_UNCHECKED = 320;

export interface CompileOptions extends LiftOptions {
  /** RAM address of a new 16-byte window home. */
  allocateWindow(): number;
}

export function compileRegion(region: Region, options: CompileOptions): Compiled {
  return new RegionCompiler(region, options).compile();
}

class RegionCompiler {
  readonly #region: Region;
  readonly #vars: Vars;
  readonly #lift: Lift;
  readonly #watching: boolean;
  readonly #graph = new Graph();
  readonly #code = new Map<Node, NodeCode>();
  readonly #nodeOf = new Map<Block, Node>();
  readonly #blockOf = new Map<Node, Block>();
  readonly #leave = new Map<number, Node>();
  readonly #pending: { block: Block; edges: Edge[] }[] = [];

  constructor(region: Region, options: CompileOptions) {
    this.#region = region;
    this.#vars = new Vars(() => options.allocateWindow());
    this.#lift = new Lift(this.#vars, options);
    this.#watching = (options.watch ?? null) !== null;
  }

  compile(): Compiled {
    const start = this.#graph.add();
    const { blocks, root } = this.#region;
    for (const block of blocks) {
      const node = this.#graph.add();
      this.#nodeOf.set(block, node);
      this.#blockOf.set(node, block);
    }
    for (const block of blocks) this.#connectBlock(block);
    const entries = this.#connectEntries(start, root);
    const reachable = new Set(reversePostorder(start));
    const live = blocks.filter((b) => reachable.has(this.#node(b)));
    const checkpoints = this.#checkpoints(live, new Set(entries));
    const facts = analyse(live, new Set(checkpoints.keys()), this.#watching);
    const rank = new Map(reversePostorder(start).map((n, i) => [n, i]));
    const dispatchers = makeReducible(this.#graph, start, (n) => rank.get(n) ?? 0);

    const order = reversePostorder(start);
    const preds = predecessors(order);
    const outFlags = new Map<Node, FlagState | null>();
    for (const node of order) {
      const block = this.#blockOf.get(node);
      const fact = block && facts.get(block);
      if (!block || !fact) continue;
      const known = commonFlags(preds.get(node) ?? [], outFlags);
      outFlags.set(node, this.#liftBlock(block, known, checkpoints.get(block), fact));
    }
    this.#startCode(start);
    for (const d of dispatchers) this.#dispatcherCode(d);
    return {
      bytes: this.#emit(start),
      entries: entries.map((b) => b.ip),
      windows: [...this.#vars.windows.values()],
      listing: () => this.#listing(order),
    };
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
    const term = block.term;
    const targets =
      term.k === 'goto' || term.k === 'call'
        ? [term.to]
        : term.k === 'branch'
          ? [term.yes, term.no]
          : successors(block);
    const edges = targets.map((t) => this.#graph.connect(node, this.#target(t)));
    this.#pending.push({ block, edges });
  }

  /** Entries: the root, where the region is left and resumed, and every loop's header. */
  #connectEntries(start: Node, root: Block): Block[] {
    const entries = new Map<number, Block>([[root.ip, root]]);
    this.#graph.connect(start, this.#node(root));
    const enter = (block: Block): void => {
      if (entries.has(block.ip)) return;
      entries.set(block.ip, block);
      this.#graph.connect(start, this.#node(block));
    };
    for (const block of this.#region.blocks) if (block.entry) enter(block);
    const headers = retreatingTargets(start);
    for (const node of headers) {
      const block = this.#blockOf.get(node);
      if (block) enter(block);
    }
    this.#headers = headers;
    return [...entries.values()];
  }

  #headers: ReadonlySet<Node> = new Set();

  /** Blocks that check the budget, with the most instructions until the next check. */
  #checkpoints(live: readonly Block[], entries: ReadonlySet<Block>): Map<Block, number> {
    const checked = new Set(entries);
    for (const block of live) {
      if (this.#headers.has(this.#node(block))) checked.add(block);
    }
    const longest = new Map<Block, number>();
    const measure = (block: Block): number => {
      const known = longest.get(block);
      if (known !== undefined) return known;
      let ahead = 0;
      for (const next of successors(block)) {
        if (checked.has(next)) continue;
        const n = measure(next);
        if (n > LONGEST_UNCHECKED) checked.add(next);
        else ahead = Math.max(ahead, n);
      }
      const total = block.insns.length + ahead;
      longest.set(block, total);
      return total;
    };
    for (const block of live) measure(block);
    return new Map([...checked].map((b) => [b, longest.get(b) ?? measure(b)]));
  }

  #liftBlock(
    block: Block,
    known: FlagState | null,
    checkpoint: number | undefined,
    fact: BlockFacts,
  ): FlagState | null {
    const lift = this.#lift;
    const { left } = this.#vars;
    const count = block.insns.length;
    lift.beginBlock(block.insns, fact.plan, known);
    if (checkpoint !== undefined) {
      const short = op('i32.lt_s', get(left), i32(checkpoint));
      lift.emit(ifThen(short, [{ k: 'exit', code: EXIT.budget, rip: i64(block.ip), refund: 0 }]));
    }
    if (count > 0) lift.set(left, op('i32.sub', get(left), i32(count)));
    let way: Way = { tests: [], exit: null };
    block.insns.forEach((insn, i) => {
      lift.beginInsn(insn, i, fact.flagsLive[i] ?? true);
      lift.emit({ k: 'note', text: `${insn.ip.toString(16)} ${insn.mnemonic.toLowerCase()}` });
      const last = i === count - 1;
      if (last && block.term.k !== 'goto' && block.term.k !== 'step') {
        way = liftTerminator(lift, block.term);
      } else if (insn.mnemonic !== 'Jmp') lifterOf(insn)(lift);
    });
    if (block.term.k === 'step') way = liftTerminator(lift, block.term);
    const edges = this.#pending.find((p) => p.block === block)?.edges ?? [];
    const title = `block ${block.ip.toString(16)}`;
    this.#code.set(this.#node(block), { title, stmts: lift.stmts, ...ways(way, edges) });
    return lift.flags;
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
      if (edge.label >= 0) code.stmt(set(this.#vars.label, i32(edge.label)));
      const label = jumpLabel(edge);
      if (label === null) follow(edge);
      else code.br(label);
    };
    for (const { cond, edge } of body.tests) {
      const label = jumpLabel(edge);
      code.expr(cond);
      if (label !== null && edge.label < 0) code.brIf(label);
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
    return order.flatMap((node) => listNode(node, this.#code.get(node)));
  }
}

function listNode(node: Node, code: NodeCode | undefined): string[] {
  if (!code) return [];
  const to = (e: Edge): string => (e.label >= 0 ? `n${e.to.id} as ${e.label}` : `n${e.to.id}`);
  return [
    `n${node.id}: ${code.title}`,
    ...code.stmts.flatMap((s) => printStmt(s, '  ')),
    ...code.tests.map((t) => `  if ${printExpr(t.cond)} goto ${to(t.edge)}`),
    ...('to' in code.last ? [`  goto ${to(code.last)}`] : printStmt(code.last, '  ')),
  ];
}

function lifterOf(insn: Insn): (c: Lift) => void {
  const lifter = LIFTERS.get(insn.mnemonic);
  if (!lifter) throw new Error(`${insn.mnemonic} is not translated`);
  return lifter.lift;
}

/** The flag state that all of `preds` leave, if they are known and the same. */
function commonFlags(
  preds: readonly Node[],
  out: ReadonlyMap<Node, FlagState | null>,
): FlagState | null {
  let common: FlagState | null = null;
  for (const p of preds) {
    const state = out.get(p);
    if (!state) return null;
    if (common && (common.kind !== state.kind || common.size !== state.size)) return null;
    common = state;
  }
  return common;
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
