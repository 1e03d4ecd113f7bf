; SPDX-License-Identifier: GPL-2.0-or-later
;
; From the table of layers to the kernels: each function here takes a layer and
; calls a kernel of the chosen rung (`isa`) with that layer's arrays. For the
; rungs `scalar` and `sse2-dense`, which do not skip zeros, and for layers that
; have none; layer_backward is for all rungs.

OUTPUT_LAYER        equ (LAYERS - 1) * layer_size   ; from `layers`

section .text

; ----------------------------------------------------------------------------
; void dense_layer_forward(const struct layer *layer)
;   output = bias + input . weights;  before the activation
; ----------------------------------------------------------------------------
dense_layer_forward:
    mov     rax, [isa]
    mov     rsi, [rdi + layer.bias]
    mov     rdx, [rdi + layer.input]
    mov     rcx, [rdi + layer.output]
    mov     r8, [rdi + layer.inputs]
    mov     r9, [rdi + layer.outputs]
    mov     rdi, [rdi + layer.weights]
    jmp     [rax + kernels.dense_forward]   ; returns to our caller

; ----------------------------------------------------------------------------
; void dense_layer_gradient(const struct layer *layer, u64 sample)
;   d_weights, d_bias += this sample's share, from input and delta
; ----------------------------------------------------------------------------
dense_layer_gradient:
    mov     rax, [isa]
    mov     rsi, [rdi + layer.d_bias]
    mov     rdx, [rdi + layer.input]
    mov     rcx, [rdi + layer.delta]
    mov     r8, [rdi + layer.inputs]
    mov     r9, [rdi + layer.outputs]
    mov     rdi, [rdi + layer.d_weights]
    jmp     [rax + kernels.dense_gradient]

; ----------------------------------------------------------------------------
; void layer_backward(const struct layer *layer)
;
; From this layer's delta to that of the layer before, through the weights and
; then through the activation of the layer before.
;
;   in      rdi = layer, not the first one
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
layer_backward:
    push    rbx
    mov     rbx, rdi
    mov     rax, [isa]
    cmp     qword [rax + kernels.sparse_forward], 0
    je      .dense
    call    sparse_layer_backward
    jmp     .activation
.dense:
    mov     rsi, [rdi + layer.delta]
    mov     rdx, [rdi - layer_size + layer.delta]
    mov     rcx, [rdi + layer.inputs]
    mov     r8, [rdi + layer.outputs]
    mov     rdi, [rdi + layer.weights]
    call    [rax + kernels.dense_backward]
.activation:
    mov     rax, [isa]
    mov     rdi, [rbx - layer_size + layer.delta]
    mov     rsi, [rbx + layer.input]
    mov     rdx, [rbx + layer.inputs]
    pop     rbx
    jmp     [rax + kernels.activate_backward]

; ----------------------------------------------------------------------------
; void dense_layer_update(const struct layer *layer, u64 samples, real rate)
;   weights -= rate d_weights, bias -= rate d_bias, and clean gradients
;   in      rdi = layer, rsi is not needed, xmm0 = rate
; ----------------------------------------------------------------------------
dense_layer_update:
    push    rbx
    sub     rsp, 16
    mov     rbx, rdi
    mov_real [rsp], xmm0
    mov     rax, [isa]
    mov     rdx, [rbx + layer.inputs]
    imul    rdx, [rbx + layer.outputs]
    mov     rsi, [rbx + layer.d_weights]
    mov     rdi, [rbx + layer.weights]
    call    [rax + kernels.dense_update]
    ; fall through

; The biases alone; shared with sparse_layer_update, which jumps here with the
; same frame: rbx = layer, [rsp] = rate, 16 bytes, saved rbx.
layer_update_bias:
    mov     rax, [isa]
    mov_real xmm0, [rsp]
    mov     rdx, [rbx + layer.outputs]
    mov     rsi, [rbx + layer.d_bias]
    mov     rdi, [rbx + layer.bias]
    call    [rax + kernels.dense_update]
    add     rsp, 16
    pop     rbx
    ret
