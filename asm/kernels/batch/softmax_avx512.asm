; SPDX-License-Identifier: GPL-2.0-or-later
;
; softmax for a whole mini-batch with AVX-512: --isa avx512. In f64 for both
; precisions. Counterpart: softmax in src/nn/reference.ts, within 16 ulps.
;
; What is new against kernels/batch/softmax_avx2.asm: ten numbers are one
; register and a quarter, and a mask says which lanes of the second count.

section .text

; ----------------------------------------------------------------------------
; void softmax_rows_avx512(real *values, u64 rows)
;
;   values[r][o] = e^(values[r][o] - max) / sum of these,  for each row r
;
;   in      rdi = values[rows][DIGITS], any alignment; rsi = rows, may be 0
;   clobber rax, rdi, rsi, zmm0-zmm8, k1
;   order   the sum: lanes 8 and 9 to 0 and 1; then the upper half of the lanes
;           is added to the lower, until one is left
; ----------------------------------------------------------------------------
softmax_rows_avx512:
    vbroadcastsd zmm8, [pd_softmax_least]
    mov     eax, (1 << (DIGITS - 8)) - 1
    kmovw   k1, eax
    jmp     .test
    align   32
.next:
%if PRECISION == 64
    vmovupd zmm6, [rdi]             ; 7 ... 0
    vmovupd zmm7{k1}{z}, [rdi + 64] ; 9 8 in the lanes 1 and 0
%else
    vcvtps2pd zmm6, [rdi]
    vcvtps2pd zmm7{k1}{z}, [rdi + 32]
%endif
    vmovapd zmm0, zmm6
    vmaxpd  zmm0{k1}, zmm6, zmm7
    vextractf64x4 ymm1, zmm0, 1
    vmaxpd  ymm0, ymm0, ymm1
    vextractf128 xmm1, ymm0, 1
    vmaxpd  xmm0, xmm0, xmm1
    vunpckhpd xmm1, xmm0, xmm0
    vmaxsd  xmm0, xmm0, xmm1
    vbroadcastsd zmm0, xmm0         ; the maximum
    vsubpd  zmm7, zmm7, zmm0
    vsubpd  zmm0, zmm6, zmm0
    vmaxpd  zmm0, zmm8, zmm0        ; a NaN stays
    call    exp_parts_avx512
    vpaddq  zmm6, zmm0, zmm4        ; 2^n e^r: n added to the exponent
    vmaxpd  zmm0, zmm8, zmm7
    call    exp_parts_avx512
    vpaddq  zmm7{k1}{z}, zmm0, zmm4
    vaddpd  zmm0, zmm6, zmm7
    vextractf64x4 ymm1, zmm0, 1     ; lanes 7 to 4
    vaddpd  ymm0, ymm0, ymm1
    vextractf128 xmm1, ymm0, 1      ; 3 | 2
    vaddpd  xmm0, xmm0, xmm1        ; 1 + 3 | 0 + 2
    vunpckhpd xmm1, xmm0, xmm0
    vaddsd  xmm0, xmm0, xmm1
    vmovsd  xmm1, [pd_one]
    vdivsd  xmm0, xmm1, xmm0        ; one division instead of ten
    vbroadcastsd zmm0, xmm0
    vmulpd  zmm6, zmm6, zmm0
    vmulpd  zmm7, zmm7, zmm0
%if PRECISION == 64
    vmovupd [rdi], zmm6
    vmovupd [rdi + 64]{k1}, zmm7
%else
    vcvtpd2ps ymm6, zmm6
    vcvtpd2ps ymm7, zmm7
    vmovups [rdi], ymm6
    vmovups [rdi + 32]{k1}, ymm7
%endif
    add     rdi, DIGITS * REAL_SIZE
    dec     rsi
.test:
    test    rsi, rsi
    jnz     .next
    vzeroupper
    ret

%if DIGITS <= 8 || DIGITS > 16
%error softmax_rows_avx512 wants a row in two registers
%endif
