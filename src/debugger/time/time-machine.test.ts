// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, describe, expect, it } from 'vitest';
import { generator } from '../testing/generator.ts';
import { TimeRig } from './testing/time-rig.ts';

/** Random numbers, a file, mappings that come and go, the heap, a loop that changes much memory. */
const PROGRAM = `
_start:
    mov ebx, 6
.round:
    mov eax, 318                ; getrandom(noise, 64, 0)
    lea rdi, [noise]
    mov esi, 64
    xor edx, edx
    syscall
    mov eax, 9                  ; mmap(0, 64 KiB, rw, private | anonymous)
    xor edi, edi
    mov esi, 65536
    mov edx, 3
    mov r10d, 0x22
    mov r8, -1
    xor r9d, r9d
    syscall
    mov r12, rax
    mov rcx, [noise]
    and ecx, 1023
    add ecx, 2000
.fill:
    mov [r12 + rcx * 8], rcx
    add [sum], rcx
    cvtsi2sd xmm0, rcx
    addsd xmm1, xmm0
    loop .fill
    mov eax, 10                 ; mprotect(r12, 4096, read)
    mov rdi, r12
    mov esi, 4096
    mov edx, 1
    syscall
    test bl, 1
    jz .keep
    mov eax, 11                 ; munmap(r12, 64 KiB)
    mov rdi, r12
    mov esi, 65536
    syscall
.keep:
    mov eax, 12                 ; brk(0), brk(+8192)
    xor edi, edi
    syscall
    lea rdi, [rax + 8192]
    mov eax, 12
    syscall
    mov byte [rax - 1], bl
    mov eax, 2                  ; open("log", O_WRONLY | O_CREAT | O_APPEND)
    lea rdi, [name]
    mov esi, 0x441
    mov edx, 0o644
    syscall
    mov ebp, eax
    mov eax, 1                  ; write(fd, sum, 8)
    mov edi, ebp
    lea rsi, [sum]
    mov edx, 8
    syscall
    mov eax, 3
    mov edi, ebp
    syscall
    mov eax, 1                  ; write(1, noise, 3)
    mov edi, 1
    lea rsi, [noise]
    mov edx, 3
    syscall
    dec ebx
    jnz .round
    ENDING
section .rodata
name: db "log", 0
section .bss
alignb 4096
noise: resb 64
sum: resq 1
room: resb 40000`;

const EXIT = 'mov eax, 231\n mov edi, 7\n syscall';
const FAULT = 'xor eax, eax\n mov [rax], eax';

const open: TimeRig[] = [];
afterEach(() => {
  for (const rig of open.splice(0)) rig.dispose();
});

async function start(engine: 'jit' | 'unicorn', ending = EXIT, budget?: number): Promise<TimeRig> {
  const rig = await TimeRig.start(PROGRAM.replace('ENDING', ending), engine, {}, budget);
  open.push(rig);
  return rig;
}

/** Runs to the end in pieces with a checkpoint behind each. @returns the state at each piece. */
async function record(rig: TimeRig, piece: number): Promise<Map<number, string>> {
  const states = new Map([[0, rig.hash()]]);
  while (rig.time.ended === null) {
    await rig.advance(rig.time.position + piece);
    states.set(rig.time.position, rig.hash());
    rig.time.checkpoint();
  }
  return states;
}

describe.each(['jit', 'unicorn'] as const)('in %s', (engine) => {
  it.each([
    ['an exit', EXIT],
    ['a fault', FAULT],
  ])('any moment can be had again, up to %s', async (_, ending) => {
    const rig = await start(engine, ending);
    const states = await record(rig, 1777);
    const moments = [...states.keys()];
    expect(moments.length).toBeGreaterThan(20);
    const random = generator(5);
    const wrote = rig.output;
    for (let i = 0; i < 60; i++) {
      const at = moments[Math.floor(random() * moments.length)] ?? 0;
      await rig.seek(at);
      expect(rig.time.position).toBe(at);
      expect(rig.hash() === states.get(at), `at ${at}`).toBe(true);
    }
    expect(rig.output).toBe(wrote);
  });

  it('ends the same way when run on from anywhere', async () => {
    const rig = await start(engine);
    const states = await record(rig, 5000);
    const end = rig.time.position;
    await rig.seek(12_345);
    expect(rig.time.past).toBe(true);
    await rig.advance(Infinity);
    expect(rig.time.past).toBe(false);
    expect(rig.time.ended).toEqual({ kind: 'exit', status: 7 });
    expect(rig.time.position).toBe(end);
    expect(rig.hash() === states.get(end)).toBe(true);
  });

  it('keeps every moment reachable with little memory', async () => {
    const full = await start(engine);
    const rig = await start(engine, EXIT, 800_000);
    const states = await record(full, 900);
    await record(rig, 900);
    expect(rig.time.bytes).toBeLessThan(full.time.bytes);
    expect(rig.time.bytes).toBeLessThanOrEqual(800_000);
    expect(rig.time.branch.first).toBe(0);
    for (const at of [...states.keys()].filter((_, i) => i % 9 === 4)) {
      await rig.seek(at);
      expect(rig.hash() === states.get(at), `at ${at}`).toBe(true);
    }
  });

  it('forgets the beginning when nothing else is left to forget', async () => {
    const rig = await start(engine, EXIT, 150_000);
    await record(rig, 500);
    expect(rig.time.branch.first).toBeGreaterThan(0);
    await rig.seek(0);
    expect(rig.time.position).toBe(rig.time.branch.first);
  });

  it('lives on in another branch after an edit, with its own files, and can come back', async () => {
    const rig = await start(engine);
    const states = await record(rig, 3000);
    const end = rig.time.position;
    const log = rig.files.get('log');
    const middle = [...states.keys()][6] ?? 0;
    await rig.seek(middle);
    const error = rig.time.edit(() => {
      rig.memory.state.setGpr(3, 1n); // the last round
      return null;
    });
    expect(error).toBe(null);
    expect(rig.time.past).toBe(false);
    expect(rig.time.branches.length).toBe(2);
    await rig.advance(Infinity);
    expect(rig.time.ended).toEqual({ kind: 'exit', status: 7 });
    const shorter = rig.time.position;
    const other = rig.hash();
    expect(shorter).toBeLessThan(end);
    expect(rig.files.get('log')?.length).toBeLessThan(log?.length ?? 0);

    expect(rig.time.switchTo(0)).toBe(true);
    await rig.advance(end);
    expect(rig.hash() === states.get(end)).toBe(true);
    expect(await rig.time.goLive()).toBe(null);
    expect(rig.files.get('log')).toEqual(log);

    rig.time.switchTo(1);
    await rig.advance(shorter);
    expect(rig.hash() === other).toBe(true);
    rig.time.switchTo(0);
    expect(rig.time.discard(1)).toBe(true);
    expect(rig.time.branches.length).toBe(1);
  });
});
