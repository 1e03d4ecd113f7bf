; SPDX-License-Identifier: GPL-2.0-or-later
;
; The bytes of a weights file: little-endian reals and nothing else. Layer by
; layer, first the weights neuron by neuron (all inputs of neuron 0, then of
; neuron 1, ...), then the biases. In memory they lie input by input
; (include/network.inc), so each matrix is turned on its side on the way.
; Counterparts: load and save of class ReferenceNetwork in src/nn/reference.ts.

WEIGHTS_BYTES       equ WEIGHTS * REAL_SIZE

section .rodata

weights_finite_text:
    db      "holds something that is not a finite number", 0

section .bss

    alignb  64
weights_file:                       ; the file as it is, or is to be
    resb    WEIGHTS_BYTES

section .text

; ----------------------------------------------------------------------------
; void scatter_weights(void)             from weights_file to the layers
;   clobber rax, rcx, rdx, rsi, rdi, r8-r10, xmm0, xmm1
; ----------------------------------------------------------------------------
%define from        rsi
%define current     rdi             ; -> struct layer

scatter_weights:
    lea     from, [weights_file]
    lea     current, [layers]
.next_layer:
    mov     r8, [current + layer.outputs]
    mov     r9, [current + layer.inputs]
    xor     ecx, ecx                ; o
.next_neuron:
    mov     r10, [current + layer.weights]
    lea     r10, [r10 + rcx * REAL_SIZE]    ; -> w[0][o]
    xor     eax, eax                ; i
.next_input:
    load_real xmm0, [from]
    movapd  xmm1, xmm0
    subsd   xmm1, xmm0              ; 0, but NaN of infinities and NaNs
    ucomisd xmm1, xmm1
    jp      .not_finite
    store_real [r10], xmm0
    add     from, REAL_SIZE
    lea     r10, [r10 + r8 * REAL_SIZE]
    inc     rax
    cmp     rax, r9
    jb      .next_input
    inc     rcx
    cmp     rcx, r8
    jb      .next_neuron

    mov     r10, [current + layer.bias]
    xor     ecx, ecx
.next_bias:
    load_real xmm0, [from]
    movapd  xmm1, xmm0
    subsd   xmm1, xmm0
    ucomisd xmm1, xmm1
    jp      .not_finite
    store_real [r10 + rcx * REAL_SIZE], xmm0
    add     from, REAL_SIZE
    inc     rcx
    cmp     rcx, r8
    jb      .next_bias

    add     current, layer_size
    lea     rdx, [layers + LAYERS * layer_size]
    cmp     current, rdx
    jb      .next_layer
    ret

.not_finite:
    mov     rdi, [option_weights]
    lea     rsi, [weights_finite_text]
    jmp     fail

; ----------------------------------------------------------------------------
; void gather_weights(void)              from the layers to weights_file
;   clobber rax, rcx, rdx, rsi, rdi, r8-r10, xmm0
; ----------------------------------------------------------------------------
%define to          rsi

gather_weights:
    lea     to, [weights_file]
    lea     current, [layers]
.next_layer:
    mov     r8, [current + layer.outputs]
    mov     r9, [current + layer.inputs]
    xor     ecx, ecx                ; o
.next_neuron:
    mov     r10, [current + layer.weights]
    lea     r10, [r10 + rcx * REAL_SIZE]    ; -> w[0][o]
    xor     eax, eax                ; i
.next_input:
    mov_real xmm0, [r10]
    mov_real [to], xmm0
    add     to, REAL_SIZE
    lea     r10, [r10 + r8 * REAL_SIZE]
    inc     rax
    cmp     rax, r9
    jb      .next_input
    inc     rcx
    cmp     rcx, r8
    jb      .next_neuron

    mov     r10, [current + layer.bias]
    xor     ecx, ecx
.next_bias:
    mov_real xmm0, [r10 + rcx * REAL_SIZE]
    mov_real [to], xmm0
    add     to, REAL_SIZE
    inc     rcx
    cmp     rcx, r8
    jb      .next_bias

    add     current, layer_size
    lea     rdx, [layers + LAYERS * layer_size]
    cmp     current, rdx
    jb      .next_layer
    ret

%undef from
%undef to
%undef current
