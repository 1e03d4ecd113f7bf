; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in double precision with SSE2, two lanes: --isa sse2-dense.
; Counterparts: as in kernels/f64/scalar.asm, and bit for bit the same results.
;
; An xmm register holds two f64, so one instruction works on two neurons:
;
;   w[i][o + 1] | w[i][o]       movupd: two weights of a row
;   x[i]        | x[i]          movsd, unpcklpd: one input in both lanes
;   ---------------------       mulpd, addpd
;   sum o + 1   | sum o
;
; Lanes are neurons, never parts of one sum; so each sum keeps its order.
;
; A sum cannot go faster than its additions follow each other (4 cycles each on
; most cores). Four registers of sums side by side keep the adder busy in
; between; that is what the blocks of eight neurons are for.

section .text

; ----------------------------------------------------------------------------
; void dense_forward_sse2(const f64 *w, const f64 *b, const f64 *x,
;                         f64 *out, u64 inputs, u64 outputs)
;
;   out[o] = b[o] + x[0] w[0][o] + x[1] w[1][o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;           8-byte alignment; out overlaps nothing
;   clobber rax, r10, r11, xmm0-xmm8
;   order   from b[o] through the inputs, ascending
; ----------------------------------------------------------------------------
dense_forward_sse2:
    xor     eax, eax                ; o

.next_eight:
    lea     r10, [rax + 8]
    cmp     r10, r9
    ja      .next_two
    movupd  xmm0, [rsi + rax * 8]   ; sums o + 1 | o
    movupd  xmm1, [rsi + rax * 8 + 16]
    movupd  xmm2, [rsi + rax * 8 + 32]
    movupd  xmm3, [rsi + rax * 8 + 48]
    lea     r10, [rdi + rax * 8]    ; -> w[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_eight
    align   16
.eight_input:
    movsd   xmm8, [rdx + r11 * 8]
    unpcklpd xmm8, xmm8             ; x[i] | x[i]
    movupd  xmm4, [r10]
    movupd  xmm5, [r10 + 16]
    movupd  xmm6, [r10 + 32]
    movupd  xmm7, [r10 + 48]
    mulpd   xmm4, xmm8
    mulpd   xmm5, xmm8
    mulpd   xmm6, xmm8
    mulpd   xmm7, xmm8
    addpd   xmm0, xmm4
    addpd   xmm1, xmm5
    addpd   xmm2, xmm6
    addpd   xmm3, xmm7
    lea     r10, [r10 + r9 * 8]     ; the next row
    inc     r11
.test_eight:
    cmp     r11, r8
    jb      .eight_input
    movupd  [rcx + rax * 8], xmm0
    movupd  [rcx + rax * 8 + 16], xmm1
    movupd  [rcx + rax * 8 + 32], xmm2
    movupd  [rcx + rax * 8 + 48], xmm3
    add     rax, 8
    jmp     .next_eight

.next_two:
    lea     r10, [rax + 2]
    cmp     r10, r9
    ja      .last
    movupd  xmm0, [rsi + rax * 8]
    lea     r10, [rdi + rax * 8]
    xor     r11d, r11d
    jmp     .test_two
    align   16
.two_input:
    movsd   xmm8, [rdx + r11 * 8]
    unpcklpd xmm8, xmm8
    movupd  xmm4, [r10]
    mulpd   xmm4, xmm8
    addpd   xmm0, xmm4
    lea     r10, [r10 + r9 * 8]
    inc     r11
.test_two:
    cmp     r11, r8
    jb      .two_input
    movupd  [rcx + rax * 8], xmm0
    add     rax, 2
    jmp     .next_two

.last:                              ; of an odd number of neurons
    cmp     rax, r9
    jae     .done
    movsd   xmm0, [rsi + rax * 8]
    lea     r10, [rdi + rax * 8]
    xor     r11d, r11d
    jmp     .test_last
.last_input:
    movsd   xmm4, [rdx + r11 * 8]
    mulsd   xmm4, [r10]
    addsd   xmm0, xmm4
    lea     r10, [r10 + r9 * 8]
    inc     r11
.test_last:
    cmp     r11, r8
    jb      .last_input
    movsd   [rcx + rax * 8], xmm0
.done:
    ret

; ----------------------------------------------------------------------------
; void dense_gradient_sse2(f64 *dw, f64 *db, const f64 *x, const f64 *delta,
;                          u64 inputs, u64 outputs)
;
;   dw[i][o] += x[i] delta[o],  db[o] += delta[o]
;
;   in      rdi = dw[inputs][outputs]   rcx = delta[outputs]
;           rsi = db[outputs]           r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;   clobber rax, r10, r11, xmm0-xmm2, rdi
;   order   one addition for each element
; ----------------------------------------------------------------------------
dense_gradient_sse2:
    mov     r10, r9
    and     r10, -2                 ; neurons that come in pairs
    xor     eax, eax                ; o
    jmp     .test_bias
.next_bias:
    movupd  xmm0, [rsi + rax * 8]
    movupd  xmm1, [rcx + rax * 8]
    addpd   xmm0, xmm1
    movupd  [rsi + rax * 8], xmm0
    add     rax, 2
.test_bias:
    cmp     rax, r10
    jb      .next_bias
    cmp     rax, r9
    jae     .inputs
    movsd   xmm0, [rsi + rax * 8]
    addsd   xmm0, [rcx + rax * 8]
    movsd   [rsi + rax * 8], xmm0

.inputs:
    xor     r11d, r11d              ; i
    jmp     .test_input
    align   16
.next_input:
    movsd   xmm0, [rdx + r11 * 8]
    unpcklpd xmm0, xmm0             ; x[i] | x[i]
    xor     eax, eax                ; o
    jmp     .test_pair
    align   16
.next_pair:
    movupd  xmm1, [rcx + rax * 8]   ; delta[o + 1] | delta[o]
    movupd  xmm2, [rdi + rax * 8]
    mulpd   xmm1, xmm0
    addpd   xmm2, xmm1
    movupd  [rdi + rax * 8], xmm2
    add     rax, 2
.test_pair:
    cmp     rax, r10
    jb      .next_pair
    cmp     rax, r9
    jae     .row_done
    movsd   xmm1, [rcx + rax * 8]   ; the last neuron of an odd number
    mulsd   xmm1, xmm0
    addsd   xmm1, [rdi + rax * 8]
    movsd   [rdi + rax * 8], xmm1
.row_done:
    lea     rdi, [rdi + r9 * 8]
    inc     r11
.test_input:
    cmp     r11, r8
    jb      .next_input
    ret

; ----------------------------------------------------------------------------
; void dense_backward_sse2(const f64 *w, const f64 *delta, f64 *dx,
;                          u64 inputs, u64 outputs)
;
;   dx[i] = w[i][0] delta[0] + w[i][1] delta[1] + ...
;
; Here the sums run along the rows, so the lanes are two inputs, two rows:
;
;   w[i + 1][o] | w[i][o]       movsd, movhpd: from two places
;   delta[o]    | delta[o]
;   ---------------------       mulpd, addpd
;   dx[i + 1]   | dx[i]
;
;   in      rdi = w[inputs][outputs]    rcx = inputs, may be 0
;           rsi = delta[outputs]        r8  = outputs, may be 0
;           rdx = dx[inputs], overlaps nothing
;   clobber rax, rcx, r9, xmm0-xmm2, rdi, rdx
;   order   from 0 through the outputs, ascending
; ----------------------------------------------------------------------------
dense_backward_sse2:
    jmp     .test_rows
.next_rows:
    lea     r9, [rdi + r8 * 8]      ; -> w[i + 1][0]
    xorpd   xmm0, xmm0
    xor     eax, eax                ; o
    jmp     .test_neuron
    align   16
.next_neuron:
    movsd   xmm1, [rdi + rax * 8]
    movhpd  xmm1, [r9 + rax * 8]    ; w[i + 1][o] | w[i][o]
    movsd   xmm2, [rsi + rax * 8]
    unpcklpd xmm2, xmm2             ; delta[o] | delta[o]
    mulpd   xmm1, xmm2
    addpd   xmm0, xmm1
    inc     rax
.test_neuron:
    cmp     rax, r8
    jb      .next_neuron
    movupd  [rdx], xmm0
    add     rdx, 16
    lea     rdi, [r9 + r8 * 8]
    sub     rcx, 2
.test_rows:
    cmp     rcx, 2
    jae     .next_rows

    test    rcx, rcx
    jz      .done
    xorpd   xmm0, xmm0              ; the last of an odd number of inputs
    xor     eax, eax
    jmp     .test_last
.next_last:
    movsd   xmm1, [rdi + rax * 8]
    mulsd   xmm1, [rsi + rax * 8]
    addsd   xmm0, xmm1
    inc     rax
.test_last:
    cmp     rax, r8
    jb      .next_last
    movsd   [rdx], xmm0
.done:
    ret

; ----------------------------------------------------------------------------
; void dense_update_sse2(f64 *w, f64 *dw, u64 count, f64 rate)
;
;   w[n] -= rate dw[n],  dw[n] = 0
;
;   in      rdi = w[count], rsi = dw[count], rdx = count, may be 0
;           xmm0 = rate: the learning rate over the size of the batch
;   clobber rax, rdx, xmm0-xmm3
; ----------------------------------------------------------------------------
dense_update_sse2:
    unpcklpd xmm0, xmm0             ; rate | rate
    xorpd   xmm3, xmm3
    xor     eax, eax
    sub     rdx, 2
    jl      .last
    align   16
.next:
    movupd  xmm1, [rsi + rax * 8]
    movupd  xmm2, [rdi + rax * 8]
    mulpd   xmm1, xmm0
    subpd   xmm2, xmm1
    movupd  [rdi + rax * 8], xmm2
    movupd  [rsi + rax * 8], xmm3
    add     rax, 2
    cmp     rax, rdx
    jbe     .next
.last:
    add     rdx, 2                  ; the count again
    cmp     rax, rdx
    jae     .done
    movsd   xmm1, [rsi + rax * 8]
    mulsd   xmm1, xmm0
    movsd   xmm2, [rdi + rax * 8]
    subsd   xmm2, xmm1
    movsd   [rdi + rax * 8], xmm2
    movsd   [rsi + rax * 8], xmm3
.done:
    ret
