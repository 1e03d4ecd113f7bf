; SPDX-License-Identifier: GPL-2.0-or-later
;
; --isa: choosing a rung of the ladder by its name.

section .text

; ----------------------------------------------------------------------------
; u32 parse_isa(const char *text, const struct option *row)
;
; Sets `isa` to the rung of that name.
;
;   out     eax = 1 if there is one, else 0
;   clobber rcx, rdx, rsi, r8
; ----------------------------------------------------------------------------
parse_isa:
    push    rbx
    lea     rbx, [kernel_sets]
.next:
    mov     r8, [rbx]
    add     rbx, 8
    xor     eax, eax
    test    r8, r8
    jz      .done
    mov     rsi, [r8 + kernels.name]
    call    texts_equal             ; keeps rdi and r8
    test    eax, eax
    jz      .next
    mov     [isa], r8
.done:
    pop     rbx
    ret
