// SPDX-License-Identifier: GPL-2.0-or-later
/** A tree to typed closures. Names inside of brackets are addresses, elsewhere values. */
import type { DebugTensor } from '../debug-info.ts';
import type { Ast } from './ast.ts';
import {
  BOOL,
  F64,
  I64,
  memoryCode,
  readFloat,
  readInt,
  scalarCode,
  typeNamed,
  U64,
  type Code,
  type Env,
  type IntCode,
  type ScalarType,
  type VectorCode,
} from './code.ts';
import { reinterpret, toInt } from './convert.ts';
import { callCode } from './functions.ts';
import { binary, choice, unary } from './operators.ts';
import { Refused, type Span } from './problem.ts';
import { registerCode } from './registers.ts';
import type { Scope } from './scope.ts';
import { tensorElement } from './tensors.ts';

export interface CompilerOptions {
  /** The type of `old` and `new`: of the watched element. Null where there is none. */
  readonly watched?: ScalarType | null;
}

const TYPE_LIST = 'u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 char ptr';

export class Compiler {
  readonly #scope: Scope;
  readonly #watched: ScalarType | null;

  constructor(scope: Scope, options: CompilerOptions = {}) {
    this.#scope = scope;
    this.#watched = options.watched ?? null;
  }

  /** @throws Refused */
  value(ast: Ast): Code {
    switch (ast.kind) {
      case 'name':
        return this.#name(ast.text, ast, false);
      case 'field':
        return this.#field(ast, false);
      case 'index':
        return this.#index(ast, false);
      default:
        return this.#other(ast, (part) => this.value(part));
    }
  }

  /** As `value`, where names of tensors and their elements are addresses. @throws Refused */
  address(ast: Ast): IntCode {
    const code = this.#addressed(ast);
    return toInt(code, 'An address');
  }

  #addressed(ast: Ast): Code {
    switch (ast.kind) {
      case 'name':
        return this.#name(ast.text, ast, true);
      case 'field':
        return this.#field(ast, true);
      case 'index':
        return this.#index(ast, true);
      default:
        return this.#other(ast, (part) => this.#addressed(part));
    }
  }

  /** What means the same inside of brackets and outside, but for its parts. */
  #other(ast: Exclude<Ast, { kind: 'name' | 'field' | 'index' }>, part: (ast: Ast) => Code): Code {
    const span = { start: ast.start, end: ast.end };
    switch (ast.kind) {
      case 'int': {
        const type =
          ast.value < 2n ** 63n ? (ast.char ? { ...I64, look: 'char' as const } : I64) : U64;
        return { type, run: () => ast.value, constant: ast.value, ...span };
      }
      case 'float':
        return { type: F64, run: () => ast.value, constant: ast.value, ...span };
      case 'memory':
        return this.#memory(ast);
      case 'unary':
        // & asks for the address of a value.
        return unary(ast.op, ast.op === '&' ? this.value(ast.of) : part(ast.of), span);
      case 'binary':
        return binary(ast.op, part(ast.left), part(ast.right), span, ast.at);
      case 'choice':
        return choice(this.value(ast.test), part(ast.yes), part(ast.no), span);
      case 'call':
        return callCode(
          ast.name,
          ast.args.map((arg) => this.value(arg)),
          span,
        );
    }
  }

  #memory(ast: Ast & { kind: 'memory' }, type?: ScalarType): Code {
    if (ast.size === 'oword') throw new Refused(ast, 'Read an oword by its lanes: [rdi].f64[1].');
    const { run } = this.address(ast.address);
    const named = ast.size === null ? null : typeNamed(ast.size);
    return memoryCode(type ?? named ?? this.#typeAt(ast.address) ?? U64, ast, run);
  }

  /** The type of the tensor that an address names, if it is just that: `[loss_sum]`. */
  #typeAt(ast: Ast): ScalarType | null {
    const name = ast.kind === 'index' ? rootName(ast) : ast.kind === 'name' ? ast.text : null;
    const tensor = name === null ? null : this.#scope.tensor(name);
    return tensor === null ? null : typeNamed(tensor.type);
  }

  /** @param wantsAddress whether a scalar tensor means its address. */
  #name(text: string, span: Span, wantsAddress: boolean): Code {
    const code = this.#known(text, span, wantsAddress);
    if (code !== null) return code;
    const guess = this.#scope.guess(text);
    const hint = guess === null ? '' : ` Did you mean ${guess}?`;
    const what = text.startsWith('.') ? 'no local label' : 'no register, label or tensor';
    throw new Refused(span, `There is ${what} called “${text}” here.${hint}`);
  }

  #known(text: string, { start, end }: Span, wantsAddress: boolean): Code | null {
    const span = { start, end };
    if (!text.startsWith('$')) {
      const own = registerCode(text, span) ?? this.#special(text, span);
      if (own !== null) return own;
    }
    const name = text.replace(/^\$/, '');
    const tensor = this.#scope.tensor(name);
    if (tensor !== null) {
      const type = typeNamed(tensor.type);
      if (tensor.shape.length === 0 && !wantsAddress && type !== null) {
        return memoryCode(type, span, () => tensor.address);
      }
      return pointer(tensor.address, span);
    }
    const label = this.#scope.label(name);
    return label === null ? null : pointer(label, span);
  }

  #special(text: string, span: Span): Code | null {
    switch (text) {
      case 'hits':
        return { type: U64, run: (env) => BigInt(env.hits), ...span };
      case 'nan':
      case 'inf': {
        const constant = text === 'nan' ? NaN : Infinity;
        return { type: F64, run: () => constant, constant, ...span };
      }
      case 'true':
      case 'false':
        return { type: BOOL, run: () => text === 'true', ...span };
      case 'old':
      case 'new':
        return this.#watchedCode(text, span);
      default:
        return null;
    }
  }

  #watchedCode(which: 'old' | 'new', span: Span): Code | null {
    const type = this.#watched;
    if (type === null) return null;
    const view = (env: Env): DataView => {
      const found = which === 'old' ? env.old : env.now;
      if (found === undefined) throw new Refused(span, 'There is no watched value here.');
      return found;
    };
    return type.kind === 'int'
      ? { type, run: (env) => readInt(view(env), 0, type), ...span }
      : { type, run: (env) => readFloat(view(env), 0, type), ...span };
  }

  /** `name.rest`: a longer label, or a value seen as another type. */
  #field(ast: Ast & { kind: 'field' }, wantsAddress: boolean): Code {
    const dotted = dottedName(ast);
    if (dotted !== null) {
      const label = this.#scope.label(dotted);
      if (label !== null) return pointer(label, ast);
    }
    const type = typeNamed(ast.name);
    if (type === null) {
      if (dotted !== null && this.#rootIsUnknown(ast)) return this.#name(dotted, ast, wantsAddress);
      throw new Refused(ast.at, `“.${ast.name}” is no type: there are ${TYPE_LIST}.`);
    }
    return this.#as(ast.of, type, ast, 0, null);
  }

  #rootIsUnknown(ast: Ast & { kind: 'field' }): boolean {
    const root = ast.of;
    return root.kind !== 'name' || this.#known(root.text, root, false)?.type.kind !== 'vector';
  }

  /**
   * A value seen as a type: a lane of a register, memory of another type, or its bits.
   * @param lane which element from there on; null when none was asked for.
   */
  #as(of: Ast, type: ScalarType, span: Ast, constantLane: number, lane: IntCode | null): Code {
    const size = type.bits / 8;
    const index = (env: Env): number => (lane === null ? constantLane : Number(lane.run(env)));
    if (of.kind === 'memory') {
      const { run } = this.address(of.address);
      return memoryCode(type, span, (env) => Number(run(env)) + size * index(env));
    }
    const code = this.value(of);
    if (code.type.kind === 'vector') {
      const { run } = code as VectorCode;
      const lanes = 16 / size;
      const offset = (env: Env): number => {
        const at = index(env);
        if (!(at >= 0 && at < lanes)) {
          throw new Refused(lane ?? span, `Lanes of this type are numbered 0 to ${lanes - 1}.`);
        }
        return at * size;
      };
      return scalarCode(type, span, (env) => viewOf(run(env)), offset);
    }
    // A label with a type is the memory there.
    if (code.type.kind === 'int' && code.type.look === 'pointer' && code.constant !== undefined) {
      const start = Number(code.constant);
      return memoryCode(type, span, (env) => start + size * index(env));
    }
    if (lane !== null) throw new Refused(span, 'Only memory and xmm registers have elements.');
    return reinterpret(code, type);
  }

  #index(ast: Ast & { kind: 'index' }, wantsAddress: boolean): Code {
    const lane = ast.of.kind === 'field' ? typeNamed(ast.of.name) : null;
    if (ast.of.kind === 'field' && lane !== null) {
      const index = toInt(this.value(ast.index), 'An index');
      if (index.constant !== undefined && index.constant < 0n) {
        throw new Refused(index, 'Elements are counted from 0.');
      }
      return this.#as(ast.of.of, lane, ast, 0, index);
    }
    const name = rootName(ast);
    const tensor = name === null ? null : this.#scope.tensor(name.replace(/^\$/, ''));
    if (tensor !== null) return this.#element(ast, tensor, wantsAddress);
    if (name !== null) this.#name(name, ast.of, false); // an unknown name is the first thing wrong
    const vector = name !== null && registerCode(name, ast)?.type.kind === 'vector';
    throw new Refused(
      ast,
      vector
        ? `Say of which type: ${name}.f64[0].`
        : 'Only tensors have indices; write [address].f64 for memory.',
    );
  }

  #element(ast: Ast & { kind: 'index' }, tensor: DebugTensor, wantsAddress: boolean): Code {
    const indices: IntCode[] = [];
    for (let at: Ast = ast; at.kind === 'index'; at = at.of) {
      indices.unshift(toInt(this.value(at.index), 'An index'));
    }
    const address = tensorElement(tensor, indices, ast);
    const type = typeNamed(tensor.type);
    if (type !== null && !wantsAddress && indices.length === tensor.shape.length) {
      return memoryCode(type, ast, address);
    }
    return {
      type: { ...U64, look: 'pointer' },
      run: (env) => BigInt(address(env)),
      start: ast.start,
      end: ast.end,
    };
  }
}

function pointer(address: number, { start, end }: Span): IntCode {
  const constant = BigInt(address);
  return { type: { ...U64, look: 'pointer' }, run: () => constant, constant, start, end };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `a.b.c` as one name; null when it is none. */
function dottedName(ast: Ast): string | null {
  if (ast.kind === 'name') return ast.text;
  if (ast.kind !== 'field') return null;
  const root = dottedName(ast.of);
  return root === null ? null : `${root}.${ast.name}`;
}

/** The name in front of all the brackets. */
function rootName(ast: Ast): string | null {
  if (ast.kind === 'index') return rootName(ast.of);
  return ast.kind === 'name' ? ast.text : null;
}
