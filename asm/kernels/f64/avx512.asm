; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in double precision with AVX-512, eight lanes: --isa avx512.
; Counterparts: denseForward, denseGradient, denseBackward and denseUpdate in
; src/nn/reference.ts, within a few ulps. The kernels that skip zeros are in
; kernels/f64/avx512_sparse.asm.
;
; What is new against kernels/f64/avx2.asm:
;
;   eight neurons to a register, and a register is a whole cache line
;   masks have registers of their own: vmovupd zmm0{k1}{z}, [..] loads the
;   lanes whose bit in k1 is set and zeroes the others; vmovupd [..]{k1}, zmm0
;   stores only them

section .rodata

    align   2, db 0
tail_bits:                          ; n ones, for n = 0 to 8
%assign n 0
%rep 8 + 1
    dw      (1 << n) - 1
%assign n n + 1
%endrep

section .text

; load_tail_mask LEFT, SPARE: k1 = mask of min(LEFT, 8) lanes, LEFT >= 1
;   spoils SPARE
%macro load_tail_mask 2
    mov     %2, 8
    cmp     %1, %2
    cmovb   %2, %1
    kmovw   k1, [tail_bits + %2 * 2]
%endmacro

; ----------------------------------------------------------------------------
; void dense_forward_avx512(const f64 *w, const f64 *b, const f64 *x,
;                          f64 *out, u64 inputs, u64 outputs)
;
;   out[o] = b[o] + x[0] w[0][o] + x[1] w[1][o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;           8-byte alignment; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, zmm0-zmm6, k1
;   order   from b[o] through the inputs, ascending, fused
; ----------------------------------------------------------------------------
dense_forward_avx512:
    lea     r10, [r9 * 8]           ; bytes of a row
.next_thirty_two:
    cmp     r9, 32
    jb      .test_eight
    vmovupd zmm0, [rsi]
    vmovupd zmm1, [rsi + 64]
    vmovupd zmm2, [rsi + 128]
    vmovupd zmm3, [rsi + 192]
    mov     rax, rdi                ; -> w[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_thirty_two
    align   32
.thirty_two_input:
    vbroadcastsd zmm4, [rdx + r11 * 8]
    vfmadd231pd zmm0, zmm4, [rax]
    vfmadd231pd zmm1, zmm4, [rax + 64]
    vfmadd231pd zmm2, zmm4, [rax + 128]
    vfmadd231pd zmm3, zmm4, [rax + 192]
    add     rax, r10
    inc     r11
.test_thirty_two:
    cmp     r11, r8
    jb      .thirty_two_input
    vmovupd [rcx], zmm0
    vmovupd [rcx + 64], zmm1
    vmovupd [rcx + 128], zmm2
    vmovupd [rcx + 192], zmm3
    add     rdi, 256
    add     rsi, 256
    add     rcx, 256
    sub     r9, 32
    jmp     .next_thirty_two

.next_eight:
    load_tail_mask r9, rax
    vmovupd zmm0{k1}{z}, [rsi]
    mov     rax, rdi
    xor     r11d, r11d
    jmp     .test_eight_input
    align   32
.eight_input:
    vbroadcastsd zmm4, [rdx + r11 * 8]
    vmovupd zmm6{k1}{z}, [rax]
    vfmadd231pd zmm0, zmm4, zmm6
    add     rax, r10
    inc     r11
.test_eight_input:
    cmp     r11, r8
    jb      .eight_input
    vmovupd [rcx]{k1}, zmm0
    add     rdi, 64
    add     rsi, 64
    add     rcx, 64
    sub     r9, 8
    jbe     .done
.test_eight:
    test    r9, r9
    jnz     .next_eight
.done:
    vzeroupper                      ; SSE code that follows runs at full speed
    ret

; ----------------------------------------------------------------------------
; void dense_gradient_avx512(f64 *dw, f64 *db, const f64 *x, const f64 *delta,
;                           u64 inputs, u64 outputs)
;
;   dw[i][o] += x[i] delta[o],  db[o] += delta[o]
;
;   in      rdi = dw[inputs][outputs]   rcx = delta[outputs]
;           rsi = db[outputs]           r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;   clobber rax, rcx, rdi, rsi, r9-r11, zmm0-zmm3, k1
;   order   one fused addition for each element
; ----------------------------------------------------------------------------
dense_gradient_avx512:
    lea     r10, [r9 * 8]           ; bytes of a row
    jmp     .test_eight
.next_eight:
    load_tail_mask r9, rax
    vmovupd zmm1{k1}{z}, [rcx]
    vmovupd zmm0{k1}{z}, [rsi]
    vaddpd  zmm0, zmm0, zmm1
    vmovupd [rsi]{k1}, zmm0
    mov     rax, rdi                ; -> dw[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_input
    align   32
.next_input:
    vbroadcastsd zmm2, [rdx + r11 * 8]
    vmovupd zmm3{k1}{z}, [rax]
    vfmadd231pd zmm3, zmm2, zmm1
    vmovupd [rax]{k1}, zmm3
    add     rax, r10
    inc     r11
.test_input:
    cmp     r11, r8
    jb      .next_input
    add     rdi, 64
    add     rsi, 64
    add     rcx, 64
    sub     r9, 8
    jbe     .done
.test_eight:
    test    r9, r9
    jnz     .next_eight
.done:
    vzeroupper
    ret

; ----------------------------------------------------------------------------
; void dense_backward_avx512(const f64 *w, const f64 *delta, f64 *dx,
;                           u64 inputs, u64 outputs)
;
;   dx[i] = w[i][0] delta[0] + w[i][1] delta[1] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = inputs, may be 0
;           rsi = delta[outputs]        r8  = outputs, may be 0
;           rdx = dx[inputs], overlaps nothing
;   clobber rax, rcx, rdi, rdx, r9, r10, zmm0-zmm2, k1
;   order   lane n sums the outputs n, n + 8, n + 16, ..., fused; then the
;           upper half of the lanes is added to the lower, until one is left
; ----------------------------------------------------------------------------
dense_backward_avx512:
    mov     r9, r8
    and     r9, -8                  ; outputs that fill registers
    mov     r10, r8
    sub     r10, r9                 ; outputs that are left
    jz      .test_input
    load_tail_mask r10, rax
    jmp     .test_input
    align   32
.next_input:
    vxorpd  zmm0, zmm0, zmm0
    xor     eax, eax                ; o
    jmp     .test_eight
.next_eight:
    vmovupd zmm1, [rdi + rax * 8]
    vfmadd231pd zmm0, zmm1, [rsi + rax * 8]
    add     rax, 8
.test_eight:
    cmp     rax, r9
    jb      .next_eight
    test    r10, r10
    jz      .row_done
    vmovupd zmm1{k1}{z}, [rdi + rax * 8]
    vmovupd zmm2{k1}{z}, [rsi + rax * 8]
    vfmadd231pd zmm0, zmm1, zmm2
.row_done:
    vextractf64x4 ymm1, zmm0, 1     ; lanes 7 to 4
    vaddpd  ymm0, ymm0, ymm1
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
; void dense_update_avx512(f64 *w, f64 *dw, u64 count, f64 rate)
;
;   w[n] -= rate dw[n],  dw[n] = 0
;
;   in      rdi = w[count], rsi = dw[count], rdx = count, may be 0
;           xmm0 = rate: the learning rate over the size of the batch
;   clobber rax, rdx, rdi, rsi, zmm0-zmm3, k1
; ----------------------------------------------------------------------------
dense_update_avx512:
    vbroadcastsd zmm0, xmm0
    vxorpd  zmm3, zmm3, zmm3
    jmp     .test
    align   32
.next:
    load_tail_mask rdx, rax
    vmovupd zmm1{k1}{z}, [rsi]
    vmovupd zmm2{k1}{z}, [rdi]
    vfnmadd231pd zmm2, zmm0, zmm1
    vmovupd [rdi]{k1}, zmm2
    vmovupd [rsi]{k1}, zmm3
    add     rdi, 64
    add     rsi, 64
    sub     rdx, 8
    jbe     .done
.test:
    test    rdx, rdx
    jnz     .next
.done:
    vzeroupper
    ret
