; SPDX-License-Identifier: GPL-2.0-or-later
;
; fib: the 20th Fibonacci number by double recursion; calls and returns.

%define IMAGE_NAME  "fib"
%include "harness.asm"

section .text

; ----------------------------------------------------------------------------
; u64 work(u64 repeats): fib(20)
; ----------------------------------------------------------------------------
work:
    push    rbx
    mov     rbx, rdi
    xor     eax, eax
    test    rbx, rbx
    jz      .done
.round:
    mov     edi, 20
    call    fib
    dec     rbx
    jnz     .round
.done:
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; u64 fib(u64 n)
;   clobber rdi
; ----------------------------------------------------------------------------
fib:
    cmp     rdi, 2
    jb      .base
    push    rbx
    push    r12
    mov     rbx, rdi
    lea     rdi, [rbx - 1]
    call    fib
    mov     r12, rax
    lea     rdi, [rbx - 2]
    call    fib
    add     rax, r12
    pop     r12
    pop     rbx
    ret
.base:
    mov     rax, rdi
    ret

%include "include/elf_end.inc"
