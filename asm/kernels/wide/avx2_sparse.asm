; SPDX-License-Identifier: GPL-2.0-or-later
;
; A layer with AVX2 and FMA, without the zeros: --isa avx2. For both precisions.
; Counterpart: denseForward in src/nn/reference.ts, within a few ulps. Why zeros
; are worth skipping stands in kernels/f64/sse2.asm. This is for one sample;
; mini-batches have kernels of their own, in kernels/batch.
;
; Eight registers of sums are 32 neurons in f64, 64 in f32. One sum grows by
; one product every four cycles at best; eight of them keep both multipliers of
; a core busy.

section .text

; ----------------------------------------------------------------------------
; void sparse_forward_avx2(const real *w, const real *b, const real *x,
;                           real *out, const struct active *active,
;                           u64 outputs)
;
;   out[o] = b[o] + sum over the inputs i in `active` of x[i] w[i][o]
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = active, indices below `inputs`
;           rdx = x[inputs]             r9  = outputs, may be 0
;           aligned as reals; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, ymm0-ymm9, ymm15
;   order   from b[o] through the active inputs, as listed, fused
; ----------------------------------------------------------------------------
%define list        r11             ; -> the next index
%define list_end    r12
%define row_bytes   r10

sparse_forward_avx2:
    push    r12
    lea     row_bytes, [r9 * REAL_SIZE]
    mov     list_end, [r8 + active.count]
    lea     list_end, [r8 + active.index + list_end * 4]

.next_block:
    cmp     r9, 8 * YMM_REALS
    jb      .test_register
    vmovup%[R] ymm0, [rsi]
    vmovup%[R] ymm1, [rsi + 32]
    vmovup%[R] ymm2, [rsi + 64]
    vmovup%[R] ymm3, [rsi + 96]
    vmovup%[R] ymm4, [rsi + 128]
    vmovup%[R] ymm5, [rsi + 160]
    vmovup%[R] ymm6, [rsi + 192]
    vmovup%[R] ymm7, [rsi + 224]
    lea     list, [r8 + active.index]
    jmp     .test_block
    align   32
.block_input:
    mov     eax, [list]             ; i
    vbroadcasts%[R] ymm8, [rdx + rax * REAL_SIZE]
    imul    rax, row_bytes
    add     rax, rdi                ; -> w[i][o]
    vfmadd231p%[R] ymm0, ymm8, [rax]
    vfmadd231p%[R] ymm1, ymm8, [rax + 32]
    vfmadd231p%[R] ymm2, ymm8, [rax + 64]
    vfmadd231p%[R] ymm3, ymm8, [rax + 96]
    vfmadd231p%[R] ymm4, ymm8, [rax + 128]
    vfmadd231p%[R] ymm5, ymm8, [rax + 160]
    vfmadd231p%[R] ymm6, ymm8, [rax + 192]
    vfmadd231p%[R] ymm7, ymm8, [rax + 224]
    add     list, 4
.test_block:
    cmp     list, list_end
    jb      .block_input
    vmovup%[R] [rcx], ymm0
    vmovup%[R] [rcx + 32], ymm1
    vmovup%[R] [rcx + 64], ymm2
    vmovup%[R] [rcx + 96], ymm3
    vmovup%[R] [rcx + 128], ymm4
    vmovup%[R] [rcx + 160], ymm5
    vmovup%[R] [rcx + 192], ymm6
    vmovup%[R] [rcx + 224], ymm7
    add     rdi, 256                ; the next columns
    add     rsi, 256
    add     rcx, 256
    sub     r9, 8 * YMM_REALS
    jmp     .next_block

.next_register:
    load_tail_mask r9, rax
    vmaskmovp%[R] ymm0, ymm15, [rsi]
    lea     list, [r8 + active.index]
    jmp     .test_register_input
.register_input:
    mov     eax, [list]
    vbroadcasts%[R] ymm8, [rdx + rax * REAL_SIZE]
    imul    rax, row_bytes
    vmaskmovp%[R] ymm9, ymm15, [rdi + rax]
    vfmadd231p%[R] ymm0, ymm8, ymm9
    add     list, 4
.test_register_input:
    cmp     list, list_end
    jb      .register_input
    vmaskmovp%[R] [rcx], ymm15, ymm0
    add     rdi, 32
    add     rsi, 32
    add     rcx, 32
    sub     r9, YMM_REALS
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
