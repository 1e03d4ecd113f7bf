; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels with AVX2 and FMA, four lanes in double precision, eight in
; single: --isa avx2. One text for both, because nothing else differs: %[R] is
; the end of a mnemonic, d or s. Counterpart: denseForward in
; src/nn/reference.ts, within a few ulps. What skips zeros is in
; kernels/wide/avx2_sparse.asm, what learns in kernels/batch.
;
; What is new against the SSE2 rungs:
;
;   YMM_REALS neurons to a register
;   three operands: vfmadd231pd c, a, b is c += a * b, and a and b survive
;   one rounding: a * b is not rounded before it is added. That is better than
;   the other rungs, and different: this rung agrees only with itself
;   vbroadcastsd: one number from memory to all lanes
;   masks: vmaskmovpd touches only the lanes whose mask is negative, so the
;   last neurons, when there are fewer than lanes, need no code of their own

section .rodata

    align   32, db 0
tail_masks:                         ; a register from n lanes before the middle
    times 32 db -1                  ; on: n lanes of ones
    times 32 db 0

section .text

; load_tail_mask LEFT, SPARE: ymm15 = mask of min(LEFT, YMM_REALS) lanes
;   LEFT >= 1; spoils SPARE
%macro load_tail_mask 2
    mov     %2, YMM_REALS
    cmp     %1, %2
    cmovb   %2, %1
    neg     %2
    vmovdqu ymm15, [tail_masks + 32 + %2 * REAL_SIZE]
%endmacro

; ----------------------------------------------------------------------------
; void dense_forward_avx2(const real *w, const real *b, const real *x,
;                          real *out, u64 inputs, u64 outputs)
;
;   out[o] = b[o] + x[0] w[0][o] + x[1] w[1][o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;           aligned as reals; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, ymm0-ymm6, ymm15
;   order   from b[o] through the inputs, ascending, fused
; ----------------------------------------------------------------------------
dense_forward_avx2:
    lea     r10, [r9 * REAL_SIZE]   ; bytes of a row
.next_block:
    cmp     r9, 4 * YMM_REALS
    jb      .test_register
    vmovup%[R] ymm0, [rsi]
    vmovup%[R] ymm1, [rsi + 32]
    vmovup%[R] ymm2, [rsi + 64]
    vmovup%[R] ymm3, [rsi + 96]
    mov     rax, rdi                ; -> w[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_block
    align   32
.block_input:
    vbroadcasts%[R] ymm4, [rdx + r11 * REAL_SIZE]
    vfmadd231p%[R] ymm0, ymm4, [rax]
    vfmadd231p%[R] ymm1, ymm4, [rax + 32]
    vfmadd231p%[R] ymm2, ymm4, [rax + 64]
    vfmadd231p%[R] ymm3, ymm4, [rax + 96]
    add     rax, r10
    inc     r11
.test_block:
    cmp     r11, r8
    jb      .block_input
    vmovup%[R] [rcx], ymm0
    vmovup%[R] [rcx + 32], ymm1
    vmovup%[R] [rcx + 64], ymm2
    vmovup%[R] [rcx + 96], ymm3
    add     rdi, 128
    add     rsi, 128
    add     rcx, 128
    sub     r9, 4 * YMM_REALS
    jmp     .next_block

.next_register:
    load_tail_mask r9, rax
    vmaskmovp%[R] ymm0, ymm15, [rsi]
    mov     rax, rdi
    xor     r11d, r11d
    jmp     .test_register_input
    align   32
.register_input:
    vbroadcasts%[R] ymm4, [rdx + r11 * REAL_SIZE]
    vmaskmovp%[R] ymm6, ymm15, [rax]
    vfmadd231p%[R] ymm0, ymm4, ymm6
    add     rax, r10
    inc     r11
.test_register_input:
    cmp     r11, r8
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
    vzeroupper                      ; SSE code that follows runs at full speed
    ret
