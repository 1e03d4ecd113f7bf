; SPDX-License-Identifier: GPL-2.0-or-later
;
; Where Linux hands over.

; What mxcsr, the control register of SSE arithmetic, holds in a new process:
; all exceptions masked, round to nearest even, subnormals kept. Bits 0 to 5
; merely record what has happened so far.
MXCSR_DEFAULT       equ 0x1f80
MXCSR_CONTROL       equ 0xffc0

section .rodata

mxcsr_text:
    db      "mxcsr", 0
bad_mxcsr_text:
    db      "not in its default state, sums would differ", 0

section .text

; ----------------------------------------------------------------------------
; _start: the process begins here; nothing has called it, so it cannot return
;
;   in      rsp = -> argc, argv[0], ..., argv[argc - 1], NULL, environment,
;                 aligned to 16
; ----------------------------------------------------------------------------
_start:
    xor     ebp, ebp                ; the outermost frame, for debuggers
    mov     rdi, [rsp]              ; argc
    lea     rsi, [rsp + 8]          ; argv
    sub     rsp, 16                 ; room for mxcsr, stack still aligned
    stmxcsr [rsp]
    mov     eax, [rsp]
    and     eax, MXCSR_CONTROL
    cmp     eax, MXCSR_DEFAULT
    jne     .bad_mxcsr
    add     rsp, 16
    call    main
    mov     edi, eax
    jmp     sys_exit

.bad_mxcsr:
    lea     rdi, [mxcsr_text]
    lea     rsi, [bad_mxcsr_text]
    jmp     fail
