; SPDX-License-Identifier: GPL-2.0-or-later
;
; softmax, and what one reads off its result. Counterpart: softmax, argmax and
; crossEntropy in src/nn/reference.ts.
;
;   p[i] = e^(z[i] - max z) / sum of e^(z[j] - max z)
;
; Taking the maximum away changes nothing in exact arithmetic, and keeps e^x
; from overflowing: the largest exponent is 0. Ten values do not merit lanes.

section .text

; ----------------------------------------------------------------------------
; void softmax(real *values, u64 count)
;
;   in      rdi = values[count] = z, any alignment
;           rsi = count >= 1
;   out     values[count] = p, which sum to 1
;   clobber rax, rcx, rdx, xmm0-xmm3
;   order   the sum runs from index 0 upwards, beginning with 0
; ----------------------------------------------------------------------------
%define values      rbx
%define count       r12
%define index       r13
%define maximum     [rsp]
%define sum         [rsp + 8]

softmax:
    push    rbx
    push    r12
    push    r13
    sub     rsp, 16
    mov     values, rdi
    mov     count, rsi

    load_real xmm0, [values]
    mov     edx, 1
.next_maximum:
    cmp     rdx, count
    jae     .exponents
    load_real xmm1, [values + rdx * REAL_SIZE]
    maxsd   xmm0, xmm1
    inc     rdx
    jmp     .next_maximum

.exponents:
    movsd   maximum, xmm0
    mov     qword sum, 0            ; the bits of 0.0
    xor     index, index
.next_exponent:
    load_real xmm0, [values + index * REAL_SIZE]
    subsd   xmm0, maximum
    call    exp
    movsd   xmm1, sum
    addsd   xmm1, xmm0
    movsd   sum, xmm1
    store_real [values + index * REAL_SIZE], xmm0
    inc     index
    cmp     index, count
    jb      .next_exponent

    xor     index, index
.next_quotient:
    load_real xmm0, [values + index * REAL_SIZE]
    divsd   xmm0, sum
    store_real [values + index * REAL_SIZE], xmm0
    inc     index
    cmp     index, count
    jb      .next_quotient

    add     rsp, 16
    pop     r13
    pop     r12
    pop     rbx
    ret

%undef values
%undef count
%undef index
%undef maximum
%undef sum

; ----------------------------------------------------------------------------
; u64 argmax(const real *values, u64 count)
;
;   in      rdi = values[count], rsi = count >= 1
;   out     rax = index of the largest value, the first if there are several
;   clobber rdx, xmm0, xmm1
; ----------------------------------------------------------------------------
argmax:
    xor     eax, eax
    mov     edx, 1
    load_real xmm0, [rdi]
.next:
    cmp     rdx, rsi
    jae     .done
    load_real xmm1, [rdi + rdx * REAL_SIZE]
    ucomisd xmm1, xmm0
    jbe     .not_larger
    movapd  xmm0, xmm1
    mov     rax, rdx
.not_larger:
    inc     rdx
    jmp     .next
.done:
    ret

; ----------------------------------------------------------------------------
; f64 cross_entropy(const real *probabilities, u64 label)
;
; The loss of one sample: -ln of the probability given to the right answer.
; A probability that has sunk to zero counts as the smallest normal f64, so
; that the loss stays finite.
;
;   in      rdi = probabilities, rsi = label
;   out     xmm0 = loss >= 0
;   clobber rax, rcx, rdx, xmm1-xmm6
; ----------------------------------------------------------------------------
cross_entropy:
    sub     rsp, 8
    load_real xmm1, [rdi + rsi * REAL_SIZE]
    movsd   xmm0, [f64_smallest_normal]
    maxsd   xmm0, xmm1              ; of a NaN, maxsd returns it: second operand
    call    ln
    xorpd   xmm1, xmm1
    subsd   xmm1, xmm0              ; 0 - ln p: never -0
    movapd  xmm0, xmm1
    add     rsp, 8
    ret
