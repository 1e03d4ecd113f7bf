// SPDX-License-Identifier: GPL-2.0-or-later
/** All that one can ask of the page by name or key: one table for keys, palette and buttons. */
import type { ConsoleState } from '../../state/console.svelte.ts';
import type { LayoutState } from '../../state/layout.svelte.ts';
import type { MachineState } from '../../state/machine.svelte.ts';
import type { PaletteState } from '../../state/palette.svelte.ts';
import type { ProfileState } from '../../state/profile.svelte.ts';
import type { ThemeState } from '../../state/theme.svelte.ts';
import type { Watches } from '../../state/watches.svelte.ts';
import { DEBUG_COMMANDS } from './debug-commands.ts';
import { KEY_LABELS, type MachineKey } from './keys.ts';
import { VIEW_COMMANDS } from './view-commands.ts';

export interface CommandContext {
  readonly machine: MachineState;
  readonly layout: LayoutState;
  readonly palette: PaletteState;
  readonly watches: Watches;
  readonly console: ConsoleState;
  readonly profile: ProfileState;
  readonly theme: ThemeState;
}

export interface Command {
  readonly id: string;
  /** As it stands in the palette. */
  readonly title: string;
  /** `Ctrl+F10`. */
  readonly key?: string;
  /** Does the same. */
  readonly otherKey?: string;
  /** Whether it can be used now; default: always. */
  readonly enabled?: (context: CommandContext) => boolean;
  /** Whether a key that is held down does it again now; default: never. */
  readonly again?: (context: CommandContext) => boolean;
  /** When it needs a text: what for. The palette asks. */
  readonly asks?: { readonly label: string; readonly example: string };
  /**
   * @param text the answer to what it asks, else empty
   * @returns what is wrong with the text, as a sentence; or nothing
   */
  readonly run: (context: CommandContext, text: string) => unknown;
}

type MachineAction = (machine: MachineState, layout: LayoutState) => unknown;

interface MachineEntry {
  readonly title: string;
  readonly run: MachineAction;
  readonly needs: 'program' | 'step' | 'running' | 'caret' | 'past' | 'step back';
}

function atCaret(
  go: (machine: MachineState, file: string, line: number) => unknown,
): MachineAction {
  return (machine, { caret }) => (caret === null ? null : go(machine, caret.file, caret.line));
}

const MACHINE: Readonly<Record<MachineKey, MachineEntry>> = {
  run: { title: 'Run or continue', needs: 'program', run: (m) => m.run() },
  pause: { title: 'Pause', needs: 'running', run: (m) => m.pause() },
  reset: { title: 'Reset to the start', needs: 'program', run: (m) => m.reset() },
  restart: { title: 'Restart', needs: 'program', run: (m) => m.restart() },
  'step-in': { title: 'Step in', needs: 'step', run: (m) => m.stepIn() },
  'step-over': { title: 'Step over', needs: 'step', run: (m) => m.stepOver() },
  'step-out': { title: 'Step out', needs: 'step', run: (m) => m.stepOut() },
  'run-to-cursor': {
    title: 'Run to the cursor',
    needs: 'caret',
    run: atCaret((m, file, line) => m.runToLine(file, line)),
  },
  breakpoint: {
    title: 'Set or clear the breakpoint of the line',
    needs: 'caret',
    run: atCaret((m, file, line) => m.breakpoints.toggleLine(file, line)),
  },
  'reverse-run': {
    title: 'Back to the previous stop',
    needs: 'past',
    run: (m) => m.time.reverseContinue(),
  },
  'step-back': { title: 'Step back', needs: 'step back', run: (m) => m.time.stepBack() },
  'step-back-over': {
    title: 'Step back over',
    needs: 'step back',
    run: (m) => m.time.stepBackOver(),
  },
  'step-back-out': { title: 'Step back out', needs: 'step back', run: (m) => m.time.stepBackOut() },
  'back-to-cursor': {
    title: 'Back to the cursor',
    needs: 'past',
    run: atCaret((m, file, line) => m.time.backToLine(file, line)),
  },
};

function fits({ needs }: MachineEntry, machine: MachineState, layout: LayoutState): boolean {
  if (machine.program === null) return false;
  switch (needs) {
    case 'program':
      return true;
    case 'running':
      return machine.busy;
    case 'step':
      return machine.steppable;
    case 'caret':
      return layout.caret !== null;
    case 'past':
      return !machine.busy && machine.time.able;
    case 'step back': {
      // A step under way may be the first that there is to take back.
      const { able, timeline } = machine.time;
      return machine.steppable && (able || (machine.busy && timeline.recording));
    }
  }
}

/**
 * Whether the button of a key shows as usable: as `fits`, but it does not flicker through what is
 * over at once, and says when there is nothing to go back to.
 */
export function offered(key: MachineKey, machine: MachineState, layout: LayoutState): boolean {
  if (machine.program === null) return false;
  const { able, timeline } = machine.time;
  const before = able && timeline.position > timeline.first;
  const still = !machine.settledBusy;
  switch (MACHINE[key].needs) {
    case 'program':
      return true;
    case 'running':
      return machine.settledBusy;
    case 'step':
      return still || machine.steppable;
    case 'caret':
      return still && layout.caret !== null;
    case 'past':
      return still && before;
    case 'step back': {
      const underWay = machine.busy && machine.steppable && timeline.recording;
      return (still && before) || underWay;
    }
  }
}

/** Every command of the page. */
export const COMMANDS: readonly Command[] = [
  ...(Object.keys(MACHINE) as MachineKey[]).map((id): Command => {
    const entry = MACHINE[id];
    return {
      id,
      title: entry.title,
      key: KEY_LABELS[id],
      enabled: ({ machine, layout }) => fits(entry, machine, layout),
      again: ({ machine }) => entry.needs.startsWith('step') && machine.keepsUp,
      run: ({ machine, layout }) => entry.run(machine, layout),
    };
  }),
  ...DEBUG_COMMANDS,
  ...VIEW_COMMANDS,
];

const BY_KEY = new Map(
  COMMANDS.flatMap((each) => {
    const keys = [each.key, each.otherKey].filter((key) => key !== undefined);
    return keys.map((key) => [key, each] as const);
  }),
);

/** The command of a key press, written as `keyLabel` does; or null. */
export function commandOfKey(label: string): Command | null {
  return BY_KEY.get(label) ?? null;
}

/** Does what a key or a button of the machine asks. */
export function command(key: MachineKey, machine: MachineState, layout: LayoutState): void {
  void MACHINE[key].run(machine, layout);
}

/**
 * Runs a command, or has the palette ask for what it needs.
 * @param repeated the key is held down: nobody has asked for this one, it may be let go of
 */
export function invoke(each: Command, context: CommandContext, repeated = false): void {
  if (each.enabled?.(context) === false) return;
  if (repeated && each.again?.(context) !== true) return;
  if (each.asks === undefined) void each.run(context, '');
  else context.palette.ask(each.id);
}
