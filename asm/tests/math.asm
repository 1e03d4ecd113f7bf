; SPDX-License-Identifier: GPL-2.0-or-later
;
; A test image: applies a function of asm/math to each f64 of standard input
; and writes the results to standard output. Driver: src/nn/native-math.test.ts.
;
;   math exp < numbers > results
;   math ln  < numbers > results

%define IMAGE_NAME  "math"

%include "include/elf.inc"
%include "include/linux.inc"
%include "sys/start.asm"
%include "sys/syscalls.asm"
%include "sys/file.asm"
%include "io/text.asm"
%include "io/fail.asm"
%include "cli/number.asm"
%include "math/exp.asm"
%include "math/ln.asm"

NUMBERS_ROOM        equ 4096

section .rodata

exp_text:
    db      "exp", 0
ln_text:
    db      "ln", 0
function_text:
    db      "function", 0
which_text:
    db      "exp or ln", 0

section .bss

    alignb  16
numbers:
    resq    NUMBERS_ROOM

section .text

; ----------------------------------------------------------------------------
; u32 main(u64 argc, char **argv)
; ----------------------------------------------------------------------------
%define function    rbx
%define number      r12             ; -> the next f64
%define numbers_end r13

main:
    push    rbx
    push    r12
    push    r13
    cmp     rdi, 2
    jne     .usage
    mov     rdi, [rsi + 8]
    lea     rsi, [exp_text]
    lea     function, [exp]
    call    texts_equal
    test    eax, eax
    jnz     .next_block
    lea     rsi, [ln_text]
    lea     function, [ln]
    call    texts_equal
    test    eax, eax
    jz      .usage

.next_block:
    mov     edi, STDIN
    lea     rsi, [numbers]
    mov     edx, NUMBERS_ROOM * 8
    call    read_fully
    test    rax, rax
    jle     .done                   ; the end, or an error: the driver counts
    lea     number, [numbers]
    lea     numbers_end, [number + rax]
.next_number:
    movsd   xmm0, [number]
    call    function
    movsd   [number], xmm0
    add     number, 8
    cmp     number, numbers_end
    jb      .next_number
    mov     edi, STDOUT
    lea     rsi, [numbers]
    mov     rdx, numbers_end
    sub     rdx, rsi
    call    write_fully
    jmp     .next_block

.done:
    xor     eax, eax
    pop     r13
    pop     r12
    pop     rbx
    ret
.usage:
    lea     rdi, [function_text]
    lea     rsi, [which_text]
    jmp     fail_usage

%undef function
%undef number
%undef numbers_end

%include "include/elf_end.inc"
