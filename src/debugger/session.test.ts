// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import { CpuState } from '../shared/cpu-state.ts';
import { Rig, type RigOptions } from './testing/rig.ts';

const open: Rig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

const EXIT = 'mov eax, 231\nmov edi, 42\nsyscall';

const READS = `
_start:
    xor eax, eax
    xor edi, edi
    lea rsi, [buffer]
    mov edx, 8
    syscall
.after:                         ;@ event read
    mov rbx, rax
    ${EXIT}
section .bss
;@ tensor first u8
buffer: resb 8`;

describe.each(['unicorn', 'jit'] as const)('a session on %s', (engine) => {
  async function start(source: string, options?: RigOptions): Promise<Rig> {
    const rig = await Rig.start(source, { engine, ...options });
    open.push(rig);
    return rig;
  }

  describe('pausing', () => {
    it('stops an endless loop, which can go on and be stopped again', async () => {
      const rig = await start('_start: jmp $', { onBreathe: ({ session }) => session.pause() });
      for (let before = 0, i = 0; i < 3; i++) {
        expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'pause' });
        expect(rig.place).toBe('_start');
        expect(rig.memory.state.instructions).toBeGreaterThan(before);
        before = rig.memory.state.instructions;
      }
      expect(rig.session.running).toBe(false);
    });

    it('leaves a system call that waits, and finishes it with the next command', async () => {
      const rig = await start(READS, {
        onEvent: ({ type }, { session }) => {
          if (type === 'waiting') setImmediate(() => session.pause());
        },
      });
      rig.session.watchScalars(['read'], ['first']);
      expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'pause' });
      expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'pause' });
      expect(rig.place).toBe('_start.after');
      expect(rig.samples).toEqual([]);
      rig.process.stdin.push(Uint8Array.of(9, 8, 7));
      expect(await rig.run({ kind: 'step-in' })).toEqual({ kind: 'step' });
      expect(rig.place).toBe('_start.after');
      expect(rig.gpr('rax')).toBe(3n);
      expect(rig.samples).toEqual([{ event: 'read', instructions: 5, values: [9] }]);
      expect(await rig.run({ kind: 'step-in' })).toEqual({ kind: 'step' });
      expect(rig.gpr('rbx')).toBe(3n);
      expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 42 });
      expect(rig.samples.length).toBe(1);
    });

    it.each(['step-in', 'step-over', 'step-out'] as const)(
      'can leave a waiting call that was entered by %s',
      async (kind) => {
        const rig = await start(READS);
        rig.session.setBreakpoints([rig.at('_start.after')]);
        await rig.run({ kind: 'step-in', count: 4 });
        const running = rig.run({ kind });
        await new Promise((resolve) => setImmediate(resolve));
        rig.session.pause();
        expect(await running).toEqual({ kind: 'pause' });
        rig.process.stdin.push(Uint8Array.of(1));
        const reason = { kind: 'breakpoint', address: rig.at('_start.after') };
        expect(await rig.run({ kind })).toMatchObject(reason);
        expect(rig.gpr('rax')).toBe(1n);
      },
    );

    it('says where the timeline stands when the guest waits for input', async () => {
      const rig = await start(READS, { record: true });
      const running = rig.run({ kind: 'continue' });
      await new Promise((resolve) => setImmediate(resolve));
      const told = rig.events.filter(({ type }) => type !== 'progress');
      expect(told.map(({ type }) => type)).toEqual(['timeline', 'waiting']);
      const [event] = told;
      const position = event?.type === 'timeline' ? event.timeline.position : null;
      expect(position).toBe(rig.memory.state.instructions);
      rig.process.stdin.push(Uint8Array.of(1));
      await running;
    });

    it('says once that the guest waits for input, with what it printed before', async () => {
      const rig = await start(READS);
      const running = rig.run({ kind: 'continue' });
      await new Promise((resolve) => setImmediate(resolve));
      rig.process.stdin.push(Uint8Array.of(1));
      await running;
      const told = rig.events.map(({ type }) => type).filter((type) => type !== 'progress');
      expect(told).toEqual(['waiting', 'stopped']);
    });

    it('gets through a storm of system calls', async () => {
      let breaths = 0;
      const rig = await start('_start:\n mov eax, 999\n syscall\n jmp _start', {
        onBreathe: ({ session }) => {
          if (++breaths === 3) session.pause();
        },
      });
      expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'pause' });
      expect(rig.memory.state.instructions).toBeGreaterThan(3);
    });

    describe.each([false, true])('within a long repetition, recording: %s', (record) => {
      /** Pieces of work that are more than one slice is given, on either engine. */
      const LENGTH = engine === 'jit' ? 9_000_000 : 30_000;
      const rep = (kind: string): string => `
_start:
    lea rdi, [room]
    lea rsi, [room + 9000001]
    mov ecx, ${LENGTH}
    mov al, 7
    ${kind}
.after:
    mov ebx, 5
    ${EXIT}
section .bss
room: resb 18000002`;

      /** Runs a repetition that is paused on its way, at the first chance. */
      async function halfWay(kind: string): Promise<Rig> {
        let now = 0;
        let asked = false;
        const rig = await start(rep(kind), {
          record,
          now: () => (now += 20),
          onBreathe: ({ session, memory }) => {
            const rcx = Number(memory.state.gpr(1));
            if (!asked && memory.state.instructions === 4 && rcx < LENGTH && rcx > 0) {
              asked = true;
              session.pause();
            }
          },
        });
        expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'pause' });
        expect(rig.memory.state.instructions).toBe(4);
        return rig;
      }

      it('the state is what silicon would have, and it goes on to the right end', async () => {
        const rig = await halfWay('rep stosb');
        const room = rig.at('room');
        const left = Number(rig.gpr('rcx'));
        const done = LENGTH - left;
        expect(Number(rig.gpr('rdi'))).toBe(room + done);
        const written = rig.memory.bytes.subarray(room, room + LENGTH);
        expect([written[0], written[done - 1], written[done]]).toEqual([7, 7, 0]);
        expect(written.indexOf(0)).toBe(done);
        expect(await rig.run({ kind: 'step-in' })).toEqual({ kind: 'step' });
        expect(rig.place).toBe('_start.after');
        expect([rig.gpr('rcx'), rig.memory.state.instructions]).toEqual([0n, 5]);
        expect(rig.memory.bytes.subarray(room, room + LENGTH).indexOf(0)).toBe(-1);
        expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 42 });
      });

      it('no matter which: movs, scas and cmps as well', async () => {
        for (const kind of ['rep movsb', 'repne scasb', 'repe cmpsb']) {
          const rig = await halfWay(kind);
          rig.session.setBreakpoints([rig.at('_start.after')]);
          expect(await rig.run({ kind: 'continue' })).toMatchObject({ kind: 'breakpoint' });
          expect([rig.gpr('rcx'), rig.memory.state.instructions]).toEqual([0n, 5]);
          expect(Number(rig.gpr('rdi'))).toBe(rig.at('room') + LENGTH);
        }
      });

      it.runIf(record)(
        'no moment of the recording is half way, and nothing can be changed',
        async () => {
          const rig = await halfWay('rep stosb');
          const refused = rig.session.edit(() => {
            rig.memory.state.setGpr(3, 9n);
            return null;
          });
          expect(refused).toMatch(/within a long repeated instruction/);
          expect(rig.gpr('rbx')).toBe(0n);
          await rig.run({ kind: 'step-back' });
          expect(rig.memory.state.instructions).toBe(3);
          await rig.run({ kind: 'step-in' });
          expect([rig.memory.state.instructions, rig.gpr('rcx')]).toEqual([4, BigInt(LENGTH)]);
          expect(rig.memory.bytes[rig.at('room')]).toBe(0);
          expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 42 });
          await rig.run({ kind: 'seek', instructions: 4 });
          expect([rig.gpr('rcx'), rig.memory.bytes[rig.at('room')]]).toEqual([BigInt(LENGTH), 0]);
          await rig.run({ kind: 'seek', instructions: 5 });
          expect(rig.memory.bytes[rig.at('room') + LENGTH - 1]).toBe(7);
        },
      );
    });
  });

  describe('breakpoints', () => {
    /** Exactly 20,000 instructions, the first slice of a session, from one arrival to the next. */
    const ROUNDS = `
_start:
    mov ebx, 4
    jmp .round
.round:                         ;@ event round
    mov ecx, 9998
.inner:
    dec ecx
    jnz .inner
    dec ebx
    nop
    jnz .round
    ${EXIT}`;
    const steady = (): (() => number) => {
      let now = 0;
      return () => (now += 10); // a slice is neither too long nor too short: its budget stays
    };

    it('stop a run whose slice ends exactly there', async () => {
      const rig = await start(ROUNDS, { now: steady() });
      rig.session.setBreakpoints([rig.at('_start.round')]);
      const counts: number[] = [];
      for (let i = 0; i < 4; i++) {
        const reason = await rig.run({ kind: 'continue' });
        expect(reason).toMatchObject({ kind: 'breakpoint', address: rig.at('_start.round') });
        counts.push(rig.memory.state.instructions);
      }
      expect(counts).toEqual([2, 20_002, 40_002, 60_002]);
      expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 42 });
    });

    it('give one sample an arrival, wherever slices and steps end', async () => {
      const expected = [2, 20_002, 40_002, 60_002];
      const whole = await start(ROUNDS, { now: steady() });
      whole.session.watchScalars(['round', 'nothing'], ['absent']);
      await whole.run({ kind: 'continue' });
      expect(whole.samples.map(({ instructions }) => instructions)).toEqual(expected);
      expect(whole.samples[0]?.values).toEqual([NaN]);

      const stepped = await start(ROUNDS);
      stepped.session.watchScalars(['round'], []);
      for (const count of [1, 1, 1, 19_999, 1, 19_999, 20_000]) {
        await stepped.run({ kind: 'step-in', count });
      }
      expect(stepped.samples.map(({ instructions }) => instructions)).toEqual(expected);
      await stepped.run({ kind: 'until-event', name: 'round', count: 1 });
      expect(stepped.samples.length).toBe(4);
    });

    it('count events that a command is to reach', async () => {
      const rig = await start(ROUNDS);
      expect(await rig.run({ kind: 'until-event', name: 'round', count: 3 })).toEqual({
        kind: 'event',
        name: 'round',
      });
      expect(rig.memory.state.instructions).toBe(40_002);
      expect(await rig.run({ kind: 'until-event', name: 'round', count: 1 })).toEqual({
        kind: 'event',
        name: 'round',
      });
      expect(rig.memory.state.instructions).toBe(60_002);
      const last = await rig.run({ kind: 'until-event', name: 'round', count: 1 });
      expect(last).toEqual({ kind: 'exit', status: 42 });
    });

    it('stop where a system call returns to, and nothing stops where the run begins', async () => {
      const rig = await start(`_start: mov eax, 999\nsyscall\n.back: nop\njmp _start`);
      rig.session.setBreakpoints([rig.at('_start'), rig.at('_start.back')]);
      for (const place of ['_start.back', '_start', '_start.back', '_start']) {
        await rig.run({ kind: 'continue' });
        expect(rig.place).toBe(place);
      }
      expect(rig.memory.state.instructions).toBe(8);
    });

    it('stop once at a rep that takes many slices', async () => {
      const rig = await start(`
_start:
    lea rdi, [room]
    mov ecx, 100000
.fill:                          ;@ event fill
    rep stosb
    ${EXIT}
section .bss
room: resb 100000`);
      rig.session.watchScalars(['fill'], []);
      rig.session.setBreakpoints([rig.at('_start.fill')]);
      expect(await rig.run({ kind: 'continue' })).toMatchObject({ kind: 'breakpoint' });
      expect(rig.gpr('rcx')).toBe(100_000n);
      expect(await rig.run({ kind: 'step-over' })).toEqual({ kind: 'step' });
      expect(rig.gpr('rcx')).toBe(0n);
      expect(rig.memory.state.instructions).toBe(3);
      expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 42 });
      expect(rig.samples.length).toBe(1);
    });

    it('come and go while the program runs', async () => {
      let breaths = 0;
      const rig = await start('_start: inc rax\n.next: inc rbx\njmp _start', {
        onBreathe: (it) => {
          if (++breaths === 2) it.session.setBreakpoints([it.at('_start.next')]);
        },
      });
      const reason = await rig.run({ kind: 'continue' });
      expect(reason).toMatchObject({ kind: 'breakpoint', address: rig.at('_start.next') });
    });
  });

  describe('the end', () => {
    it('stays: every later command tells it again', async () => {
      const rig = await start(`_start: ${EXIT}`);
      const end = { kind: 'exit', status: 42 };
      expect(await rig.run({ kind: 'continue' })).toEqual(end);
      expect(await rig.run({ kind: 'step-in' })).toEqual(end);
      expect(rig.session.end).toEqual(end);
      expect(rig.events.filter(({ type }) => type === 'stopped').length).toBe(1);
    });

    it('comes at once when a session is given up, waiting or running', async () => {
      const waiting = await start(READS);
      const stopped = waiting.run({ kind: 'continue' });
      await new Promise((resolve) => setImmediate(resolve));
      waiting.session.dispose();
      expect(await stopped).toEqual({ kind: 'pause' });
      waiting.process.stdin.push(Uint8Array.of(1));
      await new Promise((resolve) => setImmediate(resolve));
      expect(waiting.gpr('rax')).toBe(0n);

      const running = await start('_start: jmp $', {
        onBreathe: ({ session }) => session.dispose(),
      });
      expect(await running.run({ kind: 'continue' })).toEqual({ kind: 'pause' });
    });

    it('takes a second command for the first while one runs', async () => {
      const rig = await start(`_start: ${EXIT}`);
      const [first, second] = [rig.run({ kind: 'step-in' }), rig.run({ kind: 'continue' })];
      expect(second).toBe(first);
      expect(await first).toEqual({ kind: 'step' });
    });
  });

  describe('the rest', () => {
    it('follows RAM that grows under it', async () => {
      const rig = await start(`
_start:
    mov eax, 9                  ; mmap
    xor edi, edi
    mov esi, 64 << 20
    mov edx, 3
    mov r10d, 0x22
    mov r8, -1
    xor r9d, r9d
    syscall
    mov dword [rax + (64 << 20) - 4], 5
    mov dword [number], 6
    inc ebx                     ;@ event grown
    ${EXIT}
section .bss
;@ tensor number u32
number: resd 1`);
      const before = rig.memory.size;
      rig.session.watchScalars(['grown'], ['number']);
      expect(await rig.run({ kind: 'step-in', count: 10 })).toEqual({ kind: 'step' });
      expect(rig.memory.size).toBeGreaterThan(before);
      expect(rig.samples).toEqual([{ event: 'grown', instructions: 10, values: [6] }]);
      await rig.run({ kind: 'step-in' });
      expect(new CpuState(rig.session.snapshot().state).gpr(3)).toBe(1n);
      expect(await rig.run({ kind: 'continue' })).toEqual({ kind: 'exit', status: 42 });
    });

    it('tells speed after running, not after a step', async () => {
      const rig = await start(`_start: mov ecx, 50000\n.l: loop .l\n${EXIT}`);
      await rig.run({ kind: 'step-in' });
      expect(rig.session.snapshot().mips).toBe(0);
      await rig.run({ kind: 'continue' });
      expect(rig.session.snapshot().mips).toBeGreaterThan(0);
    });
  });
});
