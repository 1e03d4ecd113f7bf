// SPDX-License-Identifier: GPL-2.0-or-later
/** What `InspectApi` asks, of one process: made anew at each boot. */
import type { GuestMemory } from '../../machine/memory.ts';
import type {
  AbiWarning,
  Explanation,
  SearchRequest,
  SearchResult,
  StackReport,
} from '../../protocol/inspect.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import { AbiWatch } from './abi-watch.ts';
import { CallStack } from './call-stack.ts';
import { explain } from './explain.ts';
import { searchMemory } from './search.ts';

export class Inspector {
  readonly #memory: GuestMemory;
  readonly #index: DebugIndex | null;
  readonly #stack: CallStack;
  readonly #abi: AbiWatch;

  constructor(memory: GuestMemory, index: DebugIndex | null) {
    this.#memory = memory;
    this.#index = index;
    this.#stack = new CallStack(memory, index);
    this.#abi = new AbiWatch(memory, this.#stack, index);
  }

  /** To be called at every stop, so that calls can be compared with their returns. */
  atStop(): void {
    this.#abi.atStop();
  }

  search(request: SearchRequest): SearchResult {
    return searchMemory(this.#memory, request);
  }

  explain(address: number | 'rip'): Explanation | null {
    const at = address === 'rip' ? Number(this.#memory.state.rip) : address;
    return explain(this.#memory, at, (at) => this.#index?.describe(at) ?? null);
  }

  callStack(slots: number): StackReport {
    return this.#stack.report(slots);
  }

  /** See `InspectApi.abiWarnings`. */
  abiWarnings(): readonly AbiWarning[] {
    return this.#abi.warnings;
  }
}
