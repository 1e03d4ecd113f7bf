// SPDX-License-Identifier: GPL-2.0-or-later
import { beforeEach, describe, expect, it } from 'vitest';
import type { Timeline } from '../protocol/time.ts';
import { ConsoleState } from './console.svelte.ts';
import { MachineState } from './machine.svelte.ts';
import type { Program } from './program.ts';
import { ProgramLedger } from './program-ledger.ts';
import { DEBUG, FakeMachine } from './testing/fake-machine.ts';

const branch = (id: number, parent: number | null, forkedAt: number) => ({
  ...{ id, parent, forkedAt },
  ...{ end: 1000, ended: null },
});
const BRANCHES = [branch(0, null, 0), branch(1, 0, 500), branch(2, 1, 700)];
const at = (branch: number, position: number) => ({ branch, position, branches: BRANCHES });

describe('the ledger of programs', () => {
  it('knows the old program before a change and on the branch that was left', () => {
    const ledger = new ProgramLedger<string>();
    expect(ledger.at(at(0, 0))).toBe(null);
    ledger.restart('first');
    ledger.change(at(1, 500), 'second');
    ledger.change(at(1, 600), 'third');
    expect(ledger.at(at(0, 900))).toBe('first');
    expect(ledger.at(at(1, 499))).toBe('first');
    expect(ledger.at(at(1, 500))).toBe('second');
    expect(ledger.at(at(1, 900))).toBe('third');
    // a branch of the branch, left behind both changes
    expect(ledger.at(at(2, 550))).toBe('second');
    expect(ledger.at(at(2, 900))).toBe('third');
    // what was between may be discarded
    expect(ledger.at({ ...at(2, 900), branches: [branch(0, null, 0)] })).toBe('third');
    ledger.change(at(1, 500), 'other');
    expect(ledger.at(at(1, 900))).toBe('other');
    ledger.rename('other', 'renamed');
    expect(ledger.at(at(1, 900))).toBe('renamed');
    ledger.restart('anew');
    expect(ledger.at(at(1, 900))).toBe('anew');
  });
});

/** An ELF image of one segment with these bytes, as far as anybody here looks. */
function image(code: readonly number[], writable = false): Uint8Array {
  const bytes = new Uint8Array(64 + 56 + code.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0x20, 64n, true);
  view.setUint16(0x36, 56, true);
  view.setUint16(0x38, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, writable ? 6 : 5, true);
  view.setBigUint64(72, 120n, true);
  view.setBigUint64(80, 0x401000n, true);
  view.setBigUint64(96, BigInt(code.length), true);
  bytes.set(code, 120);
  return bytes;
}

const program = (sha256: string, code: readonly number[], writable = false): Program => ({
  name: 'sigmoid',
  image: image(code, writable),
  debug: { ...DEBUG, sha256 },
});

const OLD = program('old', [1, 2, 3, 4]);
const NEW = program('new', [1, 2, 9, 4]);

describe('changed code in the machine', () => {
  let fake: FakeMachine;
  let machine: MachineState;

  /** The worker says where the machine is. */
  function arrive(id: number, position: number, ended: 'fault' | null = null): void {
    const timeline: Timeline = {
      ...{ recording: true, first: 0, end: 1000, past: position < 1000, bytes: 0, budget: 1 },
      ...{ checkpoints: 1, branch: id, position },
      branches: BRANCHES.map((b) => (b.id === id ? { ...b, ended } : b)),
    };
    fake.time = timeline;
    fake.say({ type: 'timeline', timeline });
  }

  beforeEach(async () => {
    fake = new FakeMachine();
    machine = new MachineState(fake, new ConsoleState((flush) => flush()));
    machine.setProgram(OLD);
    await machine.boot('');
    fake.stop({ kind: 'step' });
  });

  it('is offered when it fits, and is the program from then on; on the old branch the old one', async () => {
    expect(machine.patch.possible).toBe(false);
    machine.setProgram(NEW);
    expect([machine.patch.possible, machine.stale]).toEqual([true, true]);
    arrive(1, 500);
    await machine.patch.apply();
    expect(fake.patches).toEqual([
      { writes: [{ address: 0x401002, bytes: Uint8Array.of(9) }], gone: [], debug: NEW.debug },
    ]);
    expect([machine.booted, machine.stale, machine.patch.possible]).toEqual([NEW, false, false]);

    arrive(0, 900);
    expect([machine.booted, machine.patch.possible]).toEqual([OLD, true]);
    arrive(1, 900);
    expect(machine.booted).toBe(NEW);

    // the old text again: it is the same program as the old one
    const again = { ...OLD };
    machine.setProgram(again);
    expect(machine.stale).toBe(true);
    arrive(0, 900);
    expect(machine.booted).toBe(again);
    expect(machine.stale).toBe(false);
  });

  it('is not offered while the program runs, nor at the entry', async () => {
    machine.setProgram(NEW);
    void machine.run();
    expect(machine.patch.possible).toBe(false);
    fake.stop({ kind: 'pause' });
    expect(machine.patch.possible).toBe(true);
    await machine.boot('');
    expect(machine.status).toBe('ready');
    machine.setProgram(program('third', [7, 2, 9, 4]));
    expect([machine.patch.possible, machine.patch.refusal]).toEqual([false, null]);
  });

  it('says why it does not fit, or could not be put there', async () => {
    machine.setProgram(program('data', [1, 2, 9, 4], true));
    expect(machine.patch.possible).toBe(false);
    expect(machine.patch.refusal).toMatch(/loaded|start/);
    machine.setProgram(NEW);
    expect(machine.patch.refusal).toBe(null);
    fake.patchProblem = 'Let it return first.';
    await machine.patch.apply();
    expect(machine.patch.problem).toBe('Let it return first.');
    expect(machine.booted).toBe(OLD);
    machine.setProgram(program('third', [7, 2, 9, 4]));
    expect(machine.patch.problem).toBe(null);
  });

  it('goes on behind a fault: the branch that begins there has not ended', () => {
    arrive(0, 1000, 'fault');
    fake.stop({
      kind: 'fault',
      fault: {
        ...{ signal: 'SIGFPE', code: 'divide-error', rip: 0x401003, address: null },
        ...{ symbol: null, file: null, line: null, message: 'Divided by zero.' },
      },
    });
    expect(machine.status).toBe('faulted');
    arrive(0, 1000, 'fault');
    expect(machine.status).toBe('faulted');
    machine.setProgram(NEW);
    expect(machine.patch.possible).toBe(true);
    arrive(1, 1000);
    expect(machine.status).toBe('paused');
  });
});
