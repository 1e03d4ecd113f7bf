// SPDX-License-Identifier: GPL-2.0-or-later
/** The translator's parts by themselves: intermediate form, encoder, control flow, table. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emitFunction } from './emit.ts';
import { EXIT } from './exits.ts';
import { dominators, Graph, makeReducible, reversePostorder, type Node } from './graph.ts';
import { get, i32, i64, ifThen, op, printExpr, printStmt, set } from './ir.ts';
import { structure } from './structure.ts';
import { instructionTable } from './table-text.ts';
import { Vars } from './vars.ts';
import { functionText } from './wasm-text.ts';
import { ByteWriter } from './wasm-bytes.ts';

describe('intermediate form', () => {
  const vars = new Vars(() => 0);

  it('refuses operands of the wrong type', () => {
    expect(() => op('i64.add', i64(1), i32(1))).toThrow('i64.add takes (i64, i64), not (i64, i32)');
    expect(() => set(vars.left, i64(1))).toThrow('set left takes (i32)');
  });

  it('prints as text', () => {
    const sum = op('i64.add', get(vars.rip), i64(0x1234));
    expect(printExpr(sum)).toBe('i64.add(rip, 0x1234L)');
    expect(printStmt(ifThen(op('i64.eqz', sum), [set(vars.left, i32(-1))]))).toEqual([
      'if i64.eqz(i64.add(rip, 0x1234L)) {',
      '  left = -1',
      '}',
    ]);
  });
});

describe('encoder', () => {
  it('writes LEB128 as the specification does', () => {
    const encoded = (write: (w: ByteWriter) => void): number[] => {
      const w = new ByteWriter();
      write(w);
      return [...w.finish()];
    };
    expect(encoded((w) => w.u32(624485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(encoded((w) => w.s32(-123456))).toEqual([0xc0, 0xbb, 0x78]);
    expect(encoded((w) => w.s64(-1n << 63n))).toEqual([...Array<number>(9).fill(0x80), 0x7f]);
    expect(encoded((w) => w.s64(64n))).toEqual([0xc0, 0x00]);
  });

  it('makes modules that the host accepts, and reads them back', () => {
    const vars = new Vars(() => 0);
    const bytes = emitFunction(vars, [], 'test', (code) =>
      code.stmt({ k: 'exit', code: EXIT.next, rip: i64(0x401000), refund: 3 }),
    );
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(functionText(bytes)).toContain('  i64.const 4198400');
  });
});

describe('control flow', () => {
  const graphOf = (
    count: number,
    edges: readonly (readonly [number, number])[],
  ): { graph: Graph; nodes: Node[] } => {
    const graph = new Graph();
    const nodes = Array.from({ length: count }, () => graph.add());
    for (const [a, b] of edges) {
      const [from, to] = [nodes[a], nodes[b]];
      if (from && to) graph.connect(from, to);
    }
    return { graph, nodes };
  };
  const structured = (root: Node): string => {
    let text = '';
    structure(root, {
      block: (l) => (text += `(${l} `),
      loop: (l) => (text += `{${l} `),
      end: () => (text += ') '),
      node: (node, follow, label) => {
        text += `${node.id} `;
        for (const edge of node.edges) {
          const to = label(edge);
          if (to === null) follow(edge);
          else text += `->${to} `;
        }
      },
    });
    return text.trim();
  };

  it('finds dominators', () => {
    const { nodes } = graphOf(4, [[0, 1], [0, 2], [1, 3], [2, 3]]); // prettier-ignore
    const [a, , , d] = nodes;
    expect(a && d && dominators(reversePostorder(a)).get(d)).toBe(a);
  });

  it('nests loops and merges', () => {
    const { nodes } = graphOf(4, [[0, 1], [1, 2], [2, 1], [1, 3], [2, 3]]); // prettier-ignore
    const [root] = nodes;
    expect(root && structured(root)).toBe('0 {loop1 (after3 1 2 ->loop1 ->after3 ->after3 ) 3 )');
  });

  it('gives an irreducible cycle a dispatcher, and every path stays', () => {
    const { graph, nodes } = graphOf(4, [[0, 1], [0, 2], [1, 2], [2, 1], [2, 3]]); // prettier-ignore
    const [root] = nodes;
    if (!root) throw new Error('no root');
    expect(() => structured(root)).toThrow('irreducible');
    const dispatchers = makeReducible(graph, root, (n) => n.id);
    expect(dispatchers.map((d) => d.cases?.map((n) => n.id))).toEqual([[1, 2]]);
    expect(root.edges.map((e) => e.label)).toEqual([0, 1]);
    expect(() => structured(root)).not.toThrow();
  });
});

describe('the table in the documentation', () => {
  it('is that of the code', () => {
    const file = new URL('../../../docs/jit-instructions.md', import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(instructionTable());
  });
});
