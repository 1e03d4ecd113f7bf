; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels with AVX-512, eight lanes in double precision, sixteen in single:
; --isa avx512. For both precisions. Counterpart: denseForward in
; src/nn/reference.ts, within a few ulps. What skips zeros is in
; kernels/wide/avx512_sparse.asm, what learns in kernels/batch.
;
; What is new against kernels/wide/avx2.asm:
;
;   ZMM_REALS neurons to a register, and a register is a whole cache line
;   masks have registers of their own: vmovupd zmm0{k1}{z}, [..] loads the
;   lanes whose bit in k1 is set and zeroes the others; vmovupd [..]{k1}, zmm0
;   stores only them

section .rodata

    align   2, db 0
tail_bits:                          ; n ones, for n = 0 to ZMM_REALS
%assign n 0
%rep ZMM_REALS + 1
    dw      (1 << n) - 1
%assign n n + 1
%endrep

section .text

; load_tail_mask LEFT, SPARE: k1 = mask of min(LEFT, ZMM_REALS) lanes
;   LEFT >= 1; spoils SPARE
%macro load_tail_mask 2
    mov     %2, ZMM_REALS
    cmp     %1, %2
    cmovb   %2, %1
    kmovw   k1, [tail_bits + %2 * 2]
%endmacro

; ----------------------------------------------------------------------------
; void dense_forward_avx512(const real *w, const real *b, const real *x,
;                          real *out, u64 inputs, u64 outputs)
;
;   out[o] = b[o] + x[0] w[0][o] + x[1] w[1][o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = inputs, may be 0
;           rdx = x[inputs]             r9  = outputs, may be 0
;           aligned as reals; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, zmm0-zmm6, k1
;   order   from b[o] through the inputs, ascending, fused
; ----------------------------------------------------------------------------
dense_forward_avx512:
    lea     r10, [r9 * REAL_SIZE]   ; bytes of a row
.next_block:
    cmp     r9, 4 * ZMM_REALS
    jb      .test_register
    vmovup%[R] zmm0, [rsi]
    vmovup%[R] zmm1, [rsi + 64]
    vmovup%[R] zmm2, [rsi + 128]
    vmovup%[R] zmm3, [rsi + 192]
    mov     rax, rdi                ; -> w[0][o]
    xor     r11d, r11d              ; i
    jmp     .test_block
    align   32
.block_input:
    vbroadcasts%[R] zmm4, [rdx + r11 * REAL_SIZE]
    vfmadd231p%[R] zmm0, zmm4, [rax]
    vfmadd231p%[R] zmm1, zmm4, [rax + 64]
    vfmadd231p%[R] zmm2, zmm4, [rax + 128]
    vfmadd231p%[R] zmm3, zmm4, [rax + 192]
    add     rax, r10
    inc     r11
.test_block:
    cmp     r11, r8
    jb      .block_input
    vmovup%[R] [rcx], zmm0
    vmovup%[R] [rcx + 64], zmm1
    vmovup%[R] [rcx + 128], zmm2
    vmovup%[R] [rcx + 192], zmm3
    add     rdi, 256
    add     rsi, 256
    add     rcx, 256
    sub     r9, 4 * ZMM_REALS
    jmp     .next_block

.next_register:
    load_tail_mask r9, rax
    vmovup%[R] zmm0{k1}{z}, [rsi]
    mov     rax, rdi
    xor     r11d, r11d
    jmp     .test_register_input
    align   32
.register_input:
    vbroadcasts%[R] zmm4, [rdx + r11 * REAL_SIZE]
    vmovup%[R] zmm6{k1}{z}, [rax]
    vfmadd231p%[R] zmm0, zmm4, zmm6
    add     rax, r10
    inc     r11
.test_register_input:
    cmp     r11, r8
    jb      .register_input
    vmovup%[R] [rcx]{k1}, zmm0
    add     rdi, 64
    add     rsi, 64
    add     rcx, 64
    sub     r9, ZMM_REALS
    jbe     .done
.test_register:
    test    r9, r9
    jnz     .next_register
.done:
    vzeroupper                      ; SSE code that follows runs at full speed
    ret
