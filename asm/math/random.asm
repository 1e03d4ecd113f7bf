; SPDX-License-Identifier: GPL-2.0-or-later
;
; Random numbers that anyone can reproduce: SplitMix64 (Steele, Lea and Flood,
; 2014).
; Counterpart: class SplitMix64 in src/nn/reference-math.ts.
;
;   state += 0x9e3779b97f4a7c15             2^64 / golden ratio, made odd
;   z = state
;   z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
;   z = (z ^ (z >> 27)) * 0x94d049bb133111eb
;   z ^ (z >> 31)
;
; The state walks through all 2^64 values in equal steps; the rest stirs the
; bits until no pattern is left. Any seed is as good as any other.

section .bss

    alignb  8
;@ tensor random_state u64
random_state:
    resq    1

section .rodata

    align   8, db 0
f64_two_to_minus_53:
    dq      0x3ca0000000000000

section .text

; ----------------------------------------------------------------------------
; void random_seed(u64 seed)
; ----------------------------------------------------------------------------
random_seed:
    mov     [random_state], rdi
    ret

; ----------------------------------------------------------------------------
; u64 random_u64(void)
;   out     rax = 64 random bits
;   clobber rcx
; ----------------------------------------------------------------------------
random_u64:
    mov     rax, 0x9e3779b97f4a7c15
    add     rax, [random_state]
    mov     [random_state], rax
    mov     rcx, rax
    shr     rcx, 30
    xor     rax, rcx
    mov     rcx, 0xbf58476d1ce4e5b9
    imul    rax, rcx
    mov     rcx, rax
    shr     rcx, 27
    xor     rax, rcx
    mov     rcx, 0x94d049bb133111eb
    imul    rax, rcx
    mov     rcx, rax
    shr     rcx, 31
    xor     rax, rcx
    ret

; ----------------------------------------------------------------------------
; u64 random_below(u64 bound)
;
; A whole number from 0 to bound - 1: the high half of bits * bound. For bounds
; below 2^32 no number is likelier than another by more than 2^-32.
;
;   out     rax = number
;   clobber rcx, rdx
; ----------------------------------------------------------------------------
random_below:
    sub     rsp, 8
    call    random_u64
    mul     rdi                     ; rdx:rax = bits * bound
    mov     rax, rdx
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; f64 random_unit(void)                  uniform in [0, 1), a multiple of 2^-53
;   out     xmm0 = number
;   clobber rax, rcx
; ----------------------------------------------------------------------------
random_unit:
    sub     rsp, 8
    call    random_u64
    shr     rax, 11                 ; the 53 bits that a f64 holds
    cvtsi2sd xmm0, rax
    mulsd   xmm0, [f64_two_to_minus_53]
    add     rsp, 8
    ret
