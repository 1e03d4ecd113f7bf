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

%include "tests/cpu_state.inc"

struc case
    .state      resb state_size
    .code_size  resd 1              ; in the answer: signal
    .si_code    resd 1
    .address    resq 1
    .code:                          ; in the answer: exception and error code
    .exception  resq 1
    .error      resq 1
endstruc

SYS_setitimer   equ 38
SIGALRM         equ 14
PROT_RWX        equ 7

%define SIGNALS     4, 5, 7, 8, 11, SIGALRM ; ILL TRAP BUS FPE SEGV
SA_FLAGS        equ 0x5c000004      ; SIGINFO RESTORER ONSTACK RESTART NODEFER

%include "tests/host.inc"

section .rodata

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
    mov     esi, PAGE
    mov     edx, PROT_RW
    call    map_memory
    mov     rdi, CODE_PAGE
    mov     esi, PAGE
    mov     edx, PROT_RWX
    call    map_memory
    call    catch_signals
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
    ldmxcsr [record + state.mxcsr]
%assign i 0
%rep 16
    movaps  xmm %+ i, [record + state.xmm + i * 16]
%assign i i + 1
%endrep
    push    qword [record + state.rflags]
    popf
    mov     rax, [record + state.gpr + 0 * 8]
    mov     rcx, [record + state.gpr + 1 * 8]
    mov     rdx, [record + state.gpr + 2 * 8]
    mov     rbx, [record + state.gpr + 3 * 8]
    mov     rsp, [record + state.gpr + 4 * 8]
    mov     rbp, [record + state.gpr + 5 * 8]
    mov     rsi, [record + state.gpr + 6 * 8]
    mov     rdi, [record + state.gpr + 7 * 8]
%assign i 8
%rep 8
    mov     r %+ i, [record + state.gpr + i * 8]
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
    mov     rbx, rdx
    cmp     edi, SIGTRAP
    jne     .rip_exact
    dec     qword [rbx + context.rip]   ; int3 has executed
.rip_exact:
    lea     rdi, [record + case.state]
    call    save_context
    mov     esi, DATA_PAGE
    mov     rdi, [data_at]
    mov     ecx, [header]
    rep movsb

    mov     rsp, [main_stack]
    lea     rsi, [record]
    mov     edx, [record_size]
    call    write_all
    jmp     next_case

%include "include/elf_end.inc"
