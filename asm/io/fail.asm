; SPDX-License-Identifier: GPL-2.0-or-later
;
; Failing well: one line on standard error that names the program, the file
; or option, and what is wrong with it; then the exit status.
;
; The functions here do not return, so they are reached by `jmp`, and need not
; care for what their callers left on the stack. They align it themselves.

EXIT_FAILURE        equ 1           ; a file, or its contents
EXIT_USAGE          equ 2           ; the command line

section .rodata

program_name_text:
    db      IMAGE_NAME, 0
colon_text:
    db      ": ", 0
error_number_text:
    db      "error number ", 0

; (errno, -> text) pairs, ended by a zero
    align   8, db 0
errno_texts:
    dq      1, .not_permitted
    dq      ENOENT, .not_found
    dq      5, .io
    dq      9, .bad_descriptor
    dq      12, .no_memory
    dq      EACCES, .denied
    dq      20, .not_a_directory
    dq      EISDIR, .directory
    dq      22, .invalid
    dq      24, .too_many
    dq      27, .too_large
    dq      ENOSPC, .no_space
    dq      30, .read_only
    dq      32, .broken_pipe
    dq      36, .long_name
    dq      40, .links
    dq      0
.not_permitted:     db "operation not permitted", 0
.not_found:         db "no such file or directory", 0
.io:                db "input/output error", 0
.bad_descriptor:    db "not open", 0
.no_memory:         db "not enough memory", 0
.denied:            db "permission denied", 0
.not_a_directory:   db "not a directory", 0
.directory:         db "is a directory", 0
.invalid:           db "invalid argument", 0
.too_many:          db "too many open files", 0
.too_large:         db "file too large", 0
.no_space:          db "no space left on the device", 0
.read_only:         db "read-only file system", 0
.broken_pipe:       db "nobody reads the other end", 0
.long_name:         db "name too long", 0
.links:             db "too many symbolic links", 0

section .text

; ----------------------------------------------------------------------------
; void fail_begin(const char *subject)
;
; Starts the message: `sigmoid: SUBJECT: `. What follows is put with the
; functions of io/text.asm; fail_end ends it.
;
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
fail_begin:
    push    rdi
    call    flush_text              ; first what was said before
    mov     qword [text_fd], STDERR
    lea     rdi, [program_name_text]
    call    put_text
    lea     rdi, [colon_text]
    call    put_text
    pop     rdi
    sub     rsp, 8
    call    put_visible
    lea     rdi, [colon_text]
    call    put_text
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; noreturn fail_end(u64 status)
; ----------------------------------------------------------------------------
fail_end:
    and     rsp, -16
    mov     ebx, edi
    call    put_line_end
    mov     edi, ebx
    jmp     sys_exit

; ----------------------------------------------------------------------------
; noreturn fail(const char *subject, const char *message)    a file is wrong
; ----------------------------------------------------------------------------
fail:
    and     rsp, -16
    mov     rbx, rsi
    call    fail_begin
    mov     rdi, rbx
    call    put_text
    mov     edi, EXIT_FAILURE
    jmp     fail_end

; ----------------------------------------------------------------------------
; noreturn fail_usage(const char *subject, const char *message)
; ----------------------------------------------------------------------------
fail_usage:
    and     rsp, -16
    mov     rbx, rsi
    call    fail_begin
    mov     rdi, rbx
    call    put_text
    mov     edi, EXIT_USAGE
    jmp     fail_end

; ----------------------------------------------------------------------------
; noreturn fail_errno(const char *subject, i64 error)    error = -errno
; ----------------------------------------------------------------------------
fail_errno:
    and     rsp, -16
    mov     rbx, rsi
    neg     rbx                     ; errno
    call    fail_begin
    lea     rax, [errno_texts]
.next:
    mov     rcx, [rax]
    mov     rdi, [rax + 8]
    test    rcx, rcx
    jz      .unknown
    add     rax, 16
    cmp     rcx, rbx
    jne     .next
    call    put_text
    jmp     .end
.unknown:
    lea     rdi, [error_number_text]
    call    put_text
    mov     rdi, rbx
    call    put_u64
.end:
    mov     edi, EXIT_FAILURE
    jmp     fail_end
