; SPDX-License-Identifier: GPL-2.0-or-later
;
; A test image: the real CPU as an oracle. It reads cases from standard input,
; a CPU state, a few bytes of machine code and some data memory each, executes
; them on the silicon it runs on, and writes the state and the data afterwards
; to standard output, together with the signal that ended the code: SIGTRAP
; for its regular end, since everything around the code is int3.
; Driver: src/cpu/testing/oracle.ts.
;
;   batch:   u32 data bytes a case (1 .. 4096), u32 room for code (a multiple of
;            16 up to 2032); then cases to the end
;   case:    0x000  CPU state block, as in src/shared/cpu-state.ts
;            0x200  u32 length of the code
;            0x210  code, and behind the room for it
;                   data
;   answer:  0x000  CPU state block; rip is that of the faulting instruction
;                   or the one that would have been next
;            0x200  u32 signal, u32 its code, u64 fault address
;            0x210  u64 number of the exception, u64 its error code
;                   data, as far in as in the case
;
; DATA_PAGE has unmapped neighbours. A timer ends code that runs on and on:
; its answer says SIGALRM.

%define IMAGE_NAME  "oracle"

%include "include/elf.inc"

DATA_PAGE       equ 0x2000000
CODE_PAGE       equ 0x3000000
CODE_START      equ CODE_PAGE + 0x800
CODE_ROOM       equ 0x7f0

struc case
    .gpr        resq 16
    .rip        resq 1
    .rflags     resq 1
    .mxcsr      resd 1
                resd 1
    .fs_base    resq 1
    .gs_base    resq 1
                resb 0x100 - 0xa8
    .xmm        reso 16
    .code_size  resd 1              ; in the answer: signal
    .si_code    resd 1
    .address    resq 1
    .code:                          ; in the answer: exception and error code
    .exception  resq 1
    .error      resq 1
endstruc

; The kernel's ucontext_t and its fxsave image (asm/sigcontext.h).
struc context
                resb 40
    .r8         resq 1
    .r9         resq 1
    .r10        resq 1
    .r11        resq 1
    .r12        resq 1
    .r13        resq 1
    .r14        resq 1
    .r15        resq 1
    .rdi        resq 1
    .rsi        resq 1
    .rbp        resq 1
    .rbx        resq 1
    .rdx        resq 1
    .rax        resq 1
    .rcx        resq 1
    .rsp        resq 1
    .rip        resq 1
    .eflags     resq 1
    .segments   resq 1
    .err        resq 1
    .trapno     resq 1
    .oldmask    resq 1
    .cr2        resq 1
    .fpstate    resq 1
endstruc
FX_MXCSR        equ 24
FX_XMM          equ 160

SYS_read        equ 0
SYS_write       equ 1
SYS_mmap        equ 9
SYS_sigaction   equ 13
SYS_sigreturn   equ 15
SYS_setitimer   equ 38
SYS_exit        equ 60
SYS_sigaltstack equ 131

SIGTRAP         equ 5
SIGALRM         equ 14
SA_FLAGS        equ 0x5c000004      ; SIGINFO RESTORER ONSTACK RESTART NODEFER
PROT_RW         equ 3
PROT_RWX        equ 7
MAP_FLAGS       equ 0x32            ; PRIVATE, ANONYMOUS, FIXED
SIGNAL_STACK    equ 65536

section .rodata

signals:
    db      4, 5, 7, 8, 11, 14, 0   ; ILL TRAP BUS FPE SEGV ALRM

    align   8
action:                             ; struct kernel_sigaction
    dq      on_signal
    dq      SA_FLAGS
    dq      restore
    dq      0                       ; nothing else is blocked

alternate_stack:                    ; stack_t
    dq      signal_stack
    dq      0
    dq      SIGNAL_STACK

interval:                           ; 50 ms, again and again
    dq      0, 50000
    dq      0, 50000

section .data

code_pointer:
    dq      CODE_START

section .bss

    alignb  64
record:
    resb    case.code + CODE_ROOM + PAGE
signal_stack:
    resb    SIGNAL_STACK
main_stack:
    resq    1
header:                             ; data bytes, room for code
    resd    1
code_room:
    resd    1
data_at:                            ; of the record, where its data lies
    resq    1
record_size:
    resq    1
number:                             ; of the case being executed, from 1
    resq    1
number_at_tick:
    resq    1

section .text

; void _start(void): set up, then one round a case.
_start:
    mov     rdi, DATA_PAGE
    mov     edx, PROT_RW
    call    map_page
    mov     rdi, CODE_PAGE
    mov     edx, PROT_RWX
    call    map_page

    mov     eax, SYS_sigaltstack
    lea     rdi, [alternate_stack]
    xor     esi, esi
    syscall
    lea     rbx, [signals]
.next_signal:
    movzx   edi, byte [rbx]
    test    edi, edi
    jz      .signals_done
    mov     eax, SYS_sigaction
    lea     rsi, [action]
    xor     edx, edx
    mov     r10d, 8
    syscall
    inc     rbx
    jmp     .next_signal
.signals_done:
    mov     eax, SYS_setitimer
    xor     edi, edi
    lea     rsi, [interval]
    xor     edx, edx
    syscall

    mov     [main_stack], rsp
    lea     rsi, [header]
    mov     edx, 8
    call    read_all
    mov     eax, [code_room]
    cmp     eax, CODE_ROOM
    ja      fail
    lea     rsi, [record + case.code]
    add     rsi, rax
    mov     [data_at], rsi
    add     eax, case.code
    add     eax, [header]
    mov     [record_size], rax

next_case:
    mov     rsp, [main_stack]
    lea     rsi, [record]
    mov     edx, [record_size]
    call    read_all

    mov     edi, CODE_PAGE          ; int3 everywhere
    mov     ecx, PAGE
    mov     al, 0xcc
    rep stosb
    mov     edi, CODE_START
    lea     rsi, [record + case.code]
    mov     ecx, [record + case.code_size]
    cmp     ecx, [code_room]
    ja      fail
    rep movsb
    mov     edi, DATA_PAGE
    mov     rsi, [data_at]
    mov     ecx, [header]
    rep movsb
    mov     ecx, PAGE
    sub     ecx, [header]
    xor     eax, eax
    rep stosb

    inc     qword [number]
    ldmxcsr [record + case.mxcsr]
%assign i 0
%rep 16
    movaps  xmm %+ i, [record + case.xmm + i * 16]
%assign i i + 1
%endrep
    push    qword [record + case.rflags]
    popf
    mov     rax, [record + case.gpr + 0 * 8]
    mov     rcx, [record + case.gpr + 1 * 8]
    mov     rdx, [record + case.gpr + 2 * 8]
    mov     rbx, [record + case.gpr + 3 * 8]
    mov     rsp, [record + case.gpr + 4 * 8]
    mov     rbp, [record + case.gpr + 5 * 8]
    mov     rsi, [record + case.gpr + 6 * 8]
    mov     rdi, [record + case.gpr + 7 * 8]
%assign i 8
%rep 8
    mov     r %+ i, [record + case.gpr + i * 8]
%assign i i + 1
%endrep
    jmp     [code_pointer]

; void on_signal(int signal, siginfo_t *info, ucontext_t *context)
on_signal:
    cmp     edi, SIGALRM
    jne     .ended
    mov     rax, [number]           ; the same case as 50 ms ago?
    cmp     rax, [number_at_tick]
    mov     [number_at_tick], rax
    jne     .go_on
    mov     rax, [rdx + context.rip]
    sub     rax, CODE_PAGE
    cmp     rax, PAGE
    jb      .ended
.go_on:
    ret                             ; to restore
.ended:
    mov     [record + case.code_size], edi
    mov     eax, [rsi + 8]
    mov     [record + case.si_code], eax
    mov     rax, [rsi + 16]
    mov     [record + case.address], rax
    mov     rax, [rdx + context.trapno]
    mov     [record + case.exception], rax
    mov     rax, [rdx + context.err]
    mov     [record + case.error], rax

%macro keep 2                       ; index of the register, its name
    mov     rax, [rdx + context.%2]
    mov     [record + case.gpr + %1 * 8], rax
%endmacro
    keep    0, rax
    keep    1, rcx
    keep    2, rdx
    keep    3, rbx
    keep    4, rsp
    keep    5, rbp
    keep    6, rsi
    keep    7, rdi
    keep    8, r8
    keep    9, r9
    keep    10, r10
    keep    11, r11
    keep    12, r12
    keep    13, r13
    keep    14, r14
    keep    15, r15
    mov     rax, [rdx + context.eflags]
    mov     [record + case.rflags], rax
    mov     rax, [rdx + context.rip]
    cmp     edi, SIGTRAP
    jne     .rip_exact
    dec     rax                     ; int3 has executed
.rip_exact:
    mov     [record + case.rip], rax
    mov     rdx, [rdx + context.fpstate]
    mov     eax, [rdx + FX_MXCSR]
    mov     [record + case.mxcsr], eax
%assign i 0
%rep 16
    movups  xmm0, [rdx + FX_XMM + i * 16]
    movaps  [record + case.xmm + i * 16], xmm0
%assign i i + 1
%endrep
    mov     esi, DATA_PAGE
    mov     rdi, [data_at]
    mov     ecx, [header]
    rep movsb

    mov     rsp, [main_stack]
    lea     rsi, [record]
    mov     edx, [record_size]
.write_more:
    mov     eax, SYS_write
    mov     edi, 1
    syscall
    test    rax, rax
    jle     fail
    add     rsi, rax
    sub     edx, eax
    jnz     .write_more
    jmp     next_case

restore:
    mov     eax, SYS_sigreturn
    syscall

; Reads exactly edx bytes to rsi; the end of input ends the process, with
; status 0 if it comes before the first byte. Clobbers what a syscall does.
read_all:
    mov     r8d, edx
.read_more:
    xor     eax, eax                ; SYS_read
    xor     edi, edi
    syscall
    test    rax, rax
    js      fail
    jz      .end
    add     rsi, rax
    sub     edx, eax
    jnz     .read_more
    ret
.end:
    cmp     edx, r8d
    jne     fail
    xor     edi, edi
    jmp     exit

; Maps the page at rdi with the rights edx.
map_page:
    mov     eax, SYS_mmap
    mov     esi, PAGE
    mov     r10d, MAP_FLAGS
    mov     r8, -1
    xor     r9d, r9d
    syscall
    test    rax, rax
    js      fail
    ret

fail:
    mov     edi, 1
exit:
    mov     eax, SYS_exit
    syscall

%include "include/elf_end.inc"
