; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in double precision with AVX-512, eight lanes: --isa avx512.
; Counterpart: denseForward in src/nn/reference.ts, within a few ulps. What
; skips zeros is in kernels/f64/avx512_sparse.asm, what learns in kernels/batch.
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
