// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Where the names of a NASM program are defined: labels, data, `equ`, macros, single-line macros,
 * structures, annotated tensors, and the files named by `%include` and `incbin`. Works on text
 * alone, so it also answers while the program does not assemble.
 */

export type DefinitionKind =
  'label' | 'local' | 'data' | 'constant' | 'macro' | 'define' | 'struct' | 'event';

export interface Definition {
  /** Full name: `dense_forward.next_row` for a dot-local label. */
  readonly name: string;
  readonly kind: DefinitionKind;
  /** Path relative to `asm/`. */
  readonly file: string;
  /** 1-based, as are columns; `endColumn` is behind the name. */
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
  /** What stands behind the name: the value of an `equ`, the body of a `%define`. */
  readonly detail: string;
}

interface FileIndex {
  readonly text: string;
  readonly lines: readonly string[];
  readonly definitions: readonly Definition[];
  /** Line numbers and names of the non-local labels, ascending: the scopes of dot-locals. */
  readonly scopes: readonly { readonly line: number; readonly name: string }[];
}

const NAME = String.raw`[A-Za-z_?@$][\w$#@~.?]*`;
const DATA = String.raw`d[bwdqtoyz]|res[bwdqtoyz]|incbin|times`;

const LOCAL = /^(\s*)(\.[\w$#@~.?]+)\s*(:?)/;
const LABEL = new RegExp(`^(\\s*)(${NAME})\\s*:`);
const EQU = new RegExp(`^(\\s*)(${NAME})\\s*:?\\s+equ\\s+([^;]*)`, 'i');
const DATA_LABEL = new RegExp(`^(\\s*)(${NAME})\\s*:?\\s+(${DATA})(?:\\s+([^;]*)|$)`, 'i');
const MACRO = new RegExp(`^(\\s*%i?macro\\s+)(${NAME})\\s*([^;]*)`, 'i');
const DEFINE = new RegExp(`^(\\s*%i?x?(?:define|assign|defstr|deftok)\\s+)(${NAME})([^;]*)`, 'i');
const STRUC = new RegExp(`^(\\s*struc\\s+)(${NAME})`, 'i');
const EVENT = /^(.*;@\s*event\s+)([\w.$#@~?]+)/;
const INSTRUCTION_WORDS =
  /^(?:section|segment|struc|endstruc|istruc|at|iend|times|default|bits|align|alignb|global|extern|rep|repe|repne|lock)$/i;
const INCLUDE =
  /^\s*(?:%\s*(?:include|use|pathsearch\s+\S+)|incbin|[\w.]+:?\s+incbin)\s+(["'`])([^"'`]*)\1/i;

/** The path named by an `%include` or `incbin` on this line, and where on it; null when none. */
export function includeOn(
  line: string,
): { path: string; column: number; endColumn: number } | null {
  const match = INCLUDE.exec(line);
  if (!match) return null;
  const path = match[2] ?? '';
  const column = match[0].length - path.length;
  return { path, column, endColumn: column + path.length };
}

function scan(file: string, text: string): FileIndex {
  const lines = text.split(/\r?\n/);
  const definitions: Definition[] = [];
  const scopes: { line: number; name: string }[] = [];
  let scope = '';
  let inStruct = false;
  lines.forEach((source, index) => {
    const line = index + 1;
    const add = (kind: DefinitionKind, lead: string, shown: string, detail = '', full = shown) => {
      const column = lead.length + 1;
      definitions.push({
        name: full.startsWith('$') ? full.slice(1) : full,
        kind,
        file,
        line,
        column,
        endColumn: column + shown.length,
        detail: detail.trim(),
      });
    };
    const open = (name: string) => {
      scope = name;
      scopes.push({ line, name });
    };
    let m: RegExpExecArray | null;
    if ((m = EVENT.exec(source))) add('event', m[1] ?? '', m[2] ?? '');
    if (/^\s*(?:;|$)/.test(source)) return;
    if ((m = STRUC.exec(source))) {
      inStruct = true;
      add('struct', m[1] ?? '', m[2] ?? '');
      open(m[2] ?? '');
    } else if (/^\s*endstruc\b/i.test(source)) {
      inStruct = false;
    } else if ((m = MACRO.exec(source))) {
      add('macro', m[1] ?? '', m[2] ?? '', m[3]);
    } else if ((m = DEFINE.exec(source))) {
      add('define', m[1] ?? '', m[2] ?? '', m[3]);
    } else if ((m = LOCAL.exec(source))) {
      const kind = inStruct ? 'data' : 'local';
      add(
        kind,
        m[1] ?? '',
        m[2] ?? '',
        inStruct ? source.slice(m[0].length) : '',
        scope + (m[2] ?? ''),
      );
    } else if ((m = EQU.exec(source))) {
      add('constant', m[1] ?? '', m[2] ?? '', m[3]);
    } else if ((m = DATA_LABEL.exec(source)) && !INSTRUCTION_WORDS.test(m[2] ?? '')) {
      add('data', m[1] ?? '', m[2] ?? '', `${m[3] ?? ''} ${m[4] ?? ''}`);
      open(m[2] ?? '');
    } else if ((m = LABEL.exec(source))) {
      add('label', m[1] ?? '', m[2] ?? '');
      open((m[2] ?? '').replace(/^\$/, ''));
    }
  });
  return { text, lines, definitions, scopes };
}

/** The index over all files; give it new texts as they change, it scans only what changed. */
export class SymbolIndex {
  readonly #files = new Map<string, FileIndex>();

  /** Replaces the set of files: path relative to `asm/` to text. */
  update(sources: Readonly<Record<string, string>>): void {
    for (const file of this.#files.keys()) if (!(file in sources)) this.#files.delete(file);
    for (const [file, text] of Object.entries(sources)) {
      if (this.#files.get(file)?.text !== text) this.#files.set(file, scan(file, text));
    }
  }

  /** Definitions of one file in order of lines: its outline. */
  outline(file: string): readonly Definition[] {
    return this.#files.get(file)?.definitions ?? [];
  }

  /** The non-local label a dot-local name on this line belongs to, or ''. */
  scopeAt(file: string, line: number): string {
    let name = '';
    for (const scope of this.#files.get(file)?.scopes ?? []) {
      if (scope.line > line) break;
      name = scope.name;
    }
    return name;
  }

  /**
   * Definitions of `word` as seen from a line, the likeliest first. A `%define` may stand many
   * times (register aliases of each function): of those in the same file the nearest above
   * wins. Among other files, those of `program` count, and all of them if none does.
   */
  find(
    word: string,
    file: string,
    line: number,
    program: readonly string[] = [],
  ): readonly Definition[] {
    const plain = word.replace(/^\$/, '');
    const full = plain.startsWith('.') ? this.scopeAt(file, line) + plain : plain;
    const here: Definition[] = [];
    const elsewhere: Definition[] = [];
    for (const [path, index] of this.#files) {
      for (const d of index.definitions) {
        if (d.kind === 'event' || d.name !== full) continue;
        (path === file ? here : elsewhere).push(d);
      }
    }
    const above = here.filter((d) => d.line <= line);
    const best = above.at(-1) ?? here[0];
    if (!best) {
      const own = elsewhere.filter((d) => program.includes(d.file));
      return own.length > 0 ? own : elsewhere;
    }
    return best.kind === 'define'
      ? [best]
      : [best, ...here.filter((d) => d !== best), ...elsewhere];
  }

  /** The file meant by an include path: as written, or beside the including file. */
  resolveInclude(path: string, from: string): string | null {
    const clean = path.replace(/^\.\//, '');
    const beside = from.includes('/') ? `${from.slice(0, from.lastIndexOf('/'))}/${clean}` : clean;
    for (const candidate of [clean, beside, `include/${clean}`]) {
      if (this.#files.has(candidate)) return candidate;
    }
    return null;
  }

  /** Comment lines right above a definition (at most `limit`), without their semicolons. */
  commentAbove(definition: Definition, limit = 14): readonly string[] {
    const lines = this.#files.get(definition.file)?.lines ?? [];
    const found: string[] = [];
    for (let i = definition.line - 2; i >= 0 && found.length < limit; i--) {
      const line = lines[i] ?? '';
      if (!/^\s*;/.test(line)) break;
      if (/^\s*;@/.test(line)) continue;
      const text = line.replace(/^\s*;+ ?/, '').trimEnd();
      if (!/^[-=*;\s]*$/.test(text)) found.unshift(text);
    }
    return found;
  }

  /**
   * The value of a constant expression over `equ`s and `%assign`/`%define`s with numbers,
   * `+ - * / % << >> & | ^ ~ ( )`; null when it needs more than the text knows.
   */
  evaluate(expression: string, file: string, line: number, depth = 0): bigint | null {
    if (depth > 16) return null;
    const parts = expression.match(/<<|>>|\/\/|[-+*/%&|^~()]|[\w$.?@#]+|\S/g) ?? [];
    let at = 0;
    const peek = () => parts[at] ?? '';
    const PRECEDENCE: readonly (readonly string[])[] = [
      ['|'],
      ['^'],
      ['&'],
      ['<<', '>>'],
      ['+', '-'],
      ['*', '/', '//', '%'],
    ];
    const atom = (): bigint | null => {
      const token = parts[at++] ?? '';
      if (token === '(') {
        const value = level(0);
        return parts[at++] === ')' ? value : null;
      }
      if (token === '-' || token === '~' || token === '+') {
        const value = atom();
        if (value === null) return null;
        return token === '-' ? -value : token === '~' ? ~value : value;
      }
      if (/^\d/.test(token)) return parseInteger(token);
      const found = this.find(token, file, line)[0];
      if (!found || (found.kind !== 'constant' && found.kind !== 'define')) return null;
      return this.evaluate(found.detail, found.file, found.line, depth + 1);
    };
    const level = (n: number): bigint | null => {
      const operators = PRECEDENCE[n];
      if (!operators) return atom();
      let left = level(n + 1);
      while (left !== null && operators.includes(peek())) {
        const operator = parts[at++] ?? '';
        const right = level(n + 1);
        left = right === null ? null : apply(operator, left, right);
      }
      return left;
    };
    if (parts.length === 0) return null;
    const value = level(0);
    return at === parts.length ? value : null;
  }
}

function apply(operator: string, a: bigint, b: bigint): bigint | null {
  switch (operator) {
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '&':
      return a & b;
    case '<<':
      return b >= 0n && b < 64n ? a << b : null;
    case '>>':
      return b >= 0n && b < 64n ? a >> b : null;
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '%':
      return b === 0n ? null : a % b;
    default:
      return b === 0n ? null : a / b;
  }
}

/** A NASM integer literal in any of its bases; null when it is not one. */
export function parseInteger(literal: string): bigint | null {
  const t = literal.toLowerCase().replaceAll('_', '');
  const forms: readonly (readonly [RegExp, string])[] = [
    [/^(?:0[xh]|\$)([0-9a-f]+)$/, '0x'],
    [/^0[by]([01]+)$/, '0b'],
    [/^0[oq]([0-7]+)$/, '0o'],
    [/^0[dt](\d+)$/, ''],
    [/^(\d[0-9a-f]*)[hx]$/, '0x'],
    [/^([01]+)[by]$/, '0b'],
    [/^([0-7]+)[oq]$/, '0o'],
    [/^(\d+)[dt]?$/, ''],
  ];
  for (const [form, prefix] of forms) {
    const digits = form.exec(t)?.[1];
    if (digits !== undefined) return BigInt(prefix + digits);
  }
  return null;
}
