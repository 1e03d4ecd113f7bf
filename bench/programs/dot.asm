; SPDX-License-Identifier: GPL-2.0-or-later
;
; dot: the inner loop of a first lesson, a scalar dot product of 784 doubles.

%define IMAGE_NAME  "dot"
%include "harness.asm"

LENGTH      equ 784

section .bss
    alignb  16
left:
    resq    LENGTH
right:
    resq    LENGTH

section .text

; ----------------------------------------------------------------------------
; u64 work(u64 repeats): the sum of `repeats` dot products, truncated
; ----------------------------------------------------------------------------
work:
    mov     ecx, LENGTH
.fill:                              ; left = 1, 2, 3 ...; right = 0.5
    cvtsi2sd xmm0, ecx
    movsd   [left + rcx * 8 - 8], xmm0
    mov     rax, 0x3fe0000000000000
    mov     [right + rcx * 8 - 8], rax
    dec     ecx
    jnz     .fill

    xorpd   xmm2, xmm2              ; the sum of sums
    test    rdi, rdi
    jz      .done
    lea     rsi, [left]
    lea     rdx, [right]
.next_dot:
    xorpd   xmm0, xmm0
    xor     ecx, ecx
    align   16
.next_element:
    movsd   xmm1, [rsi + rcx * 8]
    mulsd   xmm1, [rdx + rcx * 8]
    addsd   xmm0, xmm1
    inc     rcx
    cmp     rcx, LENGTH
    jb      .next_element
    addsd   xmm2, xmm0
    dec     rdi
    jnz     .next_dot
.done:
    cvttsd2si rax, xmm2
    ret

%include "include/elf_end.inc"
