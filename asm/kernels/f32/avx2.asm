; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in single precision with AVX2 and FMA, eight lanes: --isa avx2.
; Counterparts: denseForward, denseGradient, denseBackward and denseUpdate in
; src/nn/reference.ts, within a few ulps. The kernels that skip zeros are in
; kernels/f32/avx2_sparse.asm.
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
;
; Backward, the lanes are parts of one sum, added up at the end: a row of
; weights is contiguous, and no other rung's order is to be kept here.

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

; ----------------------------------------------------------------------------
; void dense_gradient_avx2(f32 *dw, f32 *db, const f32 *x, const f32 *delta,
;                           u64 inputs, u64 outputs)
;
;   dw[i][o] += x[i] delta[o],  db[o] += delta[o]
;
;   in      rdi = dw[inputs][outputs]   rcx = delta[outputs]
;           rsi = db[outputs]           r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;   clobber rax, rcx, rdi, rsi, r9-r11, ymm0-ymm3, ymm15
;   order   one fused addition for each element
; ----------------------------------------------------------------------------
dense_gradient_avx2:
    lea     r10, [r9 * 4]           ; bytes of a row
    jmp     .test_eight
.next_eight:
    load_tail_mask r9, rax
    vmaskmovps ymm1, ymm15, [rcx]
    vmaskmovps ymm0, ymm15, [rsi]
    vaddps  ymm0, ymm0, ymm1
    vmaskmovps [rsi], ymm15, ymm0
    mov     rax, rdi                ; -> dw[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_input
    align   32
.next_input:
    vbroadcastss ymm2, [rdx + r11 * 4]
    vmaskmovps ymm3, ymm15, [rax]
    vfmadd231ps ymm3, ymm2, ymm1
    vmaskmovps [rax], ymm15, ymm3
    add     rax, r10
    inc     r11
.test_input:
    cmp     r11, r8
    jb      .next_input
    add     rdi, 32
    add     rsi, 32
    add     rcx, 32
    sub     r9, 8
    jbe     .done
.test_eight:
    test    r9, r9
    jnz     .next_eight
.done:
    vzeroupper
    ret

; ----------------------------------------------------------------------------
; void dense_backward_avx2(const f32 *w, const f32 *delta, f32 *dx,
;                           u64 inputs, u64 outputs)
;
;   dx[i] = w[i][0] delta[0] + w[i][1] delta[1] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = inputs, may be 0
;           rsi = delta[outputs]        r8  = outputs, may be 0
;           rdx = dx[inputs], overlaps nothing
;   clobber rax, rcx, rdi, rdx, r9, r10, ymm0-ymm2, ymm15
;   order   lane n sums the outputs n, n + 8, n + 16, ..., fused; then the
;           upper half of the lanes is added to the lower, until one is left
; ----------------------------------------------------------------------------
dense_backward_avx2:
    mov     r9, r8
    and     r9, -8                  ; outputs that fill registers
    mov     r10, r8
    sub     r10, r9                 ; outputs that are left
    jz      .test_input
    load_tail_mask r10, rax
    jmp     .test_input
    align   32
.next_input:
    vxorps  ymm0, ymm0, ymm0
    xor     eax, eax                ; o
    jmp     .test_eight
.next_eight:
    vmovups ymm1, [rdi + rax * 4]
    vfmadd231ps ymm0, ymm1, [rsi + rax * 4]
    add     rax, 8
.test_eight:
    cmp     rax, r9
    jb      .next_eight
    test    r10, r10
    jz      .row_done
    vmaskmovps ymm1, ymm15, [rdi + rax * 4]
    vmaskmovps ymm2, ymm15, [rsi + rax * 4]
    vfmadd231ps ymm0, ymm1, ymm2
.row_done:
    vextractf128 xmm1, ymm0, 1      ; lanes 7 to 4
    vaddps  xmm0, xmm0, xmm1
    vmovhlps xmm1, xmm0, xmm0       ; of four, the upper two
    vaddps  xmm0, xmm0, xmm1
    vmovshdup xmm1, xmm0            ; of two, the upper one
    vaddss  xmm0, xmm0, xmm1
    vmovss  [rdx], xmm0
    add     rdx, 4
    lea     rdi, [rdi + r8 * 4]
    dec     rcx
.test_input:
    test    rcx, rcx
    jnz     .next_input
    vzeroupper
    ret

; ----------------------------------------------------------------------------
; void dense_update_avx2(f32 *w, f32 *dw, u64 count, f32 rate)
;
;   w[n] -= rate dw[n],  dw[n] = 0
;
;   in      rdi = w[count], rsi = dw[count], rdx = count, may be 0
;           xmm0 = rate: the learning rate over the size of the batch
;   clobber rax, rdx, rdi, rsi, ymm0-ymm3, ymm15
; ----------------------------------------------------------------------------
dense_update_avx2:
    vbroadcastss ymm0, xmm0
    vxorps  ymm3, ymm3, ymm3
    jmp     .test
    align   32
.next:
    load_tail_mask rdx, rax
    vmaskmovps ymm1, ymm15, [rsi]
    vmaskmovps ymm2, ymm15, [rdi]
    vfnmadd231ps ymm2, ymm0, ymm1
    vmaskmovps [rdi], ymm15, ymm2
    vmaskmovps [rsi], ymm15, ymm3
    add     rdi, 32
    add     rsi, 32
    sub     rdx, 8
    jbe     .done
.test:
    test    rdx, rdx
    jnz     .next
.done:
    vzeroupper
    ret
