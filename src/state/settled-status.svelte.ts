// SPDX-License-Identifier: GPL-2.0-or-later
/** How the machine stands: at this moment, and calmly enough to be shown. */

export type MachineStatus =
  | 'empty'
  /** Booted, at its entry. */
  | 'ready'
  | 'running'
  /** Running, and blocked in read(0). */
  | 'waiting'
  | 'paused'
  | 'exited'
  | 'faulted';

/** A run shorter than this many milliseconds never shows as running: stepping does not flicker. */
const SETTLE = 120;

export class SettledStatus {
  #now = $state<MachineStatus>('empty');
  #settled = $state<MachineStatus>('empty');
  #timer: ReturnType<typeof setTimeout> | undefined;

  get now(): MachineStatus {
    return this.#now;
  }

  set now(status: MachineStatus) {
    this.#now = status;
    clearTimeout(this.#timer);
    if (status === 'running') {
      this.#timer = setTimeout(() => (this.#settled = status), SETTLE);
    } else {
      this.#settled = status;
    }
  }

  /** `now` without runs shorter than 120 ms: what to show. */
  get settled(): MachineStatus {
    return this.#settled;
  }
}

/** Whether guest instructions may be executing. */
export function isBusy(status: MachineStatus): boolean {
  return status === 'running' || status === 'waiting';
}

/** Whether there is nothing to go on with: no process, or one that has ended. */
export function isOver(status: MachineStatus): boolean {
  return status === 'empty' || status === 'exited' || status === 'faulted';
}
