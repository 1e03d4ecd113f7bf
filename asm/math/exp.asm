; SPDX-License-Identifier: GPL-2.0-or-later
;
; exp: e to the power of x, f64, SSE2. Counterpart: expExact in
; src/nn/reference-math.ts, operation for operation.
;
;   range reduction   n = round(x / ln 2),  r = x - n ln 2,  |r| <= 0.3466
;                     so e^x = 2^n e^r
;   polynomial        e^r = 1 + r + r^2 (1/2! + r/3! + ... + r^11/13!)
;   scaling           2^n is put together from bits: it is all exponent
;
; Where the precision comes from. r loses its last bits if ln 2 is one f64, so
; ln 2 is split in two: `hi` has 21 zero bits at its end, which makes n * hi and
; x - n * hi exact; `lo` is the rest. And r is never rounded where it matters:
; (x - n hi) - n lo enters the final sum as two numbers. The next term of the
; series, r^14/14!, is below 2^-57. Measured: at most 0.88 ulp, see
; src/nn/native-math.test.ts.

section .rodata

    align   16, db 0
pd_log2_e:                          ; 1 / ln 2
    dq      1.4426950408889634, 1.4426950408889634
pd_ln2_hi:                          ; ln 2, its first 32 bits ...
    dq      0x3fe62e42fee00000, 0x3fe62e42fee00000
pd_ln2_lo:                          ; ... and the rest: 1.9082149292705877e-10
    dq      0x3dea39ef35793c76, 0x3dea39ef35793c76

; A f64 near 1.5 * 2^52 counts in steps of exactly 1, so adding this number
; rounds to an integer, and leaves that integer in the lowest bits.
pd_round_magic:
    dq      6755399441055744.0, 6755399441055744.0

; 1/2!, 1/3!, ... 1/13!, each twice: one for a lane
pd_exp_series:
    dq      0.5, 0.5
    dq      0.16666666666666666, 0.16666666666666666
    dq      0.041666666666666664, 0.041666666666666664
    dq      0.008333333333333333, 0.008333333333333333
    dq      0.001388888888888889, 0.001388888888888889
    dq      0.0001984126984126984, 0.0001984126984126984
    dq      2.48015873015873e-05, 2.48015873015873e-05
    dq      2.7557319223985893e-06, 2.7557319223985893e-06
    dq      2.755731922398589e-07, 2.755731922398589e-07
    dq      2.505210838544172e-08, 2.505210838544172e-08
    dq      2.08767569878681e-09, 2.08767569878681e-09
    dq      1.6059043836821613e-10, 1.6059043836821613e-10
EXP_TERMS           equ ($ - pd_exp_series) / 16

pd_one:
    dq      1.0, 1.0

exp_highest:                        ; e^x is infinite above this, ln(2^1024)
    dq      709.782712893384
exp_lowest:                         ; and rounds to zero below this, ln(2^-1075)
    dq      -745.1332191019412
f64_infinity:
    dq      0x7ff0000000000000

F64_BIAS            equ 1023        ; 2^n has n + 1023 in its exponent field
F64_EXPONENT        equ 52          ; ... which begins at this bit

section .text

; exp_polynomial SCALAR_OR_PACKED: in xmm0 = x, xmm1 = round(x / ln 2)
;   out xmm0 = e^r in [0.7, 1.42]; spoils xmm1, xmm2, xmm3
;   %1 is `s` for one f64 or `p` for both lanes; the arithmetic is the same.
%macro exp_polynomial 1
    movapd  xmm2, [pd_ln2_hi]
    mul%1d  xmm2, xmm1
    sub%1d  xmm0, xmm2              ; hi = x - n ln2_hi, exact
    mul%1d  xmm1, [pd_ln2_lo]       ; lo = n ln2_lo
    movapd  xmm2, xmm0
    sub%1d  xmm2, xmm1              ; r = hi - lo
    movapd  xmm3, [pd_exp_series + (EXP_TERMS - 1) * 16]
%assign %%k EXP_TERMS - 2
%rep EXP_TERMS - 1                  ; Horner: from 1/13! down to 1/2!
    mul%1d  xmm3, xmm2
    add%1d  xmm3, [pd_exp_series + %%k * 16]
%assign %%k %%k - 1
%endrep
    mul%1d  xmm2, xmm2              ; r^2
    mul%1d  xmm3, xmm2              ; r^2 (1/2! + r/3! + ...)
    sub%1d  xmm3, xmm1              ; ... - lo
    add%1d  xmm0, xmm3              ; hi + ...
    add%1d  xmm0, [pd_one]
%endmacro

; ----------------------------------------------------------------------------
; f64 exp(f64 x)
;
;   in      xmm0 = x, any f64; NaN gives NaN
;   out     xmm0 = e^x, at most 1 ulp from the true value
;   clobber rax, rcx, xmm1-xmm3
; ----------------------------------------------------------------------------
exp:
    ucomisd xmm0, [exp_highest]
    jp      .return                 ; NaN
    ja      .infinite
    ucomisd xmm0, [exp_lowest]
    jb      .zero

    movapd  xmm1, [pd_log2_e]
    mulsd   xmm1, xmm0
    addsd   xmm1, [pd_round_magic]
    movd    eax, xmm1               ; n, -1075 to 1024
    subsd   xmm1, [pd_round_magic]  ; n as f64
    exp_polynomial s

    ; 2^n may be too large or too small for one f64, so multiply by two
    ; halves: 2^(n >> 1), then 2^(n - (n >> 1)). Only the last step can round.
    mov     ecx, eax
    sar     ecx, 1
    sub     eax, ecx
    add     ecx, F64_BIAS
    add     eax, F64_BIAS
    shl     rcx, F64_EXPONENT
    shl     rax, F64_EXPONENT
    movq    xmm1, rcx
    movq    xmm2, rax
    mulsd   xmm0, xmm1
    mulsd   xmm0, xmm2
.return:
    ret
.infinite:
    movsd   xmm0, [f64_infinity]
    ret
.zero:
    xorpd   xmm0, xmm0
    ret
