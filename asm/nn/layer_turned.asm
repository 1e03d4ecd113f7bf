; SPDX-License-Identifier: GPL-2.0-or-later
;
; Backward through a layer, for the rung `sse2`:
;
;   dx[i] = w[i][0] delta[0] + w[i][1] delta[1] + ...
;
; The sums run along the rows of w, so the lanes would have to come from several
; rows (kernels/f64/sse2_dense.asm, kernels/f32/backward_sse2.asm). But with w
; turned on its side once for each mini-batch, this is a forward pass without
; bias, with the same kernels: lanes are neighbouring inputs, and what is zero
; among the deltas is skipped. That is what relu has silenced of the layer's
; outputs, so the layer behind it has the list. The order of the sums stays, and
; `relu` trains 8 % faster.

section .text

; ----------------------------------------------------------------------------
; void sparse_layer_backward(const struct layer *layer)
;
; From this layer's delta to d loss / d its input:
;
;   dx[i] = turned[0][i] delta[0] + turned[1][i] delta[1] + ...
;
; (Where relu lets nothing through, dx is of no use; it is computed all the
; same, for those inputs lie between the others.)
;
;   in      rdi = layer, not the first one
;   out     the delta of the layer before, without its activation's part
;   clobber everything a function may clobber
;   order   from 0 through the outputs, ascending
; ----------------------------------------------------------------------------
sparse_layer_backward:
    mov     r10, [isa]
    lea     rsi, [no_bias]
    mov     rdx, [rdi + layer.delta]
    mov     rcx, [rdi - layer_size + layer.delta]
    mov     r9, [rdi + layer.inputs]
    lea     rax, [layers + OUTPUT_LAYER]
    cmp     rdi, rax
    je      .all                    ; softmax has no zeros
    mov     r8, [rdi + layer_size + layer.active]
    mov     rdi, [rdi + layer.turned]
    jmp     [r10 + kernels.sparse_forward]
.all:
    mov     r8, [rdi + layer.outputs]
    mov     rdi, [rdi + layer.turned]
    jmp     [r10 + kernels.dense_forward]

; ----------------------------------------------------------------------------
; void sparse_start_batch(void)          turns all weights that will be needed
;   clobber rax, rcx, rdx, rsi, rdi, r8-r11, xmm0
; ----------------------------------------------------------------------------
sparse_start_batch:
    push    rbx
    lea     rbx, [layers + layer_size]
.next:
    mov     rdi, rbx
    call    turn_weights
    add     rbx, layer_size
    lea     rax, [layers + OUTPUT_LAYER]
    cmp     rbx, rax
    jbe     .next
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void turn_weights(const struct layer *layer)
;
;   turned[o][i] = weights[i][o]
;
; One by one: in blocks of 4 x 4, as kernels/f32/backward_sse2.asm has them,
; `relu` with AVX-512 gained 1 %.
;
;   in      rdi = layer
;   clobber rax, rcx, rdx, rsi, rdi, r8-r11, xmm0
; ----------------------------------------------------------------------------
%define row         rsi             ; -> weights[i][0]
%define column      rdx             ; -> turned[0][i]
%define outputs     r8
%define row_bytes   r9              ; of weights
%define column_bytes r10            ; of turned
%define left        r11             ; inputs

turn_weights:
    mov     row, [rdi + layer.weights]
    mov     column, [rdi + layer.turned]
    mov     outputs, [rdi + layer.outputs]
    mov     left, [rdi + layer.inputs]
    imul    row_bytes, outputs, REAL_SIZE
    imul    column_bytes, left, REAL_SIZE
.next_input:
    mov     rcx, column
    xor     eax, eax                ; o
.next_output:
    mov_real xmm0, [row + rax * REAL_SIZE]
    mov_real [rcx], xmm0
    add     rcx, column_bytes
    inc     rax
    cmp     rax, outputs
    jb      .next_output
    add     row, row_bytes
    add     column, REAL_SIZE
    dec     left
    jnz     .next_input
    ret

%undef row
%undef column
%undef outputs
%undef row_bytes
%undef column_bytes
%undef left
