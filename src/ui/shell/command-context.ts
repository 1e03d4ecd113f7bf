// SPDX-License-Identifier: GPL-2.0-or-later
import {
  useConsole,
  useLayout,
  useMachine,
  usePalette,
  useProfile,
  useTheme,
  useWatches,
} from '../../state/context.ts';
import type { CommandContext } from './commands.ts';

/** What commands act on, from the contexts of the component that is being made. */
export function useCommandContext(): CommandContext {
  return {
    machine: useMachine(),
    layout: useLayout(),
    palette: usePalette(),
    watches: useWatches(),
    console: useConsole(),
    profile: useProfile(),
    theme: useTheme(),
  };
}
