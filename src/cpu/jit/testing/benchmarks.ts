// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Small programs for measuring engines against the silicon: NASM text for position-independent flat
 * code that ends in exit(0). They use memory below their stack pointer only through `buffer`, which
 * the caller defines (16 MiB of zeroed, writable memory; its address in r15 at the start).
 */
export interface Benchmark {
  readonly name: string;
  readonly kind: 'float' | 'integer' | 'branches' | 'calls' | 'strings';
  readonly source: string;
}

const EXIT = '    mov eax, 60\n    xor edi, edi\n    syscall';

export const BENCHMARKS: readonly Benchmark[] = [
  {
    name: 'dot product',
    kind: 'float',
    source: `    mov ebp, 20000
.again:
    xorpd xmm0, xmm0
    xor eax, eax
.next:
    movsd xmm1, [r15 + rax*8]
    mulsd xmm1, [r15 + rax*8 + 65536]
    addsd xmm0, xmm1
    inc rax
    cmp rax, 4096
    jb .next
    dec ebp
    jnz .again
${EXIT}`,
  },
  {
    name: 'sieve',
    kind: 'integer',
    source: `    mov r9d, 60
.again:
    mov rdi, r15
    mov ecx, 1000000
    mov al, 1
    rep stosb
    mov esi, 2
.outer:
    mov rax, rsi
    imul rax, rsi
    cmp rax, 1000000
    jae .done
    cmp byte [r15 + rsi], 0
    je .skip
.inner:
    mov byte [r15 + rax], 0
    add rax, rsi
    cmp rax, 1000000
    jb .inner
.skip:
    inc rsi
    jmp .outer
.done:
    dec r9d
    jnz .again
${EXIT}`,
  },
  {
    name: 'insertion sort',
    kind: 'branches',
    source: `    mov r9d, 20
.again:
    xor ecx, ecx
    mov eax, 12345
.fill:
    imul eax, eax, 1103515245
    add eax, 12345
    mov [r15 + rcx*4], eax
    inc ecx
    cmp ecx, 6000
    jb .fill
    mov ecx, 1
.insert:
    mov eax, [r15 + rcx*4]
    mov rdx, rcx
.shift:
    mov esi, [r15 + rdx*4 - 4]
    cmp esi, eax
    jle .place
    mov [r15 + rdx*4], esi
    dec rdx
    jnz .shift
.place:
    mov [r15 + rdx*4], eax
    inc ecx
    cmp ecx, 6000
    jb .insert
    dec r9d
    jnz .again
${EXIT}`,
  },
  {
    name: 'recursive fib',
    kind: 'calls',
    source: `    mov edi, 38
    call fib
${EXIT}
fib:
    cmp rdi, 2
    jb .base
    push rdi
    dec rdi
    call fib
    pop rdi
    push rax
    sub rdi, 2
    call fib
    pop rdx
    add rax, rdx
    ret
.base:
    mov rax, rdi
    ret`,
  },
  {
    name: 'strings',
    kind: 'strings',
    source: `    mov r9d, 3000
    mov byte [r15 + 65535], 1
.again:
    mov rsi, r15
    lea rdi, [r15 + 0x100000]
    mov ecx, 65536
    rep movsb
    xor eax, eax
.scan:
    cmp byte [r15 + rax + 0x100000], 0
    jne .found
    inc rax
    jmp .scan
.found:
    dec r9d
    jnz .again
${EXIT}`,
  },
];
