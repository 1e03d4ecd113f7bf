// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import type { AbiWarning } from '../protocol/inspect.ts';
import { SLOTS, StackState } from './stack.svelte.ts';
import { FakeMachine } from './testing/fake-machine.ts';

const WARNING: AbiWarning = { kind: 'balance', text: 'unbalanced', address: 0x401000 };

describe('the stack', () => {
  it('is fetched while it is shown, its warnings always', async () => {
    const fake = new FakeMachine();
    fake.stack = { frames: [], slots: [], warnings: [WARNING], complete: false };
    const stack = new StackState({ inspect: fake });
    await stack.refresh();
    expect(fake.calls).toEqual([]);
    // Told twice, by a stop and by the code: shown once.
    expect(stack.warnings).toEqual([WARNING]);
    expect(stack.report.complete).toBe(true);

    const hide = stack.show();
    await stack.refresh();
    expect(fake.calls).toContain(`stack ${SLOTS}`);
    expect(stack.report.complete).toBe(false);
    expect(stack.warnings).toEqual([WARNING]);
    stack.more();
    await stack.refresh();
    expect(fake.calls.at(-1)).toBe(`stack ${2 * SLOTS}`);
    hide();
    await stack.refresh();
    expect(stack.report.frames).toEqual([]);
  });

  it('is empty when the machine is gone', async () => {
    const fake = new FakeMachine();
    fake.stack = { frames: [], slots: [], warnings: [WARNING], complete: false };
    const stack = new StackState({ inspect: fake });
    stack.show();
    await stack.refresh();
    fake.crash('out');
    await stack.refresh();
    expect(stack.warnings).toEqual([]);
    expect(stack.report.complete).toBe(true);
  });
});
