; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in single precision with SSE2 that skip zeros: --isa sse2, the
; default. Counterparts: denseForward, denseGradient and denseUpdate in
; src/nn/reference.ts, with which they agree bit for bit.
;
; As kernels/f64/sse2.asm, which tells why; a register holds four neurons here
; instead of two, so eight registers of sums are 32 of them.

AHEAD               equ 8           ; how far ahead a row is asked for

section .text

; ----------------------------------------------------------------------------
; void sparse_forward_sse2(const f32 *w, const f32 *b, const f32 *x,
;                          f32 *out, const struct active *active, u64 outputs)
;
;   out[o] = b[o] + sum over the inputs i in `active` of x[i] w[i][o]
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = active, indices below `inputs`
;           rdx = x[inputs]             r9  = outputs, may be 0
;           4-byte alignment; out overlaps nothing
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
    lea     row_bytes, [r9 * 4]
    mov     list_end, [r8 + active.count]
    lea     list_end, [r8 + active.index + list_end * 4]

.next_thirty_two:                      ; neurons: eight registers of sums
    cmp     r9, 32
    jb      .next_four
    movups  xmm0, [rsi]             ; sums o + 3 | ... | o
    movups  xmm1, [rsi + 16]
    movups  xmm2, [rsi + 32]
    movups  xmm3, [rsi + 48]
    movups  xmm4, [rsi + 64]
    movups  xmm5, [rsi + 80]
    movups  xmm6, [rsi + 96]
    movups  xmm7, [rsi + 112]
    lea     list, [r8 + active.index]
    jmp     .test_thirty_two
    align   32
.thirty_two_input:
    mov     eax, [list]             ; i
    movss   xmm8, [rdx + rax * 4]
    imul    rax, row_bytes
    shufps  xmm8, xmm8, 0           ; x[i] in all lanes
    add     rax, rdi                ; -> w[i][o]
    mov     r10d, [list + AHEAD * 4]
    imul    r10, row_bytes
    prefetcht0 [rdi + r10]
    prefetcht0 [rdi + r10 + 64]
    movups  xmm9, [rax]
    movups  xmm10, [rax + 16]
    movups  xmm11, [rax + 32]
    movups  xmm12, [rax + 48]
    mulps   xmm9, xmm8
    mulps   xmm10, xmm8
    mulps   xmm11, xmm8
    mulps   xmm12, xmm8
    addps   xmm0, xmm9
    addps   xmm1, xmm10
    addps   xmm2, xmm11
    addps   xmm3, xmm12
    movups  xmm9, [rax + 64]
    movups  xmm10, [rax + 80]
    movups  xmm11, [rax + 96]
    movups  xmm12, [rax + 112]
    mulps   xmm9, xmm8
    mulps   xmm10, xmm8
    mulps   xmm11, xmm8
    mulps   xmm12, xmm8
    addps   xmm4, xmm9
    addps   xmm5, xmm10
    addps   xmm6, xmm11
    addps   xmm7, xmm12
    add     list, 4
.test_thirty_two:
    cmp     list, list_end
    jb      .thirty_two_input
    movups  [rcx], xmm0
    movups  [rcx + 16], xmm1
    movups  [rcx + 32], xmm2
    movups  [rcx + 48], xmm3
    movups  [rcx + 64], xmm4
    movups  [rcx + 80], xmm5
    movups  [rcx + 96], xmm6
    movups  [rcx + 112], xmm7
    add     rdi, 32 * 4             ; the next 32 columns
    add     rsi, 32 * 4
    add     rcx, 32 * 4
    sub     r9, 32
    jmp     .next_thirty_two

.next_four:
    cmp     r9, 4
    jb      .next_one
    movups  xmm0, [rsi]
    lea     list, [r8 + active.index]
    jmp     .test_four
.four_input:
    mov     eax, [list]
    movss   xmm8, [rdx + rax * 4]
    imul    rax, row_bytes
    shufps  xmm8, xmm8, 0
    movups  xmm9, [rdi + rax]
    mulps   xmm9, xmm8
    addps   xmm0, xmm9
    add     list, 4
.test_four:
    cmp     list, list_end
    jb      .four_input
    movups  [rcx], xmm0
    add     rdi, 4 * 4
    add     rsi, 4 * 4
    add     rcx, 4 * 4
    sub     r9, 4
    jmp     .next_four

.next_one:                          ; up to three neurons that are left
    test    r9, r9
    jz      .done
    movss   xmm0, [rsi]
    lea     list, [r8 + active.index]
    jmp     .test_one
.one_input:
    mov     eax, [list]
    movss   xmm8, [rdx + rax * 4]
    imul    rax, row_bytes
    mulss   xmm8, [rdi + rax]
    addss   xmm0, xmm8
    add     list, 4
.test_one:
    cmp     list, list_end
    jb      .one_input
    movss   [rcx], xmm0
    add     rdi, 4
    add     rsi, 4
    add     rcx, 4
    dec     r9
    jmp     .next_one
.done:
    pop     r13
    pop     r12
    pop     rbx
    ret

%undef list
%undef list_end
%undef row_bytes

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
