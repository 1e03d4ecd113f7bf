// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * One run of NASM as a WASI program over an in-memory file system.
 *
 * The sources are the current directory; the output goes to a directory of its own, so that no
 * source can be mistaken for it. Every run has a fresh instance, since NASM never frees.
 */
import {
  ConsoleStdout,
  Directory,
  File,
  type Inode,
  OpenFile,
  PreopenDirectory,
  WASI,
  wasi,
} from '@bjorn3/browser_wasi_shim';
import type { SourceTree } from '../protocol/assembler.ts';
import { OutputFile } from './output-file.ts';

export interface NasmRun {
  /** Exit status; -1 when NASM did not get to its end. */
  readonly status: number;
  /** Everything NASM said on stderr. */
  readonly messages: string;
  /** Why NASM did not get to its end, for people; '' when it did. */
  readonly crash: string;
  /** The image and the records of the `glass` debug format; null when NASM wrote none. */
  readonly image: Uint8Array<ArrayBuffer> | null;
  readonly records: string | null;
}

const OUT_DIR = '/out';
const OUT_FILE = 'image';
const RECORDS_FILE = `${OUT_FILE}.glass`;

/** More than this on stderr is a runaway source: the run is ended. In bytes. */
const MAX_MESSAGES = 1 << 20;

/**
 * NASM's own brakes against endless sources, far above what a program needs and low enough to
 * answer within seconds. A loop of nothing but preprocessor lines escapes them: whoever runs the
 * assembler in a worker ends the worker when it takes too long.
 */
const LIMITS = [
  '--limit-passes=200',
  '--limit-stalled-passes=50',
  '--limit-macro-levels=1000',
  '--limit-macro-tokens=1000000',
  '--limit-mmacros=10000',
  '--limit-rep=200000',
  '--limit-eval=1000',
  '--limit-lines=1000000',
];

/** Files open at once: includes nested deeper than this are a circle. */
const MAX_OPEN_FILES = 100;

/** The option that lets the passes after the first reuse its work: `wasm/nasm/replay.c`. */
export const REPLAY = '--replay';

/** With it, NASM's exit status when a later pass turned out to need the preprocessor after all. */
export const DIVERGED = 4;

class TooManyMessages extends Error {}

/** @param main path of the file to assemble, relative to the root of `sources`; no leading `-`. */
export function runNasm(module: WebAssembly.Module, sources: SourceTree, main: string): NasmRun {
  const run = runOnce(module, sources, main, [REPLAY]);
  return run.status === DIVERGED ? runOnce(module, sources, main, []) : run;
}

/** The same with the given options, and no second try. */
export function runOnce(
  module: WebAssembly.Module,
  sources: SourceTree,
  main: string,
  options: readonly string[],
): NasmRun {
  const image = new OutputFile();
  const records = new OutputFile();
  const out = new Map<string, Inode>([
    [OUT_FILE, image],
    [RECORDS_FILE, records],
  ]);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stderr = new ConsoleStdout((bytes) => {
    size += bytes.length;
    if (size > MAX_MESSAGES) throw new TooManyMessages();
    chunks.push(bytes.slice());
  });
  const program = new WASI(
    [
      'nasm',
      ...['-f', 'bin', '-g', '-F', 'glass'],
      ...LIMITS,
      ...options,
      ...['-o', `${OUT_DIR}/${OUT_FILE}`, main],
    ],
    [],
    [
      new OpenFile(new File(new Uint8Array(0))),
      new ConsoleStdout(() => undefined), // [map] writes there, unasked
      stderr,
      new PreopenDirectory('.', directory(sources).contents),
      new PreopenDirectory(OUT_DIR, out),
    ],
    { debug: false },
  );

  let status = -1;
  let crash = '';
  try {
    const instance = new WebAssembly.Instance(module, {
      wasi_snapshot_preview1: limitOpenFiles(program.wasiImport),
    });
    status = program.start(
      instance as unknown as { exports: { memory: WebAssembly.Memory; _start: () => unknown } },
    );
  } catch (error) {
    crash = explain(error);
  }
  // a file that NASM has removed again is no longer in the directory
  const text = out.has(RECORDS_FILE) ? records.written() : null;
  return {
    status,
    messages: decode(chunks, size),
    crash,
    image: out.has(OUT_FILE) ? (image.written()?.slice() ?? null) : null,
    records: text && new TextDecoder().decode(text),
  };
}

/** The same system calls, but opening one file too many fails as it does under any system. */
function limitOpenFiles(calls: WASI['wasiImport']): WebAssembly.ModuleImports {
  let open = 0;
  return {
    ...calls,
    path_open: (...args: unknown[]) => {
      if (open >= MAX_OPEN_FILES) return wasi.ERRNO_MFILE;
      const errno = calls['path_open']?.(...args);
      if (errno === wasi.ERRNO_SUCCESS) open++;
      return errno;
    },
    fd_close: (...args: unknown[]) => {
      open--;
      return calls['fd_close']?.(...args);
    },
  };
}

/** Nested directories from flat paths. Paths that leave the root are not reachable and left out. */
function directory(sources: SourceTree): Directory {
  const root = new Directory(new Map<string, Inode>());
  const encoder = new TextEncoder();
  for (const [path, content] of Object.entries(sources)) {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    const name = parts.pop();
    if (name === undefined || name === '..' || parts.includes('..')) continue;
    let at: Inode = root;
    for (const part of parts) {
      if (!(at instanceof Directory)) break;
      let next = at.contents.get(part);
      if (!next) {
        next = new Directory(new Map<string, Inode>());
        at.contents.set(part, next);
      }
      at = next;
    }
    const bytes = typeof content === 'string' ? encoder.encode(content) : content;
    if (at instanceof Directory) at.contents.set(name, new File(bytes));
  }
  return root;
}

function decode(chunks: readonly Uint8Array[], size: number): string {
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    if (at + chunk.length > size) break; // the chunk that was one too many
    all.set(chunk, at);
    at += chunk.length;
  }
  return new TextDecoder().decode(all.subarray(0, at));
}

/** What ends a run from outside, in words. Anything else is a bug of ours and goes on up. */
function explain(error: unknown): string {
  if (error instanceof TooManyMessages) return 'too many messages, assembly was given up';
  if (error instanceof WebAssembly.RuntimeError) return `NASM crashed (${error.message})`;
  // Chromium and Node throw a RangeError for a full stack, Firefox an InternalError of its own.
  if (error instanceof RangeError || (error instanceof Error && error.name === 'InternalError')) {
    return /stack|recursion/i.test(error.message)
      ? 'NASM ran out of stack: is something nested without end?'
      : `NASM ran out of memory (${error.message})`;
  }
  throw error;
}
