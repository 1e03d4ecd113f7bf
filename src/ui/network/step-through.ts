// SPDX-License-Identifier: GPL-2.0-or-later
import type { LayoutState } from '../../state/layout.svelte.ts';
import type { MachineState } from '../../state/machine.svelte.ts';

/** The event at the first instruction of a sample's forward pass. */
const FORWARD = 'forward_begin';

/**
 * Boots `classify` in the machine of the page, hands it the drawing, and stops where the forward
 * pass begins.
 * @param frame 784 bytes
 * @returns why it did not get there, as a sentence; null when it did.
 */
export async function stepThrough(
  machine: Pick<MachineState, 'boot' | 'input' | 'runUntilEvent' | 'source' | 'trouble' | 'booted'>,
  layout: Pick<LayoutState, 'showSource'>,
  frame: Uint8Array,
  weights: string,
): Promise<string | null> {
  if (!(await machine.boot(`classify --weights ${weights}`))) {
    return machine.trouble?.message ?? 'The program could not be started.';
  }
  if (!machine.booted?.debug?.events.some((event) => event.name === FORWARD)) {
    return `The program has no “;@ event ${FORWARD}” any more, so there is no place to stop at.`;
  }
  await machine.input.bytes(frame);
  const reason = await machine.runUntilEvent(FORWARD, 1);
  const place = machine.source;
  if (place) layout.showSource(place.file, place.line);
  switch (reason?.kind) {
    case 'event':
    case 'breakpoint':
    case 'pause':
      return null;
    case 'fault':
      return reason.fault.message;
    case 'exit':
      return `The program ended with status ${reason.status} before the forward pass.`;
    default:
      return 'The program did not reach its forward pass.';
  }
}
