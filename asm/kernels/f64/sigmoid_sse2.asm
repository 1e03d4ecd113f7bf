; SPDX-License-Identifier: GPL-2.0-or-later
;
; The sigmoid function and its slope in double precision with SSE2, two lanes.
; Counterparts: sigmoid and sigmoidBackward in src/nn/reference.ts, bit for bit.
;
; In a polynomial each step waits for the one before, four cycles and four
; again. So four registers go through it together, one step of each in turn:
; the training of `sigmoid` gains 3 %.

section .rodata

    align   16, db 0
pq_exponent_of_one:                 ; the bits of 1.0, all of them exponent
    dq      F64_BIAS << F64_EXPONENT, F64_BIAS << F64_EXPONENT
pd_zero:
    dq      0.0, 0.0

section .text

; each_of_four FIRST, OP, OPERAND: OP on xmm(FIRST) and the three after it, with
;   the same operand
%macro each_of_four 3
%assign %%k 0
%rep 4
%assign %%to %1 + %%k
    %2   xmm%[%%to], %3
%assign %%k %%k + 1
%endrep
%endmacro

; four_by_four FIRST, OP, OTHER: with xmm(OTHER) and the three after it
%macro four_by_four 3
%assign %%k 0
%rep 4
%assign %%to %1 + %%k
%assign %%from %3 + %%k
    %2   xmm%[%%to], xmm%[%%from]
%assign %%k %%k + 1
%endrep
%endmacro

; ----------------------------------------------------------------------------
; void sigmoid_sse2(f64 *values, u64 count)
;
;   values[n] = 1 / (1 + e^-values[n]),  the exponent within +-SIGMOID_REACH
;
; This is exp of math/exp.asm in two lanes. Within the reach 2^n is a normal
; number, so one multiplication scales.
;
;   in      rdi = values[count], rsi = count, may be 0
;   clobber rdi, rsi, xmm0-xmm15
; ----------------------------------------------------------------------------
sigmoid_sse2:
    jmp     .test_eight
    align   16
.next_eight:
    movupd  xmm0, [rdi]
    movupd  xmm1, [rdi + 16]
    movupd  xmm2, [rdi + 32]
    movupd  xmm3, [rdi + 48]
    each_of_four 8, movapd, [pd_zero]
    four_by_four 8, subpd, 0        ; -value
    each_of_four 4, movapd, [pd_sigmoid_reach]
    four_by_four 4, minpd, 8        ; a NaN stays: see sigmoid_scalar
    each_of_four 0, movapd, [pd_sigmoid_minus_reach]
    four_by_four 0, maxpd, 4        ; x
    each_of_four 4, movapd, [pd_log2_e]
    four_by_four 4, mulpd, 0
    each_of_four 4, addpd, [pd_round_magic]
    four_by_four 8, movapd, 4
    each_of_four 8, psllq, F64_EXPONENT
    each_of_four 8, paddq, [pq_exponent_of_one]
    movupd  [rdi], xmm8             ; 2^n, until it is needed
    movupd  [rdi + 16], xmm9
    movupd  [rdi + 32], xmm10
    movupd  [rdi + 48], xmm11
    each_of_four 4, subpd, [pd_round_magic] ; n

    each_of_four 8, movapd, [pd_ln2_hi]
    four_by_four 8, mulpd, 4
    four_by_four 0, subpd, 8        ; hi = x - n ln2_hi
    each_of_four 4, mulpd, [pd_ln2_lo]      ; lo = n ln2_lo
    four_by_four 8, movapd, 0
    four_by_four 8, subpd, 4        ; r = hi - lo
    each_of_four 12, movapd, [pd_exp_series + (EXP_TERMS - 1) * 16]
%assign term_index EXP_TERMS - 2
%rep EXP_TERMS - 1
    four_by_four 12, mulpd, 8
    each_of_four 12, addpd, [pd_exp_series + term_index * 16]
%assign term_index term_index - 1
%endrep
    four_by_four 8, mulpd, 8
    four_by_four 12, mulpd, 8       ; r^2 (1/2! + r/3! + ...)
    four_by_four 12, subpd, 4
    four_by_four 0, addpd, 12
    each_of_four 0, addpd, [pd_one] ; e^r
    movupd  xmm4, [rdi]
    movupd  xmm5, [rdi + 16]
    movupd  xmm6, [rdi + 32]
    movupd  xmm7, [rdi + 48]
    four_by_four 0, mulpd, 4        ; e^x
    each_of_four 4, movapd, [pd_one]
    four_by_four 0, addpd, 4
    four_by_four 4, divpd, 0
    movupd  [rdi], xmm4
    movupd  [rdi + 16], xmm5
    movupd  [rdi + 32], xmm6
    movupd  [rdi + 48], xmm7
    add     rdi, 64
    sub     rsi, 8
.test_eight:
    cmp     rsi, 8
    jae     .next_eight
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
