// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import type { BreakpointSpec, WatchpointSpec } from '../../protocol/breakpoints.ts';
import { Rig } from '../testing/rig.ts';

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

  const EXIT = 'mov eax, 231\nmov edi, 42\nsyscall';
  const END = { kind: 'exit', status: 42 };

  /** Ten rounds: rcx 10 … 1, and `sum` grows by rcx, 10 first. */
  const ROUNDS = `
_start:
    mov ecx, 10
.round:
    add [sum], rcx
.added:
    dec ecx
    jnz .round
    ${EXIT}
section .data
sum: dq 0`;

  function breakpoint(rig: Rig, label: string, more: Partial<BreakpointSpec> = {}): BreakpointSpec {
    return { id: label, address: rig.at(label), enabled: true, ...more };
  }

  function watch(rig: Rig, label: string, more: Partial<WatchpointSpec> = {}): WatchpointSpec {
    return {
      id: label,
      enabled: true,
      label,
      address: rig.at(label),
      length: 8,
      type: 'u64',
      access: 'write',
      when: { kind: 'any' },
      ...more,
    };
  }

  /** rcx at every stop of continuing to the end. */
  async function rounds(rig: Rig): Promise<number[]> {
    const found: number[] = [];
    while ((await rig.run({ kind: 'continue' })).kind !== 'exit')
      found.push(Number(rig.gpr('rcx')));
    return found;
  }

  describe('a breakpoint', () => {
    it.each([
      ['= 3', [8]],
      ['>= 9', [2, 1]],
      ['% 4', [7, 3]],
    ])('with hits %s stops at those alone', async (hits, expected) => {
      const rig = await start(ROUNDS);
      expect(rig.session.setStops([breakpoint(rig, '_start.round', { hits })], [])).toEqual([]);
      expect(await rounds(rig)).toEqual(expected);
      expect(rig.session.stops.hits()).toEqual([{ id: '_start.round', hits: 10 }]);
    });

    it.each([
      ['rcx == 4 || [sum] > 52', [4, 1]],
      ['hits >= 9', []], // each that does not hold is none
      ['ecx % 3 == 0 && sum.u64 < 40', [9, 6]],
    ])('on condition %s stops where it holds', async (condition, expected) => {
      const rig = await start(ROUNDS);
      expect(rig.session.setStops([breakpoint(rig, '_start.round', { condition })], [])).toEqual(
        [],
      );
      expect(await rounds(rig)).toEqual(expected);
    });

    it('counts the arrivals at which its condition holds', async () => {
      const rig = await start(ROUNDS);
      const own = breakpoint(rig, '_start.round', { condition: 'rcx & 1 == 1', hits: '= 3' });
      rig.session.setStops([own], []);
      expect(await rig.run({ kind: 'continue' })).toEqual({
        kind: 'breakpoint',
        address: rig.at('_start.round'),
        id: '_start.round',
        text: 'rcx & 1 == 1',
      });
      expect(rig.gpr('rcx')).toBe(5n);
    });

    it('stops when its condition cannot be evaluated, and says so', async () => {
      const rig = await start(ROUNDS);
      rig.session.setStops([breakpoint(rig, '_start.round', { condition: '[rcx] == 1' })], []);
      expect(await rig.run({ kind: 'continue' })).toMatchObject({
        kind: 'breakpoint',
        text: expect.stringContaining('Nothing is mapped at 0xa') as string,
      });
    });

    it('prints instead of stopping when it has a text to print', async () => {
      const rig = await start(ROUNDS);
      const log = 'rcx {rcx}, sum {[sum]}, here {rip}';
      rig.session.setStops([breakpoint(rig, '_start.round', { log, hits: '% 5' })], []);
      expect(await rounds(rig)).toEqual([]);
      const lines = rig.events.flatMap((event) => (event.type === 'log' ? event.lines : []));
      const place = `0x${rig.at('_start.round').toString(16)} _start.round`;
      expect(lines).toEqual([
        { id: '_start.round', at: 13, text: `rcx 6, sum 34, here ${place}` },
        { id: '_start.round', at: 28, text: `rcx 1, sum 54, here ${place}` },
      ]);
    });

    it.each([
      ['condition', { condition: 'rcx > sun' }, 7],
      ['log', { log: 'at {rip} {nowhere}' }, 11],
    ] as const)('says what is wrong with its %s, and is left out', async (field, more, column) => {
      const rig = await start(ROUNDS);
      const problems = rig.session.setStops([breakpoint(rig, '_start.round', more)], []);
      expect(problems).toMatchObject([{ id: '_start.round', field, column }]);
      expect(await rounds(rig)).toEqual([]);
    });

    it('says what is wrong with its hits, and is left out', async () => {
      const rig = await start(ROUNDS);
      const problems = rig.session.setStops([breakpoint(rig, '_start.round', { hits: 'x' })], []);
      expect(problems).toMatchObject([{ id: '_start.round', field: 'hits', column: 1 }]);
      expect(await rounds(rig)).toEqual([]);
    });

    it('counts on when others come and go, and when it has been off for a while', async () => {
      const rig = await start(ROUNDS);
      const own = breakpoint(rig, '_start.round', { hits: '= 4' });
      rig.session.setStops([own, breakpoint(rig, '_start.added', { hits: '= 2' })], []);
      expect((await rig.run({ kind: 'continue' })).kind).toBe('breakpoint');
      rig.session.setStops([{ ...own, enabled: false }], []);
      await rig.run({ kind: 'step-in', count: 3 }); // the third arrival, unseen
      rig.session.setStops([own], []);
      expect(await rounds(rig)).toEqual([6]);
    });
  });

  describe('a watchpoint', () => {
    it('stops behind each instruction that writes, and tells both values', async () => {
      const rig = await start(ROUNDS);
      rig.session.setStops([], [watch(rig, 'sum')]);
      const reason = await rig.run({ kind: 'continue' });
      expect(reason).toEqual({
        kind: 'watchpoint',
        id: 'sum',
        rip: rig.at('_start.round'),
        address: rig.at('sum'),
        before: '0000000000000000',
        after: '0a00000000000000',
        text: 'sum went from 0 to 10 by `add [sum], rcx` at _start.round',
      });
      expect(rig.place).toBe('_start.added');
      expect((await rounds(rig)).length).toBe(9);
    });

    it('stops where its value crosses a line, and not elsewhere', async () => {
      const rig = await start(ROUNDS);
      rig.session.setStops([], [watch(rig, 'sum', { when: { kind: 'crosses', value: 34 } })]);
      expect(await rounds(rig)).toEqual([7]); // 10 + 9 + 8 = 27, then 34
    });

    it('stops where an expression of the old and the new value holds', async () => {
      const rig = await start(ROUNDS);
      const when = { kind: 'holds', expression: 'new - old == 4 || hits == 1' } as const;
      rig.session.setStops([], [watch(rig, 'sum', { when })]);
      expect(await rounds(rig)).toEqual([10, 4]);
      const wrong = { kind: 'holds', expression: 'new > lod' } as const;
      expect(rig.session.setStops([], [watch(rig, 'sum', { when: wrong })])).toMatchObject([
        { field: 'when', column: 7 },
      ]);
    });

    it('stops where a value becomes NaN, once', async () => {
      const rig = await start(`
_start:
    mov ecx, 3
.again:
    movsd xmm0, [value]
    subsd xmm0, [value]
    movsd [value], xmm0
    dec ecx
    jnz .again
    ${EXIT}
section .data
value: dq 0x7ff0000000000000`);
      const spec = watch(rig, 'value', { type: 'f64', when: { kind: 'nan' } });
      rig.session.setStops([], [spec]);
      expect(await rig.run({ kind: 'continue' })).toMatchObject({
        text: 'value went from inf to nan by `movsd [value], xmm0` at _start.again+0x10',
      });
      expect(await rounds(rig)).toEqual([]);
    });

    it('tells a write that changes nothing from one that does', async () => {
      const source = `_start: mov dword [place], 5\nmov dword [place], 5\n.end: ${EXIT}
section .data\nplace: dq 0`;
      const any = await start(source);
      any.session.setStops([], [watch(any, 'place')]);
      await any.run({ kind: 'continue' });
      expect(await any.run({ kind: 'continue' })).toMatchObject({
        text: 'place = 5 was written again by `mov dword [place], 5` at _start+0xa',
      });
      const changes = await start(source);
      changes.session.setStops([], [watch(changes, 'place', { when: { kind: 'changes' } })]);
      expect(await changes.run({ kind: 'continue' })).toMatchObject({ kind: 'watchpoint' });
      expect(await changes.run({ kind: 'continue' })).toEqual(END);
    });

    it('stops at reads when asked to', async () => {
      const rig = await start(`_start: nop\nmov rax, [place]\n.end: ${EXIT}
section .data\nplace: dq 77`);
      rig.session.setStops([], [watch(rig, 'place', { access: 'read' })]);
      expect(await rig.run({ kind: 'continue' })).toMatchObject({
        text: 'place = 77 was read by `mov rax, [place]` at _start+0x1',
      });
      expect(rig.place).toBe('_start.end');
    });

    it('notices a system call that writes there', async () => {
      const rig = await start(`
_start:
    xor eax, eax
    xor edi, edi
    lea rsi, [buffer]
    mov edx, 8
.call:
    syscall
.after:
    ${EXIT}
section .data
buffer: dq 0`);
      rig.session.setStops([], [watch(rig, 'buffer', { type: 'u8', length: 4 })]);
      rig.process.stdin.push(Uint8Array.of(1, 2, 3));
      expect(await rig.run({ kind: 'continue' })).toMatchObject({
        kind: 'watchpoint',
        rip: rig.at('_start.call'),
        text: 'buffer went from 0 0 0 0 to 1 2 3 0 by `syscall` at _start.call',
      });
      expect(rig.place).toBe('_start.after');
      expect(await rig.run({ kind: 'continue' })).toEqual(END);
    });

    it('lets the breakpoint behind it count its arrival', async () => {
      const rig = await start(ROUNDS);
      rig.session.setStops(
        [breakpoint(rig, '_start.added', { hits: '= 3' })],
        [watch(rig, 'sum', { when: { kind: 'crosses', value: 10 } })],
      );
      expect(await rig.run({ kind: 'continue' })).toMatchObject({ kind: 'watchpoint' });
      expect(await rounds(rig)).toEqual([8]);
    });
  });

  describe('commands', () => {
    it('detach runs to the end, past everything', async () => {
      const rig = await start(ROUNDS);
      rig.session.setStops([breakpoint(rig, '_start.round')], [watch(rig, 'sum')]);
      expect(await rig.run({ kind: 'detach' })).toEqual(END);
    });

    it.each([
      ['[sum] >= 34', 7, '_start.added'], // memory alone: at speed
      ['rcx == 4 && zf == 0', 4, '_start.added+0x2'], // step by step
      ['sum.u64 > 20 && rcx < 8', 7, '_start.added+0x2'],
    ])('until %s stops when it comes to hold', async (expression, rcx, place) => {
      const rig = await start(ROUNDS);
      const reason = { kind: 'condition', text: expression };
      expect(await rig.run({ kind: 'until', expression })).toEqual(reason);
      expect([Number(rig.gpr('rcx')), rig.place]).toEqual([rcx, place]);
      // It holds already: what ends a second run is that it comes to hold again.
      expect(await rig.run({ kind: 'until', expression })).toEqual(END);
    });

    it('until notices what system calls write, and follows pointers', async () => {
      const rig = await start(`
_start:
    lea rax, [second]
    mov [pointer], rax
    mov dword [first], 5
    xor eax, eax
    xor edi, edi
    lea rsi, [second]
    mov edx, 8
    syscall
.after:
    ${EXIT}
section .data
pointer: dq first
first: dq 0
second: dq 0`);
      rig.process.stdin.push(Uint8Array.of(5));
      await rig.run({ kind: 'until', expression: '[[pointer]] == 5' });
      expect(rig.place).toBe('_start.after');
    });

    it('until ends at once when the expression is none', async () => {
      const rig = await start(ROUNDS);
      const reason = await rig.run({ kind: 'until', expression: 'rcx ==' });
      expect(reason).toMatchObject({ kind: 'condition' });
      expect(rig.memory.state.instructions).toBe(0);
    });

    const KINDS = `
_start:
    nop
.jump:
    jmp .on
.on:
    nop
.call:
    call f
    mov eax, 999
.syscall:
    syscall
    jmp .jump
f:
    nop
.ret:
    ret`;

    it.each([
      ['branch', ['_start.jump', '_start.syscall+0x2', '_start.jump']],
      ['call', ['_start.call', '_start.call']],
      ['return', ['f.ret', 'f.ret']],
      ['syscall', ['_start.syscall', '_start.syscall']],
    ] as const)('next %s stops before it', async (what, places) => {
      const rig = await start(KINDS);
      for (const place of places) {
        expect(await rig.run({ kind: 'next', what })).toEqual({ kind: 'next', what });
        expect(rig.place).toBe(place);
      }
    });

    it('next finds its way through code that no source line made', async () => {
      const rig = await start(`
_start:
    mov eax, 9                  ; mmap
    xor edi, edi
    mov esi, 4096
    mov edx, 7
    mov r10d, 0x22
    mov r8, -1
    xor r9d, r9d
    syscall
    mov dword [rax], 0xe8909090 ; nop nop nop call
    mov dword [rax + 4], 0
    jmp rax`);
      await rig.run({ kind: 'step-in', count: 11 });
      const room = rig.gpr('rax');
      expect(await rig.run({ kind: 'next', what: 'call' })).toEqual({ kind: 'next', what: 'call' });
      expect(rig.memory.state.rip).toBe(room + 3n);
    });
  });
});
