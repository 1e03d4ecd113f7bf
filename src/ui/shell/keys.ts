// SPDX-License-Identifier: GPL-2.0-or-later
/** The keys of the machine, as in Visual Studio Code and the debuggers before it. */

export type MachineKey =
  | 'run'
  | 'reset'
  | 'restart'
  | 'pause'
  | 'breakpoint'
  | 'step-over'
  | 'run-to-cursor'
  | 'step-in'
  | 'step-out'
  | 'reverse-run'
  | 'step-back'
  | 'step-back-over'
  | 'step-back-out'
  | 'back-to-cursor';

/** What each key is called in tooltips. */
export const KEY_LABELS: Readonly<Record<MachineKey, string>> = {
  run: 'F5',
  reset: 'Shift+F5',
  restart: 'Ctrl+Shift+F5',
  pause: 'F6',
  breakpoint: 'F9',
  'step-over': 'F10',
  'run-to-cursor': 'Ctrl+F10',
  'step-in': 'F11',
  'step-out': 'Shift+F11',
  'reverse-run': 'Alt+F5',
  'step-back': 'Alt+F11',
  'step-back-over': 'Alt+F10',
  'step-back-out': 'Shift+Alt+F11',
  'back-to-cursor': 'Ctrl+Alt+F10',
};

/** A key press as it is written in the tables: `Ctrl+Shift+F5`. On a Mac, Command counts as Ctrl. */
export function keyLabel(
  event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>,
): string {
  const ctrl = event.ctrlKey || event.metaKey ? 'Ctrl+' : '';
  const shift = event.shiftKey ? 'Shift+' : '';
  const alt = event.altKey ? 'Alt+' : '';
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  return ctrl + shift + alt + key;
}
