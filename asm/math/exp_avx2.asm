; SPDX-License-Identifier: GPL-2.0-or-later
;
; exp: e to the power of x in double precision with AVX2 and FMA, four
; lanes, for the kernels that need it many times. Range reduction and
; polynomial are those of math/exp.asm, which explains both, with fused steps.
; Measured: at most 0.87 ulp, see src/nn/native-math.test.ts.

section .text

; ----------------------------------------------------------------------------
; exp_parts_avx2: e^x = 2^n e^r in each lane, for |x| <= 708 or NaN. Which is
; e^r with n added to its exponent, but sigmoid needs the parts. A private
; contract:
;
;   in      ymm0 = x
;   out     ymm0 = e^r, ymm1 = 1, ymm4 = n where the exponent is
;   clobber ymm2, ymm3, ymm5
; ----------------------------------------------------------------------------
exp_parts_avx2:
    vbroadcastsd ymm1, [pd_log2_e]
    vbroadcastsd ymm5, [pd_round_magic]
    vfmadd213pd ymm1, ymm0, ymm5    ; n in the lowest bits of each lane
    vpsllq  ymm4, ymm1, F64_EXPONENT ; ... and where the exponent is
    vsubpd  ymm1, ymm1, ymm5        ; n as f64
    vbroadcastsd ymm2, [pd_ln2_hi]
    vfnmadd231pd ymm0, ymm2, ymm1   ; hi = x - n ln2_hi
    vbroadcastsd ymm2, [pd_ln2_lo]
    vmulpd  ymm1, ymm1, ymm2        ; lo = n ln2_lo
    vsubpd  ymm2, ymm0, ymm1        ; r = hi - lo
    vbroadcastsd ymm3, [pd_exp_series + (EXP_TERMS - 1) * 16]
%assign term_index EXP_TERMS - 2
%rep EXP_TERMS - 1                  ; Horner, fused
    vbroadcastsd ymm5, [pd_exp_series + term_index * 16]
    vfmadd213pd ymm3, ymm2, ymm5
%assign term_index term_index - 1
%endrep
    vmulpd  ymm2, ymm2, ymm2
    vfmsub213pd ymm3, ymm2, ymm1    ; r^2 (1/2! + r/3! + ...) - lo
    vaddpd  ymm0, ymm0, ymm3
    vbroadcastsd ymm1, [pd_one]
    vaddpd  ymm0, ymm0, ymm1        ; e^r
    ret
