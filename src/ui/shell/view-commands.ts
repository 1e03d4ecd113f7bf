// SPDX-License-Identifier: GPL-2.0-or-later
/** Commands that bring parts of the page into view. */
import type { Command, CommandContext } from './commands.ts';

function view(id: string, title: string, show: (context: CommandContext) => unknown): Command {
  return { id: `show-${id}`, title: `Show ${title}`, run: show };
}

export const VIEW_COMMANDS: readonly Command[] = [
  {
    id: 'palette',
    title: 'All commands',
    key: 'Ctrl+K',
    // Monaco's own palette is still in the editor's context menu.
    otherKey: 'F1',
    run: ({ palette }) => {
      const active = document.activeElement;
      palette.show(active instanceof HTMLElement ? active : null);
    },
  },
  view('console', 'the console', ({ layout }) => layout.showConsole('console')),
  view('strace', 'the system calls', ({ layout }) => layout.showConsole('strace')),
  view('breakpoints', 'the breakpoints', ({ layout }) => layout.showConsole('breakpoints')),
  view('profile', 'the profile', ({ layout }) => layout.showConsole('profile')),
  {
    id: 'count',
    title: 'Count instructions, or stop counting',
    run: ({ profile, layout }) => {
      layout.showConsole('profile');
      return profile.set(!profile.on);
    },
  },
  view('watch', 'the watch list', ({ layout }) => {
    layout.showCpu();
    layout.cpu = 'watch';
  }),
  view('disassembly', 'the disassembly', ({ layout }) => {
    layout.showCpu();
    layout.cpu = 'disassembly';
  }),
  view('vectors', 'the vector registers', ({ layout }) => {
    layout.showCpu();
    layout.cpu = 'vectors';
  }),
  view('memory', 'the memory', ({ layout }) => {
    layout.memory = 'memory';
    layout.narrow = 'memory';
    layout.side = 'memory';
  }),
  view('draw', 'the canvas', ({ layout }) => layout.showDraw()),
  view('train', 'the training', ({ layout }) => (layout.network = 'train')),
  {
    id: 'expression-help',
    title: 'How expressions are written',
    run: ({ palette }) => palette.showHelp(),
  },
  {
    id: 'theme',
    title: 'Light or dark',
    run: ({ theme }) => theme.choose(theme.resolved === 'dark' ? 'light' : 'dark'),
  },
  { id: 'clear-console', title: 'Clear the console', run: ({ console }) => console.clear() },
];
