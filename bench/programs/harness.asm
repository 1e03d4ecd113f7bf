; SPDX-License-Identifier: GPL-2.0-or-later
;
; What the benchmark programs share: `NAME REPEATS` does its work that many times
; and prints one number, so that engines can be compared for result and speed.
; A program defines u64 work(u64 repeats) and includes this file first and
; include/elf_end.inc last. Driver: src/cli/bench/.

%include "include/elf.inc"
%include "include/linux.inc"
%include "sys/start.asm"
%include "sys/syscalls.asm"
%include "sys/file.asm"
%include "io/text.asm"
%include "io/fail.asm"
%include "cli/number.asm"

section .rodata

repeats_text:
    db      "REPEATS", 0
number_text:
    db      "a whole number is needed", 0

section .text

; ----------------------------------------------------------------------------
; u32 main(u64 argc, char **argv)
; ----------------------------------------------------------------------------
main:
    cmp     rdi, 2
    jne     .usage
    mov     rdi, [rsi + 8]
    call    parse_u64
    test    edx, edx
    jz      .usage
    mov     rdi, rax
    sub     rsp, 8                  ; calls want the stack on 16 bytes
    call    work
    mov     rdi, rax
    mov     esi, 1                  ; digits, at least
    call    put_digits
    call    put_line_end
    call    flush_text
    add     rsp, 8
    xor     eax, eax
    ret
.usage:
    lea     rdi, [repeats_text]
    lea     rsi, [number_text]
    jmp     fail_usage
