; SPDX-License-Identifier: GPL-2.0-or-later
;
; The order in which the training samples come: a new random one each epoch.
; Counterpart: function shuffle in src/nn/reference-train.ts.

section .bss

    alignb  8
sample_order:                       ; -> u32[count], indices into train_set
    resq    1

section .text

; ----------------------------------------------------------------------------
; void prepare_order(void)               sample_order = 0, 1, 2, ...
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
prepare_order:
    sub     rsp, 8
    mov     rdi, [train_set + dataset.count]
    shl     rdi, 2
    call    allocate
    mov     [sample_order], rax
    xor     ecx, ecx
.next:
    mov     [rax + rcx * 4], ecx
    inc     rcx
    cmp     rcx, [train_set + dataset.count]
    jb      .next
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; void shuffle_order(void)
;
; Fisher and Yates: from the last place down, each place gets one of those not
; yet placed. Every order is equally likely. The order of the epoch before is
; where this one starts.
;
;   clobber rax, rcx, rdx, rdi
; ----------------------------------------------------------------------------
shuffle_order:
    push    rbx
    push    r12
    sub     rsp, 8
    mov     rbx, [sample_order]
    mov     r12, [train_set + dataset.count]
    jmp     .test
.next:
    mov     rdi, r12
    call    random_below
    dec     r12                     ; swap place r12 with a place <= r12
    mov     ecx, [rbx + rax * 4]
    mov     edx, [rbx + r12 * 4]
    mov     [rbx + rax * 4], edx
    mov     [rbx + r12 * 4], ecx
.test:
    cmp     r12, 1
    ja      .next
    add     rsp, 8
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void prefetch_sample(u64 place)
;
; Asks for an image before it is needed. The order is random, so the CPU cannot
; guess the next one, and 47 MB of images fit no cache: without this, a tenth
; of an epoch is waiting for memory.
;
;   in      rdi = place in sample_order; behind the end is no harm
;   clobber rax, rcx, rdi
; ----------------------------------------------------------------------------
CACHE_LINE      equ 64

prefetch_sample:
    cmp     rdi, [train_set + dataset.count]
    jae     .done
    mov     rcx, [sample_order]
    mov     eax, [rcx + rdi * 4]
    imul    rax, rax, PIXELS
    add     rax, [train_set + dataset.images]
%assign line 0
%rep (PIXELS + CACHE_LINE - 1) / CACHE_LINE
    prefetcht0 [rax + line]
%assign line line + CACHE_LINE
%endrep
.done:
    ret
