; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in double precision with SSE2 that skip zeros: --isa sse2, the
; default. Counterparts: denseForward, denseGradient and denseUpdate in
; src/nn/reference.ts, with which they agree bit for bit.
;
; Four fifths of an MNIST image are zero, and a zero adds nothing: neither to a
; neuron's sum nor to the gradient of its weights. So the first layer (25,120 of
; the 25,450 weights and biases are there) walks only the pixels that are not
; zero. Each of them is one multiply-add with a whole row of weights, which lies
; in one piece because w is stored input by input.
;
; The rows lie here and there, in the second-level cache at best, so each is
; asked for (prefetcht0) eight rows before it is needed: 4 % of the training of
; `sigmoid`, 8 % of that of `relu`. (Behind the end of the list are old indices:
; rows too many are asked for, no more.)
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

AHEAD               equ 8           ; how far ahead a row is asked for

section .text

; ----------------------------------------------------------------------------
; void sparse_forward_sse2(const f64 *w, const f64 *b, const f64 *x,
;                          f64 *out, const struct active *active, u64 outputs)
;
;   out[o] = b[o] + sum over the inputs i in `active` of x[i] w[i][o]
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = active, indices below `inputs`
;           rdx = x[inputs]             r9  = outputs, may be 0
;           8-byte alignment; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9, r10, xmm0-xmm12
;   order   from b[o] through the active inputs, as listed (ascending)
; ----------------------------------------------------------------------------
%define list        r12             ; -> the next index
%define list_end    r13
%define row_bytes   rbx

sparse_forward_sse2:
    push    rbx
    push    r12
    push    r13
    lea     row_bytes, [r9 * 8]
    mov     list_end, [r8 + active.count]
    lea     list_end, [r8 + active.index + list_end * 4]

.next_sixteen:                      ; neurons: eight registers of sums
    cmp     r9, 16
    jb      .next_two
    movupd  xmm0, [rsi]             ; sums o + 1 | o
    movupd  xmm1, [rsi + 16]
    movupd  xmm2, [rsi + 32]
    movupd  xmm3, [rsi + 48]
    movupd  xmm4, [rsi + 64]
    movupd  xmm5, [rsi + 80]
    movupd  xmm6, [rsi + 96]
    movupd  xmm7, [rsi + 112]
    lea     list, [r8 + active.index]
    jmp     .test_sixteen
    align   32
.sixteen_input:
    mov     eax, [list]             ; i
    movsd   xmm8, [rdx + rax * 8]
    imul    rax, row_bytes
    unpcklpd xmm8, xmm8             ; x[i] | x[i]
    add     rax, rdi                ; -> w[i][o]
    mov     r10d, [list + AHEAD * 4]
    imul    r10, row_bytes
    prefetcht0 [rdi + r10]
    prefetcht0 [rdi + r10 + 64]
    movupd  xmm9, [rax]
    movupd  xmm10, [rax + 16]
    movupd  xmm11, [rax + 32]
    movupd  xmm12, [rax + 48]
    mulpd   xmm9, xmm8
    mulpd   xmm10, xmm8
    mulpd   xmm11, xmm8
    mulpd   xmm12, xmm8
    addpd   xmm0, xmm9
    addpd   xmm1, xmm10
    addpd   xmm2, xmm11
    addpd   xmm3, xmm12
    movupd  xmm9, [rax + 64]
    movupd  xmm10, [rax + 80]
    movupd  xmm11, [rax + 96]
    movupd  xmm12, [rax + 112]
    mulpd   xmm9, xmm8
    mulpd   xmm10, xmm8
    mulpd   xmm11, xmm8
    mulpd   xmm12, xmm8
    addpd   xmm4, xmm9
    addpd   xmm5, xmm10
    addpd   xmm6, xmm11
    addpd   xmm7, xmm12
    add     list, 4
.test_sixteen:
    cmp     list, list_end
    jb      .sixteen_input
    movupd  [rcx], xmm0
    movupd  [rcx + 16], xmm1
    movupd  [rcx + 32], xmm2
    movupd  [rcx + 48], xmm3
    movupd  [rcx + 64], xmm4
    movupd  [rcx + 80], xmm5
    movupd  [rcx + 96], xmm6
    movupd  [rcx + 112], xmm7
    add     rdi, 16 * 8             ; the next sixteen columns
    add     rsi, 16 * 8
    add     rcx, 16 * 8
    sub     r9, 16
    jmp     .next_sixteen

.next_two:
    cmp     r9, 2
    jb      .last
    movupd  xmm0, [rsi]
    lea     list, [r8 + active.index]
    jmp     .test_two
.two_input:
    mov     eax, [list]
    movsd   xmm8, [rdx + rax * 8]
    imul    rax, row_bytes
    unpcklpd xmm8, xmm8
    movupd  xmm9, [rdi + rax]
    mulpd   xmm9, xmm8
    addpd   xmm0, xmm9
    add     list, 4
.test_two:
    cmp     list, list_end
    jb      .two_input
    movupd  [rcx], xmm0
    add     rdi, 2 * 8
    add     rsi, 2 * 8
    add     rcx, 2 * 8
    sub     r9, 2
    jmp     .next_two

.last:                              ; of an odd number of neurons
    test    r9, r9
    jz      .done
    movsd   xmm0, [rsi]
    lea     list, [r8 + active.index]
    jmp     .test_last
.last_input:
    mov     eax, [list]
    movsd   xmm8, [rdx + rax * 8]
    imul    rax, row_bytes
    mulsd   xmm8, [rdi + rax]
    addsd   xmm0, xmm8
    add     list, 4
.test_last:
    cmp     list, list_end
    jb      .last_input
    movsd   [rcx], xmm0
.done:
    pop     r13
    pop     r12
    pop     rbx
    ret

%undef list
%undef list_end
%undef row_bytes

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
    jb      .next_two
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
