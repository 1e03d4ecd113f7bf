; SPDX-License-Identifier: GPL-2.0-or-later
;
; A test image: the real CPU as an engine. It is given memory and a CPU state,
; executes up to a number of instructions from there, one at a time by the
; trap flag, and tells what stopped it. So the suite that engines have to pass
; runs on the silicon too. Driver: src/cpu/testing/silicon.ts, which moves the
; image out of the way of what it executes.
;
;   request: u64 instructions to execute, at least 1
;            u32 number of regions, or -1 to keep memory as it is; u32 zero
;            u64[16] breakpoints, -1 for none
;            CPU state block, as in src/shared/cpu-state.ts
;            for each region u64 start, u64 length, u64 rights, and its bytes
;   answer:  CPU state block
;            u32 reason (0 budget, 1 breakpoint, 2 syscall, 3 signal)
;            u32 signal
;            u64 instructions executed
;            u64 number of the exception, u64 its error code, u64 fault address
;            the bytes of each writable region
;
; A `syscall` is not executed: it ends the run as if the kernel had been
; entered. A repeated string instruction traps after each round, and counts
; when rip has left it.

%define IMAGE_NAME  "silicon"

%include "include/elf.inc"

%include "tests/cpu_state.inc"

struc request
    .budget     resq 1
    .regions    resd 1
                resd 1
    .breaks     resq 16
    .state      resb state_size
endstruc
BREAKPOINTS     equ 16
KEEP_MEMORY     equ -1

struc answer
    .state      resb state_size
    .reason     resd 1
    .signal     resd 1
    .executed   resq 1
    .exception  resq 1
    .error      resq 1
    .address    resq 1
endstruc

; In the context's fpstate, which may be an xsave image.
FX_MAGIC        equ 464             ; FP_XSTATE_MAGIC1 when xsave's header
FX_FEATURES     equ 512             ; ... follows: which parts are not initial
XSTATE_MAGIC    equ 0x46505853
X87_AND_SSE     equ 3

TRAP_TRACE      equ 2               ; si_code: by the trap flag

FLAG_TRAP       equ 0x100
FLAG_DIRECTION  equ 0x400
FLAG_RESUME     equ 0x10000

REASON_BUDGET   equ 0
REASON_BREAK    equ 1
REASON_SYSCALL  equ 2
REASON_SIGNAL   equ 3

%define SIGNALS     4, 5, 7, 8, 11  ; ILL TRAP BUS FPE SEGV
SA_FLAGS        equ 0x4c000004      ; SIGINFO RESTORER ONSTACK NODEFER

%include "tests/host.inc"
%include "tests/silicon_memory.inc"

section .bss

    alignb  64
asked:
    resb    request_size
    alignb  64
told:
    resb    answer_size
main_stack:
    resq    1
last_rip:                           ; of the instruction being executed
    resq    1
running:
    resb    1
repeating:                          ; it is a repeated string instruction
    resb    1
pushes_flags:                       ; it is a pushf
    resb    1

section .text

_start:
    call    catch_signals
    mov     [main_stack], rsp

next_request:
    mov     rsp, [main_stack]
    lea     rsi, [asked]
    mov     edx, request_size
    call    read_all
    mov     ebp, [asked + request.regions]
    cmp     ebp, KEEP_MEMORY
    je      .memory_done
    call    take_memory
.memory_done:
    mov     qword [told + answer.executed], 0
    int3                            ; on_signal goes on as what was asked for

; void on_signal(int signal, siginfo_t *info, ucontext_t *context)
; All registers are free: the kernel sets them again from the context.
on_signal:
    mov     rbx, rdx
    cmp     byte [running], 0
    jne     .ran
    cmp     edi, SIGTRAP
    jne     fail
    mov     byte [running], 1
    call    load_context
    jmp     .look

.ran:
    cmp     edi, SIGTRAP
    jne     .signal
    cmp     dword [rsi + 8], TRAP_TRACE
    jne     .int3
    mov     rax, [rbx + context.rip]
    cmp     byte [repeating], 0
    je      .retired
    cmp     rax, [last_rip]
    je      .go_on                  ; one round of it
.retired:
    inc     qword [told + answer.executed]
    cmp     byte [pushes_flags], 0
    je      .flags_right
    mov     rdx, [rbx + context.rsp]
    and     byte [rdx + 1], ~(FLAG_TRAP >> 8)
.flags_right:
    mov     ecx, REASON_BUDGET
    mov     rdx, [told + answer.executed]
    cmp     rdx, [asked + request.budget]
    jae     stop
    mov     ecx, BREAKPOINTS
    lea     rdi, [asked + request.breaks]
    repne scasq
    mov     ecx, REASON_BREAK
    je      stop

.look:                              ; at what comes next
    call    look_at_next
    cmp     eax, 0x050f             ; syscall, in memory's order
    jne     .go_on
    add     qword [rbx + context.rip], 2
    inc     qword [told + answer.executed]
    mov     ecx, REASON_SYSCALL
    jmp     stop
.go_on:
    or      qword [rbx + context.eflags], FLAG_TRAP
    ret                             ; to restore

.int3:
    inc     qword [told + answer.executed]
.signal:
    mov     [told + answer.signal], edi
    mov     ecx, REASON_SIGNAL
    jmp     stop

; Ends the run for the reason ecx; main goes on with the answer.
stop:
    mov     [told + answer.reason], ecx
    mov     rax, [rbx + context.trapno]
    mov     [told + answer.exception], rax
    mov     rax, [rbx + context.err]
    mov     [told + answer.error], rax
    mov     rax, [rbx + context.cr2]
    mov     [told + answer.address], rax
    lea     rdi, [told + answer.state]
    call    save_context
    and     qword [rdi + state.rflags], ~(FLAG_TRAP | FLAG_RESUME)
    mov     byte [running], 0
    lea     rax, [reply]
    mov     [rbx + context.rip], rax
    mov     rax, [main_stack]
    mov     [rbx + context.rsp], rax
    and     qword [rbx + context.eflags], ~(FLAG_TRAP | FLAG_DIRECTION)
    ret                             ; to restore

reply:
    lea     rsi, [told]
    mov     edx, answer_size
    call    write_all
    call    give_memory
    jmp     next_request

; Notes of the instruction at the context's rip what matters once it has
; executed. In: rbx = context. Out: eax = its first two bytes behind prefixes,
; zero where nothing can be fetched.
look_at_next:
    mov     rsi, [rbx + context.rip]
    mov     [last_rip], rsi
    mov     word [repeating], 0     ; and pushes_flags
    call    code_bytes
    xor     edx, edx                ; 1: a rep prefix was seen
.next_byte:
    sub     rcx, 1
    jb      .nothing
    movzx   eax, byte [rsi]
    inc     rsi
    cmp     al, 0x66
    je      .next_byte
    mov     edi, eax
    and     edi, 0xf0
    cmp     edi, 0x40               ; REX
    je      .next_byte
    cmp     al, 0xf2
    je      .rep
    cmp     al, 0xf3
    je      .rep
    cmp     al, 0x9c                ; pushf
    sete    [pushes_flags]
    test    edx, edx
    jz      .known
    cmp     al, 0xa4                ; movs ... cmps, then stos ... scas
    jb      .known
    cmp     al, 0xa8
    jb      .repeated
    cmp     al, 0xaa
    jb      .known
    cmp     al, 0xaf
    ja      .known
.repeated:
    mov     byte [repeating], 1
.known:
    test    rcx, rcx
    jz      .done
    mov     ah, [rsi]
.done:
    ret
.rep:
    mov     edx, 1
    jmp     .next_byte
.nothing:
    xor     eax, eax
    ret

; In: rbx = context, which becomes the state that was asked for.
load_context:
    lea     rdi, [asked + request.state]
%macro load_register 2              ; index of the register, its name
    mov     rax, [rdi + state.gpr + (%1) * 8]
    mov     [rbx + context.%2], rax
%endmacro
    each_register load_register, REGISTERS
    mov     rax, [rdi + state.rip]
    mov     [rbx + context.rip], rax
    mov     rax, [rdi + state.rflags]
    mov     [rbx + context.eflags], rax
    mov     rsi, [rbx + context.fpstate]
    mov     eax, [rdi + state.mxcsr]
    mov     [rsi + FX_MXCSR], eax
%assign i 0
%rep 16
    movups  xmm0, [rdi + state.xmm + i * 16]
    movups  [rsi + FX_XMM + i * 16], xmm0
%assign i i + 1
%endrep
    cmp     dword [rsi + FX_MAGIC], XSTATE_MAGIC
    jne     .done
    or      qword [rsi + FX_FEATURES], X87_AND_SSE
.done:
    ret

%include "include/elf_end.inc"
