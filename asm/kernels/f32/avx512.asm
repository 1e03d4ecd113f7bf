; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in single precision with AVX-512, sixteen lanes: --isa avx512.
; Counterparts: denseForward, denseGradient, denseBackward and denseUpdate in
; src/nn/reference.ts, within a few ulps. The kernels that skip zeros are in
; kernels/f32/avx512_sparse.asm.
;
; What is new against kernels/f32/avx2.asm:
;
;   sixteen neurons to a register, and a register is a whole cache line
;   masks have registers of their own: vmovups zmm0{k1}{z}, [..] loads the
;   lanes whose bit in k1 is set and zeroes the others; vmovups [..]{k1}, zmm0
;   stores only them

section .rodata

    align   2, db 0
tail_bits:                          ; n ones, for n = 0 to 16
%assign n 0
%rep 16 + 1
    dw      (1 << n) - 1
%assign n n + 1
%endrep

section .text

; load_tail_mask LEFT, SPARE: k1 = mask of min(LEFT, 16) lanes, LEFT >= 1
;   spoils SPARE
%macro load_tail_mask 2
    mov     %2, 16
    cmp     %1, %2
    cmovb   %2, %1
    kmovw   k1, [tail_bits + %2 * 2]
%endmacro

; ----------------------------------------------------------------------------
; void dense_forward_avx512(const f32 *w, const f32 *b, const f32 *x,
;                          f32 *out, u64 inputs, u64 outputs)
;
;   out[o] = b[o] + x[0] w[0][o] + x[1] w[1][o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;           4-byte alignment; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, zmm0-zmm6, k1
;   order   from b[o] through the inputs, ascending, fused
; ----------------------------------------------------------------------------
dense_forward_avx512:
    lea     r10, [r9 * 4]           ; bytes of a row
.next_sixty_four:
    cmp     r9, 64
    jb      .test_sixteen
    vmovups zmm0, [rsi]
    vmovups zmm1, [rsi + 64]
    vmovups zmm2, [rsi + 128]
    vmovups zmm3, [rsi + 192]
    mov     rax, rdi                ; -> w[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_sixty_four
    align   32
.sixty_four_input:
    vbroadcastss zmm4, [rdx + r11 * 4]
    vfmadd231ps zmm0, zmm4, [rax]
    vfmadd231ps zmm1, zmm4, [rax + 64]
    vfmadd231ps zmm2, zmm4, [rax + 128]
    vfmadd231ps zmm3, zmm4, [rax + 192]
    add     rax, r10
    inc     r11
.test_sixty_four:
    cmp     r11, r8
    jb      .sixty_four_input
    vmovups [rcx], zmm0
    vmovups [rcx + 64], zmm1
    vmovups [rcx + 128], zmm2
    vmovups [rcx + 192], zmm3
    add     rdi, 256
    add     rsi, 256
    add     rcx, 256
    sub     r9, 64
    jmp     .next_sixty_four

.next_sixteen:
    load_tail_mask r9, rax
    vmovups zmm0{k1}{z}, [rsi]
    mov     rax, rdi
    xor     r11d, r11d
    jmp     .test_sixteen_input
    align   32
.sixteen_input:
    vbroadcastss zmm4, [rdx + r11 * 4]
    vmovups zmm6{k1}{z}, [rax]
    vfmadd231ps zmm0, zmm4, zmm6
    add     rax, r10
    inc     r11
.test_sixteen_input:
    cmp     r11, r8
    jb      .sixteen_input
    vmovups [rcx]{k1}, zmm0
    add     rdi, 64
    add     rsi, 64
    add     rcx, 64
    sub     r9, 16
    jbe     .done
.test_sixteen:
    test    r9, r9
    jnz     .next_sixteen
.done:
    vzeroupper                      ; SSE code that follows runs at full speed
    ret

; ----------------------------------------------------------------------------
; void dense_gradient_avx512(f32 *dw, f32 *db, const f32 *x, const f32 *delta,
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
    lea     r10, [r9 * 4]           ; bytes of a row
    jmp     .test_sixteen
.next_sixteen:
    load_tail_mask r9, rax
    vmovups zmm1{k1}{z}, [rcx]
    vmovups zmm0{k1}{z}, [rsi]
    vaddps  zmm0, zmm0, zmm1
    vmovups [rsi]{k1}, zmm0
    mov     rax, rdi                ; -> dw[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_input
    align   32
.next_input:
    vbroadcastss zmm2, [rdx + r11 * 4]
    vmovups zmm3{k1}{z}, [rax]
    vfmadd231ps zmm3, zmm2, zmm1
    vmovups [rax]{k1}, zmm3
    add     rax, r10
    inc     r11
.test_input:
    cmp     r11, r8
    jb      .next_input
    add     rdi, 64
    add     rsi, 64
    add     rcx, 64
    sub     r9, 16
    jbe     .done
.test_sixteen:
    test    r9, r9
    jnz     .next_sixteen
.done:
    vzeroupper
    ret

; ----------------------------------------------------------------------------
; void dense_backward_avx512(const f32 *w, const f32 *delta, f32 *dx,
;                           u64 inputs, u64 outputs)
;
;   dx[i] = w[i][0] delta[0] + w[i][1] delta[1] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = inputs, may be 0
;           rsi = delta[outputs]        r8  = outputs, may be 0
;           rdx = dx[inputs], overlaps nothing
;   clobber rax, rcx, rdi, rdx, r9, r10, zmm0-zmm2, k1
;   order   lane n sums the outputs n, n + 16, n + 32, ..., fused; then the
;           upper half of the lanes is added to the lower, until one is left
; ----------------------------------------------------------------------------
dense_backward_avx512:
    mov     r9, r8
    and     r9, -16                 ; outputs that fill registers
    mov     r10, r8
    sub     r10, r9                 ; outputs that are left
    jz      .test_input
    load_tail_mask r10, rax
    jmp     .test_input
    align   32
.next_input:
    vxorps  zmm0, zmm0, zmm0
    xor     eax, eax                ; o
    jmp     .test_sixteen
.next_sixteen:
    vmovups zmm1, [rdi + rax * 4]
    vfmadd231ps zmm0, zmm1, [rsi + rax * 4]
    add     rax, 16
.test_sixteen:
    cmp     rax, r9
    jb      .next_sixteen
    test    r10, r10
    jz      .row_done
    vmovups zmm1{k1}{z}, [rdi + rax * 4]
    vmovups zmm2{k1}{z}, [rsi + rax * 4]
    vfmadd231ps zmm0, zmm1, zmm2
.row_done:
    vextractf32x8 ymm1, zmm0, 1     ; lanes 15 to 8
    vaddps  ymm0, ymm0, ymm1
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
; void dense_update_avx512(f32 *w, f32 *dw, u64 count, f32 rate)
;
;   w[n] -= rate dw[n],  dw[n] = 0
;
;   in      rdi = w[count], rsi = dw[count], rdx = count, may be 0
;           xmm0 = rate: the learning rate over the size of the batch
;   clobber rax, rdx, rdi, rsi, zmm0-zmm3, k1
; ----------------------------------------------------------------------------
dense_update_avx512:
    vbroadcastss zmm0, xmm0
    vxorps  zmm3, zmm3, zmm3
    jmp     .test
    align   32
.next:
    load_tail_mask rdx, rax
    vmovups zmm1{k1}{z}, [rsi]
    vmovups zmm2{k1}{z}, [rdi]
    vfnmadd231ps zmm2, zmm0, zmm1
    vmovups [rdi]{k1}, zmm2
    vmovups [rsi]{k1}, zmm3
    add     rdi, 64
    add     rsi, 64
    sub     rdx, 16
    jbe     .done
.test:
    test    rdx, rdx
    jnz     .next
.done:
    vzeroupper
    ret
