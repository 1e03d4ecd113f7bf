; SPDX-License-Identifier: GPL-2.0-or-later
;
; softmax for a whole mini-batch with AVX-512: --isa avx512. In f64 for both
; precisions. Counterpart: softmax in src/nn/reference.ts, within 16 ulps.
;
; What is new against kernels/batch/softmax_avx2.asm: ten numbers are one
; register and a quarter, and a mask says which lanes of the second count.

section .text

; ----------------------------------------------------------------------------
; exp_lanes_avx512: e^x in each lane, for |x| <= 708 or NaN, by math/exp.asm's
; polynomial with fused steps. A private contract:
;
;   in      zmm0 = x
;   out     zmm0 = e^x
;   clobber zmm1-zmm5
; ----------------------------------------------------------------------------
exp_lanes_avx512:
    vbroadcastsd zmm1, [pd_log2_e]
    vbroadcastsd zmm5, [pd_round_magic]
    vfmadd213pd zmm1, zmm0, zmm5    ; n in the lowest bits of each lane
    vpsllq  zmm4, zmm1, F64_EXPONENT ; ... and where the exponent is
    vsubpd  zmm1, zmm1, zmm5        ; n as f64
    vbroadcastsd zmm2, [pd_ln2_hi]
    vfnmadd231pd zmm0, zmm2, zmm1   ; hi = x - n ln2_hi
    vbroadcastsd zmm2, [pd_ln2_lo]
    vmulpd  zmm1, zmm1, zmm2        ; lo = n ln2_lo
    vsubpd  zmm2, zmm0, zmm1        ; r = hi - lo
    vbroadcastsd zmm3, [pd_exp_series + (EXP_TERMS - 1) * 16]
%assign term_index EXP_TERMS - 2
%rep EXP_TERMS - 1                  ; Horner, fused
    vbroadcastsd zmm5, [pd_exp_series + term_index * 16]
    vfmadd213pd zmm3, zmm2, zmm5
%assign term_index term_index - 1
%endrep
    vmulpd  zmm2, zmm2, zmm2
    vfmsub213pd zmm3, zmm2, zmm1    ; r^2 (1/2! + r/3! + ...) - lo
    vaddpd  zmm0, zmm0, zmm3
    vbroadcastsd zmm1, [pd_one]
    vaddpd  zmm0, zmm0, zmm1        ; e^r
    vpaddq  zmm0, zmm0, zmm4        ; 2^n e^r: n added to the exponent
    ret

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
    call    exp_lanes_avx512
    vmovapd zmm6, zmm0
    vmaxpd  zmm0, zmm8, zmm7
    call    exp_lanes_avx512
    vmovapd zmm7{k1}{z}, zmm0
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
