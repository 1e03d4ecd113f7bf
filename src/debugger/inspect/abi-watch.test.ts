// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import type { RunCommand } from '../../protocol/machine.ts';
import { GPR } from '../../shared/cpu-state.ts';
import { Rig } from '../testing/rig.ts';
import { AbiWatch } from './abi-watch.ts';
import { CallStack } from './call-stack.ts';

let rig: Rig | null = null;
afterEach(() => {
  rig?.dispose();
  rig = null;
});

async function start(source: string) {
  const made = await Rig.start(`global _start\n_start:\n${source}`);
  rig = made;
  const watch = new AbiWatch(made.memory, new CallStack(made.memory, made.index), made.index);
  watch.atStop();
  return {
    rig: made,
    watch,
    go: async (command: RunCommand) => {
      await made.run(command);
      watch.atStop();
    },
    to: async (label: string) => {
      await made.run({ kind: 'to', address: made.at(label) });
      watch.atStop();
    },
    texts: () => watch.warnings.map((w) => `${w.kind}: ${w.text}`),
  };
}

const CHANGES = `
    mov     ebx, 7
.call:
    call    bad
.back:
    nop
    call    good
    ud2
bad:
    nop
.inside:
    inc     rbx
    ret
good:
    push    rbx
    sub     rsp, 16
    mov     ebx, 99
.inside:
    add     rsp, 16
    pop     rbx
    ret
`;

describe('the calling convention', () => {
  it('a register that a call changed, seen when stepping over it', async () => {
    const { to, go, texts, rig } = await start(CHANGES);
    await to('_start.call');
    expect(texts()).toEqual([]);
    await go({ kind: 'step-over' });
    expect(rig.place).toBe('_start.back');
    expect(texts()).toEqual([
      'register: bad came back with rbx changed from 0x7 to 0x8; a function must leave rbx as it finds it.',
    ]);
    await go({ kind: 'step-in' });
    await go({ kind: 'step-over' });
    expect(texts()).toHaveLength(1);
  });

  it('the same, seen when stepping out after a breakpoint within', async () => {
    const { to, go, texts } = await start(CHANGES);
    await to('bad.inside');
    await go({ kind: 'step-out' });
    expect(texts().join()).toMatch(/bad came back with rbx changed from 0x7 to 0x8/);
  });

  it('a function that saves what it uses is not complained about', async () => {
    const { to, go, texts } = await start(CHANGES.replace('call    bad', 'call    good'));
    await to('good.inside');
    await go({ kind: 'step-out' });
    for (let i = 0; i < 8; i++) await go({ kind: 'step-in' });
    expect(texts()).toEqual([]);
  });

  it('going back in time takes back what was not yet', async () => {
    const { to, go, texts, rig, watch } = await start(CHANGES);
    await to('_start.call');
    const before = rig.memory.state.copy();
    await go({ kind: 'step-over' });
    expect(texts()).toHaveLength(1);
    rig.memory.state.bytes.set(new Uint8Array(before));
    watch.atStop();
    expect(texts()).toEqual([]);
  });

  it('a misaligned call', async () => {
    const { go, texts } = await start('push rax\ncall leaf\nud2\nleaf:\n    ret');
    await go({ kind: 'step-in' });
    expect(texts().join()).toMatch(/^alignment: rsp is 0x[0-9a-f]*8 at this call/);
  });

  it('a ret that finds no return address, and one that takes too much', async () => {
    const lost = await start('call leaf\nud2\nleaf:\n    push rax\n.end:\n    ret');
    await lost.to('leaf.end');
    expect(lost.texts().join()).toMatch(/^balance: This ret goes to 0x0, which no call/);
    lost.rig.dispose();
    const greedy = await start('sub rsp, 32\ncall leaf\n.back:\nnop\nud2\nleaf:\n    ret 16');
    await greedy.go({ kind: 'step-in' });
    await greedy.to('_start.back');
    expect(greedy.texts().join()).toMatch(/^balance: leaf took 16 bytes more off the stack/);
  });

  it('recursion is no breach', async () => {
    const { go, texts, rig } = await start(`
    mov     edi, 4
    call    again
    ud2
again:
    push    rbx
    mov     ebx, edi
    dec     edi
    jz      .bottom
    call    again
.bottom:
    pop     rbx
    ret
`);
    while (rig.memory.state.gpr(GPR.rdi) > 0n || rig.place !== '_start+0xa') {
      await go({ kind: 'step-in' });
    }
    expect(texts()).toEqual([]);
  });
});
