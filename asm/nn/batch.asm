; SPDX-License-Identifier: GPL-2.0-or-later
;
; A mini-batch as a whole: the same formulas as in nn/network.asm, but layer by
; layer for all samples, instead of sample by sample for all layers. For the
; rungs from `avx2` on.
;
; With a row for each sample a layer is a product of matrices, and so are its
; gradients. X is its input, W its weights, D its delta:
;
;   forward     out    = bias + X W        [samples][inputs] [inputs][outputs]
;   backward    D_prev = D W^T             [samples][outputs] [outputs][inputs]
;   update      W      = W + X^T D         [inputs][samples] [samples][outputs]
;
; so one kernel (`product`) does all three. It keeps a block of sums in
; registers and uses each number that it loads several times; sample by sample
; each weight was loaded for one multiplication. The first layer's X is mostly
; zeros and has kernels of its own, which walk nn/pieces.asm.
;
; Since everything backward is proportional to the output layer's delta, that
; delta is multiplied by - rate / samples at once; X^T D then is the step itself
; and needs no memory, nor a pass over the weights of its own.

section .rodata

    align   8, db 0
real_one:
%if PRECISION == 64
    dq      1.0
%else
    dd      1.0
%endif

section .bss

    alignb  8
the_product:
    resb    product_size
real_step:                          ; - rate / samples
    resq    1

section .text

; ----------------------------------------------------------------------------
; void batch_start_training(void)        memory for the mini-batch's rows
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
batch_start_training:
    push    rbx
    lea     rbx, [layers]
.next:
    imul    rdi, [rbx + layer.outputs], REAL_SIZE
    imul    rdi, [option_batch]
    call    allocate
    mov     [rbx + layer.batch_output], rax
    add     rbx, layer_size
    lea     rax, [layers + OUTPUT_LAYER]
    cmp     rbx, rax
    jbe     .next
    pop     rbx
    jmp     pack_train_set

; ----------------------------------------------------------------------------
; void train_whole_batch(u64 first, u64 samples)
;
; Forward, count, backward and update for a mini-batch. What differs from
; train_by_samples: the order of sums, and that `input`, `hidden` and `output`
; stay as they are.
;
;   in      rdi = its first place in sample_order, rsi = samples, 1 or more
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define layer_now   rbx
%define first       r12
%define samples     r13

train_whole_batch:
    push    rbx
    push    r12
    push    r13
    mov     first, rdi
    mov     samples, rsi
    call    list_pieces

    lea     layer_now, [layers]
    call    batch_bias
    mov     rdi, [layer_now + layer.weights]
    mov     rsi, [layer_now + layer.batch_output]
    call    batch_pieces
    mov     rax, [isa]
    call    [rax + kernels.pieces_forward]
.next_forward:
    mov     rdi, [layer_now + layer.batch_output]
    mov     rsi, [layer_now + layer.outputs]
    imul    rsi, samples
    mov     rax, [isa]
    call    [rax + kernels.activate]
    add     layer_now, layer_size
    call    batch_bias
    mov     rdi, [layer_now + layer.batch_output]
    mov     rsi, [layer_now - layer_size + layer.batch_output]
    mov     rdx, [layer_now + layer.weights]
    mov     rcx, samples
    mov     r8, [layer_now + layer.outputs]
    mov     r9, [layer_now + layer.inputs]
    call    add_rows_product
    lea     rax, [layers + OUTPUT_LAYER]
    cmp     layer_now, rax
    jb      .next_forward
    mov     rdi, [layer_now + layer.batch_output]
    mov     rsi, samples
    mov     rax, [isa]
    call    [rax + kernels.softmax_rows]

    mov     rdi, first
    mov     rsi, samples
    call    batch_count

.next_backward:                     ; D_prev first: it needs the old weights
    mov     rdi, layer_now
    call    turn_weights
    mov     rdi, [layer_now - layer_size + layer.deltas]
    mov     rcx, [layer_now + layer.inputs]
    imul    rcx, samples
    call    zero_reals
    mov     rdi, [layer_now - layer_size + layer.deltas]
    mov     rsi, [layer_now + layer.deltas]
    mov     rdx, [layer_now + layer.turned]
    mov     rcx, samples
    mov     r8, [layer_now + layer.inputs]
    mov     r9, [layer_now + layer.outputs]
    call    add_rows_product
    mov     rdi, [layer_now - layer_size + layer.deltas]
    mov     rsi, [layer_now - layer_size + layer.batch_output]
    mov     rdx, [layer_now + layer.inputs]
    imul    rdx, samples
    mov     rax, [isa]
    call    [rax + kernels.activate_backward]

    mov     rdi, [layer_now + layer.weights]
    mov     rsi, [layer_now - layer_size + layer.batch_output]
    mov     rdx, [layer_now + layer.deltas]
    mov     rcx, [layer_now + layer.inputs]
    mov     r8, [layer_now + layer.outputs]
    mov     r9, samples
    call    add_turned_product
    call    batch_update_bias
    sub     layer_now, layer_size
    lea     rax, [layers]
    cmp     layer_now, rax
    ja      .next_backward

    mov     rdi, [layer_now + layer.weights]
    mov     rsi, [layer_now + layer.deltas]
    call    batch_pieces
    mov     rax, [isa]
    call    [rax + kernels.pieces_update]
    call    batch_update_bias
    pop     r13
    pop     r12
    pop     rbx
    ret

; The following four are parts of train_whole_batch: rbx = layer, r13 = samples.

; the other arguments of the kernels that walk the pieces
batch_pieces:
    mov     rdx, [pieces]
    mov     rcx, [piece_count]
    mov     r8, [layer_now + layer.outputs]
    ret

; batch_output[n] = bias, for each sample n: (ones of [samples][1]) bias
batch_bias:
    mov     rdi, [layer_now + layer.batch_output]
    mov     rcx, [layer_now + layer.outputs]
    imul    rcx, samples
    call    zero_reals
    mov     rdi, [layer_now + layer.batch_output]
    lea     rsi, [real_one]
    mov     rdx, [layer_now + layer.bias]
    mov     rcx, samples
    mov     r8, [layer_now + layer.outputs]
    mov     r9d, 1
    jmp     add_product_of_one

; bias += the sum of the samples' deltas: (ones of [1][samples]) D
batch_update_bias:
    mov     rdi, [layer_now + layer.bias]
    lea     rsi, [real_one]
    mov     rdx, [layer_now + layer.deltas]
    mov     ecx, 1
    mov     r8, [layer_now + layer.outputs]
    mov     r9, samples
    jmp     add_product_of_one

; rcx zeros at rdi; clobbers rax, rcx, rdi
zero_reals:
    imul    rcx, rcx, REAL_SIZE / 4
    xor     eax, eax
    rep     stosd
    ret

%undef layer_now
%undef first
%undef samples

; ----------------------------------------------------------------------------
; void batch_count(u64 first, u64 samples)
;
; From the probabilities in the output layer's rows: counts each sample, and
; sets each row of delta to  - rate / samples  times  p[o] - (1 at the label).
;
;   in      rdi = first place in sample_order, rsi = samples, 1 or more
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define place       r12
%define place_end   r13
%define row         r14             ; of the probabilities
%define delta       r15

batch_count:
    push    r12
    push    r13
    push    r14
    push    r15
    sub     rsp, 8
    mov     place, rdi
    lea     place_end, [rdi + rsi]
    mov     row, [layers + OUTPUT_LAYER + layer.batch_output]
    mov     delta, [layers + OUTPUT_LAYER + layer.deltas]
    cvtsi2sd xmm1, rsi
    movsd   xmm0, [option_rate]
    divsd   xmm0, xmm1
    xorps   xmm1, xmm1
    subsd   xmm1, xmm0
    store_real [real_step], xmm1

    mov     rdi, delta              ; delta = step p: one row with all of them
    imul    rcx, rsi, DIGITS
    call    zero_reals
    mov     rdi, delta
    lea     rsi, [real_step]
    mov     rdx, row
    mov     ecx, 1
    mov     r8, place_end
    sub     r8, place
    imul    r8, r8, DIGITS
    mov     r9d, 1
    call    add_product_of_one
.next:
    mov     rcx, [sample_order]
    mov     eax, [rcx + place * 4]
    mov     rcx, [train_set + dataset.labels]
    movzx   edi, byte [rcx + rax]
    load_real xmm0, [delta + rdi * REAL_SIZE]
    load_real xmm1, [real_step]
    subsd   xmm0, xmm1
    store_real [delta + rdi * REAL_SIZE], xmm0
    mov     rsi, row
    call    count_sample
    add     row, DIGITS * REAL_SIZE
    add     delta, DIGITS * REAL_SIZE
    inc     place
    cmp     place, place_end
    jb      .next
    add     rsp, 8
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    ret

%undef place
%undef place_end
%undef row
%undef delta

; ----------------------------------------------------------------------------
; void add_rows_product(real *c, const real *a, const real *b,
;                       u64 m, u64 n, u64 k)
;   c += a b                      a is [m][k], b is [k][n], c is [m][n]
; void add_turned_product(...)
;   c += a^T b                    a is [k][m]
; void add_product_of_one(...)
;   c += a b                      all of a is one number, a[0]
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
add_rows_product:
    imul    rax, r9, REAL_SIZE
    mov     r10d, REAL_SIZE
    jmp     call_product
add_turned_product:
    mov     eax, REAL_SIZE
    imul    r10, rcx, REAL_SIZE
    jmp     call_product
add_product_of_one:
    xor     eax, eax
    xor     r10d, r10d

; in: rax = bytes from a row of a to the next, r10 = ... from a column
call_product:
    mov     [the_product + product.c], rdi
    mov     [the_product + product.a], rsi
    mov     [the_product + product.b], rdx
    mov     [the_product + product.m], rcx
    mov     [the_product + product.n], r8
    mov     [the_product + product.k], r9
    mov     [the_product + product.a_row], rax
    mov     [the_product + product.a_column], r10
    lea     rdi, [the_product]
    mov     rax, [isa]
    jmp     [rax + kernels.product]
