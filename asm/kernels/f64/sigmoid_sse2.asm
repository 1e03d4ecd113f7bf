; SPDX-License-Identifier: GPL-2.0-or-later
;
; The sigmoid function and its slope in double precision with SSE2, two lanes.
; Counterparts: sigmoid and sigmoidBackward in src/nn/reference.ts, bit for bit.

section .rodata

    align   16, db 0
pq_exponent_of_one:                 ; the bits of 1.0, all of them exponent
    dq      F64_BIAS << F64_EXPONENT, F64_BIAS << F64_EXPONENT

section .text

; ----------------------------------------------------------------------------
; void sigmoid_sse2(f64 *values, u64 count)
;
;   values[n] = 1 / (1 + e^-values[n]),  the exponent within +-SIGMOID_REACH
;
; This is exp of math/exp.asm in two lanes. Within the reach 2^n is a normal
; number, so one multiplication scales.
;
;   in      rdi = values[count], rsi = count, may be 0
;   clobber rdi, rsi, xmm0-xmm4
; ----------------------------------------------------------------------------
sigmoid_sse2:
    jmp     .test
    align   16
.next:
    movupd  xmm0, [rdi]
    call    .two_lanes
    movupd  [rdi], xmm0
    add     rdi, 16
    sub     rsi, 2
.test:
    cmp     rsi, 2
    jae     .next
    test    rsi, rsi
    jz      .done
    movsd   xmm0, [rdi]             ; 0 | the last of an odd number
    call    .two_lanes
    movsd   [rdi], xmm0
.done:
    ret

; in xmm0 = two values, out xmm0 = sigmoid of each; clobbers xmm1-xmm4
.two_lanes:
    xorpd   xmm1, xmm1
    subpd   xmm1, xmm0              ; -value
    movapd  xmm2, [pd_sigmoid_reach]
    minpd   xmm2, xmm1              ; a NaN stays: see sigmoid_scalar
    movapd  xmm0, [pd_sigmoid_minus_reach]
    maxpd   xmm0, xmm2

    movapd  xmm1, [pd_log2_e]
    mulpd   xmm1, xmm0
    addpd   xmm1, [pd_round_magic]  ; n in the lowest bits of each lane
    movapd  xmm4, xmm1
    subpd   xmm1, [pd_round_magic]  ; n as f64
    exp_polynomial p
    psllq   xmm4, F64_EXPONENT      ; n where the exponent is, the rest gone
    paddq   xmm4, [pq_exponent_of_one]  ; 2^n
    mulpd   xmm0, xmm4

    movapd  xmm1, [pd_one]
    addpd   xmm0, xmm1
    divpd   xmm1, xmm0
    movapd  xmm0, xmm1
    ret

; ----------------------------------------------------------------------------
; void sigmoid_backward_sse2(f64 *delta, const f64 *output, u64 count)
;
;   delta[n] *= (1 - output[n]) output[n]
;
;   in      rdi = delta[count], rsi = output[count], rdx = count, may be 0
;   clobber rdi, rsi, rdx, xmm0-xmm2
; ----------------------------------------------------------------------------
sigmoid_backward_sse2:
    jmp     .test
    align   16
.next:
    movupd  xmm1, [rsi]
    movapd  xmm0, [pd_one]
    movupd  xmm2, [rdi]
    subpd   xmm0, xmm1
    mulpd   xmm0, xmm1
    mulpd   xmm0, xmm2
    movupd  [rdi], xmm0
    add     rdi, 16
    add     rsi, 16
    sub     rdx, 2
.test:
    cmp     rdx, 2
    jae     .next
    test    rdx, rdx
    jz      .done
    movsd   xmm1, [rsi]             ; the last of an odd number
    movsd   xmm0, [pd_one]
    subsd   xmm0, xmm1
    mulsd   xmm0, xmm1
    mulsd   xmm0, [rdi]
    movsd   [rdi], xmm0
.done:
    ret
