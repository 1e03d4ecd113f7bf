// SPDX-License-Identifier: GPL-2.0-or-later
/** Ties the annotations of the sources (`annotations.ts`) to addresses. */
import type { Diagnostic, SourceTree } from '../protocol/assembler.ts';
import type { DebugEvent, DebugSymbol, DebugTensor } from '../protocol/debug-info.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type Annotation, ELEMENT_SIZE, readAnnotations, splitComment } from './annotations.ts';
import type { Records, Run } from './records.ts';

export interface PlacedMeaning {
  readonly tensors: readonly DebugTensor[];
  /** Ascending by address. */
  readonly events: readonly DebugEvent[];
  readonly diagnostics: readonly Diagnostic[];
}

type TensorAnnotation = Extract<Annotation, { kind: 'tensor' }>;

/** `label:` and nothing else. */
const LABEL_ONLY = /^\s*[\w.$@~#?]+:\s*$/;

/**
 * Annotations in parts of a file that were not assembled (`%if 0`) are passed over in silence.
 */
export function placeAnnotations(
  records: Records,
  symbols: readonly DebugSymbol[],
  sources: SourceTree,
): PlacedMeaning {
  const tensors: DebugTensor[] = [];
  const events: DebugEvent[] = [];
  const diagnostics: Diagnostic[] = [];
  const names = new Set<string>();

  for (const [file, path] of records.files.entries()) {
    const source = sources[path];
    if (typeof source !== 'string') continue;
    const annotations = readAnnotations(source);
    if (annotations.length === 0) continue;
    const place = new FilePlaces(file, source, records, symbols);
    for (const { line, target, annotation } of annotations) {
      const warn = (text: string): void => {
        diagnostics.push({ file: path, line, severity: 'warning', text });
      };
      if (!annotation.ok) {
        warn(annotation.error);
      } else if (annotation.value.kind === 'event') {
        const { name } = annotation.value;
        const addresses = place.instructions(target);
        if (!addresses.ok) warn(`event ${name}: ${addresses.error}`);
        else for (const address of addresses.value) events.push({ name, address, file, line });
      } else {
        const { name } = annotation.value;
        const symbol = place.label(target, name);
        if (!symbol.ok) {
          warn(`tensor ${name}: ${symbol.error}`);
        } else if (symbol.value) {
          const shape = shapeOf(annotation.value, symbol.value, records.constants);
          if (!shape.ok) warn(`tensor ${name}: ${shape.error}`);
          else if (names.has(name)) warn(`tensor ${name} is declared a second time`);
          else {
            names.add(name);
            const { type, axes } = annotation.value;
            const { address } = symbol.value;
            tensors.push({ name, address, type, shape: shape.value, axes, file, line });
          }
        }
      }
    }
  }
  return { tensors, events: events.sort((a, b) => a.address - b.address), diagnostics };
}

/** Numbers for the dimensions, checked against the space at the label. */
function shapeOf(
  tensor: TensorAnnotation,
  symbol: DebugSymbol,
  constants: ReadonlyMap<string, number>,
): Result<number[], string> {
  const shape: number[] = [];
  for (const dim of tensor.dims) {
    const text = dim.trim();
    const value = /^(?:0x[\da-f]+|\d+)$/i.test(text) ? Number(text) : constants.get(text);
    if (value === undefined) return err(`'${text}' is neither a number nor an equ constant`);
    if (!Number.isSafeInteger(value) || value < 1) return err(`dimension ${text} is ${value}`);
    shape.push(value);
  }
  const bytes = shape.reduce((product, n) => product * n, ELEMENT_SIZE[tensor.type]);
  if (bytes > symbol.size) {
    const room = `${symbol.name} has ${symbol.size} up to the next label`;
    return err(
      `${tensor.type}${shape.map((n) => `[${n}]`).join('')} takes ${bytes} bytes, ${room}`,
    );
  }
  return ok(shape);
}

/** What stands at the lines of one file. */
class FilePlaces {
  readonly #code: readonly string[];
  readonly #runs = new Map<number, Run[]>();
  readonly #symbols = new Map<number, DebugSymbol[]>();

  constructor(file: number, source: string, records: Records, symbols: readonly DebugSymbol[]) {
    this.#code = source.split('\n').map((line) => splitComment(line).code);
    for (const run of records.runs) if (run.file === file) append(this.#runs, run.line, run);
    for (const symbol of symbols) {
      if (symbol.file === file) append(this.#symbols, symbol.line, symbol);
    }
  }

  /** The label on a line, by preference the one called `name`; null when it was not assembled. */
  label(line: number, name: string): Result<DebugSymbol | null, string> {
    const found = this.#symbols.get(line);
    if (found) return ok(found.find((symbol) => symbol.name === name) ?? found[0] ?? null);
    const code = this.#code[line - 1] ?? '';
    const looksLikeData =
      /^\s*[\w.$@~#?]+:?\s*(?:$|\b(?:times|d[bwdqtoyz]|res[bwdqtoyz]|incbin)\b)/i;
    if (looksLikeData.test(code) && !this.#runs.has(line)) return ok(null);
    return err('no data label follows it');
  }

  /**
   * Addresses of the first instruction at or after a line, past labels: one for each time the line
   * was assembled (a file may be included more than once); none when it was not.
   */
  instructions(line: number): Result<number[], string> {
    for (let at = line; at > 0 && at <= this.#code.length; at++) {
      const code = this.#code[at - 1] ?? '';
      const runs = this.#runs.get(at);
      if (runs) {
        const starts = runs.filter((run, i) => !continues(runs[i - 1], run));
        const found = starts.filter((run) => run.kind === 'instruction').map((run) => run.address);
        return found.length > 0 ? ok(found) : err('data follows it, not an instruction');
      }
      if (code.trim() === '' || LABEL_ONLY.test(code)) continue;
      if (/^\s*(?:%|\[|section\b|segment\b|align)/i.test(code)) break;
      return ok([]);
    }
    return err('no instruction follows it');
  }
}

function continues(before: Run | undefined, run: Run): boolean {
  return before !== undefined && before.address + before.length === run.address;
}

function append<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
