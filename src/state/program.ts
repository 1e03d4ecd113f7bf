// SPDX-License-Identifier: GPL-2.0-or-later
/** What the machine is given to boot. */
import type { DebugInfo } from '../protocol/debug-info.ts';

/** An assembled program, ready to boot. */
export interface Program {
  readonly name: string;
  readonly image: Uint8Array;
  readonly debug: DebugInfo | null;
}
