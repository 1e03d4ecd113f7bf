; SPDX-License-Identifier: GPL-2.0-or-later
;
; What the program does when it is started: read the command line, then one of
; train, test, classify and inspect.

section .rodata

    align   8, db 0
commands:                           ; (name, function) pairs, ended by a zero
    dq      train_text, train_command
    dq      test_text, test_command
    dq      classify_text, classify_command
    dq      inspect_text, inspect_command
    dq      0
train_text:
    db      "train", 0
test_text:
    db      "test", 0
classify_text:
    db      "classify", 0
inspect_text:
    db      "inspect", 0
unknown_command_text:
    db      "unknown command (--help lists them)", 0

section .text

; ----------------------------------------------------------------------------
; u32 main(u64 argc, char **argv)
;
;   out     eax = exit status; bad input does not return here (io/fail.asm)
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
main:
    push    rbx
    call    parse_options           ; rax = the word that is no option
    test    rax, rax
    jz      .no_command
    mov     rdi, rax
    lea     rbx, [commands]
.next:
    mov     rsi, [rbx]
    test    rsi, rsi
    jz      .unknown
    call    texts_equal             ; keeps rdi
    test    eax, eax
    jnz     .found
    add     rbx, 16
    jmp     .next
.found:
    call    [rbx + 8]               ; eax = exit status
    pop     rbx
    ret

.unknown:
    lea     rsi, [unknown_command_text]
    jmp     fail_usage

.no_command:
    mov     qword [text_fd], STDERR
    call    put_help
    mov     eax, EXIT_USAGE
    pop     rbx
    ret
