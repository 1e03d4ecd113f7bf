; SPDX-License-Identifier: GPL-2.0-or-later
;
; The step downhill in double precision with SSE2, without the zeros: --isa
; sse2, the default. Counterparts: denseGradient and denseUpdate in
; src/nn/reference.ts, with which it agrees bit for bit.
;
; The gradient of the weights is never written down at all. Instead of adding
; x delta to dw for each sample, which loads and stores every element,
; nn/layer_sparse.asm waits for the end of the mini-batch, and then hands each
; input's row to sparse_update with the samples in which the input was not zero.
; The sum over samples stays in registers, and meets its weights once.
;
; Later layers go the same way: half of the neurons behind relu are zero, too,
; and with sigmoid, where none is, the sums in registers still pay.
;
; Rejected: applying each sample's share to the weights directly, w -= rate x
; delta. It needs no list of samples, but stores 16 registers for each term, and
; sums in an order that no other rung has.

section .text

; ----------------------------------------------------------------------------
; void sparse_update_sse2(f64 *row, const struct term *terms, u64 count,
;                         u64 outputs, const f64 *deltas, f64 rate)
;
; One step downhill for the weights of one input. delta_t is what lies
; terms[t].delta bytes behind `deltas`:
;
;   row[o] -= rate (terms[0].value delta_0[o] + terms[1].value delta_1[o] ...)
;
;   in      rdi = row[outputs], 8-byte alignment
;           rsi = terms[count], rdx = count, may be 0
;           rcx = outputs, may be 0;  r8 = deltas
;           xmm0 = rate: the learning rate over the size of the batch
;   clobber rax, rdx, rdi, rcx, r8, r9, xmm0-xmm13
;   order   from 0 through the terms, as listed (samples ascending)
; ----------------------------------------------------------------------------
%define rate        xmm13
%define terms_end   rdx
%define deltas      r8              ; -> delta[o] of the first sample

sparse_update_sse2:
    shl     rdx, TERM_SHIFT
    add     terms_end, rsi
    movapd  rate, xmm0
    unpcklpd rate, rate             ; rate | rate

.next_sixteen:
    cmp     rcx, 16
    jb      .test_eight
    xorpd   xmm0, xmm0              ; sums o + 1 | o
    xorpd   xmm1, xmm1
    xorpd   xmm2, xmm2
    xorpd   xmm3, xmm3
    xorpd   xmm4, xmm4
    xorpd   xmm5, xmm5
    xorpd   xmm6, xmm6
    xorpd   xmm7, xmm7
    mov     rax, rsi
    jmp     .test_sixteen
    align   32
.sixteen_term:
    movsd   xmm8, [rax + term.value]
    mov     r9, [rax + term.delta]
    unpcklpd xmm8, xmm8             ; x | x
    add     r9, deltas
    movupd  xmm9, [r9]
    movupd  xmm10, [r9 + 16]
    movupd  xmm11, [r9 + 32]
    movupd  xmm12, [r9 + 48]
    mulpd   xmm9, xmm8
    mulpd   xmm10, xmm8
    mulpd   xmm11, xmm8
    mulpd   xmm12, xmm8
    addpd   xmm0, xmm9
    addpd   xmm1, xmm10
    addpd   xmm2, xmm11
    addpd   xmm3, xmm12
    movupd  xmm9, [r9 + 64]
    movupd  xmm10, [r9 + 80]
    movupd  xmm11, [r9 + 96]
    movupd  xmm12, [r9 + 112]
    mulpd   xmm9, xmm8
    mulpd   xmm10, xmm8
    mulpd   xmm11, xmm8
    mulpd   xmm12, xmm8
    addpd   xmm4, xmm9
    addpd   xmm5, xmm10
    addpd   xmm6, xmm11
    addpd   xmm7, xmm12
    add     rax, term_size
.test_sixteen:
    cmp     rax, terms_end
    jb      .sixteen_term

%assign pair 0
%rep 8                              ; row[o] -= rate sum, two at a time
    mulpd   xmm%[pair], rate
    movupd  xmm9, [rdi + pair * 16]
    subpd   xmm9, xmm%[pair]
    movupd  [rdi + pair * 16], xmm9
%assign pair pair + 1
%endrep
    add     rdi, 16 * 8
    add     deltas, 16 * 8
    sub     rcx, 16
    jmp     .next_sixteen

.test_eight:                        ; of the output layer's ten; by twos, each
    cmp     rcx, 8                  ; addition would wait for the one before
    jb      .next_two
    xorpd   xmm0, xmm0
    xorpd   xmm1, xmm1
    xorpd   xmm2, xmm2
    xorpd   xmm3, xmm3
    mov     rax, rsi
    jmp     .test_eight_term
    align   16
.eight_term:
    movsd   xmm8, [rax + term.value]
    mov     r9, [rax + term.delta]
    unpcklpd xmm8, xmm8
    add     r9, deltas
    movupd  xmm9, [r9]
    movupd  xmm10, [r9 + 16]
    movupd  xmm11, [r9 + 32]
    movupd  xmm12, [r9 + 48]
    mulpd   xmm9, xmm8
    mulpd   xmm10, xmm8
    mulpd   xmm11, xmm8
    mulpd   xmm12, xmm8
    addpd   xmm0, xmm9
    addpd   xmm1, xmm10
    addpd   xmm2, xmm11
    addpd   xmm3, xmm12
    add     rax, term_size
.test_eight_term:
    cmp     rax, terms_end
    jb      .eight_term
%assign pair 0
%rep 4
    mulpd   xmm%[pair], rate
    movupd  xmm9, [rdi + pair * 16]
    subpd   xmm9, xmm%[pair]
    movupd  [rdi + pair * 16], xmm9
%assign pair pair + 1
%endrep
    add     rdi, 8 * 8
    add     deltas, 8 * 8
    sub     rcx, 8

.next_two:
    cmp     rcx, 2
    jb      .last
    xorpd   xmm0, xmm0
    mov     rax, rsi
    jmp     .test_two
.two_term:
    movsd   xmm8, [rax + term.value]
    mov     r9, [rax + term.delta]
    unpcklpd xmm8, xmm8
    movupd  xmm9, [r9 + deltas]
    mulpd   xmm9, xmm8
    addpd   xmm0, xmm9
    add     rax, term_size
.test_two:
    cmp     rax, terms_end
    jb      .two_term
    mulpd   xmm0, rate
    movupd  xmm9, [rdi]
    subpd   xmm9, xmm0
    movupd  [rdi], xmm9
    add     rdi, 2 * 8
    add     deltas, 2 * 8
    sub     rcx, 2
    jmp     .next_two

.last:                              ; of an odd number of neurons
    test    rcx, rcx
    jz      .done
    xorpd   xmm0, xmm0
    mov     rax, rsi
    jmp     .test_last
.last_term:
    movsd   xmm8, [rax + term.value]
    mov     r9, [rax + term.delta]
    mulsd   xmm8, [r9 + deltas]
    addsd   xmm0, xmm8
    add     rax, term_size
.test_last:
    cmp     rax, terms_end
    jb      .last_term
    mulsd   xmm0, rate
    movsd   xmm9, [rdi]
    subsd   xmm9, xmm0
    movsd   [rdi], xmm9
.done:
    ret

%undef rate
%undef terms_end
%undef deltas
