; SPDX-License-Identifier: GPL-2.0-or-later
;
; The sigmoid function and its slope in double precision with AVX2 and FMA, four
; lanes. Counterparts: sigmoid and sigmoidBackward in src/nn/reference.ts, to
; within 4 ulps: e^x is that of math/exp_avx2.asm.

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
    call    exp_parts_avx2
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
