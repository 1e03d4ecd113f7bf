// SPDX-License-Identifier: GPL-2.0-or-later
import type {
  AssembleRequest,
  AssembleResult,
  AssemblerApi,
  Diagnostic,
} from '../protocol/assembler.ts';
import { buildDebugInfo } from './debug-info.ts';
import { parseMessages } from './diagnostics.ts';
import { runNasm } from './nasm.ts';
import { parseRecords } from './records.ts';

/**
 * An assembler on a compiled `wasm/nasm/nasm.wasm`. Calls are independent of each other.
 *
 * A source may keep NASM busy for ever (an endless preprocessor loop): whoever must stay
 * responsive runs this in a worker and ends the worker.
 */
export function createAssembler(nasm: WebAssembly.Module): AssemblerApi {
  return {
    assemble: (request) => Promise.resolve(assemble(nasm, request)),
  };
}

function assemble(nasm: WebAssembly.Module, { sources, main }: AssembleRequest): AssembleResult {
  const start = performance.now();
  const elapsed = (): number => performance.now() - start;
  if (!Object.hasOwn(sources, main) || main.startsWith('-')) {
    const text = `there is no source file '${main}'`;
    return { ok: false, diagnostics: [problem('', text)], ms: elapsed() };
  }
  const run = runNasm(nasm, sources, main);
  const diagnostics: Diagnostic[] = parseMessages(run.messages);
  if (run.status !== 0 || !run.image || run.records === null) {
    if (run.crash !== '') diagnostics.push(problem(main, run.crash));
    else if (!diagnostics.some((d) => d.severity === 'error')) {
      diagnostics.push(problem(main, `NASM ended with status ${run.status} and no message`));
    }
    return { ok: false, diagnostics, ms: elapsed() };
  }
  const built = buildDebugInfo(run.image, parseRecords(run.records), sources);
  return {
    ok: true,
    image: run.image,
    debug: built.debug,
    diagnostics: [...diagnostics, ...built.diagnostics],
    ms: elapsed(),
  };
}

function problem(file: string, text: string): Diagnostic {
  return { file, line: 0, severity: 'error', text };
}
