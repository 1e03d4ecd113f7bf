; SPDX-License-Identifier: GPL-2.0-or-later
;
; The sigmoid function and its slope in double precision with AVX2 and FMA, four
; lanes. Counterparts: sigmoid and sigmoidBackward in src/nn/reference.ts, to
; within 4 ulps: the polynomial is that of math/exp.asm, with fused steps.

section .text

; ----------------------------------------------------------------------------
; void sigmoid_avx2(f64 *values, u64 count)
;
;   values[n] = 1 / (1 + e^-values[n]),  the exponent within +-SIGMOID_REACH
;
;   in      rdi = values[count], rsi = count, may be 0
;   clobber rax, rdi, rsi, ymm0-ymm5, ymm15
; ----------------------------------------------------------------------------
sigmoid_avx2:
    jmp     .test
    align   32
.next:
    load_tail_mask rsi, rax
    vmaskmovpd ymm0, ymm15, [rdi]
    vxorpd  ymm1, ymm1, ymm1
    vsubpd  ymm0, ymm1, ymm0        ; -value
    vbroadcastsd ymm1, [pd_sigmoid_reach]
    vminpd  ymm0, ymm1, ymm0        ; a NaN stays: see sigmoid_scalar
    vbroadcastsd ymm1, [pd_sigmoid_minus_reach]
    vmaxpd  ymm0, ymm1, ymm0

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
    vbroadcastsd ymm2, [pq_exponent_of_one]
    vpaddq  ymm4, ymm4, ymm2        ; 2^n
    vfmadd213pd ymm0, ymm4, ymm1    ; 1 + e^x, rounded once
    vdivpd  ymm0, ymm1, ymm0
    vmaskmovpd [rdi], ymm15, ymm0
    add     rdi, 32
    sub     rsi, 4
    jbe     .done
.test:
    test    rsi, rsi
    jnz     .next
.done:
    vzeroupper
    ret

; ----------------------------------------------------------------------------
; void sigmoid_backward_avx2(f64 *delta, const f64 *output, u64 count)
;
;   delta[n] *= (1 - output[n]) output[n]
;
;   in      rdi = delta[count], rsi = output[count], rdx = count, may be 0
;   clobber rax, rdi, rsi, rdx, ymm0-ymm3, ymm15
; ----------------------------------------------------------------------------
sigmoid_backward_avx2:
    vbroadcastsd ymm3, [pd_one]
    jmp     .test
.next:
    load_tail_mask rdx, rax
    vmaskmovpd ymm1, ymm15, [rsi]
    vmaskmovpd ymm2, ymm15, [rdi]
    vsubpd  ymm0, ymm3, ymm1
    vmulpd  ymm0, ymm0, ymm1
    vmulpd  ymm0, ymm0, ymm2
    vmaskmovpd [rdi], ymm15, ymm0
    add     rdi, 32
    add     rsi, 32
    sub     rdx, 4
    jbe     .done
.test:
    test    rdx, rdx
    jnz     .next
.done:
    vzeroupper
    ret
