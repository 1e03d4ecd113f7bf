; SPDX-License-Identifier: GPL-2.0-or-later
;
; Ctrl-C. The signal's handler only sets a variable; whoever is at a good place
; to stop looks at it. A second Ctrl-C ends the program at once.

EXIT_INTERRUPTED    equ 128 + SIGINT    ; as shells report it

section .bss

    alignb  8
interrupted:                        ; 1 after Ctrl-C
    resq    1

section .rodata

    align   8, db 0
interrupt_action:
    istruc sigaction
    at .sa_handler,     dq on_interrupt
    at .sa_flags,       dq SA_RESTORER | SA_RESTART | SA_RESETHAND
    at .sa_restorer,    dq sys_rt_sigreturn
    at .sa_mask,        dq 0
    iend

section .text

; ----------------------------------------------------------------------------
; void catch_interrupt(void)
;
; From now on Ctrl-C sets `interrupted`. Where there are no signals (the machine
; in the page), nothing changes: a failure is no reason not to train.
;
;   clobber rax, rcx, rdx, rsi, rdi, r10, r11
; ----------------------------------------------------------------------------
catch_interrupt:
    sub     rsp, 8
    mov     edi, SIGINT
    lea     rsi, [interrupt_action]
    xor     edx, edx
    mov     ecx, 8                  ; bytes in .sa_mask
    call    sys_rt_sigaction
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; void on_interrupt(u64 signal)          called by the kernel, at any moment
; ----------------------------------------------------------------------------
on_interrupt:
    mov     qword [interrupted], 1
    ret
