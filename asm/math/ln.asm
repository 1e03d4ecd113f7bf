; SPDX-License-Identifier: GPL-2.0-or-later
;
; ln: the natural logarithm, f64, SSE2. Counterpart: lnExact in
; src/nn/reference-math.ts, operation for operation.
;
;   range reduction   x = 2^k m,  sqrt(1/2) <= m < sqrt(2)
;                     so ln x = k ln 2 + ln m
;   substitution      f = m - 1,  s = f / (2 + f),  so m = (1 + s) / (1 - s)
;   series            ln m = 2 (s + s^3/3 + s^5/5 + ...),  |s| <= 0.1716
;
; The series alone would round s first and lose a bit. Since 2s = f - s f, and
; s f = f^2/2 - s f^2/2, the same sum reads
;
;   ln m = f - (h - s (h + R)),   h = f^2/2,  R = z (2/3 + 2/5 z + 2/7 z^2 ...)
;                                             z = s^2
;
; in which f is exact and all the rest is small (W. Kahan's form, as in fdlibm).
; The last term used is z^10 2/21. Measured: at most 0.79 ulp, see
; src/nn/native-math.test.ts.

section .rodata

    align   8, db 0
ln_series:                          ; 2/3, 2/5, ... 2/21
    dq      0.6666666666666666
    dq      0.4
    dq      0.2857142857142857
    dq      0.2222222222222222
    dq      0.18181818181818182
    dq      0.15384615384615385
    dq      0.13333333333333333
    dq      0.11764705882352941
    dq      0.10526315789473684
    dq      0.09523809523809523
LN_TERMS            equ ($ - ln_series) / 8

f64_half:
    dq      0.5
f64_two:
    dq      2.0
f64_two_to_54:                      ; makes any subnormal normal
    dq      18014398509481984.0
f64_smallest_normal:
    dq      0x0010000000000000
f64_minus_infinity:
    dq      0xfff0000000000000
f64_nan:
    dq      0x7ff8000000000000

SQRT_HALF_BITS      equ 0x3fe6a09e667f3bcd

section .text

; ----------------------------------------------------------------------------
; f64 ln(f64 x)
;
;   in      xmm0 = x, any f64; 0 gives -infinity, below 0 and NaN give NaN
;   out     xmm0 = ln x, at most 1 ulp from the true value
;   clobber rax, rcx, rdx, xmm1-xmm6
; ----------------------------------------------------------------------------
%define f           xmm0
%define h           xmm1
%define s           xmm2
%define z           xmm3
%define series      xmm4
%define k           xmm5

ln:
    xor     ecx, ecx                ; what to take from k in the end
    ucomisd xmm0, [f64_smallest_normal]
    jp      .nan
    jb      .not_normal
    ucomisd xmm0, [f64_infinity]
    je      .return
.reduce:
    ; The bits of an f64, read as an integer, grow with the number. Counted
    ; from those of sqrt(1/2), the exponent field is k, for m in the range
    ; above; taking k from the field leaves m.
    movq    rax, xmm0
    mov     rdx, SQRT_HALF_BITS
    sub     rax, rdx
    sar     rax, F64_EXPONENT       ; k
    movq    rdx, xmm0
    sub     rcx, rax
    neg     rcx                     ; k, less 54 for what was subnormal
    shl     rax, F64_EXPONENT
    sub     rdx, rax
    cvtsi2sd k, rcx
    movq    f, rdx                  ; m
    subsd   f, [pd_one]             ; exact

    movsd   s, [f64_two]
    addsd   s, f
    movapd  z, f
    divsd   z, s
    movapd  s, z                    ; f / (2 + f)
    mulsd   z, z
    movsd   series, [ln_series + (LN_TERMS - 1) * 8]
%assign term_index LN_TERMS - 2
%rep LN_TERMS - 1                   ; Horner: from 2/21 down to 2/3
    mulsd   series, z
    addsd   series, [ln_series + term_index * 8]
%assign term_index term_index - 1
%endrep
    mulsd   series, z               ; R
    movsd   h, [f64_half]
    mulsd   h, f
    mulsd   h, f

    addsd   series, h
    mulsd   series, s               ; s (h + R)
    movapd  xmm6, k
    mulsd   xmm6, [pd_ln2_lo]
    addsd   series, xmm6            ; ... + k ln2_lo
    subsd   h, series
    subsd   h, f                    ; (h - (...)) - f
    mulsd   k, [pd_ln2_hi]          ; exact
    subsd   k, h
    movapd  xmm0, k
.return:
    ret

.not_normal:
    xorpd   xmm1, xmm1
    ucomisd xmm0, xmm1
    jb      .nan
    je      .minus_infinity
    mulsd   xmm0, [f64_two_to_54]
    mov     ecx, 54
    jmp     .reduce
.minus_infinity:
    movsd   xmm0, [f64_minus_infinity]
    ret
.nan:
    movsd   xmm0, [f64_nan]
    ret

%undef f
%undef h
%undef s
%undef z
%undef series
%undef k
