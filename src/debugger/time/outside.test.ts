// SPDX-License-Identifier: GPL-2.0-or-later
/** All that comes from outside the machine is had again in a replay, to the bit. */
import { afterEach, describe, expect, it } from 'vitest';
import { TimeRig } from './testing/time-rig.ts';

const PROGRAM = `
_start:
    mov ebx, 12
.round:
    mov eax, 228                ; clock_gettime(CLOCK_REALTIME, now)
    xor edi, edi
    lea rsi, [now]
    syscall
    mov eax, 96                 ; gettimeofday(day, 0)
    lea rdi, [day]
    xor esi, esi
    syscall
    mov eax, 318                ; getrandom(noise, 32, 0)
    lea rdi, [noise]
    mov esi, 32
    xor edx, edx
    syscall
    xor eax, eax                ; read(0, line, 7)
    xor edi, edi
    lea rsi, [line]
    mov edx, 7
    syscall
    add [taken], rax
    xor eax, eax                ; read(file, line + 8, 5)
    mov edi, [file]
    lea rsi, [line + 8]
    mov edx, 5
    syscall
    mov ecx, 200
.mix:
    rdtsc
    shl rdx, 32
    or rax, rdx
    add rax, [now + 8]
    add rax, [noise + 16]
    add rax, [line]
    rol qword [sum], 7
    add [sum], rax
    dec ecx
    jnz .mix
    test ebx, 3
    jnz .more
    mov eax, 2                  ; open("data", O_RDONLY)
    lea rdi, [name]
    xor esi, esi
    syscall
    mov [file], eax
.more:
    dec ebx
    jnz .round
    mov eax, 231
    xor edi, edi
    syscall
section .rodata
name: db "data", 0
section .bss
now: resq 2
day: resq 2
noise: resq 4
line: resq 2
taken: resq 1
sum: resq 1
file: resd 1`;

const open: TimeRig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

describe.each(['jit', 'unicorn'] as const)('in %s', (engine) => {
  it('clock, random bytes, stdin, files and rdtsc are the same at every checkpoint', async () => {
    const rig = await TimeRig.start(PROGRAM, engine, { data: 'what the file holds\n'.repeat(9) });
    open.push(rig);
    rig.process.stdin.push(new TextEncoder().encode('many bytes of input '.repeat(4)));
    rig.process.stdin.close();
    const states = new Map([[0, rig.hash()]]);
    while (rig.time.ended === null) {
      await rig.advance(rig.time.position + 1777);
      states.set(rig.time.position, rig.hash());
      rig.time.checkpoint();
    }
    expect(rig.time.ended).toEqual({ kind: 'exit', status: 0 });
    expect(states.size).toBeGreaterThan(10);
    const moments = [...states.keys()];
    for (const [from, step] of [
      [moments.length - 1, -1],
      [0, 7],
    ] as const) {
      for (let i = from; moments[i] !== undefined; i += step) {
        const at = moments[i] ?? 0;
        await rig.seek(at);
        expect(rig.hash() === states.get(at), `at ${at}`).toBe(true);
      }
    }
    // all of it in one go, from the start, in slices of other lengths
    await rig.seek(0);
    for (let size = 37; rig.time.past; size = (size * 5 + 1) % 3001) {
      await rig.advance(rig.time.position + 1 + size);
    }
    expect(rig.hash() === states.get(rig.time.position)).toBe(true);
    await rig.seek(moments[9] ?? 0);
    await rig.advance(rig.time.end);
    expect(rig.hash() === states.get(rig.time.end)).toBe(true);
  });
});
