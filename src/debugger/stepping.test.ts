// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import { Rig } from './testing/rig.ts';

const open: Rig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

describe.each(['unicorn', 'jit'] as const)('on %s,', (engine) => {
  async function start(source: string): Promise<Rig> {
    const rig = await Rig.start(source, { engine });
    open.push(rig);
    return rig;
  }

  /** Runs to a label, which is a command of its own and not reached by any other way. */
  async function startAt(label: string, source: string): Promise<Rig> {
    const rig = await start(source);
    expect(await rig.run({ kind: 'to', address: rig.at(label) })).toEqual({ kind: 'cursor' });
    return rig;
  }

  const STEP = { kind: 'step' };
  const EXIT = 'mov eax, 231\nmov edi, 42\nsyscall';

  /** fact(5), with its return addresses one upon the other. */
  const RECURSION = `
_start:
    mov edi, 5
.call:
    call fact
.back:
    ${EXIT}
fact:
    mov eax, 1
    cmp edi, 1
    jbe .leaf
    push rdi
    dec edi
.recurse:
    call fact
.returned:
    pop rdi
    imul eax, edi
.leaf:
    ret`;

  describe('step over', () => {
    it('passes a recursive call to its own return, not to that of a deeper one', async () => {
      const rig = await startAt('fact.recurse', RECURSION); // about to ask for fact(4)
      const rsp = rig.gpr('rsp');
      expect(await rig.run({ kind: 'step-over' })).toEqual(STEP);
      expect(rig.place).toBe('fact.returned');
      expect(rig.gpr('rsp')).toBe(rsp);
      expect(rig.gpr('rax')).toBe(24n);
    });

    it('stops at a breakpoint inside of the call', async () => {
      const rig = await startAt('_start.call', RECURSION);
      rig.session.setBreakpoints([rig.at('fact.leaf')]);
      const reason = await rig.run({ kind: 'step-over' });
      expect(reason).toMatchObject({ kind: 'breakpoint', address: rig.at('fact.leaf') });
    });

    it('ends with the program when the call does not return', async () => {
      const rig = await start(`_start: call die\nnop\ndie: ${EXIT}`);
      expect(await rig.run({ kind: 'step-over' })).toEqual({ kind: 'exit', status: 42 });
    });

    it('takes a call of the next instruction for the jump that it is', async () => {
      const rig = await start(`_start: call .here\n.here: pop rax\n${EXIT}`);
      expect(await rig.run({ kind: 'step-over' })).toEqual(STEP);
      expect(rig.place).toBe('_start.here');
      expect(await rig.run({ kind: 'step-over' })).toEqual(STEP);
      expect(rig.gpr('rax')).toBe(BigInt(rig.at('_start.here')));
    });

    it('passes calls through registers and memory', async () => {
      const rig = await start(`
_start:
    lea rax, [one]
    call rax
    call [table]
    ${EXIT}
one: inc ebx
    ret
section .data
table: dq one`);
      await rig.run({ kind: 'step-in' });
      for (const calls of [1n, 2n]) {
        expect(await rig.run({ kind: 'step-over' })).toEqual(STEP);
        expect(rig.gpr('rbx')).toBe(calls);
      }
    });

    it('is a single step anywhere else, a system call and its answer included', async () => {
      const rig = await start(`_start: mov eax, 999\nsyscall\n.back: ${EXIT}`);
      await rig.run({ kind: 'step-over' });
      expect(await rig.run({ kind: 'step-over' })).toEqual(STEP);
      expect(rig.place).toBe('_start.back');
      expect(rig.gpr('rax')).toBe(2n ** 64n - 38n); // -ENOSYS
    });
  });

  describe('step out', () => {
    it('leaves a function from its first instruction, with all the calls below it', async () => {
      const rig = await startAt('fact', RECURSION);
      expect(await rig.run({ kind: 'step-out' })).toEqual(STEP);
      expect(rig.place).toBe('_start.back');
      expect(rig.gpr('rax')).toBe(120n);
    });

    it('leaves a recursion level by level, at the ret itself as well', async () => {
      const rig = await startAt('fact.leaf', RECURSION);
      for (const result of [1n, 2n, 6n, 24n]) {
        expect(await rig.run({ kind: 'step-out' })).toEqual(STEP);
        expect(rig.place).toBe('fact.returned');
        expect(rig.gpr('rax')).toBe(result);
      }
      expect(await rig.run({ kind: 'step-out' })).toEqual(STEP);
      expect(rig.place).toBe('_start.back');
    });

    it('is not misled by stale return addresses in the frame', async () => {
      const rig = await startAt(
        'victim.here',
        `
_start:
    call deep                   ; leaves its return addresses below the stack
    call victim
.back:
    ${EXIT}
deep:
    call leaf
.inner:
    call leaf
    ret
leaf:
    ret
victim:
    sub rsp, 64                 ; never written: what deep left is in it
.here:
    call leaf
    call deep
    add rsp, 64
    ret`,
      );
      expect(await rig.run({ kind: 'step-out' })).toEqual(STEP);
      expect(rig.place).toBe('_start.back');
    });

    it('runs to the end from the outermost code', async () => {
      const rig = await start(`_start: nop\ncall sub\n${EXIT}\nsub: ret`);
      expect(await rig.run({ kind: 'step-out' })).toEqual({ kind: 'exit', status: 42 });
    });

    it('is quick with thousands of return addresses on the stack', async () => {
      const rig = await start(`
_start:
    mov ecx, 7000
    call sink
.back: ${EXIT}
sink:
    dec ecx
    jz .bottom
    call sink
.up: ret
.bottom: ret`);
      await rig.run({ kind: 'to', address: rig.at('sink.bottom') });
      const before = performance.now();
      expect(await rig.run({ kind: 'step-out' })).toEqual(STEP);
      expect(performance.now() - before).toBeLessThan(500);
      expect(rig.place).toBe('sink.up');
      expect(await rig.run({ kind: 'to', address: rig.at('_start.back') })).toEqual({
        kind: 'cursor',
      });
    });
  });

  describe('run to', () => {
    it('ends with the program when the place is never reached', async () => {
      const rig = await start(`_start: jmp .end\n.never: nop\n.end: ${EXIT}`);
      const reason = await rig.run({ kind: 'to', address: rig.at('_start.never') });
      expect(reason).toEqual({ kind: 'exit', status: 42 });
    });

    it('comes round to where it began', async () => {
      const rig = await start(`_start: inc eax\njmp _start`);
      for (const count of [2, 4]) {
        await rig.run({ kind: 'to', address: rig.at('_start') });
        expect(rig.memory.state.instructions).toBe(count);
      }
    });

    it('runs on for an address that is none', async () => {
      const rig = await start(`_start: ${EXIT}`);
      expect(await rig.run({ kind: 'to', address: -1 })).toEqual({ kind: 'exit', status: 42 });
    });
  });
});
