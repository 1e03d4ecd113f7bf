; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in single precision, one number at a time: --isa scalar.
; Counterparts: denseForward, denseGradient, denseBackward, denseUpdate and
; relu in src/nn/reference.ts, with each result rounded to f32.
;
; As kernels/f64/scalar.asm, which explains more; the differences are the size
; of a number (4 bytes), the instructions' last letter (s for single), and the
; activation.

section .text

; ----------------------------------------------------------------------------
; void dense_forward_scalar(const f32 *w, const f32 *b, const f32 *x,
;                           f32 *out, u64 inputs, u64 outputs)
;
; A layer's weighted sums, one dot product for each neuron o:
;
;   out[o] = b[o] + x[0] w[0][o] + x[1] w[1][o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;           4-byte alignment; out overlaps nothing
;   clobber rax, r10, r11, xmm0, xmm1
;   order   from b[o] through the inputs, ascending
; ----------------------------------------------------------------------------
dense_forward_scalar:
    xor     eax, eax                ; o
    jmp     .test_neuron
.next_neuron:
    movss   xmm0, [rsi + rax * 4]   ; sum = b[o]
    lea     r10, [rdi + rax * 4]    ; -> w[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_input
.next_input:
    movss   xmm1, [rdx + r11 * 4]   ; x[i]
    mulss   xmm1, [r10]             ; x[i] w[i][o]
    addss   xmm0, xmm1
    lea     r10, [r10 + r9 * 4]     ; -> w[i + 1][o], one row further
    inc     r11
.test_input:
    cmp     r11, r8
    jb      .next_input
    movss   [rcx + rax * 4], xmm0
    inc     rax
.test_neuron:
    cmp     rax, r9
    jb      .next_neuron
    ret

; ----------------------------------------------------------------------------
; void dense_gradient_scalar(f32 *dw, f32 *db, const f32 *x, const f32 *delta,
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
    movss   xmm0, [rsi + rax * 4]
    addss   xmm0, [rcx + rax * 4]
    movss   [rsi + rax * 4], xmm0
    inc     rax
.test_bias:
    cmp     rax, r9
    jb      .next_bias

    xor     r11d, r11d              ; i
    jmp     .test_input
.next_input:
    movss   xmm0, [rdx + r11 * 4]   ; x[i]
    xor     eax, eax                ; o
    jmp     .test_neuron
.next_neuron:
    movss   xmm1, [rcx + rax * 4]   ; delta[o]
    mulss   xmm1, xmm0
    addss   xmm1, [rdi + rax * 4]
    movss   [rdi + rax * 4], xmm1
    inc     rax
.test_neuron:
    cmp     rax, r9
    jb      .next_neuron
    lea     rdi, [rdi + r9 * 4]     ; -> dw[i + 1][0]
    inc     r11
.test_input:
    cmp     r11, r8
    jb      .next_input
    ret

; ----------------------------------------------------------------------------
; void dense_backward_scalar(const f32 *w, const f32 *delta, f32 *dx,
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
    xorps   xmm0, xmm0
    xor     eax, eax                ; o
    jmp     .test_neuron
.next_neuron:
    movss   xmm1, [rdi + rax * 4]
    mulss   xmm1, [rsi + rax * 4]
    addss   xmm0, xmm1
    inc     rax
.test_neuron:
    cmp     rax, r8
    jb      .next_neuron
    movss   [rdx + r10 * 4], xmm0
    lea     rdi, [rdi + r8 * 4]     ; -> w[i + 1][0]
    inc     r10
.test_input:
    cmp     r10, rcx
    jb      .next_input
    ret

; ----------------------------------------------------------------------------
; void dense_update_scalar(f32 *w, f32 *dw, u64 count, f32 rate)
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
    movss   xmm1, [rsi + rax * 4]
    mulss   xmm1, xmm0
    movss   xmm2, [rdi + rax * 4]
    subss   xmm2, xmm1
    movss   [rdi + rax * 4], xmm2
    mov     dword [rsi + rax * 4], 0    ; the bits of 0.0
    inc     rax
.test:
    cmp     rax, rdx
    jb      .next
    ret

; ----------------------------------------------------------------------------
; void relu_scalar(f32 *values, u64 count)
;
;   values[n] = max(0, values[n])
;
;   in      rdi = values[count], rsi = count, may be 0
;   clobber rax, xmm0
; ----------------------------------------------------------------------------
relu_scalar:
    xor     eax, eax
    jmp     .test
.next:
    xorps   xmm0, xmm0
    maxss   xmm0, [rdi + rax * 4]   ; a NaN stays: maxss gives its second one
    movss   [rdi + rax * 4], xmm0
    inc     rax
.test:
    cmp     rax, rsi
    jb      .next
    ret

; ----------------------------------------------------------------------------
; void relu_backward_scalar(f32 *delta, const f32 *output, u64 count)
;
; From d loss / d output to d loss / d sum. The slope of relu is 1 where it let
; its input through, and 0 where it did not.
;
;   delta[n] = delta[n] if output[n] > 0, else 0
;
;   in      rdi = delta[count], rsi = output[count], rdx = count, may be 0
;   clobber rax, xmm0, xmm1
; ----------------------------------------------------------------------------
relu_backward_scalar:
    xor     eax, eax
    jmp     .test
.next:
    xorps   xmm0, xmm0
    cmpltss xmm0, [rsi + rax * 4]   ; 0 < output: all ones, else all zeros
    movss   xmm1, [rdi + rax * 4]
    andps   xmm1, xmm0
    movss   [rdi + rax * 4], xmm1
    inc     rax
.test:
    cmp     rax, rdx
    jb      .next
    ret
