; SPDX-License-Identifier: GPL-2.0-or-later
;
; A layer with AVX-512, without the zeros: --isa avx512. For both precisions.
; Counterpart: denseForward in src/nn/reference.ts, within a few ulps. Why zeros
; are worth skipping stands in kernels/f64/sse2.asm. This is for one sample;
; mini-batches have kernels of their own, in kernels/batch.
;
; Four registers of sums are 32 neurons in f64, 64 in f32, but four sums are
; not enough: each grows by one product every four cycles, and the core could
; do eight. So there are two sets of sums, for the inputs at even and at odd
; places of the list, added together in the end.

section .text

; ----------------------------------------------------------------------------
; void sparse_forward_avx512(const real *w, const real *b, const real *x,
;                           real *out, const struct active *active,
;                           u64 outputs)
;
;   out[o] = b[o] + sum over the inputs i in `active` of x[i] w[i][o]
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = active, indices below `inputs`
;           rdx = x[inputs]             r9  = outputs, may be 0
;           aligned as reals; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, zmm0-zmm9, k1
;   order   blocks of 4 registers: (from b[o] through the 1st, 3rd, 5th ...
;           active input) + (from 0 through the 2nd, 4th, 6th ...), fused;
;           the other neurons: from b[o] through all, as listed, fused
; ----------------------------------------------------------------------------
%define list        r11             ; -> the next index
%define list_end    r12
%define row_bytes   r10

sparse_forward_avx512:
    push    r12
    lea     row_bytes, [r9 * REAL_SIZE]
    mov     list_end, [r8 + active.count]
    lea     list_end, [r8 + active.index + list_end * 4]

.next_block:
    cmp     r9, 4 * ZMM_REALS
    jb      .test_register
    vmovup%[R] zmm0, [rsi]
    vmovup%[R] zmm1, [rsi + 64]
    vmovup%[R] zmm2, [rsi + 128]
    vmovup%[R] zmm3, [rsi + 192]
    vxorp%[R] zmm4, zmm4, zmm4
    vxorp%[R] zmm5, zmm5, zmm5
    vxorp%[R] zmm6, zmm6, zmm6
    vxorp%[R] zmm7, zmm7, zmm7
    lea     list, [r8 + active.index + 4]
    jmp     .test_block
    align   32
.block_inputs:
    mov     eax, [list - 4]         ; i, of the even place
    vbroadcasts%[R] zmm8, [rdx + rax * REAL_SIZE]
    imul    rax, row_bytes
    add     rax, rdi                ; -> w[i][o]
    vfmadd231p%[R] zmm0, zmm8, [rax]
    vfmadd231p%[R] zmm1, zmm8, [rax + 64]
    vfmadd231p%[R] zmm2, zmm8, [rax + 128]
    vfmadd231p%[R] zmm3, zmm8, [rax + 192]
    mov     eax, [list]             ; i, of the odd place
    vbroadcasts%[R] zmm9, [rdx + rax * REAL_SIZE]
    imul    rax, row_bytes
    add     rax, rdi
    vfmadd231p%[R] zmm4, zmm9, [rax]
    vfmadd231p%[R] zmm5, zmm9, [rax + 64]
    vfmadd231p%[R] zmm6, zmm9, [rax + 128]
    vfmadd231p%[R] zmm7, zmm9, [rax + 192]
    add     list, 8
.test_block:
    cmp     list, list_end
    jb      .block_inputs
    jne     .block_sum              ; an even number of inputs: none is left
    mov     eax, [list - 4]
    vbroadcasts%[R] zmm8, [rdx + rax * REAL_SIZE]
    imul    rax, row_bytes
    add     rax, rdi
    vfmadd231p%[R] zmm0, zmm8, [rax]
    vfmadd231p%[R] zmm1, zmm8, [rax + 64]
    vfmadd231p%[R] zmm2, zmm8, [rax + 128]
    vfmadd231p%[R] zmm3, zmm8, [rax + 192]
.block_sum:
    vaddp%[R] zmm0, zmm0, zmm4
    vaddp%[R] zmm1, zmm1, zmm5
    vaddp%[R] zmm2, zmm2, zmm6
    vaddp%[R] zmm3, zmm3, zmm7
    vmovup%[R] [rcx], zmm0
    vmovup%[R] [rcx + 64], zmm1
    vmovup%[R] [rcx + 128], zmm2
    vmovup%[R] [rcx + 192], zmm3
    add     rdi, 256                ; the next columns
    add     rsi, 256
    add     rcx, 256
    sub     r9, 4 * ZMM_REALS
    jmp     .next_block

.next_register:
    load_tail_mask r9, rax
    vmovup%[R] zmm0{k1}{z}, [rsi]
    lea     list, [r8 + active.index]
    jmp     .test_register_input
.register_input:
    mov     eax, [list]
    vbroadcasts%[R] zmm8, [rdx + rax * REAL_SIZE]
    imul    rax, row_bytes
    vmovup%[R] zmm9{k1}{z}, [rdi + rax]
    vfmadd231p%[R] zmm0, zmm8, zmm9
    add     list, 4
.test_register_input:
    cmp     list, list_end
    jb      .register_input
    vmovup%[R] [rcx]{k1}, zmm0
    add     rdi, 64
    add     rsi, 64
    add     rcx, 64
    sub     r9, ZMM_REALS
    jbe     .done
.test_register:
    test    r9, r9
    jnz     .next_register
.done:
    vzeroupper
    pop     r12
    ret

%undef list
%undef list_end
%undef row_bytes
