// SPDX-License-Identifier: GPL-2.0-or-later
/** The one context menu of the page: who asked for it, where, with what in it. */
import type { MenuItem } from './value-actions.svelte.ts';

export interface MenuRequest {
  /** Accessible name: what the entries are about. */
  readonly label: string;
  readonly items: readonly MenuItem[];
  /** CSS pixels in the window. */
  readonly x: number;
  readonly y: number;
  /** Gets the focus back when the menu closes without one of its entries taking it. */
  readonly origin: HTMLElement | null;
}

export class MenuState {
  #request = $state.raw<MenuRequest | null>(null);

  /** What is open, or null. */
  get request(): MenuRequest | null {
    return this.#request;
  }

  /**
   * Opens the menu at the pointer, or below the element when the event came from the keyboard.
   * Nothing opens when there are no entries: then the browser's own menu comes.
   */
  open(event: MouseEvent | KeyboardEvent, label: string, items: readonly MenuItem[]): void {
    if (items.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const target = event.target instanceof HTMLElement ? event.target : null;
    const active = document.activeElement;
    const origin = active instanceof HTMLElement && active !== document.body ? active : target;
    let [x, y] = 'clientX' in event ? [event.clientX, event.clientY] : [0, 0];
    if (x === 0 && y === 0 && target !== null) {
      const box = target.getBoundingClientRect();
      [x, y] = [box.left + 8, Math.min(box.bottom, box.top + 24)];
    }
    this.#request = { label, items, x, y, origin };
  }

  /** Opens the menu at a place in the window, for a cell that has no element of its own focused. */
  openAt(request: MenuRequest): void {
    if (request.items.length > 0) this.#request = request;
  }

  close(): void {
    this.#request = null;
  }
}

/** Whether a key press asks for the context menu: the menu key, or Shift+F10. */
export function isMenuKey(event: KeyboardEvent): boolean {
  return event.key === 'ContextMenu' || (event.shiftKey && event.key === 'F10');
}
