// SPDX-License-Identifier: GPL-2.0-or-later
import type { LayoutState } from '../../state/layout.svelte.ts';
import type { MachineState } from '../../state/machine.svelte.ts';
import type { MachineKey } from './keys.ts';

/** Does what a key or a button asks; one place for both. */
export function command(key: MachineKey, machine: MachineState, layout: LayoutState): void {
  const caret = layout.caret;
  switch (key) {
    case 'run':
      void machine.run();
      break;
    case 'pause':
      void machine.pause();
      break;
    case 'reset':
      void machine.reset();
      break;
    case 'restart':
      void machine.restart();
      break;
    case 'step-in':
      void machine.stepIn();
      break;
    case 'step-over':
      void machine.stepOver();
      break;
    case 'step-out':
      void machine.stepOut();
      break;
    case 'reverse-run':
      void machine.time.reverseContinue();
      break;
    case 'step-back':
      void machine.time.stepBack();
      break;
    case 'step-back-over':
      void machine.time.stepBackOver();
      break;
    case 'step-back-out':
      void machine.time.stepBackOut();
      break;
    case 'back-to-cursor':
      if (caret !== null) void machine.time.backToLine(caret.file, caret.line);
      break;
    case 'run-to-cursor':
      if (caret !== null) void machine.runToLine(caret.file, caret.line);
      break;
    case 'breakpoint':
      if (caret !== null) machine.toggleLineBreakpoint(caret.file, caret.line);
      break;
  }
}
