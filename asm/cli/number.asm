; SPDX-License-Identifier: GPL-2.0-or-later
;
; Numbers and words from text.

; A decimal number is digits / 10^places. Up to 15 digits make an integer below
; 2^53 and a power of ten up to 10^15, both exact in f64; so the one division
; rounds once, and the result is the f64 nearest to what was written.
DECIMAL_DIGITS      equ 15

section .rodata

    align   8, db 0
f64_ten:
    dq      10.0
f64_one:
    dq      1.0

section .text

; ----------------------------------------------------------------------------
; u32 texts_equal(const char *left, const char *right)
;   out     eax = 1 if they are the same, else 0
;   clobber rcx, rdx; keeps rdi and rsi
; ----------------------------------------------------------------------------
texts_equal:
    xor     ecx, ecx
.next:
    movzx   eax, byte [rdi + rcx]
    movzx   edx, byte [rsi + rcx]
    cmp     eax, edx
    jne     .differ
    inc     rcx
    test    eax, eax
    jnz     .next
    mov     eax, 1
    ret
.differ:
    xor     eax, eax
    ret

; ----------------------------------------------------------------------------
; (u64 number, u32 good) parse_u64(const char *text)
;
; Decimal digits, at least one, nothing else, below 2^64.
;
;   out     rax = number, edx = 1; or edx = 0
;   clobber rcx, rdi, r8; keeps rsi
; ----------------------------------------------------------------------------
parse_u64:
    xor     eax, eax
    mov     r8d, 10
    cmp     byte [rdi], 0
    je      .bad
.next:
    movzx   ecx, byte [rdi]
    test    ecx, ecx
    jz      .good
    sub     ecx, '0'
    cmp     ecx, 9                  ; unsigned: below '0' is huge
    ja      .bad
    mul     r8                      ; rdx:rax = 10 * number
    jc      .bad
    add     rax, rcx
    jc      .bad
    inc     rdi
    jmp     .next
.good:
    mov     edx, 1
    ret
.bad:
    xor     edx, edx
    ret

; ----------------------------------------------------------------------------
; (f64 number, u32 good) parse_decimal(const char *text)
;
; Digits with at most one point among them (`0.1`, `.5`, `2`): at least one
; digit, at most DECIMAL_DIGITS.
;
;   out     xmm0 = number rounded once, edx = 1; or edx = 0
;   clobber rax, rcx, rdi, r8, xmm1; keeps rsi
; ----------------------------------------------------------------------------
parse_decimal:
    xor     eax, eax                ; the digits as an integer
    xor     edx, edx                ; 1 behind the point
    xor     r8d, r8d                ; digits read
    movsd   xmm1, [f64_one]         ; 10^(digits behind the point)
.next:
    movzx   ecx, byte [rdi]
    inc     rdi
    test    ecx, ecx
    jz      .end
    cmp     ecx, '.'
    je      .point
    sub     ecx, '0'
    cmp     ecx, 9
    ja      .bad
    inc     r8d
    cmp     r8d, DECIMAL_DIGITS
    ja      .bad
    lea     rax, [rax + rax * 4]
    lea     rax, [rcx + rax * 2]    ; 10 * number + digit
    test    edx, edx
    jz      .next
    mulsd   xmm1, [f64_ten]
    jmp     .next
.point:
    test    edx, edx
    jnz     .bad                    ; a second one
    inc     edx
    jmp     .next
.end:
    test    r8d, r8d
    jz      .bad
    cvtsi2sd xmm0, rax
    divsd   xmm0, xmm1
    mov     edx, 1
    ret
.bad:
    xor     edx, edx
    ret
