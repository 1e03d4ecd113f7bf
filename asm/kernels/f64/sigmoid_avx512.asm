; SPDX-License-Identifier: GPL-2.0-or-later
;
; The sigmoid function and its slope in double precision with AVX-512, eight
; lanes. Counterparts: sigmoid and sigmoidBackward in src/nn/reference.ts, to
; within 4 ulps: e^x is that of math/exp_avx512.asm.

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
    call    exp_parts_avx512
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
