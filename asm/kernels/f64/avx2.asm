; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in double precision with AVX2 and FMA, four lanes: --isa avx2.
; Counterpart: denseForward in src/nn/reference.ts, within a few ulps. What
; skips zeros is in kernels/f64/avx2_sparse.asm, what learns in kernels/batch.
;
; What is new against the SSE2 rungs:
;
;   four neurons to a register
;   three operands: vfmadd231pd c, a, b is c += a * b, and a and b survive
;   one rounding: a * b is not rounded before it is added. That is better than
;   the other rungs, and different: this rung agrees only with itself
;   vbroadcastsd: one number from memory to all lanes
;   masks: vmaskmovpd touches only the lanes whose mask is negative, so the
;   last neurons, when there are fewer than lanes, need no code of their own

section .rodata

    align   32, db 0
tail_masks:                         ; 4 lanes from 4 - n on: n of them
    times 4 dq -1
    times 4 dq 0

section .text

; load_tail_mask LEFT, SPARE: ymm15 = mask of min(LEFT, 4) lanes, LEFT >= 1
;   spoils SPARE
%macro load_tail_mask 2
    mov     %2, 4
    cmp     %1, %2
    cmovb   %2, %1
    neg     %2
    vmovdqu ymm15, [tail_masks + 32 + %2 * 8]
%endmacro

; ----------------------------------------------------------------------------
; void dense_forward_avx2(const f64 *w, const f64 *b, const f64 *x,
;                          f64 *out, u64 inputs, u64 outputs)
;
;   out[o] = b[o] + x[0] w[0][o] + x[1] w[1][o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;           8-byte alignment; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, ymm0-ymm6, ymm15
;   order   from b[o] through the inputs, ascending, fused
; ----------------------------------------------------------------------------
dense_forward_avx2:
    lea     r10, [r9 * 8]           ; bytes of a row
.next_sixteen:
    cmp     r9, 16
    jb      .test_four
    vmovupd ymm0, [rsi]
    vmovupd ymm1, [rsi + 32]
    vmovupd ymm2, [rsi + 64]
    vmovupd ymm3, [rsi + 96]
    mov     rax, rdi                ; -> w[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_sixteen
    align   32
.sixteen_input:
    vbroadcastsd ymm4, [rdx + r11 * 8]
    vfmadd231pd ymm0, ymm4, [rax]
    vfmadd231pd ymm1, ymm4, [rax + 32]
    vfmadd231pd ymm2, ymm4, [rax + 64]
    vfmadd231pd ymm3, ymm4, [rax + 96]
    add     rax, r10
    inc     r11
.test_sixteen:
    cmp     r11, r8
    jb      .sixteen_input
    vmovupd [rcx], ymm0
    vmovupd [rcx + 32], ymm1
    vmovupd [rcx + 64], ymm2
    vmovupd [rcx + 96], ymm3
    add     rdi, 128
    add     rsi, 128
    add     rcx, 128
    sub     r9, 16
    jmp     .next_sixteen

.next_four:
    load_tail_mask r9, rax
    vmaskmovpd ymm0, ymm15, [rsi]
    mov     rax, rdi
    xor     r11d, r11d
    jmp     .test_four_input
    align   32
.four_input:
    vbroadcastsd ymm4, [rdx + r11 * 8]
    vmaskmovpd ymm6, ymm15, [rax]
    vfmadd231pd ymm0, ymm4, ymm6
    add     rax, r10
    inc     r11
.test_four_input:
    cmp     r11, r8
    jb      .four_input
    vmaskmovpd [rcx], ymm15, ymm0
    add     rdi, 32
    add     rsi, 32
    add     rcx, 32
    sub     r9, 4
    jbe     .done
.test_four:
    test    r9, r9
    jnz     .next_four
.done:
    vzeroupper                      ; SSE code that follows runs at full speed
    ret
