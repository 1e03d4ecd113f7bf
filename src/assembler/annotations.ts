// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Annotations: comments in the assembly sources that say what memory means and where the program
 * is in its work. They start with `;@`, stand on the line they speak of or on lines of their own
 * above it (blank lines and comments may lie between), and are case-sensitive:
 *
 *     ;@ tensor NAME TYPE[DIM]… AXIS=NAME…
 *     ;@ event NAME
 *
 * `tensor` gives the data label below it a type and a shape: TYPE is one of u8 i8 u16 i16 u32 i32
 * u64 i64 f32 f64; each DIM is a number (decimal or 0x…) or the name of an equ constant, outermost
 * first; for each DIM there is one AXIS=NAME in the same order, whose NAME says what an index
 * along that axis counts (AXIS itself is for the reader). No DIM at all makes a scalar.
 *
 *     w1:     resq PIXELS * HIDDEN    ;@ tensor w1 f64[PIXELS][HIDDEN] in=pixel out=hidden
 *
 * `event` names the address of the next instruction; labels may lie between.
 *
 * This module reads the comments; `debug-info.ts` ties them to addresses.
 */
import type { ElementType } from '../protocol/debug-info.ts';
import { err, ok, type Result } from '../shared/result.ts';

export const ELEMENT_SIZE: Readonly<Record<ElementType, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f32: 4,
  f64: 8,
};

/** As written; dimensions are not yet numbers. */
export type Annotation =
  | {
      readonly kind: 'tensor';
      readonly name: string;
      readonly type: ElementType;
      readonly dims: readonly string[];
      readonly axes: readonly string[];
    }
  | { readonly kind: 'event'; readonly name: string };

export interface PlacedAnnotation {
  /** 1-based line of the comment. */
  readonly line: number;
  /** 1-based line of the first source text at or after it; 0 when the file ends before any. */
  readonly target: number;
  readonly annotation: Result<Annotation, string>;
}

const NAME = /^[A-Za-z_][\w.]*$/;
const DIMS = /^(?:\[[^[\]]+\])*$/;

/** All annotations of one source file in order, malformed ones as errors in words. */
export function readAnnotations(source: string): PlacedAnnotation[] {
  if (!source.includes(';@')) return [];
  const lines = source.split('\n').map(splitComment);
  const found: PlacedAnnotation[] = [];
  let macroDepth = 0;
  for (const [index, { code, comment }] of lines.entries()) {
    const directive = /^\s*%(i?r?macro|endm(?:acro)?)\b/i.exec(code)?.[1]?.toLowerCase();
    if (directive !== undefined) macroDepth += directive.startsWith('end') ? -1 : 1;
    if (!comment.startsWith(';@')) continue;
    let target = index;
    while (target < lines.length && (lines[target]?.code ?? '').trim() === '') target++;
    found.push({
      line: index + 1,
      target: target < lines.length ? target + 1 : 0,
      annotation:
        macroDepth > 0
          ? err('an annotation inside a macro has no address: put it where the macro is used')
          : parseAnnotation(comment.slice(2)),
    });
  }
  return found;
}

/** @param text what follows `;@`. */
export function parseAnnotation(text: string): Result<Annotation, string> {
  // A further `;` starts an ordinary remark.
  const [keyword = '', name = '', ...rest] = words(text.split(';', 1)[0] ?? '');
  if (keyword !== 'tensor' && keyword !== 'event') {
    return err(`unknown annotation '${keyword}': there are tensor and event`);
  }
  if (name === '') return err(`${keyword} needs a name`);
  if (!NAME.test(name)) return err(`'${name}' is not a name`);
  if (keyword === 'event') {
    if (rest.length > 0) return err(`event takes one name, but here follows '${rest.join(' ')}'`);
    return ok({ kind: 'event', name });
  }
  return parseTensor(name, rest);
}

function parseTensor(name: string, rest: readonly string[]): Result<Annotation, string> {
  const firstAxis = rest.findIndex((word) => word.includes('='));
  const shapeWords = firstAxis < 0 ? rest : rest.slice(0, firstAxis);
  const shape = shapeWords.join(''); // `f64 [10]` is as good as `f64[10]`
  if (shape === '') return err(`tensor ${name} needs a type, for example f64[10]`);
  const bracket = shape.indexOf('[');
  const type = bracket < 0 ? shape : shape.slice(0, bracket);
  const brackets = bracket < 0 ? '' : shape.slice(bracket);
  if (!isElementType(type)) {
    return err(`unknown type '${type}': there are ${Object.keys(ELEMENT_SIZE).join(' ')}`);
  }
  if (!DIMS.test(brackets))
    return err(`malformed dimensions '${brackets}': write [10] or [32][784]`);
  const dims = [...brackets.matchAll(/\[([^[\]]+)\]/g)].map((match) => match[1] ?? '');

  const axes: string[] = [];
  for (const word of firstAxis < 0 ? [] : rest.slice(firstAxis)) {
    const [axis = '', label = '', more] = word.split('=');
    if (!NAME.test(axis) || !NAME.test(label) || more !== undefined) {
      return err(`malformed axis '${word}': write for example in=pixel`);
    }
    axes.push(label);
  }
  if (axes.length !== dims.length) {
    return err(
      `tensor ${name} has ${dims.length} dimension(s) but ${axes.length} axis name(s): ` +
        'write one AXIS=NAME for each dimension',
    );
  }
  return ok({ kind: 'tensor', name, type, dims, axes });
}

function isElementType(text: string): text is ElementType {
  return Object.hasOwn(ELEMENT_SIZE, text);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Text outside quotes and whole strings, as far as the first `;` that is in none of them. */
const CODE = /^(?:[^;"'`]+|"[^"]*"?|'[^']*'?|`(?:\\.|[^`\\])*`?)*/;

/** Parts a line at the `;` that starts its comment. */
export function splitComment(line: string): { code: string; comment: string } {
  if (!line.includes(';')) return { code: line, comment: '' };
  const code = CODE.exec(line)?.[0] ?? '';
  return { code, comment: line.slice(code.length).trimEnd() };
}
