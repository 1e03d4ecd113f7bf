; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in single precision with SSE2, four lanes: --isa sse2-dense.
; Counterparts: as in kernels/f32/scalar.asm, and bit for bit the same results.
;
; An xmm register holds four f32, so one instruction works on four neurons:
;
;   w[i][o + 3] | w[i][o + 2] | w[i][o + 1] | w[i][o]     movups
;   x[i]        | x[i]        | x[i]        | x[i]        movss, shufps
;   -------------------------------------------------     mulps, addps
;   sum o + 3   | sum o + 2   | sum o + 1   | sum o
;
; Lanes are neurons, never parts of one sum; so each sum keeps its order.
; kernels/f32/backward_sse2.asm has the one kernel where that takes an effort.

section .text

; ----------------------------------------------------------------------------
; void dense_forward_sse2(const f32 *w, const f32 *b, const f32 *x,
;                         f32 *out, u64 inputs, u64 outputs)
;
;   out[o] = b[o] + x[0] w[0][o] + x[1] w[1][o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;           4-byte alignment; out overlaps nothing
;   clobber rax, r10, r11, xmm0-xmm8
;   order   from b[o] through the inputs, ascending
; ----------------------------------------------------------------------------
dense_forward_sse2:
    xor     eax, eax                ; o

.next_sixteen:                      ; neurons: four registers of sums
    lea     r10, [rax + 16]
    cmp     r10, r9
    ja      .next_four
    movups  xmm0, [rsi + rax * 4]   ; sums o + 3 | ... | o
    movups  xmm1, [rsi + rax * 4 + 16]
    movups  xmm2, [rsi + rax * 4 + 32]
    movups  xmm3, [rsi + rax * 4 + 48]
    lea     r10, [rdi + rax * 4]    ; -> w[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_sixteen
    align   16
.sixteen_input:
    movss   xmm8, [rdx + r11 * 4]
    shufps  xmm8, xmm8, 0           ; x[i] in all lanes
    movups  xmm4, [r10]
    movups  xmm5, [r10 + 16]
    movups  xmm6, [r10 + 32]
    movups  xmm7, [r10 + 48]
    mulps   xmm4, xmm8
    mulps   xmm5, xmm8
    mulps   xmm6, xmm8
    mulps   xmm7, xmm8
    addps   xmm0, xmm4
    addps   xmm1, xmm5
    addps   xmm2, xmm6
    addps   xmm3, xmm7
    lea     r10, [r10 + r9 * 4]     ; the next row
    inc     r11
.test_sixteen:
    cmp     r11, r8
    jb      .sixteen_input
    movups  [rcx + rax * 4], xmm0
    movups  [rcx + rax * 4 + 16], xmm1
    movups  [rcx + rax * 4 + 32], xmm2
    movups  [rcx + rax * 4 + 48], xmm3
    add     rax, 16
    jmp     .next_sixteen

.next_four:
    lea     r10, [rax + 4]
    cmp     r10, r9
    ja      .next_one
    movups  xmm0, [rsi + rax * 4]
    lea     r10, [rdi + rax * 4]
    xor     r11d, r11d
    jmp     .test_four
    align   16
.four_input:
    movss   xmm8, [rdx + r11 * 4]
    shufps  xmm8, xmm8, 0
    movups  xmm4, [r10]
    mulps   xmm4, xmm8
    addps   xmm0, xmm4
    lea     r10, [r10 + r9 * 4]
    inc     r11
.test_four:
    cmp     r11, r8
    jb      .four_input
    movups  [rcx + rax * 4], xmm0
    add     rax, 4
    jmp     .next_four

.next_one:                          ; up to three neurons that are left
    cmp     rax, r9
    jae     .done
    movss   xmm0, [rsi + rax * 4]
    lea     r10, [rdi + rax * 4]
    xor     r11d, r11d
    jmp     .test_one
.one_input:
    movss   xmm4, [rdx + r11 * 4]
    mulss   xmm4, [r10]
    addss   xmm0, xmm4
    lea     r10, [r10 + r9 * 4]
    inc     r11
.test_one:
    cmp     r11, r8
    jb      .one_input
    movss   [rcx + rax * 4], xmm0
    inc     rax
    jmp     .next_one
.done:
    ret

; ----------------------------------------------------------------------------
; void dense_gradient_sse2(f32 *dw, f32 *db, const f32 *x, const f32 *delta,
;                          u64 inputs, u64 outputs)
;
;   dw[i][o] += x[i] delta[o],  db[o] += delta[o]
;
; The biases are treated as the row of one more input, whose x is 1: a product
; with 1 is exact.
;
;   in      rdi = dw[inputs][outputs]   rcx = delta[outputs]
;           rsi = db[outputs]           r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;   clobber rax, r10, r11, xmm0-xmm2, rsi
;   order   one addition for each element
; ----------------------------------------------------------------------------
dense_gradient_sse2:
    mov     r10, r9
    and     r10, -4                 ; neurons that come in fours
    movaps  xmm0, [ps_one]
    mov     r11, -1                 ; i, with the biases before input 0
    jmp     .row
    align   16
.next_input:
    movss   xmm0, [rdx + r11 * 4]
    shufps  xmm0, xmm0, 0           ; x[i] in all lanes
.row:
    xor     eax, eax                ; o
    jmp     .test_four
    align   16
.next_four:
    movups  xmm1, [rcx + rax * 4]   ; delta[o + 3] | ... | delta[o]
    movups  xmm2, [rsi + rax * 4]
    mulps   xmm1, xmm0
    addps   xmm2, xmm1
    movups  [rsi + rax * 4], xmm2
    add     rax, 4
.test_four:
    cmp     rax, r10
    jb      .next_four
    jmp     .test_one
.next_one:
    movss   xmm1, [rcx + rax * 4]
    mulss   xmm1, xmm0
    addss   xmm1, [rsi + rax * 4]
    movss   [rsi + rax * 4], xmm1
    inc     rax
.test_one:
    cmp     rax, r9
    jb      .next_one
    lea     rsi, [rsi + r9 * 4]     ; the next row ...
    inc     r11
    cmovz   rsi, rdi                ; ... which behind the biases is dw[0]
    cmp     r11, r8
    jb      .next_input
    ret

; ----------------------------------------------------------------------------
; void dense_update_sse2(f32 *w, f32 *dw, u64 count, f32 rate)
;
;   w[n] -= rate dw[n],  dw[n] = 0
;
;   in      rdi = w[count], rsi = dw[count], rdx = count, may be 0
;           xmm0 = rate: the learning rate over the size of the batch
;   clobber rax, rcx, xmm0-xmm3
; ----------------------------------------------------------------------------
dense_update_sse2:
    shufps  xmm0, xmm0, 0           ; rate in all lanes
    xorps   xmm3, xmm3
    mov     rcx, rdx
    and     rcx, -4                 ; elements that come in fours
    xor     eax, eax
    jmp     .test_four
    align   16
.next_four:
    movups  xmm1, [rsi + rax * 4]
    movups  xmm2, [rdi + rax * 4]
    mulps   xmm1, xmm0
    subps   xmm2, xmm1
    movups  [rdi + rax * 4], xmm2
    movups  [rsi + rax * 4], xmm3
    add     rax, 4
.test_four:
    cmp     rax, rcx
    jb      .next_four
    jmp     .test_one
.next_one:
    movss   xmm1, [rsi + rax * 4]
    mulss   xmm1, xmm0
    movss   xmm2, [rdi + rax * 4]
    subss   xmm2, xmm1
    movss   [rdi + rax * 4], xmm2
    movss   [rsi + rax * 4], xmm3
    inc     rax
.test_one:
    cmp     rax, rdx
    jb      .next_one
    ret

; ----------------------------------------------------------------------------
; void relu_sse2(f32 *values, u64 count)
;
;   values[n] = max(0, values[n])
;
;   in      rdi = values[count], rsi = count, may be 0
;   clobber rax, rcx, xmm0, xmm1
; ----------------------------------------------------------------------------
relu_sse2:
    mov     rcx, rsi
    and     rcx, -4
    xor     eax, eax
    jmp     .test_four
.next_four:
    xorps   xmm0, xmm0
    movups  xmm1, [rdi + rax * 4]
    maxps   xmm0, xmm1              ; a NaN stays, see relu_scalar
    movups  [rdi + rax * 4], xmm0
    add     rax, 4
.test_four:
    cmp     rax, rcx
    jb      .next_four
    jmp     .test_one
.next_one:
    xorps   xmm0, xmm0
    maxss   xmm0, [rdi + rax * 4]
    movss   [rdi + rax * 4], xmm0
    inc     rax
.test_one:
    cmp     rax, rsi
    jb      .next_one
    ret

; ----------------------------------------------------------------------------
; void relu_backward_sse2(f32 *delta, const f32 *output, u64 count)
;
;   delta[n] = delta[n] if output[n] > 0, else 0
;
;   in      rdi = delta[count], rsi = output[count], rdx = count, may be 0
;   clobber rax, rcx, xmm0, xmm1
; ----------------------------------------------------------------------------
relu_backward_sse2:
    mov     rcx, rdx
    and     rcx, -4
    xor     eax, eax
    jmp     .test_four
.next_four:
    xorps   xmm0, xmm0
    movups  xmm1, [rsi + rax * 4]
    cmpltps xmm0, xmm1              ; 0 < output: all ones, else all zeros
    movups  xmm1, [rdi + rax * 4]
    andps   xmm1, xmm0
    movups  [rdi + rax * 4], xmm1
    add     rax, 4
.test_four:
    cmp     rax, rcx
    jb      .next_four
    jmp     .test_one
.next_one:
    xorps   xmm0, xmm0
    cmpltss xmm0, [rsi + rax * 4]
    movss   xmm1, [rdi + rax * 4]
    andps   xmm1, xmm0
    movss   [rdi + rax * 4], xmm1
    inc     rax
.test_one:
    cmp     rax, rdx
    jb      .next_one
    ret

section .rodata
    align   16, db 0
ps_one:
    times 4 dd 1.0
