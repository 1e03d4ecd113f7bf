; SPDX-License-Identifier: GPL-2.0-or-later
;
; softmax for a whole mini-batch with AVX2 and FMA: --isa avx2. In f64 for both
; precisions. Counterpart: softmax in src/nn/reference.ts, within 16 ulps.
;
; math/softmax.asm takes ten exponentials one after the other. Here a row is
; three registers, and their lanes go side by side:
;
;   ymm6    3 2 1 0
;   ymm7    7 6 5 4
;   ymm8    - - 9 8       the empty lanes hold numbers that change nothing

section .rodata

    align   32, db 0
pd_softmax_least:                   ; below it e^x counts as e^-708, 3e-308
    times 4 dq -708.0

section .text

; ----------------------------------------------------------------------------
; void softmax_rows_avx2(real *values, u64 rows)
;
;   values[r][o] = e^(values[r][o] - max) / sum of these,  for each row r
;
;   in      rdi = values[rows][DIGITS], any alignment; rsi = rows, may be 0
;   clobber rdi, rsi, ymm0-ymm9
;   order   the sum: the three registers lane by lane; then the upper half of
;           the lanes is added to the lower, until one is left
; ----------------------------------------------------------------------------
%define EMPTY_LANES 0xc             ; 3 and 2, as vblendpd wants them

softmax_rows_avx2:
    vmovapd ymm9, [pd_softmax_least]
    jmp     .test
    align   32
.next:
%if PRECISION == 64
    vmovupd ymm6, [rdi]
    vmovupd ymm7, [rdi + 32]
    vmovupd xmm8, [rdi + 64]
%else
    vcvtps2pd ymm6, [rdi]
    vcvtps2pd ymm7, [rdi + 16]
    vcvtps2pd xmm8, [rdi + 32]
%endif
    vblendpd ymm8, ymm8, ymm6, EMPTY_LANES  ; 3 2 9 8: no other maximum
    vmaxpd  ymm0, ymm6, ymm7
    vmaxpd  ymm0, ymm0, ymm8
    vextractf128 xmm1, ymm0, 1
    vmaxpd  xmm0, xmm0, xmm1
    vunpckhpd xmm1, xmm0, xmm0
    vmaxsd  xmm0, xmm0, xmm1
    vbroadcastsd ymm0, xmm0         ; the maximum
    vsubpd  ymm7, ymm7, ymm0
    vsubpd  ymm8, ymm8, ymm0
    vsubpd  ymm0, ymm6, ymm0
    vmaxpd  ymm0, ymm9, ymm0        ; a NaN stays
    call    exp_parts_avx2
    vpaddq  ymm6, ymm0, ymm4        ; 2^n e^r: n added to the exponent
    vmaxpd  ymm0, ymm9, ymm7
    call    exp_parts_avx2
    vpaddq  ymm7, ymm0, ymm4
    vmaxpd  ymm0, ymm9, ymm8
    call    exp_parts_avx2
    vpaddq  ymm0, ymm0, ymm4
    vxorpd  ymm1, ymm1, ymm1
    vblendpd ymm8, ymm0, ymm1, EMPTY_LANES  ; 0 0 9 8: nothing to the sum
    vaddpd  ymm0, ymm6, ymm7
    vaddpd  ymm0, ymm0, ymm8
    vextractf128 xmm1, ymm0, 1      ; 3 | 2
    vaddpd  xmm0, xmm0, xmm1        ; 1 + 3 | 0 + 2
    vunpckhpd xmm1, xmm0, xmm0
    vaddsd  xmm0, xmm0, xmm1
    vmovsd  xmm1, [pd_one]
    vdivsd  xmm0, xmm1, xmm0        ; one division instead of ten
    vbroadcastsd ymm0, xmm0
    vmulpd  ymm6, ymm6, ymm0
    vmulpd  ymm7, ymm7, ymm0
    vmulpd  ymm8, ymm8, ymm0
%if PRECISION == 64
    vmovupd [rdi], ymm6
    vmovupd [rdi + 32], ymm7
    vmovupd [rdi + 64], xmm8
%else
    vcvtpd2ps xmm6, ymm6
    vcvtpd2ps xmm7, ymm7
    vcvtpd2ps xmm8, xmm8
    vmovups [rdi], xmm6
    vmovups [rdi + 16], xmm7
    vmovlps [rdi + 32], xmm8
%endif
    add     rdi, DIGITS * REAL_SIZE
    dec     rsi
.test:
    test    rsi, rsi
    jnz     .next
    vzeroupper
    ret

%undef EMPTY_LANES
%if DIGITS != 10
%error softmax_rows_avx2 wants rows of ten
%endif
