; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in single precision with AVX2 and FMA, eight lanes: --isa avx2.
; Counterpart: denseForward in src/nn/reference.ts, within a few ulps. What
; skips zeros is in kernels/f32/avx2_sparse.asm, what learns in kernels/batch.
;
; What is new against the SSE2 rungs:
;
;   eight neurons to a register
;   three operands: vfmadd231ps c, a, b is c += a * b, and a and b survive
;   one rounding: a * b is not rounded before it is added. That is better than
;   the other rungs, and different: this rung agrees only with itself
;   vbroadcastss: one number from memory to all lanes
;   masks: vmaskmovps touches only the lanes whose mask is negative, so the
;   last neurons, when there are fewer than lanes, need no code of their own

section .rodata

    align   32, db 0
tail_masks:                         ; 8 lanes from 8 - n on: n of them
    times 8 dd -1
    times 8 dd 0

section .text

; load_tail_mask LEFT, SPARE: ymm15 = mask of min(LEFT, 8) lanes, LEFT >= 1
;   spoils SPARE
%macro load_tail_mask 2
    mov     %2, 8
    cmp     %1, %2
    cmovb   %2, %1
    neg     %2
    vmovdqu ymm15, [tail_masks + 32 + %2 * 4]
%endmacro

; ----------------------------------------------------------------------------
; void dense_forward_avx2(const f32 *w, const f32 *b, const f32 *x,
;                          f32 *out, u64 inputs, u64 outputs)
;
;   out[o] = b[o] + x[0] w[0][o] + x[1] w[1][o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;           4-byte alignment; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, ymm0-ymm6, ymm15
;   order   from b[o] through the inputs, ascending, fused
; ----------------------------------------------------------------------------
dense_forward_avx2:
    lea     r10, [r9 * 4]           ; bytes of a row
.next_thirty_two:
    cmp     r9, 32
    jb      .test_eight
    vmovups ymm0, [rsi]
    vmovups ymm1, [rsi + 32]
    vmovups ymm2, [rsi + 64]
    vmovups ymm3, [rsi + 96]
    mov     rax, rdi                ; -> w[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_thirty_two
    align   32
.thirty_two_input:
    vbroadcastss ymm4, [rdx + r11 * 4]
    vfmadd231ps ymm0, ymm4, [rax]
    vfmadd231ps ymm1, ymm4, [rax + 32]
    vfmadd231ps ymm2, ymm4, [rax + 64]
    vfmadd231ps ymm3, ymm4, [rax + 96]
    add     rax, r10
    inc     r11
.test_thirty_two:
    cmp     r11, r8
    jb      .thirty_two_input
    vmovups [rcx], ymm0
    vmovups [rcx + 32], ymm1
    vmovups [rcx + 64], ymm2
    vmovups [rcx + 96], ymm3
    add     rdi, 128
    add     rsi, 128
    add     rcx, 128
    sub     r9, 32
    jmp     .next_thirty_two

.next_eight:
    load_tail_mask r9, rax
    vmaskmovps ymm0, ymm15, [rsi]
    mov     rax, rdi
    xor     r11d, r11d
    jmp     .test_eight_input
    align   32
.eight_input:
    vbroadcastss ymm4, [rdx + r11 * 4]
    vmaskmovps ymm6, ymm15, [rax]
    vfmadd231ps ymm0, ymm4, ymm6
    add     rax, r10
    inc     r11
.test_eight_input:
    cmp     r11, r8
    jb      .eight_input
    vmaskmovps [rcx], ymm15, ymm0
    add     rdi, 32
    add     rsi, 32
    add     rcx, 32
    sub     r9, 8
    jbe     .done
.test_eight:
    test    r9, r9
    jnz     .next_eight
.done:
    vzeroupper                      ; SSE code that follows runs at full speed
    ret
