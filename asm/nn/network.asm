; SPDX-License-Identifier: GPL-2.0-or-later
;
; The network as a whole: start, forward, backward, update.
; Counterpart: class ReferenceNetwork in src/nn/reference.ts.

section .text

; ----------------------------------------------------------------------------
; void network_randomize(u64 seed)
;
; Where learning begins: weights uniform in [-limit, limit), drawn layer by
; layer, input by input; biases zero. The limit grows as layers are smaller
; (Glorot and Bengio 2010), so that sums are neither all tiny nor all large.
;
;   in      rdi = seed
;   clobber rax, rcx, xmm0, xmm1
; ----------------------------------------------------------------------------
network_randomize:
    push    rbx
    push    r12
    push    r13
    call    random_seed
    lea     rbx, [layers]
.next_layer:
    mov     r12, [rbx + layer.weights]
    mov     r13, [rbx + layer.inputs]
    imul    r13, [rbx + layer.outputs]
.next_weight:
    call    random_unit
    addsd   xmm0, xmm0
    subsd   xmm0, [pd_one]          ; in [-1, 1), exact
    mulsd   xmm0, [rbx + layer.limit]
    store_real [r12], xmm0
    add     r12, REAL_SIZE
    dec     r13
    jnz     .next_weight

    mov     r12, [rbx + layer.bias]
    mov     r13, [rbx + layer.outputs]
    xorps   xmm0, xmm0
.next_bias:
    mov_real [r12], xmm0
    add     r12, REAL_SIZE
    dec     r13
    jnz     .next_bias

    add     rbx, layer_size
    lea     rax, [layers + LAYERS * layer_size]
    cmp     rbx, rax
    jb      .next_layer
    pop     r13
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void network_forward(const u8 *pixels)
;
; From an image to ten probabilities, in `output`.
;
;   in      rdi = pixels[PIXELS]
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
network_forward:
    push    rbx
    push    r12
    sub     rsp, 8
    lea     rbx, [layers]
    lea     r12, [layers + OUTPUT_LAYER]
    ;@ event forward_begin
    mov     rax, [isa]
    call    [rax + kernels.load_input]
    jmp     .layer
.hidden_layer:
    mov     rax, [isa]
    mov     rdi, [rbx + layer.output]
    mov     rsi, [rbx + layer.outputs]
    call    [rax + kernels.activate]
    add     rbx, layer_size
.layer:
    mov     rax, [isa]
    mov     rdi, rbx
    call    [rax + kernels.forward]
    cmp     rbx, r12
    jb      .hidden_layer
    mov     rdi, [r12 + layer.output]
    mov     rsi, [r12 + layer.outputs]
    call    softmax
    ;@ event forward_end
    add     rsp, 8
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void network_backward(u64 label, u64 sample)
;
; From the probabilities back to the gradient, which grows by this sample's
; share. Softmax and cross-entropy together have a simple slope: the loss
; changes with the sum of output o by  p[o] - (1 if o is the label, else 0).
;
;   in      rdi = label, rsi = which sample of the mini-batch this is, from 0
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
network_backward:
    push    rbx
    push    r12
    push    r13
    mov     r12, rsi
    lea     rbx, [layers + OUTPUT_LAYER]
    lea     r13, [layers]

    mov     rsi, [rbx + layer.output]
    mov     rdx, [rbx + layer.delta]
    xor     eax, eax
.next_output:
    mov_real xmm0, [rsi + rax * REAL_SIZE]
    mov_real [rdx + rax * REAL_SIZE], xmm0
    inc     rax
    cmp     rax, [rbx + layer.outputs]
    jb      .next_output
    load_real xmm0, [rdx + rdi * REAL_SIZE]
    subsd   xmm0, [pd_one]
    store_real [rdx + rdi * REAL_SIZE], xmm0

    jmp     .layer
.next_layer:
    mov     rdi, rbx
    call    layer_backward
    sub     rbx, layer_size
.layer:
    mov     rax, [isa]
    mov     rdi, rbx
    mov     rsi, r12
    call    [rax + kernels.gradient]
    cmp     rbx, r13
    ja      .next_layer
    pop     r13
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void network_update(u64 samples)
;
; One step downhill along the mini-batch's average gradient:
;
;   weights -= (learning rate / samples) * sum of the samples' gradients
;
;   in      rdi = samples in the mini-batch, 1 or more
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
network_update:
    push    rbx
    push    r12
    sub     rsp, 8
    mov     r12, rdi
    cvtsi2sd xmm1, rdi
    movsd   xmm0, [option_rate]
    divsd   xmm0, xmm1
    to_real xmm0
    mov_real [rsp], xmm0
    lea     rbx, [layers]
.next_layer:
    mov     rax, [isa]
    mov     rdi, rbx
    mov     rsi, r12
    mov_real xmm0, [rsp]
    call    [rax + kernels.update]
    add     rbx, layer_size
    lea     rax, [layers + OUTPUT_LAYER]
    cmp     rbx, rax
    jbe     .next_layer
    add     rsp, 8
    pop     r12
    pop     rbx
    ret
