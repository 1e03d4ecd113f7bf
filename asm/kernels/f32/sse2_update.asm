; SPDX-License-Identifier: GPL-2.0-or-later
;
; The step downhill in single precision with SSE2, without the zeros: --isa
; sse2, the default. Counterparts: denseGradient and denseUpdate in
; src/nn/reference.ts, with which it agrees bit for bit.
;
; As kernels/f64/sse2_update.asm, which tells why; a register holds four neurons
; here instead of two, so eight registers of sums are 32 of them.
;
; New is that deltas are asked for ahead: those of 64 samples and 128 neurons
; fill the first-level cache, and `relu` trains 2 % faster so. (For `sigmoid`,
; whose deltas take 8 KiB, it made none.)

TERMS_AHEAD         equ 6           ; how far ahead a delta is asked for

section .text

; ----------------------------------------------------------------------------
; void sparse_update_sse2(f32 *row, const struct term *terms, u64 count,
;                         u64 outputs, const f32 *deltas, f32 rate)
;
; One step downhill for the weights of one input. delta_t is what lies
; terms[t].delta bytes behind `deltas`:
;
;   row[o] -= rate (terms[0].value delta_0[o] + terms[1].value delta_1[o] ...)
;
;   in      rdi = row[outputs], 4-byte alignment
;           rsi = terms[count], TERMS_AHEAD more of anything behind
;           rdx = count, may be 0
;           rcx = outputs, may be 0;  r8 = deltas
;           xmm0 = rate: the learning rate over the size of the batch
;   clobber rax, rcx, rdx, rdi, r8-r10, xmm0-xmm13
;   order   from 0 through the terms, as listed (samples ascending)
; ----------------------------------------------------------------------------
%define rate        xmm13
%define terms_end   rdx
%define deltas      r8              ; -> delta[o] of the first sample

sparse_update_sse2:
    shl     rdx, TERM_SHIFT
    add     terms_end, rsi
    movaps  rate, xmm0
    shufps  rate, rate, 0           ; rate in all lanes

.next_thirty_two:
    cmp     rcx, 32
    jb      .next_four
    xorps   xmm0, xmm0              ; sums o + 3 | ... | o
    xorps   xmm1, xmm1
    xorps   xmm2, xmm2
    xorps   xmm3, xmm3
    xorps   xmm4, xmm4
    xorps   xmm5, xmm5
    xorps   xmm6, xmm6
    xorps   xmm7, xmm7
    mov     rax, rsi
    jmp     .test_thirty_two
    align   32
.thirty_two_term:
    movss   xmm8, [rax + term.value]
    mov     r9d, [rax + term.delta]
    shufps  xmm8, xmm8, 0           ; x in all lanes
    add     r9, deltas
    mov     r10d, [rax + TERMS_AHEAD * term_size + term.delta]
    prefetcht0 [deltas + r10]
    prefetcht0 [deltas + r10 + 64]
    movups  xmm9, [r9]
    movups  xmm10, [r9 + 16]
    movups  xmm11, [r9 + 32]
    movups  xmm12, [r9 + 48]
    mulps   xmm9, xmm8
    mulps   xmm10, xmm8
    mulps   xmm11, xmm8
    mulps   xmm12, xmm8
    addps   xmm0, xmm9
    addps   xmm1, xmm10
    addps   xmm2, xmm11
    addps   xmm3, xmm12
    movups  xmm9, [r9 + 64]
    movups  xmm10, [r9 + 80]
    movups  xmm11, [r9 + 96]
    movups  xmm12, [r9 + 112]
    mulps   xmm9, xmm8
    mulps   xmm10, xmm8
    mulps   xmm11, xmm8
    mulps   xmm12, xmm8
    addps   xmm4, xmm9
    addps   xmm5, xmm10
    addps   xmm6, xmm11
    addps   xmm7, xmm12
    add     rax, term_size
.test_thirty_two:
    cmp     rax, terms_end
    jb      .thirty_two_term

%assign pair 0
%rep 8                              ; row[o] -= rate sum, four at a time
    mulps   xmm%[pair], rate
    movups  xmm9, [rdi + pair * 16]
    subps   xmm9, xmm%[pair]
    movups  [rdi + pair * 16], xmm9
%assign pair pair + 1
%endrep
    add     rdi, 32 * 4
    add     deltas, 32 * 4
    sub     rcx, 32
    jmp     .next_thirty_two

.next_four:
    cmp     rcx, 4
    jb      .next_one
    xorps   xmm0, xmm0
    mov     rax, rsi
    jmp     .test_four
.four_term:
    movss   xmm8, [rax + term.value]
    mov     r9d, [rax + term.delta]
    shufps  xmm8, xmm8, 0
    movups  xmm9, [r9 + deltas]
    mulps   xmm9, xmm8
    addps   xmm0, xmm9
    add     rax, term_size
.test_four:
    cmp     rax, terms_end
    jb      .four_term
    mulps   xmm0, rate
    movups  xmm9, [rdi]
    subps   xmm9, xmm0
    movups  [rdi], xmm9
    add     rdi, 4 * 4
    add     deltas, 4 * 4
    sub     rcx, 4
    jmp     .next_four

.next_one:                          ; up to three neurons that are left
    test    rcx, rcx
    jz      .done
    xorps   xmm0, xmm0
    mov     rax, rsi
    jmp     .test_one
.one_term:
    movss   xmm8, [rax + term.value]
    mov     r9d, [rax + term.delta]
    mulss   xmm8, [r9 + deltas]
    addss   xmm0, xmm8
    add     rax, term_size
.test_one:
    cmp     rax, terms_end
    jb      .one_term
    mulss   xmm0, rate
    movss   xmm9, [rdi]
    subss   xmm9, xmm0
    movss   [rdi], xmm9
    add     rdi, 4
    add     deltas, 4
    dec     rcx
    jmp     .next_one
.done:
    ret

%undef rate
%undef terms_end
%undef deltas
