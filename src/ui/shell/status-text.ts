// SPDX-License-Identifier: GPL-2.0-or-later
import type { MachineStatus } from '../../state/settled-status.svelte.ts';
import type { StopReason } from '../../protocol/machine.ts';

/** The machine's status in a few words. */
export function statusText(status: MachineStatus, reason: StopReason | null): string {
  switch (status) {
    case 'empty':
      return 'Starting';
    case 'ready':
      return 'Ready at the entry';
    case 'running':
      return 'Running';
    case 'waiting':
      return 'Waiting for input';
    case 'paused':
      return pausedText(reason);
    case 'exited':
      return reason?.kind === 'exit' ? `Exited with status ${reason.status}` : 'Exited';
    case 'faulted':
      return reason?.kind === 'fault' ? `Stopped by ${reason.fault.signal}` : 'Stopped by a fault';
  }
}

function pausedText(reason: StopReason | null): string {
  switch (reason?.kind) {
    case 'breakpoint':
      return 'Paused at a breakpoint';
    case 'cursor':
      return 'Paused at the cursor';
    case 'event':
      return `Paused at ${reason.name}`;
    case 'watchpoint':
      return 'Paused at a watchpoint';
    case 'condition':
      return 'Paused by a condition';
    case 'next':
      return `Paused before a ${reason.what}`;
    case 'step':
      return 'Paused after a step';
    case 'time':
      return reason.found ? 'At a moment of the recording' : 'Paused';
    default:
      return 'Paused';
  }
}
