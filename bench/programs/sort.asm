; SPDX-License-Identifier: GPL-2.0-or-later
;
; sort: shell sort of 4,096 pseudo-random numbers; branches that go either way.

%define IMAGE_NAME  "sort"
%include "harness.asm"

COUNT       equ 4096
FIRST_GAP   equ 1093                ; 1, 4, 13, 40 ...: 3 gap + 1 (Knuth)

section .bss
    alignb  64
numbers:
    resd    COUNT

section .text

; ----------------------------------------------------------------------------
; u64 work(u64 repeats): a checksum of the sorted numbers
; ----------------------------------------------------------------------------
work:
    push    rbx
    push    r12
    push    r13
    push    r14
    mov     r12d, 12345             ; the generator's state
    xor     eax, eax
    mov     r14, rdi
    lea     rbx, [numbers]
    test    r14, r14
    jz      .done
.round:
    xor     ecx, ecx
.fill:
    imul    r12d, r12d, 1664525     ; Numerical Recipes, ch. 7.1
    add     r12d, 1013904223
    mov     edx, r12d
    shr     edx, 8
    mov     [rbx + rcx * 4], edx
    inc     ecx
    cmp     ecx, COUNT
    jb      .fill

    mov     r8d, FIRST_GAP
.gap:
    mov     ecx, r8d
.insert:                            ; numbers[ecx] among those a gap apart
    mov     r9d, [rbx + rcx * 4]
    mov     esi, ecx
.shift:
    mov     edi, esi
    sub     edi, r8d
    jb      .place
    mov     r10d, [rbx + rdi * 4]
    cmp     r10d, r9d
    jbe     .place
    mov     [rbx + rsi * 4], r10d
    mov     esi, edi
    jmp     .shift
.place:
    mov     [rbx + rsi * 4], r9d
    inc     ecx
    cmp     ecx, COUNT
    jb      .insert
    mov     eax, r8d                ; gap = (gap - 1) / 3
    dec     eax
    xor     edx, edx
    mov     r13d, 3
    div     r13d
    mov     r8d, eax
    test    eax, eax
    jnz     .gap

    xor     eax, eax
    xor     ecx, ecx
.sum:
    imul    rax, rax, 31
    mov     edx, [rbx + rcx * 4]
    add     rax, rdx
    inc     ecx
    cmp     ecx, COUNT
    jb      .sum
    dec     r14
    jnz     .round
.done:
    pop     r14
    pop     r13
    pop     r12
    pop     rbx
    ret

%include "include/elf_end.inc"
