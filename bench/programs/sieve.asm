; SPDX-License-Identifier: GPL-2.0-or-later
;
; sieve: the primes below 65,536 by Eratosthenes; integer work on bytes.

%define IMAGE_NAME  "sieve"
%include "harness.asm"

LIMIT       equ 65536

section .bss
    alignb  64
composite:                          ; u8[LIMIT], 1 = not prime
    resb    LIMIT

section .text

; ----------------------------------------------------------------------------
; u64 work(u64 repeats): primes found in the last round
; ----------------------------------------------------------------------------
work:
    xor     eax, eax
    test    rdi, rdi
    jz      .done
    lea     rsi, [composite]
.round:
    xor     ecx, ecx
.clear:
    mov     qword [rsi + rcx], 0
    add     rcx, 8
    cmp     rcx, LIMIT
    jb      .clear

    mov     ecx, 2
    xor     eax, eax
.candidate:
    cmp     byte [rsi + rcx], 0
    jne     .skip
    inc     rax
    mov     rdx, rcx
    imul    rdx, rcx                ; smaller multiples are marked already
    jmp     .test
.mark:
    mov     byte [rsi + rdx], 1
    add     rdx, rcx
.test:
    cmp     rdx, LIMIT
    jb      .mark
.skip:
    inc     rcx
    cmp     rcx, LIMIT
    jb      .candidate
    dec     rdi
    jnz     .round
.done:
    ret

%include "include/elf_end.inc"
