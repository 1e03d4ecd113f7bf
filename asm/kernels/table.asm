; SPDX-License-Identifier: GPL-2.0-or-later
;
; The rungs of the ladder: what --isa can choose from. A program has kernels of
; one precision, in kernels/f64 or kernels/f32, under the same names; only the
; activation of the hidden layers differs.

; activation ISA, activation_backward ISA: functions by name
%if PRECISION == 64
%define activation(isa) sigmoid_ %+ isa
%define activation_backward(isa) sigmoid_backward_ %+ isa
%else
%define activation(isa) relu_ %+ isa
%define activation_backward(isa) relu_backward_ %+ isa
%endif

%define ISA_NAMES   "scalar, sse2-dense, sse2, avx2, avx512 or auto"
%define ISA_DEFAULT "sse2"

section .rodata

    align   8, db 0
kernels_scalar:
    istruc kernels
    at .name,               dq scalar_text
    at .needs,              dq 0
    at .load_input,         dq input_dense_load
    at .forward,            dq dense_layer_forward
    at .gradient,           dq dense_layer_gradient
    at .update,             dq dense_layer_update
    at .dense_forward,      dq dense_forward_scalar
    at .dense_gradient,     dq dense_gradient_scalar
    at .dense_backward,     dq dense_backward_scalar
    at .dense_update,       dq dense_update_scalar
    at .sparse_forward,     dq 0
    at .sparse_update,      dq 0
    at .activate,           dq activation(scalar)
    at .activate_backward,  dq activation_backward(scalar)
    at .pieces_forward,      dq 0
    at .pieces_update,       dq 0
    at .product,             dq 0
    at .softmax_rows,        dq 0
    at .train_batch,         dq train_by_samples
    iend

kernels_sse2_dense:
    istruc kernels
    at .name,               dq sse2_dense_text
    at .needs,              dq 0
    at .load_input,         dq input_dense_load
    at .forward,            dq dense_layer_forward
    at .gradient,           dq dense_layer_gradient
    at .update,             dq dense_layer_update
    at .dense_forward,      dq dense_forward_sse2
    at .dense_gradient,     dq dense_gradient_sse2
    at .dense_backward,     dq dense_backward_sse2
    at .dense_update,       dq dense_update_sse2
    at .sparse_forward,     dq 0
    at .sparse_update,      dq 0
    at .activate,           dq activation(sse2)
    at .activate_backward,  dq activation_backward(sse2)
    at .pieces_forward,      dq 0
    at .pieces_update,       dq 0
    at .product,             dq 0
    at .softmax_rows,        dq 0
    at .train_batch,         dq train_by_samples
    iend

kernels_sse2:
    istruc kernels
    at .name,               dq sse2_text
    at .needs,              dq 0
    at .load_input,         dq input_sparse_load
    at .forward,            dq sparse_layer_forward
    at .gradient,           dq sparse_layer_gradient
    at .update,             dq sparse_layer_update
    at .dense_forward,      dq dense_forward_sse2
    at .dense_gradient,     dq dense_gradient_sse2
    at .dense_backward,     dq dense_backward_sse2
    at .dense_update,       dq dense_update_sse2
    at .sparse_forward,     dq sparse_forward_sse2
    at .sparse_update,      dq sparse_update_sse2
    at .activate,           dq activation(sse2)
    at .activate_backward,  dq activation_backward(sse2)
    at .pieces_forward,      dq 0
    at .pieces_update,       dq 0
    at .product,             dq 0
    at .softmax_rows,        dq 0
    at .train_batch,         dq train_by_samples
    iend

kernels_avx2:
    istruc kernels
    at .name,               dq avx2_text
    at .needs,              dq CPU_AVX2
    at .load_input,         dq input_sparse_load
    at .forward,            dq sparse_layer_forward
    at .gradient,           dq 0
    at .update,             dq 0
    at .dense_forward,      dq dense_forward_avx2
    at .dense_gradient,     dq 0
    at .dense_backward,     dq 0
    at .dense_update,       dq 0
    at .sparse_forward,     dq sparse_forward_avx2
    at .sparse_update,      dq 0
    at .activate,           dq activation(avx2)
    at .activate_backward,  dq activation_backward(avx2)
    at .pieces_forward,      dq pieces_forward_avx2
    at .pieces_update,       dq pieces_update_avx2
    at .product,             dq product_avx2
    at .softmax_rows,        dq softmax_rows_avx2
    at .train_batch,         dq train_whole_batch
    iend

kernels_avx512:
    istruc kernels
    at .name,               dq avx512_text
    at .needs,              dq CPU_AVX512
    at .load_input,         dq input_sparse_load
    at .forward,            dq sparse_layer_forward
    at .gradient,           dq 0
    at .update,             dq 0
    at .dense_forward,      dq dense_forward_avx512
    at .dense_gradient,     dq 0
    at .dense_backward,     dq 0
    at .dense_update,       dq 0
    at .sparse_forward,     dq sparse_forward_avx512
    at .sparse_update,      dq 0
    at .activate,           dq activation(avx512)
    at .activate_backward,  dq activation_backward(avx512)
    at .pieces_forward,      dq pieces_forward_avx512
    at .pieces_update,       dq pieces_update_avx512
    at .product,             dq product_avx512
    at .softmax_rows,        dq softmax_rows_avx512
    at .train_batch,         dq train_whole_batch
    iend

kernel_sets:                        ; -> struct kernels, slowest first; then 0
    dq      kernels_scalar, kernels_sse2_dense, kernels_sse2
    dq      kernels_avx2, kernels_avx512, 0

scalar_text:
    db      "scalar", 0
sse2_dense_text:
    db      "sse2-dense", 0
sse2_text:
    db      "sse2", 0
avx2_text:
    db      "avx2", 0
avx512_text:
    db      "avx512", 0

section .data

    align   8, db 0
isa:                                ; -> struct kernels, the rung in use
    dq      kernels_sse2
