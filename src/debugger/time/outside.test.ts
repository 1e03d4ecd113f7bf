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

/** Reads a file of four pages, changes the file and what it has read, and reads it once more. */
const REREAD = `
_start:
    mov ebx, 3
.round:
    mov eax, 2                  ; open("data", O_RDWR)
    lea rdi, [name]
    mov esi, 2
    syscall
    mov ebp, eax
    xor eax, eax                ; read(file, pages, 16384)
    mov edi, ebp
    lea rsi, [pages]
    mov edx, 16384
    syscall
    mov ecx, 4094
.sum:
    add r12, [pages + rcx * 4]
    dec ecx
    jnz .sum
    add byte [pages + 5000], bl
    mov eax, 8                  ; lseek(file, 4500, SEEK_SET)
    mov edi, ebp
    mov esi, 4500
    xor edx, edx
    syscall
    mov eax, 1                  ; write(file, pages + 5000, 9000)
    mov edi, ebp
    lea rsi, [pages + 5000]
    mov edx, 9000
    syscall
    mov eax, 9                  ; mmap(0, 16384, rw, private, file, 0)
    xor edi, edi
    mov esi, 16384
    mov edx, 3
    mov r10d, 2
    mov r8d, ebp
    xor r9d, r9d
    syscall
    mov rcx, [rax + 8192]
    add [pages + 8], rcx
    mov [rax + 4100], rcx
    mov eax, 3
    mov edi, ebp
    syscall
    dec ebx
    jnz .round
    mov eax, 231
    xor edi, edi
    syscall
section .rodata
name: db "data", 0
section .bss
alignb 4096
pages: resb 16384`;

describe.each(['jit', 'unicorn'] as const)('in %s', (engine) => {
  it('what was read of a file is what it held then, however it was changed since', async () => {
    const text = Array.from({ length: 16_384 }, (_, i) => 'abcdefg'[(i * i) % 7]).join('');
    const rig = await TimeRig.start(REREAD, engine, { data: text });
    open.push(rig);
    const states = new Map([[0, rig.hash()]]);
    for (let piece = 1; rig.time.ended === null; piece = (piece * 7 + 3) % 3001) {
      await rig.advance(rig.time.position + piece);
      states.set(rig.time.position, rig.hash());
      if (states.size % 3 === 0) rig.time.checkpoint();
    }
    expect(rig.time.ended).toEqual({ kind: 'exit', status: 0 });
    const moments = [...states.keys()];
    expect(moments.length).toBeGreaterThan(10);
    for (const at of [...moments, ...moments.reverse()]) {
      await rig.seek(at);
      expect(rig.hash() === states.get(at), `at ${at}`).toBe(true);
      if (at % 2 === 0) rig.time.checkpoint(); // in the past as well
    }
  });

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
