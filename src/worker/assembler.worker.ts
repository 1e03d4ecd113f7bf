// SPDX-License-Identifier: GPL-2.0-or-later
/** The assembler as a worker: fetches nasm.wasm on the first request and exposes `AssemblerApi`. */
import * as Comlink from 'comlink';
import { createAssembler } from '../assembler/assembler.ts';
import type { AssemblerApi } from '../protocol/assembler.ts';

const NASM_WASM = new URL('../../wasm/nasm/nasm.wasm', import.meta.url);

let assembler: Promise<AssemblerApi> | null = null;

async function load(): Promise<AssemblerApi> {
  const response = await fetch(NASM_WASM);
  if (!response.ok) throw new Error(`nasm.wasm could not be loaded (HTTP ${response.status})`);
  // Not compileStreaming: it insists on a MIME type that some static hosts do not send.
  return createAssembler(await WebAssembly.compile(await response.arrayBuffer()));
}

const api: AssemblerApi = {
  async assemble(request) {
    assembler ??= load();
    try {
      return await (await assembler).assemble(request);
    } catch (error) {
      assembler = null; // the next request tries again
      throw error;
    }
  },
};

Comlink.expose(api);
