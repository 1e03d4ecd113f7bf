// SPDX-License-Identifier: GPL-2.0-or-later
/** Commands of the debugger beyond its keys. */
import type { NextKind } from '../../protocol/machine.ts';
import type { MachineState } from '../../state/machine.svelte.ts';
import { evaluation, problemText } from '../debug/evaluation.ts';
import type { Command, CommandContext } from './commands.ts';

function stopped({ machine }: CommandContext): boolean {
  return machine.program !== null && !machine.busy;
}

function atLine({ machine, layout }: CommandContext): boolean {
  return machine.program !== null && layout.caret !== null;
}

/** Why an expression has no value now, or null. */
async function problemOf(machine: MachineState, text: string): Promise<string | null> {
  const value = await evaluation(machine, text);
  return value.ok ? null : problemText(value);
}

const NEXT: readonly (readonly [NextKind, string])[] = [
  ['call', 'Run to the next call'],
  ['return', 'Run to the next return'],
  ['syscall', 'Run to the next system call'],
  ['branch', 'Run to the next branch'],
];

/** Changes the breakpoint of the caret's line. */
function lineDetail(
  field: 'condition' | 'hits' | 'log',
): (context: CommandContext, text: string) => string | null {
  return ({ machine, layout }, text) => {
    const { caret } = layout;
    if (caret === null) return 'Put the cursor on a line of the source first.';
    const line = machine.breakpoints.changeLine(caret.file, caret.line, { [field]: text.trim() });
    if (line === null) return 'No instruction comes from that line or from those behind it.';
    layout.showConsole('breakpoints');
    return null;
  };
}

export const DEBUG_COMMANDS: readonly Command[] = [
  ...NEXT.map(([what, title]): Command => {
    return {
      id: `next-${what}`,
      title,
      enabled: stopped,
      run: ({ machine }) => machine.runCommand({ kind: 'next', what }),
    };
  }),
  {
    id: 'until',
    title: 'Run until an expression holds…',
    enabled: stopped,
    asks: { label: 'Run until', example: 'batch == 100 && loss_sum > 2.5' },
    run: async ({ machine }, text) => {
      const problem = await problemOf(machine, text);
      if (problem === null) void machine.runCommand({ kind: 'until', expression: text });
      return problem;
    },
  },
  {
    id: 'detach',
    title: 'Run to the end, past all breakpoints',
    enabled: stopped,
    run: ({ machine }) => machine.runCommand({ kind: 'detach' }),
  },
  {
    id: 'add-breakpoint',
    title: 'Add a breakpoint…',
    key: 'Ctrl+F9',
    asks: { label: 'Break at', example: 'dense_forward, sigmoid.asm:120 or 0x401000' },
    run: async ({ machine, layout }, text) => {
      const problem = await machine.breakpoints.add(text);
      if (problem === null) layout.showConsole('breakpoints');
      return problem;
    },
  },
  {
    id: 'condition',
    title: 'Condition for the breakpoint of the line…',
    key: 'Shift+F9',
    enabled: atLine,
    asks: { label: 'Stop on this line when', example: 'xmm0.f64[0] < 0 && rcx > 3' },
    run: lineDetail('condition'),
  },
  {
    id: 'hit-count',
    title: 'Hit count for the breakpoint of the line…',
    enabled: atLine,
    asks: { label: 'Stop on this line at hits', example: '= 5, >= 100 or % 10' },
    run: lineDetail('hits'),
  },
  {
    id: 'log-point',
    title: 'Log point on the line…',
    key: 'Ctrl+Shift+F9',
    enabled: atLine,
    asks: { label: 'Print on this line', example: 'batch {batch}: loss {loss_sum}' },
    run: lineDetail('log'),
  },
  {
    id: 'add-watchpoint',
    title: 'Watchpoint on memory…',
    asks: { label: 'Stop when this changes', example: 'w1[371][7], [rsp].u64 or rdi, 64' },
    run: async ({ machine, layout }, text) => {
      const problem = await machine.breakpoints.addWatchpoint(text);
      if (problem === null) layout.showConsole('breakpoints');
      return problem;
    },
  },
  {
    id: 'suspend-stops',
    title: 'Switch all breakpoints and watchpoints off or on',
    run: ({ machine }) => (machine.breakpoints.suspended = !machine.breakpoints.suspended),
  },
  {
    id: 'clear-stops',
    title: 'Remove all breakpoints and watchpoints',
    run: ({ machine }) => machine.breakpoints.clear(),
  },
  {
    id: 'watch',
    title: 'Watch an expression…',
    asks: { label: 'Watch', example: 'xmm0.f64[0] * rcx' },
    run: async ({ machine, watches, layout }, text) => {
      const problem = await problemOf(machine, text);
      if (problem !== null) return problem;
      watches.add(text);
      layout.showCpu();
      layout.cpu = 'watch';
      return null;
    },
  },
  {
    id: 'evaluate',
    title: 'Evaluate an expression into the console…',
    asks: { label: 'Evaluate', example: '[w1 + 8*rcx].f64' },
    run: async ({ machine, console, layout }, text) => {
      const value = await evaluation(machine, text);
      if (!value.ok) return problemText(value);
      console.note(`${text.trim()} = ${value.text} (${value.type})`);
      layout.showConsole('console');
      return null;
    },
  },
  {
    id: 'go-to',
    title: 'Show memory at…',
    asks: { label: 'Show memory at', example: 'w1 + 8*rcx, [rsp] or 0x402000' },
    run: async ({ machine, layout }, text) => {
      const found = await machine.inspect.findAddress(text);
      if (!found.ok) return problemText(found);
      layout.showMemory(found.address);
      return null;
    },
  },
];
