// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Snapshot, StopReason } from '../protocol/machine.ts';
import { GPR } from '../shared/cpu-state.ts';
import { ConsoleState } from './console.svelte.ts';
import { MachineSnapshots } from './machine-snapshots.svelte.ts';
import { MachineState } from './machine.svelte.ts';
import type { Program } from './program.ts';
import { PLAIN_STOP } from './stop-details.ts';
import { memoryStore } from './store.ts';
import { DEBUG, FakeMachine, snapshot } from './testing/fake-machine.ts';

const PROGRAM: Program = { name: 'sigmoid', image: new Uint8Array([0x7f]), debug: DEBUG };

let fake: FakeMachine;
let output: ConsoleState;
let machine: MachineState;

beforeEach(() => {
  fake = new FakeMachine();
  output = new ConsoleState((flush) => flush());
  machine = new MachineState(fake, output);
});

async function booted(args = 'classify'): Promise<void> {
  machine.setProgram(PROGRAM);
  expect(await machine.boot(args)).toBe(true);
  fake.calls.length = 0;
}

describe('booting', () => {
  it('passes argv, and stands ready at the entry with a source place', async () => {
    machine.setProgram(PROGRAM);
    expect(await machine.boot('train --epochs "3"')).toBe(true);
    expect(fake.boots[0]?.argv).toEqual(['sigmoid', 'train', '--epochs', '3']);
    expect(machine.status).toBe('ready');
    expect(machine.source).toEqual({ file: 'main.asm', line: 10 });
    expect(machine.reason).toEqual({ kind: 'entry' });
    expect(machine.previous).toBeNull();
    expect(output.text).toBe('$ ./sigmoid train --epochs 3');
  });

  it('does nothing without a program', async () => {
    expect(await machine.boot()).toBe(false);
    expect(fake.calls).toEqual([]);
    expect(machine.status).toBe('empty');
  });

  it('runs what is asked for meanwhile in the new process, once it stands at its entry', async () => {
    await booted();
    let prepared: (ready: boolean) => void = () => undefined;
    machine.onPrepare(() => new Promise((resolve) => (prepared = resolve)));
    const boot = machine.boot('train');
    const step = machine.stepIn();
    await Promise.resolve();
    expect(fake.calls).toEqual([]);
    prepared(true);
    await boot;
    await vi.waitFor(() => expect(fake.calls.at(-1)).toMatch(/^run step-in/));
    expect(fake.calls.filter((call) => /^(boot|run)/.test(call))).toHaveLength(2);
    fake.stop({ kind: 'step' });
    expect(await step).toEqual({ kind: 'step' });
  });

  it('says why there is no program, until there is one', () => {
    machine.lacksProgram('HTTP 404');
    expect(machine.trouble).toEqual({ kind: 'program', message: 'HTTP 404' });
    machine.setProgram(PROGRAM);
    expect(machine.trouble).toBeNull();
  });

  it('says why a refused image cannot start, and recovers with the next', async () => {
    machine.setProgram(PROGRAM);
    fake.bootResult = { ok: false, error: 'not an ELF file' };
    expect(await machine.boot('')).toBe(false);
    expect(machine.trouble).toEqual({ kind: 'boot', message: 'not an ELF file' });
    fake.bootResult = { ok: true, snapshot: snapshot() };
    expect(await machine.boot('')).toBe(true);
    expect(machine.trouble).toBeNull();
  });

  it('refuses an argument line with an open quote before it touches the machine', async () => {
    await booted();
    expect(await machine.boot('train "x')).toBe(false);
    expect(fake.calls).toEqual([]);
    expect(machine.trouble?.kind).toBe('arguments');
  });

  it('asks to prepare first, and stays as it is when that fails', async () => {
    await booted();
    machine.onPrepare(() => Promise.resolve(false));
    expect(await machine.boot()).toBe(false);
    expect(fake.calls).toEqual([]);
    expect(machine.status).toBe('ready');
  });

  it('knows when the program has changed since', async () => {
    await booted();
    expect(machine.stale).toBe(false);
    const changed = { ...DEBUG, sha256: '1'.repeat(64) };
    machine.setProgram({ ...PROGRAM, debug: changed });
    expect(machine.stale).toBe(true);
  });

  it('sees what runs in the lines of sources that differ in comments only', async () => {
    await booted();
    const lines = [...DEBUG.lines];
    lines[3] = 11;
    machine.setProgram({ ...PROGRAM, debug: { ...DEBUG, lines } });
    expect(machine.stale).toBe(false);
    expect(machine.source).toEqual({ file: 'main.asm', line: 11 });
    // A new annotation is more than a comment: the worker does not know it yet.
    const events = [...DEBUG.events, { name: 'frame_begin', address: 1, file: 0, line: 1 }];
    machine.setProgram({ ...PROGRAM, debug: { ...DEBUG, lines, events } });
    expect(machine.stale).toBe(true);
  });

  it('takes the engine wished for if there is one of that name', async () => {
    machine.engines.choose('jit');
    expect(machine.engines.chosen).toBe('unicorn');
    fake.available = ['unicorn', 'jit'];
    await booted();
    expect(machine.engines.chosen).toBe('jit');
    expect(fake.boots[0]?.engine).toBe('jit');
    machine.engines.choose('unicorn');
    await machine.boot();
    expect(fake.boots[1]?.engine).toBe('unicorn');
  });
});

describe('running and stepping', () => {
  it('resolves a step with its reason and keeps the registers before it', async () => {
    await booted();
    const step = machine.stepIn();
    expect(machine.busy).toBe(true);
    fake.stop(
      { kind: 'step' },
      snapshot((cpu) => {
        cpu.rip = 0x401003n;
        cpu.setGpr(GPR.rax, 7n);
        cpu.instructions = 1;
      }),
    );
    expect(await step).toEqual({ kind: 'step' });
    expect(machine.status).toBe('paused');
    expect(machine.cpu?.gpr(GPR.rax)).toBe(7n);
    expect(machine.previous?.gpr(GPR.rax)).toBe(0n);
    expect(machine.previous?.rip).toBe(0x401000n);
    expect(machine.instructions).toBe(1);
    expect(machine.source).toEqual({ file: 'main.asm', line: 12 });
  });

  it('ignores a second command while one is under way', async () => {
    await booted();
    void machine.run();
    expect(await machine.stepOver()).toBeNull();
    expect(fake.calls).toEqual(['run continue']);
  });

  it('shows progress without moving what changes are measured from', async () => {
    await booted();
    void machine.run();
    const at = snapshot((cpu) => (cpu.instructions = 5_000_000), 9.4);
    fake.say({ type: 'progress', snapshot: at });
    expect(machine.instructions).toBe(5_000_000);
    expect(machine.mips).toBe(9.4);
    expect(machine.previous).toBeNull();
    fake.stop({ kind: 'pause' }, at);
    expect(machine.previous?.rip).toBe(0x401000n);
    expect(machine.mips).toBe(9.4);
  });

  it('counts on while running, but shows registers for as long as they can be read', () => {
    let now = 0;
    const seen = new MachineSnapshots(() => now);
    const at = (count: number): Snapshot => snapshot((cpu) => (cpu.instructions = count));
    const shown = (): (number | undefined)[] => [seen.instructions, seen.cpu?.instructions];
    seen.enter(at(0));
    for (const [ms, count, registers] of [
      [0, 10, 10],
      [999, 20, 10],
      [1000, 30, 30],
      [1500, 40, 30],
    ] as const) {
      now = ms;
      seen.see(at(count));
      expect(shown()).toEqual([count, registers]);
    }
    seen.wait(at(50));
    expect(shown()).toEqual([50, 50]);
    seen.see(at(60));
    expect(shown()).toEqual([60, 60]);
    seen.stop({ kind: 'pause' }, at(70));
    expect(shown()).toEqual([70, 70]);
  });

  it('does not take late progress for running', async () => {
    await booted();
    void machine.run();
    fake.stop({ kind: 'pause' });
    fake.say({ type: 'progress', snapshot: snapshot() });
    expect(machine.status).toBe('paused');
  });

  it('tells waiting for input from running, and pauses either', async () => {
    await booted();
    void machine.run();
    fake.say({ type: 'waiting', snapshot: snapshot() });
    expect(machine.status).toBe('waiting');
    await machine.input.line('7');
    await machine.pause();
    expect(fake.calls).toEqual(['run continue', 'stdin "7\\n"', 'pause']);
    expect(output.lines.at(-1)).toMatchObject({ stream: 'in', text: '7' });
  });

  it('sends a file as it is, and says how much', async () => {
    await booted();
    await machine.input.file(new File(['7\n'.repeat(617)], 'digits.raw'));
    expect(fake.calls).toEqual([`stdin ${JSON.stringify('7\n'.repeat(617))}`]);
    expect(output.lines.at(-1)).toMatchObject({
      stream: 'note',
      text: '(sent digits.raw: 1,234 bytes)',
    });
  });

  it('says so when a file cannot be read, and sends nothing', async () => {
    await booted();
    const arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
    await machine.input.file({ name: 'digits.raw', arrayBuffer });
    expect(fake.calls).toEqual([]);
    expect(output.text).toContain('(digits.raw cannot be read; nothing was sent)');
  });

  it('does not pause what does not run', async () => {
    await booted();
    await machine.pause();
    expect(fake.calls).toEqual([]);
  });

  it('starts again from an end, and steps to the entry from there', async () => {
    await booted('classify');
    void machine.run();
    fake.stop({ kind: 'exit', status: 3 });
    expect(machine.status).toBe('exited');
    expect(output.text).toContain('exited with status 3');
    fake.calls.length = 0;
    expect(await machine.stepIn()).toEqual({ kind: 'entry' });
    expect(fake.calls).toEqual(['boot sigmoid classify', 'breakpoints ']);
    expect(machine.status).toBe('ready');
  });

  it('runs to the next line with code, or not at all', async () => {
    await booted();
    expect(await machine.runToLine('main.asm', 40)).toBeNull();
    expect(fake.calls).toEqual([]);
    void machine.runToLine('main.asm', 11);
    await Promise.resolve();
    expect(fake.calls).toEqual(['run to']);
  });

  it('reports a fault as it is', async () => {
    await booted();
    void machine.run();
    const fault = {
      signal: 'SIGSEGV',
      code: 'unmapped-read',
      rip: 0x401003,
      address: '0x10',
      symbol: '_start.loop',
      file: 'main.asm',
      line: 12,
      message: 'No memory there.',
    };
    fake.stop({ kind: 'fault', fault });
    expect(machine.status).toBe('faulted');
    expect(machine.reason).toEqual({ kind: 'fault', fault });
  });

  it('settles those who wait for a stop when another boot comes', async () => {
    await booted();
    const run = machine.run();
    await machine.reset();
    expect(await run).toBeNull();
    expect(machine.status).toBe('ready');
  });

  it('hands samples to listeners until they leave', async () => {
    await booted();
    const seen: number[] = [];
    const off = machine.onSamples((samples) => seen.push(...samples.map((s) => s.values[0] ?? 0)));
    const sample = { event: 'batch_end', instructions: 1, values: [0.5] };
    fake.say({ type: 'samples', samples: [sample] });
    off();
    fake.say({ type: 'samples', samples: [sample] });
    expect(seen).toEqual([0.5]);
  });
});

describe('steps asked for faster than they are served', () => {
  async function ran(...calls: string[]): Promise<void> {
    await vi.waitFor(() => expect(fake.calls).toEqual(calls.map((call) => `run ${call}`)));
  }

  it('are one command as far as they are alike, and keep their order', async () => {
    await booted();
    const steps = [
      ...[1, 2, 3, 4].map(() => machine.stepIn()),
      machine.stepOver(),
      machine.stepOver(),
      ...[1, 2].map(() => machine.time.stepBack()),
    ];
    expect(fake.calls).toEqual(['run step-in']);
    fake.stop({ kind: 'step' });
    await ran('step-in', 'step-in 3');
    fake.stop({ kind: 'step' });
    await ran('step-in', 'step-in 3', 'step-over');
    fake.stop({ kind: 'step' });
    await ran('step-in', 'step-in 3', 'step-over', 'step-over');
    fake.stop({ kind: 'step' });
    await ran('step-in', 'step-in 3', 'step-over', 'step-over', 'step-back 2');
    fake.stop({ kind: 'step' });
    expect(await Promise.all(steps)).toEqual(steps.map(() => ({ kind: 'step' })));
  });

  it.each<StopReason>([
    { kind: 'breakpoint', id: 'a', address: 0x401003 },
    { kind: 'exit', status: 0 },
    { kind: 'pause' },
  ])('are dropped where the step before ends by $kind', async (reason) => {
    await booted();
    const steps = [1, 2, 3].map(() => machine.stepIn());
    fake.stop(reason);
    expect(await Promise.all(steps)).toEqual([reason, null, null]);
    expect(fake.calls).toEqual(['run step-in']);
  });

  it('are taken again after such an end', async () => {
    await booted();
    const steps = [machine.stepIn(), machine.stepIn()];
    fake.stop({ kind: 'breakpoint', id: 'a', address: 0x401003 });
    await Promise.all(steps);
    void machine.stepIn();
    void machine.stepIn();
    await ran('step-in', 'step-in');
    fake.stop({ kind: 'step' });
    await ran('step-in', 'step-in', 'step-in');
  });

  it('are dropped where the program comes to wait for input', async () => {
    await booted();
    const steps = [1, 2].map(() => machine.stepIn());
    fake.say({ type: 'waiting', snapshot: snapshot() });
    expect(await steps[1]).toBeNull();
    expect(machine.steppable).toBe(false);
    fake.stop({ kind: 'step' });
    expect(await steps[0]).toEqual({ kind: 'step' });
    expect(machine.steppable).toBe(true);
    expect(fake.calls).toEqual(['run step-in']);
  });

  it('are dropped by a pause, also when it comes too late for the step under way', async () => {
    await booted();
    const steps = [1, 2].map(() => machine.stepIn());
    void machine.pause();
    fake.stop({ kind: 'step' });
    expect(await Promise.all(steps)).toEqual([{ kind: 'step' }, null]);
  });

  it('before a reset are dropped, and behind it run in the new process', async () => {
    await booted();
    const old = [1, 2].map(() => machine.stepIn());
    const boot = machine.boot();
    const fresh = [1, 2, 3].map(() => machine.stepIn());
    expect(await boot).toBe(true);
    expect(await Promise.all(old)).toEqual([null, null]);
    await vi.waitFor(() => expect(fake.calls.at(-1)).toBe('run step-in'));
    fake.stop({ kind: 'step' });
    await vi.waitFor(() => expect(fake.calls.at(-1)).toBe('run step-in 2'));
    fake.stop({ kind: 'step' });
    expect(await Promise.all(fresh)).toEqual(fresh.map(() => ({ kind: 'step' })));
  });

  it('from an end go to the entry first, and on from there', async () => {
    await booted();
    void machine.run();
    fake.stop({ kind: 'exit', status: 0 });
    const steps = [1, 2, 3].map(() => machine.stepIn());
    await vi.waitFor(() => expect(fake.calls.at(-1)).toBe('run step-in 2'));
    expect(await steps[0]).toEqual({ kind: 'entry' });
    fake.stop({ kind: 'step' });
    expect(await steps[2]).toEqual({ kind: 'step' });
  });

  it('let a key held down wait for one, not for more', async () => {
    await booted();
    expect(machine.keepsUp).toBe(true);
    void machine.stepIn();
    expect(machine.keepsUp).toBe(true);
    void machine.stepIn();
    expect(machine.keepsUp).toBe(false);
    fake.stop({ kind: 'exit', status: 0 });
    // Held down at the end it does not begin the program anew.
    expect(machine.keepsUp).toBe(false);
  });
});

describe('a crash', () => {
  it('empties the machine, says so, frees waiters, and lets one boot again', async () => {
    await booted();
    const run = machine.run();
    fake.crash('The machine failed: out of memory');
    expect(await run).toBeNull();
    expect(machine.status).toBe('empty');
    expect(machine.cpu).toBeNull();
    expect(machine.trouble).toEqual({
      kind: 'crash',
      message: 'The machine failed: out of memory',
    });
    expect(await machine.boot()).toBe(true);
    expect(machine.trouble).toBeNull();
  });

  it('is not the only end of a start: whatever fails is told', async () => {
    machine.setProgram(PROGRAM);
    vi.spyOn(fake, 'boot').mockRejectedValueOnce(new RangeError('no room for the image'));
    expect(await machine.boot()).toBe(false);
    expect(machine.trouble).toEqual({ kind: 'boot', message: 'no room for the image' });
  });
});

describe('breakpoints', () => {
  it('sets those of instructions, and of lines by the debug info of what runs', async () => {
    const at = { file: 'main.asm', line: 12, address: 0x401003, ...PLAIN_STOP };
    const lines = { all: [at], toggle: vi.fn(() => 12), change: vi.fn(() => 12), remove: vi.fn() };
    machine.breakpoints.useLines(lines);
    await booted();
    machine.breakpoints.toggleAddress(0x401007);
    expect(machine.breakpoints.addresses).toEqual([0x401003, 0x401007]);
    expect(machine.breakpoints.breaksAt(0x401007)).toBe(true);
    machine.breakpoints.toggleAddress(0x401007);
    expect(machine.breakpoints.breaksAt(0x401007)).toBe(false);
    // The first instruction of a line is the line's.
    machine.breakpoints.toggleAddress(0x401009);
    expect(lines.toggle).toHaveBeenCalledWith('main.asm', 13);
  });

  it('is told to the machine at each boot', async () => {
    await booted();
    machine.breakpoints.toggleAddress(0x401007);
    expect(machine.breakpoints.entries).toMatchObject([{ place: '_start.loop+0x4' }]);
    fake.calls.length = 0;
    await machine.boot('');
    expect(fake.calls[0]).toBe('boot sigmoid');
    expect(fake.sought).toEqual(['_start.loop+0x4']); // found anew in each program
  });

  it('switches off one or all, and tells what is wrong and how often each was hit', async () => {
    await booted();
    machine.breakpoints.toggleAddress(0x401007);
    const [entry] = machine.breakpoints.entries;
    const id = entry?.id ?? '';
    machine.breakpoints.change(id, { condition: 'rax ==' });
    fake.problems = [{ id, field: 'condition', column: 7, message: 'Missing.' }];
    fake.hits = [{ id, hits: 3 }];
    await machine.sendBreakpoints();
    await machine.breakpoints.refresh();
    expect(fake.breakpoints).toMatchObject([{ address: 0x401007, condition: 'rax ==' }]);
    expect(machine.breakpoints.problemOf(id)?.column).toBe(7);
    expect(machine.breakpoints.hitsOf(id)).toBe(3);
    machine.breakpoints.suspended = true;
    await machine.sendBreakpoints();
    expect(fake.breakpoints).toMatchObject([{ enabled: false }]);
    expect(machine.breakpoints.breaksAt(0x401007)).toBe(false);
    machine.breakpoints.remove(id);
    expect(machine.breakpoints.entries).toEqual([]);
  });

  it('keeps what is no line by its text, and watchpoints with it', async () => {
    const store = memoryStore();
    machine.breakpoints.useStore(store);
    await booted();
    fake.located = { ok: true, label: 'w', address: 0x402000, length: 8, type: 'f64' };
    machine.breakpoints.toggleAddress(0x401007);
    expect(await machine.breakpoints.addWatchpoint('w[0]', 'write', { kind: 'nan' })).toBeNull();
    fake.located = { ok: false, column: 3, length: 1, message: 'No.' };
    expect(await machine.breakpoints.addWatchpoint('w[9]')).toBe('Column 3: No.');
    const again = new MachineState(fake, new ConsoleState());
    again.breakpoints.useStore(store);
    expect(again.breakpoints.entries).toMatchObject([{ place: '_start.loop+0x4', address: null }]);
    expect(again.breakpoints.watchpoints).toMatchObject([{ text: 'w[0]', when: { kind: 'nan' } }]);
  });
});

describe('the settled status', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('does not flicker through a step, and follows a real run', async () => {
    await booted();
    const step = machine.stepIn();
    expect(machine.settledStatus).toBe('ready');
    fake.stop({ kind: 'step' });
    expect(machine.settledStatus).toBe('paused');
    await step;
    void machine.run();
    vi.advanceTimersByTime(200);
    expect(machine.settledStatus).toBe('running');
    expect(machine.steppable).toBe(false);
  });

  it('takes further single steps however late one is', async () => {
    await booted();
    void machine.stepIn();
    vi.advanceTimersByTime(5_000);
    expect(machine.settledStatus).toBe('running');
    expect(machine.steppable).toBe(true);
    const next = machine.stepIn();
    fake.stop({ kind: 'step' });
    await vi.waitFor(() => expect(fake.calls.length).toBe(2));
    fake.stop({ kind: 'step' });
    expect(await next).toEqual({ kind: 'step' });
  });

  it('has more patience with a step, until it takes no further ones', async () => {
    await booted();
    void machine.stepOver();
    vi.advanceTimersByTime(400);
    expect(machine.settledStatus).toBe('ready');
    expect(machine.steppable).toBe(true);
    vi.advanceTimersByTime(200);
    expect(machine.settledStatus).toBe('running');
    expect(machine.steppable).toBe(false);
  });
});
