; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in single precision with AVX-512, sixteen lanes: --isa avx512.
; Counterpart: denseForward in src/nn/reference.ts, within a few ulps. What
; skips zeros is in kernels/f32/avx512_sparse.asm, what learns in kernels/batch.
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
