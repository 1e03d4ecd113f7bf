; SPDX-License-Identifier: GPL-2.0-or-later
;
; The sigmoid function and its slope in double precision with AVX-512, eight
; lanes. Counterparts: sigmoid and sigmoidBackward in src/nn/reference.ts, to
; within 4 ulps: the polynomial is that of math/exp.asm, with fused steps.

section .text

; ----------------------------------------------------------------------------
; void sigmoid_avx512(f64 *values, u64 count)
;
;   values[n] = 1 / (1 + e^-values[n]),  the exponent within +-SIGMOID_REACH
;
;   in      rdi = values[count], rsi = count, may be 0
;   clobber rax, rdi, rsi, zmm0-zmm5, k1
; ----------------------------------------------------------------------------
sigmoid_avx512:
    jmp     .test
    align   32
.next:
    load_tail_mask rsi, rax
    vmovupd zmm0{k1}{z}, [rdi]
    vxorpd  zmm1, zmm1, zmm1
    vsubpd  zmm0, zmm1, zmm0        ; -value
    vbroadcastsd zmm1, [pd_sigmoid_reach]
    vminpd  zmm0, zmm1, zmm0        ; a NaN stays: see sigmoid_scalar
    vbroadcastsd zmm1, [pd_sigmoid_minus_reach]
    vmaxpd  zmm0, zmm1, zmm0

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
    vbroadcastsd zmm2, [pq_exponent_of_one]
    vpaddq  zmm4, zmm4, zmm2        ; 2^n
    vfmadd213pd zmm0, zmm4, zmm1    ; 1 + e^x, rounded once
    vdivpd  zmm0, zmm1, zmm0
    vmovupd [rdi]{k1}, zmm0
    add     rdi, 64
    sub     rsi, 8
    jbe     .done
.test:
    test    rsi, rsi
    jnz     .next
.done:
    vzeroupper
    ret

; ----------------------------------------------------------------------------
; void sigmoid_backward_avx512(f64 *delta, const f64 *output, u64 count)
;
;   delta[n] *= (1 - output[n]) output[n]
;
;   in      rdi = delta[count], rsi = output[count], rdx = count, may be 0
;   clobber rax, rdi, rsi, rdx, zmm0-zmm3, k1
; ----------------------------------------------------------------------------
sigmoid_backward_avx512:
    vbroadcastsd zmm3, [pd_one]
    jmp     .test
.next:
    load_tail_mask rdx, rax
    vmovupd zmm1{k1}{z}, [rsi]
    vmovupd zmm2{k1}{z}, [rdi]
    vsubpd  zmm0, zmm3, zmm1
    vmulpd  zmm0, zmm0, zmm1
    vmulpd  zmm0, zmm0, zmm2
    vmovupd [rdi]{k1}, zmm0
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
