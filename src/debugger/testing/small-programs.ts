// SPDX-License-Identifier: GPL-2.0-or-later
/** Ten programs of a dozen instructions or more, each of another kind. */

const PROGRAMS: Readonly<Record<string, string>> = {
  arithmetic: `
    mov rax, 0x7fffffffffffffff
    add rax, 1
    sbb rbx, 5
    mov ecx, 0xffffffff
    inc ecx
    adc rdx, -1
    neg rax
    sub al, 0x90
    cmp ax, bx
    lea r8, [rax + rbx * 4 + 17]
    xadd r8, rax`,
  logic: `
    mov rax, 0x0123456789abcdef
    mov rbx, -1
    and rbx, rax
    or bl, 0x80
    xor rbx, rax
    not rax
    test eax, 0x80000000
    bswap rax
    bt rax, 7
    bts rax, 8
    btr rax, 9
    btc ax, 3
    bsf rcx, rax
    bsr rdx, rax`,
  shifts: `
    mov rax, 0x8000000000000001
    shl rax, 1
    rcl rax, 1
    sar rax, 3
    mov cl, 13
    ror eax, cl
    rol ax, 1
    shr rax, cl
    mov rbx, -5
    shld rax, rbx, 4
    shrd rbx, rax, 9
    sar bl, 1`,
  products: `
    mov eax, 123456789
    mov ecx, -7
    imul ecx
    imul rbx, rcx, 1000
    mov r9, 0xfedcba9876543210
    mov rax, r9
    mul r9
    mov ecx, 1000003
    xor edx, edx
    mov rax, r9
    div rcx
    mov rax, -100
    cqo
    idiv rcx
    movsx r10, al
    movzx ebx, ah
    cdqe`,
  branches: `
    mov ecx, 5
    xor eax, eax
.round:
    add eax, ecx
    cmp eax, 9
    cmova ebx, eax
    setp dl
    jbe .skip
    sub eax, 3
.skip:
    dec ecx
    jnz .round`,
  calls: `
    mov edi, 4
    call .factorial
    push rax
    pop r12
    jmp .done
.factorial:
    mov eax, 1
    cmp edi, 1
    jbe .leaf
    push rdi
    dec edi
    call .factorial
    pop rdi
    imul rax, rdi
    test rax, rax
.leaf:
    ret
.done:`,
  memory: `
    lea rsi, [words]
    lea rdi, [room]
    cld
    movsq
    lodsd
    stosw
    std
    scasb
    cld
    mov rcx, [words + 8]
    xchg rcx, [room]
    add byte [room + 3], 0x7f
    lock cmpxchg [room], rcx
    push qword [room]
    pop rbx
    push rbp
    mov rbp, rsp
    sub rsp, 32
    mov [rbp - 8], rbx
    leave
section .data
words: dq 0x1122334455667788, 0x99aabbccddeeff00
section .bss
room: resq 4`,
  scalars: `
    movsd xmm0, [numbers]
    mulsd xmm0, [numbers + 8]
    addsd xmm1, xmm0
    sqrtsd xmm2, [numbers + 8]
    divsd xmm0, xmm2
    ucomisd xmm0, xmm1
    seta al
    cvttsd2si rcx, xmm1
    cvtsi2sd xmm3, rcx
    cvtsd2ss xmm4, xmm0
    maxsd xmm3, xmm0
    movq rdx, xmm3
    divsd xmm5, xmm5
    stmxcsr [rsp - 8]
    mov eax, [rsp - 8]
section .data
numbers: dq 0.1, 2.75`,
  vectors: `
    movapd xmm0, [lanes]
    movupd xmm1, [lanes + 8]
    addpd xmm0, xmm1
    unpcklpd xmm2, xmm0
    shufpd xmm1, xmm0, 1
    mulpd xmm1, xmm1
    haddpd xmm1, xmm0
    cmpltpd xmm0, xmm1
    movmskpd eax, xmm0
    movaps xmm3, [lanes]
    paddq xmm3, xmm1
    pshufd xmm4, xmm3, 0x1b
    pxor xmm5, xmm4
    pmovmskb ecx, xmm5
    packuswb xmm5, xmm3
section .data
align 16
lanes: dq 1.5, -2.25, 3.125`,
  syscalls: `
    mov eax, 1
    mov edi, -1
    lea rsi, [text]
    mov edx, 3
    syscall
    mov r8, rax
    mov eax, 3
    mov edi, 99
    syscall
    neg rax
    mov eax, 0xfffff
    syscall
    cmp eax, -38
    sete bl
section .data
text: db "abc"`,
};

/** All of them, one after another in one image; it goes to its end at the label `end`. */
export function smallPrograms(): string {
  const all = Object.entries(PROGRAMS).map(([name, text]) => `${name}:${text}\nsection .text`);
  return `_start:\n${all.join('\n')}\nend:\nmov eax, 231\nsyscall\n`;
}
