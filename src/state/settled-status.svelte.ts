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

/** Parts in which the page's patience is counted. */
const TICKS = 4;

export class SettledStatus {
  #now = $state<MachineStatus>('empty');
  #settled = $state<MachineStatus>('empty');
  #timer: ReturnType<typeof setTimeout> | undefined;

  get now(): MachineStatus {
    return this.#now;
  }

  /** It stands so, and shows so. */
  stand(status: Exclude<MachineStatus, 'running'>): void {
    clearTimeout(this.#timer);
    this.#now = status;
    this.#settled = status;
  }

  /** It runs; what is over within so many milliseconds never shows, so that stepping does not flicker. */
  run(patience: number): void {
    if (this.#now === 'running') return;
    clearTimeout(this.#timer);
    this.#now = 'running';
    this.#wait(patience / TICKS, TICKS);
  }

  /**
   * In ticks: a page that was held up for long, and has not heard the machine's answer yet, takes
   * its own absence for one of them.
   */
  #wait(tick: number, left: number): void {
    this.#timer = setTimeout(() => {
      if (left > 1) this.#wait(tick, left - 1);
      else this.#settled = 'running';
    }, tick);
  }

  /** `now` without short runs: what to show. */
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
