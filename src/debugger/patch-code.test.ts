// SPDX-License-Identifier: GPL-2.0-or-later
/** Another assembly of the sources, put into a program in the middle of its run. */
import { afterEach, describe, expect, it } from 'vitest';
import { codePatch, type CodePatch } from '../shared/code-patch.ts';
import { patchCode } from './patch-code.ts';
import { assembleProgram, Rig } from './testing/rig.ts';

const PROGRAM = `
_start:
    mov ebx, 10
.round:
    call work
    dec ebx
    jnz .round
    mov eax, 231
    mov edi, r12d
    syscall
work:
    add r12, [step]
.inside:
    xor ecx, ecx
    add ecx, 1
    ret
    align 32, nop
last:
    nop
section .rodata
step: dq 1
section .data
kept: dq 5`;

const open: Rig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

async function start(engine: 'jit' | 'unicorn'): Promise<Rig> {
  const rig = await Rig.start(PROGRAM, { engine, record: true });
  open.push(rig);
  return rig;
}

/** What turns the program into itself with some text replaced. */
async function change(from: string, to: string): Promise<ReturnType<typeof codePatch>> {
  expect(PROGRAM).toContain(from);
  return codePatch(
    await assembleProgram(PROGRAM),
    await assembleProgram(PROGRAM.replace(from, to)),
  );
}

async function patchOf(from: string, to: string): Promise<CodePatch> {
  const patch = await change(from, to);
  if (!patch.ok) throw new Error(patch.error);
  return patch.value;
}

function apply(rig: Rig, patch: CodePatch): string | null {
  const { memory, process, index } = rig;
  return rig.session.edit(() => patchCode(memory, process, index, patch), patch.debug);
}

describe.each(['jit', 'unicorn'] as const)('changed code in %s', (engine) => {
  it('takes effect where the program stands, and is undone by going back', async () => {
    const rig = await start(engine);
    rig.session.setBreakpoints([rig.at('work')]);
    for (let i = 0; i < 5; i++) await rig.run({ kind: 'continue' });
    const at = rig.memory.state.instructions;
    rig.session.setBreakpoints([]);
    expect(apply(rig, await patchOf('step: dq 1', 'step: dq 3'))).toBe(null);
    expect(rig.session.time.timeline().branches.length).toBe(1); // nothing was lost
    expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 4 + 6 * 3 });
    const end = rig.memory.state.instructions;

    await rig.run({ kind: 'seek', instructions: at - 1 });
    expect(rig.memory.bytes[rig.at('step')]).toBe(1);
    await rig.run({ kind: 'seek', instructions: at + 2 });
    expect(rig.memory.bytes[rig.at('step')]).toBe(3);
    expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 22 });
    expect(rig.memory.state.instructions).toBe(end);
  });

  it('in the past begins a branch; the old one has the old code', async () => {
    const rig = await start(engine);
    expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 10 });
    const end = rig.memory.state.instructions;
    await rig.run({ kind: 'back-to', address: rig.at('_start.round') });
    const patch = await patchOf('add r12, [step]', 'sub r12, [step]');
    expect(apply(rig, patch)).toBe(null);
    expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 8 });
    const opcode = patch.writes[0]?.address ?? 0;
    const changed = rig.memory.bytes[opcode];

    await rig.run({ kind: 'to-branch', id: 0 });
    expect(rig.memory.state.instructions).toBe(end);
    expect(rig.gpr('r12')).toBe(10n);
    expect(rig.memory.bytes[opcode]).not.toBe(changed);
    await rig.run({ kind: 'to-branch', id: 1 });
    expect(rig.memory.bytes[opcode]).toBe(changed);
    expect(rig.gpr('r12')).toBe(8n);
  });

  it('is let in where instructions begin elsewhere, but for who stands or returns there', async () => {
    const rig = await start(engine);
    // two instructions of 5 bytes become others of 3 and 2
    const patch = await patchOf('xor ecx, ecx\n    add ecx, 1', 'add ecx, 1\n    xor ecx, ecx');
    const [inside = 0] = patch.gone;
    expect(patch.gone).toEqual([rig.at('work.inside') + 2]);
    rig.session.setBreakpoints([rig.at('work.inside')]);
    await rig.run({ kind: 'continue' });
    const before = rig.memory.bytes.slice(inside - 8, inside + 8);
    await rig.run({ kind: 'step-in' });
    expect(apply(rig, patch)).toMatch(/stands at work\.inside\+0x2, in the middle/);
    expect(apply(rig, { ...patch, gone: [rig.at('_start.round') + 5] })).toMatch(
      /return to _start\.round\+0x5.* Let it return first/,
    );
    expect(rig.memory.bytes.slice(inside - 8, inside + 8)).toEqual(before);
    await rig.run({ kind: 'step-in' });
    expect(apply(rig, patch)).toBe(null);
    expect(await rig.run({ kind: 'step-out' })).toEqual({ kind: 'step' });
    expect(await rig.run({ kind: 'continue' })).toMatchObject({ kind: 'breakpoint' });
    await rig.run({ kind: 'step-in', count: 2 });
    expect(rig.gpr('rcx')).toBe(0n);
  });

  it('has its own lines, in a fault too, and the old code the old ones', async () => {
    const rig = await start(engine);
    const patch = await patchOf(
      'xor ecx, ecx\n    add ecx, 1',
      '; another line\n    xor ecx, ecx\n    div ecx\n    nop',
    );
    const div = rig.at('work.inside') + 2;
    const line = (rip: number): number | undefined => rig.session.index?.lineAt(rip)?.line;
    const old = line(div) ?? 0;
    rig.session.setBreakpoints([rig.at('work')]);
    for (let i = 0; i < 3; i++) await rig.run({ kind: 'continue' });
    const at = rig.memory.state.instructions;
    expect(apply(rig, patch)).toBe(null);
    expect(line(div)).toBe(old + 1);
    rig.session.setBreakpoints([]);
    const reason = await rig.run({ kind: 'continue' });
    expect(reason).toMatchObject({ kind: 'fault', fault: { code: 'divide-error', rip: div } });
    expect(reason).toMatchObject({ fault: { line: old + 1 } });

    await rig.run({ kind: 'seek', instructions: at - 1 });
    expect(line(div)).toBe(old);
    await rig.run({ kind: 'continue' }); // from the past through the change
    expect(line(div)).toBe(old + 1);
    await rig.run({ kind: 'seek', instructions: at - 1 });
    expect(rig.session.edit(() => null)).toBe(null); // another branch, without the change
    await rig.run({ kind: 'step-in', count: 3 });
    expect(line(div)).toBe(old);
    await rig.run({ kind: 'to-branch', id: 0 });
    expect(line(div)).toBe(old + 1);
    await rig.run({ kind: 'to-branch', id: 1 });
    expect(line(div)).toBe(old);
  });

  it('is searched for who wrote a register as it was at each moment', async () => {
    const rig = await start(engine);
    const patch = await patchOf('xor ecx, ecx\n    add ecx, 1', 'add ecx, 1\n    xor ecx, ecx');
    rig.session.setBreakpoints([rig.at('work')]);
    for (let i = 0; i < 3; i++) await rig.run({ kind: 'continue' });
    const at = rig.memory.state.instructions;
    expect(apply(rig, patch)).toBe(null);
    const who = { kind: 'last-register-write', register: 'rcx' } as const;
    expect(await rig.run(who)).toMatchObject({ found: true });
    expect(rig.place).toBe('work.inside+0x2'); // the old code: `add ecx, 1`
    expect(rig.memory.state.instructions).toBeLessThan(at);
    await rig.run({ kind: 'to-end' });
    rig.session.setBreakpoints([rig.at('_start.round')]);
    await rig.run({ kind: 'continue' });
    await rig.run(who);
    expect(rig.place).toBe('work.inside+0x3'); // the new code: `xor ecx, ecx`
    expect(rig.memory.state.instructions).toBeGreaterThan(at);
  });
});

it.each(['jit', 'unicorn'] as const)('has its own lines without a recording in %s', async (on) => {
  const rig = await Rig.start(PROGRAM, { engine: on });
  open.push(rig);
  const inside = rig.at('work.inside');
  const old = rig.session.index?.lineAt(inside)?.line ?? 0;
  expect(apply(rig, await patchOf('add r12', '\n\n    sub r12'))).toBe(null);
  expect(rig.session.index?.lineAt(inside)?.line).toBe(old + 2);
});

describe('changed code that does not fit', () => {
  it.each([
    ['dec ebx', 'dec rbx', 'work has moved from'],
    ['last:\n', 'last:\n times 64 nop\n', '.text has become 64 bytes longer'],
    ['dq 5', 'times 33 dq 5', '.data has become 256 bytes longer'],
    ['mov ebx, 10\n.round:', '.round:\n mov ebx, 10', '_start.round has moved from'],
    ['.inside:', '.within:', 'the label work.within is new'],
    ['last:\n', '\n', 'the label last is gone'],
    ['kept: dq 5', 'kept: dq 6', 'initial values in .data have changed'],
    ['step: dq 1', 'step: dq 1 ;@ tensor step u64', 'its tensors or events are others'],
  ])('%s → %s', async (from, to, why) => {
    const patch = await change(from, to);
    expect(patch.ok ? 'it fits' : patch.error).toContain(why);
  });

  it('nothing has to be written for another comment', async () => {
    expect(await patchOf('dec ebx', 'dec ebx ; one less')).toMatchObject({ writes: [], gone: [] });
  });
});
