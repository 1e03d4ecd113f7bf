; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in double precision, one number at a time: --isa scalar.
; Counterparts: denseForward, denseGradient, denseBackward, denseUpdate and
; sigmoid in src/nn/reference.ts.
;
; This is the rung to read first. Every other rung computes the same formulas,
; up to --isa sse2 in the same order and so to the same last bit, only faster.
;
; Weights lie input by input: w[i][o], outputs to a row. A neuron's weights are
; therefore a column, one row (8 * outputs bytes) apart. A row layout per neuron
; would suit this rung better, and was rejected: lanes that are neurons keep
; the order of each sum, lanes that are inputs do not.

section .text

; ----------------------------------------------------------------------------
; void dense_forward_scalar(const f64 *w, const f64 *b, const f64 *x,
;                           f64 *out, u64 inputs, u64 outputs)
;
; A layer's weighted sums, one dot product for each neuron o:
;
;   out[o] = b[o] + x[0] w[0][o] + x[1] w[1][o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;           8-byte alignment; out overlaps nothing
;   clobber rax, r10, r11, xmm0, xmm1
;   order   from b[o] through the inputs, ascending
; ----------------------------------------------------------------------------
dense_forward_scalar:
    xor     eax, eax                ; o
    jmp     .test_neuron
.next_neuron:
    movsd   xmm0, [rsi + rax * 8]   ; sum = b[o]
    lea     r10, [rdi + rax * 8]    ; -> w[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_input
.next_input:
    movsd   xmm1, [rdx + r11 * 8]   ; x[i]
    mulsd   xmm1, [r10]             ; x[i] w[i][o]
    addsd   xmm0, xmm1
    lea     r10, [r10 + r9 * 8]     ; -> w[i + 1][o], one row further
    inc     r11
.test_input:
    cmp     r11, r8
    jb      .next_input
    movsd   [rcx + rax * 8], xmm0
    inc     rax
.test_neuron:
    cmp     rax, r9
    jb      .next_neuron
    ret

; ----------------------------------------------------------------------------
; void dense_gradient_scalar(f64 *dw, f64 *db, const f64 *x, const f64 *delta,
;                            u64 inputs, u64 outputs)
;
; Adds one sample's share to the gradient. The loss changes with w[i][o] by
; delta[o], what it changes by with the neuron's sum, times x[i], what the sum
; changes by with the weight:
;
;   dw[i][o] += x[i] delta[o]
;   db[o]    += delta[o]
;
;   in      rdi = dw[inputs][outputs]   rcx = delta[outputs]
;           rsi = db[outputs]           r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;   clobber rax, r10, r11, xmm0, xmm1, rdi
;   order   one addition for each element
; ----------------------------------------------------------------------------
dense_gradient_scalar:
    xor     eax, eax                ; o
    jmp     .test_bias
.next_bias:
    movsd   xmm0, [rsi + rax * 8]
    addsd   xmm0, [rcx + rax * 8]
    movsd   [rsi + rax * 8], xmm0
    inc     rax
.test_bias:
    cmp     rax, r9
    jb      .next_bias

    xor     r11d, r11d              ; i
    jmp     .test_input
.next_input:
    movsd   xmm0, [rdx + r11 * 8]   ; x[i]
    xor     eax, eax                ; o
    jmp     .test_neuron
.next_neuron:
    movsd   xmm1, [rcx + rax * 8]   ; delta[o]
    mulsd   xmm1, xmm0
    addsd   xmm1, [rdi + rax * 8]
    movsd   [rdi + rax * 8], xmm1
    inc     rax
.test_neuron:
    cmp     rax, r9
    jb      .next_neuron
    lea     rdi, [rdi + r9 * 8]     ; -> dw[i + 1][0]
    inc     r11
.test_input:
    cmp     r11, r8
    jb      .next_input
    ret

; ----------------------------------------------------------------------------
; void dense_backward_scalar(const f64 *w, const f64 *delta, f64 *dx,
;                            u64 inputs, u64 outputs)
;
; How the loss changes with the layer's inputs: each input is blamed through
; every weight that it feeds.
;
;   dx[i] = w[i][0] delta[0] + w[i][1] delta[1] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = inputs, may be 0
;           rsi = delta[outputs]        r8  = outputs, may be 0
;           rdx = dx[inputs], overlaps nothing
;   clobber rax, r10, xmm0, xmm1, rdi
;   order   from 0 through the outputs, ascending
; ----------------------------------------------------------------------------
dense_backward_scalar:
    xor     r10d, r10d              ; i
    jmp     .test_input
.next_input:
    xorpd   xmm0, xmm0
    xor     eax, eax                ; o
    jmp     .test_neuron
.next_neuron:
    movsd   xmm1, [rdi + rax * 8]
    mulsd   xmm1, [rsi + rax * 8]
    addsd   xmm0, xmm1
    inc     rax
.test_neuron:
    cmp     rax, r8
    jb      .next_neuron
    movsd   [rdx + r10 * 8], xmm0
    lea     rdi, [rdi + r8 * 8]     ; -> w[i + 1][0]
    inc     r10
.test_input:
    cmp     r10, rcx
    jb      .next_input
    ret

; ----------------------------------------------------------------------------
; void dense_update_scalar(f64 *w, f64 *dw, u64 count, f64 rate)
;
; One step downhill, and a clean gradient for the next mini-batch:
;
;   w[n] -= rate dw[n],  dw[n] = 0
;
;   in      rdi = w[count], rsi = dw[count], rdx = count, may be 0
;           xmm0 = rate: the learning rate over the size of the batch
;   clobber rax, xmm1, xmm2
; ----------------------------------------------------------------------------
dense_update_scalar:
    xor     eax, eax
    jmp     .test
.next:
    movsd   xmm1, [rsi + rax * 8]
    mulsd   xmm1, xmm0
    movsd   xmm2, [rdi + rax * 8]
    subsd   xmm2, xmm1
    movsd   [rdi + rax * 8], xmm2
    mov     qword [rsi + rax * 8], 0    ; the bits of 0.0
    inc     rax
.test:
    cmp     rax, rdx
    jb      .next
    ret

; ----------------------------------------------------------------------------
; void sigmoid_scalar(f64 *values, u64 count)
;
;   values[n] = 1 / (1 + e^-values[n])
;
; The exponent is held within +-SIGMOID_REACH, where 2^n is a normal number;
; further out sigmoid is 0 or 1 to more digits than f64 has.
;
;   in      rdi = values[count], rsi = count, may be 0
;   clobber rax, rcx, xmm0-xmm3
; ----------------------------------------------------------------------------
section .rodata
    align   16, db 0
%define SIGMOID_REACH 708.0
pd_sigmoid_reach:
    dq      SIGMOID_REACH, SIGMOID_REACH
pd_sigmoid_minus_reach:
    dq      -SIGMOID_REACH, -SIGMOID_REACH
section .text
sigmoid_scalar:
    push    rbx
    push    r12
    sub     rsp, 8
    mov     rbx, rdi                ; -> the value
    lea     r12, [rdi + rsi * 8]    ; -> behind the last
    jmp     .test
.next:
    xorpd   xmm1, xmm1
    subsd   xmm1, [rbx]             ; -value
    ; minsd and maxsd give their second operand if one is not a number, so
    ; that a NaN stays to be seen.
    movsd   xmm0, [pd_sigmoid_reach]
    minsd   xmm0, xmm1
    movsd   xmm1, [pd_sigmoid_minus_reach]
    maxsd   xmm1, xmm0
    movapd  xmm0, xmm1
    call    exp
    movsd   xmm1, [pd_one]
    addsd   xmm0, xmm1
    divsd   xmm1, xmm0
    movsd   [rbx], xmm1
    add     rbx, 8
.test:
    cmp     rbx, r12
    jb      .next
    add     rsp, 8
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void sigmoid_backward_scalar(f64 *delta, const f64 *output, u64 count)
;
; From d loss / d output to d loss / d sum. The slope of sigmoid can be told
; from its value h: it is h (1 - h).
;
;   delta[n] *= (1 - output[n]) output[n]
;
;   in      rdi = delta[count], rsi = output[count], rdx = count, may be 0
;   clobber rax, xmm0, xmm1
; ----------------------------------------------------------------------------
sigmoid_backward_scalar:
    xor     eax, eax
    jmp     .test
.next:
    movsd   xmm1, [rsi + rax * 8]
    movsd   xmm0, [pd_one]
    subsd   xmm0, xmm1
    mulsd   xmm0, xmm1
    mulsd   xmm0, [rdi + rax * 8]
    movsd   [rdi + rax * 8], xmm0
    inc     rax
.test:
    cmp     rax, rdx
    jb      .next
    ret
