// SPDX-License-Identifier: GPL-2.0-or-later
/** Profiles of real work: every table adds up to what was executed, and both engines agree. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../../cpu/cpu.ts';
import { createEngine, ENGINE_NAMES } from '../../cpu/engines.ts';
import { GuestMemory } from '../../machine/memory.ts';
import { runEmulated } from '../../nn/testing/emulated.ts';
import { assemble, embeddedDigits } from '../../nn/testing/native.ts';
import type { ProfileNode, ProfileReport } from '../../protocol/profile.ts';
import { DebugIndex } from '../../shared/debug-index.ts';
import { Rig } from '../testing/rig.ts';
import { ProfileDesk } from './profile-desk.ts';

const FILES = ['train', 't10k'].flatMap((set) => [
  `${set}-images-idx3-ubyte`,
  `${set}-labels-idx1-ubyte`,
]);
const BATCH = 16;

/** Trains with the counts on. @returns the report, and the instructions that were executed. */
async function training(
  name: EngineName,
  samples: number,
  epochs: number,
): Promise<{ report: ProfileReport; executed: number }> {
  const { image, debug } = await assemble('sigmoid.asm');
  const { folder } = await embeddedDigits();
  const files = Object.fromEntries(
    FILES.map((file) => [`data/digits/${file}`, readFileSync(join(folder, file))]),
  );
  const memory = new GuestMemory();
  const engine = await createEngine(name, memory);
  const desk = new ProfileDesk(memory);
  desk.attach(engine, new DebugIndex(debug));
  desk.switch(true);
  const limits = ['--limit', String(samples), '--batch', String(BATCH), '--epochs', String(epochs)];
  const paths = ['--data', 'data/digits', '--weights', 'w.bin'];
  const args = ['train', ...paths, ...limits];
  const run = await runEmulated(engine, memory, image, args, undefined, files);
  expect(run).toMatchObject({ status: 0, fault: '', stderr: '' });
  const report = desk.report();
  engine.dispose();
  if (report === null) throw new Error('nothing was counted');
  return { report, executed: memory.state.instructions };
}

function addsUp(report: ProfileReport, executed: number): void {
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const own = (node: ProfileNode): number => node.self + sum(node.children.map(own));
  expect(report.total).toBe(executed);
  expect(sum(report.lines.map(({ count }) => count))).toBe(executed);
  expect(sum(report.functions.map(({ self }) => self))).toBe(executed);
  expect(sum(report.classes.map(({ count }) => count))).toBe(executed);
  expect(report.root && own(report.root)).toBe(executed);
}

/** What does not depend on the order in which equal counts came. */
function table(report: ProfileReport): unknown {
  const nodes = (node: ProfileNode, above: string): string[] => {
    const path = `${above}/${node.name}`;
    const here = `${path} ${node.calls} ${node.self} ${node.total}`;
    return [here, ...node.children.flatMap((child) => nodes(child, path))];
  };
  return {
    lines: report.lines.map((l) => `${l.file}:${l.line} ${l.count} ${l.times}`).toSorted(),
    functions: report.functions.map((f) => JSON.stringify(f)).toSorted(),
    classes: report.classes
      .flatMap((c) => c.mnemonics.map((m) => `${c.name} ${m.name} ${m.count}`))
      .toSorted(),
    paths: report.root && nodes(report.root, '').toSorted(),
  };
}

describe('a profile of a training', () => {
  it('agrees between the engines', async () => {
    const [jit, unicorn] = [await training('jit', 2, 1), await training('unicorn', 2, 1)];
    addsUp(jit.report, jit.executed);
    addsUp(unicorn.report, unicorn.executed);
    expect(table(jit.report)).toEqual(table(unicorn.report));
  }, 240_000); // the reference takes its time on a loaded machine

  it('adds up, and holds what is known beforehand', async () => {
    const samples = 40;
    const { report, executed } = await training('jit', samples, 2);
    addsUp(report, executed);
    const source = readFileSync(new URL('../../../asm/nn/train.asm', import.meta.url), 'utf8');
    const lines = source.split('\n');
    const timesBehind = (text: string): number | undefined => {
      const at = lines.findIndex((line) => line.includes(text));
      expect(at).toBeGreaterThan(0);
      const next = report.lines
        .filter(({ file, line }) => file === 'nn/train.asm' && line > at + 1)
        .toSorted((a, b) => a.line - b.line)[0];
      return next?.times;
    };
    expect(timesBehind(';@ event sample_end')).toBe(2 * samples);
    expect(timesBehind(';@ event batch_end')).toBe(2 * Math.ceil(samples / BATCH));
    expect(timesBehind(';@ event epoch_end')).toBe(2);
  });
});

describe.each(ENGINE_NAMES)('a profile on %s', (engine) => {
  it('adds up over system calls, a pause here and there, and a fault', async () => {
    const rig = await Rig.start(
      `_start:
        mov ebx, 300
.next:  mov eax, 1
        mov edi, 1
        lea rsi, [rel .text]
        mov edx, 3
        syscall
        call work
        dec ebx
        jnz .next
        xor ebx, ebx
        mov rax, [rbx]
.text:  db 'ok', 10
work:   mov ecx, ebx
.again: imul rax, rcx, 7
        loop .again
        ret`,
      { engine },
    );
    const desk = new ProfileDesk(rig.memory);
    desk.attach(rig.engine, rig.index);
    desk.switch(true);
    for (const count of [1, 10, 100, 1000]) {
      await rig.run({ kind: 'step-in', count });
      addsUp(desk.report() ?? never(), rig.memory.state.instructions);
    }
    expect((await rig.run({ kind: 'continue' })).kind).toBe('fault');
    const report = desk.report() ?? never();
    const work = 300 * 2 + 2 * ((300 * 301) / 2);
    addsUp(report, 1 + 300 * 8 + 1 + work);
    expect(rig.memory.state.instructions).toBe(report.total);
    expect(report.functions.find(({ name }) => name === 'work')).toMatchObject({
      self: work,
      total: work,
      calls: 300,
    });
    expect(rig.output.length).toBe(900);
    rig.dispose();
  });
});

function never(): never {
  throw new Error('nothing was counted');
}
