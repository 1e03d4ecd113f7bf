// SPDX-License-Identifier: GPL-2.0-or-later
/** The contract between the page (or a command) and the assembler. Types only. */
import type { DebugInfo } from './debug-info.ts';

export type Severity = 'error' | 'warning' | 'note';

export interface Diagnostic {
  /** Path relative to `asm/`, or '' when NASM names no file. */
  readonly file: string;
  /** 1-based; 0 when the message concerns the whole file or program. */
  readonly line: number;
  readonly severity: Severity;
  readonly text: string;
}

/** All sources a program may include: path relative to `asm/` to text or bytes (for incbin). */
export type SourceTree = Readonly<Record<string, string | Uint8Array>>;

export interface AssembleRequest {
  readonly sources: SourceTree;
  /** The file to assemble, for example `sigmoid.asm`. */
  readonly main: string;
}

export type AssembleResult =
  | {
      readonly ok: true;
      readonly image: Uint8Array<ArrayBuffer>;
      readonly debug: DebugInfo;
      readonly diagnostics: readonly Diagnostic[];
      /** Wall time of the whole call in milliseconds. */
      readonly ms: number;
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly ms: number };

/** What `assembler.worker.ts` exposes through Comlink. */
export interface AssemblerApi {
  assemble(request: AssembleRequest): Promise<AssembleResult>;
}
