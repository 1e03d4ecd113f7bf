; SPDX-License-Identifier: GPL-2.0-or-later
;
; exp: e to the power of x in double precision with AVX-512, eight
; lanes, for the kernels that need it many times. Range reduction and
; polynomial are those of math/exp.asm, which explains both, with fused steps.
; Measured: at most 0.87 ulp, see src/nn/native-math.test.ts.

section .text

; ----------------------------------------------------------------------------
; exp_parts_avx512: e^x = 2^n e^r in each lane, for |x| <= 708 or NaN. Which is
; e^r with n added to its exponent, but sigmoid needs the parts. A private
; contract:
;
;   in      zmm0 = x
;   out     zmm0 = e^r, zmm1 = 1, zmm4 = n where the exponent is
;   clobber zmm2, zmm3, zmm5
; ----------------------------------------------------------------------------
exp_parts_avx512:
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
    ret
