// SPDX-License-Identifier: GPL-2.0-or-later
/** A region's code, node by node, and its way into a WebAssembly function and into text. */
import type { Edge, Node } from './graph.ts';
import { get, i32, op, printExpr, printStmt, set } from './ir.ts';
import type { Expr, Stmt, Var } from './ir.ts';
import { structure } from './structure.ts';
import type { CodeWriter } from './wasm-code.ts';

/** A node's code: statements, then the first way whose condition holds, else the last one. */
export interface NodeCode {
  readonly title: string;
  readonly stmts: readonly Stmt[];
  readonly tests: readonly { readonly cond: Expr; readonly edge: Edge }[];
  readonly last: Edge | Stmt;
}

export class NodeCodes {
  readonly #label: Var;
  readonly #code = new Map<Node, NodeCode>();
  /** What an edge does on its way. */
  readonly #onEdge = new Map<Edge, Stmt[]>();

  /** @param label chooses among the cases of a dispatcher. */
  constructor(label: Var) {
    this.#label = label;
  }

  set(node: Node, code: NodeCode): void {
    this.#code.set(node, code);
  }

  /** Adds to what an edge does on its way. */
  onEdge(edge: Edge, stmts: readonly Stmt[]): void {
    if (stmts.length > 0) this.#onEdge.set(edge, [...(this.#onEdge.get(edge) ?? []), ...stmts]);
  }

  /** A node that goes to the edge whose number `chosen` holds, the first of them in other cases. */
  choose(node: Node, title: string, chosen: Var): void {
    const tests = node.edges
      .slice(1)
      .map((edge, i) => ({ cond: op('i32.eq', get(chosen), i32(i + 1)), edge }));
    const last = node.edges[0];
    if (last) this.#code.set(node, { title, stmts: [], tests, last });
  }

  /** A dispatcher, which tests for its loop's own header first: one test against all the others. */
  dispatch(node: Node): void {
    const tests = node.edges
      .slice(1)
      .map((edge, i) => ({ cond: op('i32.eq', get(this.#label), i32(i + 1)), edge }));
    const first = node.edges[0];
    if (first) tests.unshift({ cond: op('i32.eqz', get(this.#label)), edge: first });
    const last = tests.pop();
    if (last) this.#code.set(node, { title: 'dispatch', stmts: [], tests, last: last.edge });
  }

  /** Writes everything that is reached from `start`. */
  write(start: Node, code: CodeWriter): void {
    structure(start, {
      block: (l) => code.block(l),
      loop: (l) => code.loop(l),
      end: () => code.end(),
      node: (node, follow, jumpLabel) => this.#write(code, node, follow, jumpLabel),
    });
  }

  #write(
    code: CodeWriter,
    node: Node,
    follow: (edge: Edge) => void,
    jumpLabel: (edge: Edge) => string | null,
  ): void {
    const body = this.#code.get(node);
    if (!body) throw new Error('a node without code');
    for (const s of body.stmts) code.stmt(s);
    for (const { cond, edge } of body.tests) {
      const label = jumpLabel(edge);
      code.expr(cond);
      if (label !== null && edge.label < 0 && !this.#onEdge.has(edge)) code.brIf(label);
      else {
        code.if();
        this.#go(code, edge, label, follow);
        code.end();
      }
    }
    const { last } = body;
    if ('to' in last) this.#go(code, last, jumpLabel(last), follow);
    else code.stmt(last);
  }

  #go(code: CodeWriter, edge: Edge, label: string | null, follow: (edge: Edge) => void): void {
    for (const s of this.#onEdge.get(edge) ?? []) code.stmt(s);
    if (edge.label >= 0) code.stmt(set(this.#label, i32(edge.label)));
    if (label === null) follow(edge);
    else code.br(label);
  }

  listing(order: readonly Node[]): string[] {
    return order.flatMap((node) => this.#list(node));
  }

  #list(node: Node): string[] {
    const code = this.#code.get(node);
    if (!code) return [];
    const to = (e: Edge): string => {
      const inLine = (s: Stmt): string =>
        printStmt(s)
          .map((line) => line.trim())
          .join(' ');
      const work = (this.#onEdge.get(e) ?? []).map(inLine).join('; ');
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
}
