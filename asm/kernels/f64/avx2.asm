; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in double precision with AVX2 and FMA, four lanes: --isa avx2.
; Counterparts: denseForward, denseGradient, denseBackward and denseUpdate in
; src/nn/reference.ts, within a few ulps. The kernels that skip zeros are in
; kernels/f64/avx2_sparse.asm.
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
;
; Backward, the lanes are parts of one sum, added up at the end: a row of
; weights is contiguous, and no other rung's order is to be kept here.

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

; ----------------------------------------------------------------------------
; void dense_gradient_avx2(f64 *dw, f64 *db, const f64 *x, const f64 *delta,
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
    lea     r10, [r9 * 8]           ; bytes of a row
    jmp     .test_four
.next_four:
    load_tail_mask r9, rax
    vmaskmovpd ymm1, ymm15, [rcx]
    vmaskmovpd ymm0, ymm15, [rsi]
    vaddpd  ymm0, ymm0, ymm1
    vmaskmovpd [rsi], ymm15, ymm0
    mov     rax, rdi                ; -> dw[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_input
    align   32
.next_input:
    vbroadcastsd ymm2, [rdx + r11 * 8]
    vmaskmovpd ymm3, ymm15, [rax]
    vfmadd231pd ymm3, ymm2, ymm1
    vmaskmovpd [rax], ymm15, ymm3
    add     rax, r10
    inc     r11
.test_input:
    cmp     r11, r8
    jb      .next_input
    add     rdi, 32
    add     rsi, 32
    add     rcx, 32
    sub     r9, 4
    jbe     .done
.test_four:
    test    r9, r9
    jnz     .next_four
.done:
    vzeroupper
    ret

; ----------------------------------------------------------------------------
; void dense_backward_avx2(const f64 *w, const f64 *delta, f64 *dx,
;                           u64 inputs, u64 outputs)
;
;   dx[i] = w[i][0] delta[0] + w[i][1] delta[1] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = inputs, may be 0
;           rsi = delta[outputs]        r8  = outputs, may be 0
;           rdx = dx[inputs], overlaps nothing
;   clobber rax, rcx, rdi, rdx, r9, r10, ymm0-ymm2, ymm15
;   order   lane n sums the outputs n, n + 4, n + 8, ..., fused; then the
;           upper half of the lanes is added to the lower, until one is left
; ----------------------------------------------------------------------------
dense_backward_avx2:
    mov     r9, r8
    and     r9, -4                  ; outputs that fill registers
    mov     r10, r8
    sub     r10, r9                 ; outputs that are left
    jz      .test_input
    load_tail_mask r10, rax
    jmp     .test_input
    align   32
.next_input:
    vxorpd  ymm0, ymm0, ymm0
    xor     eax, eax                ; o
    jmp     .test_four
.next_four:
    vmovupd ymm1, [rdi + rax * 8]
    vfmadd231pd ymm0, ymm1, [rsi + rax * 8]
    add     rax, 4
.test_four:
    cmp     rax, r9
    jb      .next_four
    test    r10, r10
    jz      .row_done
    vmaskmovpd ymm1, ymm15, [rdi + rax * 8]
    vmaskmovpd ymm2, ymm15, [rsi + rax * 8]
    vfmadd231pd ymm0, ymm1, ymm2
.row_done:
    vextractf128 xmm1, ymm0, 1      ; 3 | 2
    vaddpd  xmm0, xmm0, xmm1        ; 1 + 3 | 0 + 2
    vunpckhpd xmm1, xmm0, xmm0
    vaddsd  xmm0, xmm0, xmm1
    vmovsd  [rdx], xmm0
    add     rdx, 8
    lea     rdi, [rdi + r8 * 8]
    dec     rcx
.test_input:
    test    rcx, rcx
    jnz     .next_input
    vzeroupper
    ret

; ----------------------------------------------------------------------------
; void dense_update_avx2(f64 *w, f64 *dw, u64 count, f64 rate)
;
;   w[n] -= rate dw[n],  dw[n] = 0
;
;   in      rdi = w[count], rsi = dw[count], rdx = count, may be 0
;           xmm0 = rate: the learning rate over the size of the batch
;   clobber rax, rdx, rdi, rsi, ymm0-ymm3, ymm15
; ----------------------------------------------------------------------------
dense_update_avx2:
    vbroadcastsd ymm0, xmm0
    vxorpd  ymm3, ymm3, ymm3
    jmp     .test
    align   32
.next:
    load_tail_mask rdx, rax
    vmaskmovpd ymm1, ymm15, [rsi]
    vmaskmovpd ymm2, ymm15, [rdi]
    vfnmadd231pd ymm2, ymm0, ymm1
    vmaskmovpd [rdi], ymm15, ymm2
    vmaskmovpd [rsi], ymm15, ymm3
    add     rdi, 32
    add     rsi, 32
    sub     rdx, 4
    jbe     .done
.test:
    test    rdx, rdx
    jnz     .next
.done:
    vzeroupper
    ret
