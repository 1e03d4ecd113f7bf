// SPDX-License-Identifier: GPL-2.0-or-later
/** Light, dark, or as the system says. */
import { oneOf, type Store } from './store.ts';

export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'theme';
const isChoice = oneOf<ThemeChoice>('system', 'light', 'dark');

export class ThemeState {
  readonly #store: Store;
  #choice = $state<ThemeChoice>('system');
  #systemDark = $state(false);

  /**
   * @param system the page's `(prefers-color-scheme: dark)` query; it may change at any time.
   */
  constructor(store: Store, system: Pick<MediaQueryList, 'matches' | 'addEventListener'>) {
    this.#store = store;
    this.#choice = store.get(KEY, 'system', isChoice);
    this.#systemDark = system.matches;
    system.addEventListener('change', (event) => (this.#systemDark = event.matches));
  }

  get choice(): ThemeChoice {
    return this.#choice;
  }

  /** What is shown. */
  get resolved(): 'light' | 'dark' {
    if (this.#choice !== 'system') return this.#choice;
    return this.#systemDark ? 'dark' : 'light';
  }

  choose(choice: ThemeChoice): void {
    this.#choice = choice;
    this.#store.set(KEY, choice);
  }
}
