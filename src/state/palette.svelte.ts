// SPDX-License-Identifier: GPL-2.0-or-later
/** Whether the command palette is open, and what it asks for. */

export class PaletteState {
  #open = $state(false);
  /** The command whose question is asked, by its id; null for the list of all. */
  #asking = $state<string | null>(null);
  #help = $state(false);
  #origin: HTMLElement | null = null;

  get open(): boolean {
    return this.#open;
  }

  get asking(): string | null {
    return this.#asking;
  }

  /** Opens the list of all commands. @param origin gets the focus back when it closes */
  show(origin: HTMLElement | null): void {
    if (!this.#open) this.#origin = origin;
    this.#open = true;
    this.#asking = null;
  }

  /** Asks the question of one command. */
  ask(id: string): void {
    this.#open = true;
    this.#asking = id;
  }

  /** Whether the help on expressions is shown. */
  get help(): boolean {
    return this.#help;
  }

  showHelp(): void {
    this.#help = true;
  }

  closeHelp(): void {
    this.#help = false;
  }

  close(): void {
    this.#open = false;
    this.#asking = null;
    this.#origin?.focus();
    this.#origin = null;
  }
}
