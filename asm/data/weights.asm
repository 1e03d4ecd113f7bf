; SPDX-License-Identifier: GPL-2.0-or-later
;
; The weights file: reading it, and replacing it without ever leaving half a
; file behind. What is in it: data/weights_order.asm.

section .rodata

weights_suffix_text:
    db      ".tmp", 0
weights_size_text:
    db      "not a weights file of this network: it has ", 0
weights_size_middle_text:
    db      " bytes, not ", 0
weights_long_text:
    db      "name too long", 0

section .bss

weights_path:                       ; where a new file grows, beside the old one
    resb    PATH_ROOM

section .text

; ----------------------------------------------------------------------------
; void load_weights(void)
;
; Reads the --weights file into the layers. A file of another size, or with
; infinities or NaNs in it, ends the program with a message.
;
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
load_weights:
    push    rbx
    push    r12
    sub     rsp, 8
    mov     rdi, [option_weights]
    call    open_regular
    mov     ebx, eax
    mov     r12, rdx
    cmp     rdx, WEIGHTS_BYTES
    jne     .wrong_size
    mov     edi, eax
    lea     rsi, [weights_file]
    call    read_fully
    mov     rsi, rax
    test    rax, rax
    js      .failed
    mov     r12, rax
    cmp     rax, WEIGHTS_BYTES
    jne     .wrong_size
    mov     edi, ebx
    call    sys_close
    call    scatter_weights
    add     rsp, 8
    pop     r12
    pop     rbx
    ret

.wrong_size:
    mov     rdi, [option_weights]
    call    fail_begin
    lea     rdi, [weights_size_text]
    call    put_text
    mov     rdi, r12
    call    put_u64
    lea     rdi, [weights_size_middle_text]
    call    put_text
    mov     edi, WEIGHTS_BYTES
    call    put_u64
    mov     edi, EXIT_FAILURE
    jmp     fail_end
.failed:
    mov     rdi, [option_weights]
    jmp     fail_errno

; ----------------------------------------------------------------------------
; void check_weights_target(void)
;
; Before a training of minutes: can its result be saved? What is at --weights
; now must be a regular file or nothing, and a file beside it can be written.
; Ends the program with a message if not.
;
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
check_weights_target:
    sub     rsp, 8
    mov     rdi, [option_weights]
    mov     esi, O_RDONLY | O_NONBLOCK
    xor     edx, edx
    call    sys_open
    cmp     rax, -ENOENT
    je      .nothing_there
    test    rax, rax
    js      .nothing_there          ; not readable: writing will tell
    mov     edi, eax
    call    sys_close
    mov     rdi, [option_weights]
    call    open_regular            ; fails if it is something else
    mov     edi, eax
    call    sys_close
.nothing_there:
    call    create_weights_file
    mov     edi, eax
    call    sys_close
    lea     rdi, [weights_path]
    call    sys_unlink
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; u64 create_weights_file(void)
;
; An empty file beside --weights, its path in weights_path.
;
;   out     eax = file descriptor
;   clobber rcx, rdx, rsi, rdi, r8, r11
; ----------------------------------------------------------------------------
create_weights_file:
    sub     rsp, 8
    mov     rdi, [option_weights]
    lea     rdx, [weights_path]
    lea     rcx, [weights_path + PATH_ROOM]
    lea     r8, [weights_suffix_text]
.next:
    cmp     rdx, rcx
    jae     .too_long
    mov     al, [rdi]
    test    al, al
    jz      .suffix
    mov     [rdx], al
    inc     rdi
    inc     rdx
    jmp     .next
.suffix:
    cmp     rdx, rcx
    jae     .too_long
    mov     al, [r8]
    mov     [rdx], al
    inc     r8
    inc     rdx
    test    al, al
    jnz     .suffix

    lea     rdi, [weights_path]
    mov     esi, O_WRONLY | O_CREAT | O_TRUNC
    mov     edx, MODE_RW_R_R
    call    sys_open
    test    rax, rax
    js      .failed
    add     rsp, 8
    ret
.too_long:
    lea     rdi, [weights_text]
    lea     rsi, [weights_long_text]
    jmp     fail_usage
.failed:
    mov     rdi, [option_weights]
    mov     rsi, rax
    jmp     fail_errno

; ----------------------------------------------------------------------------
; void save_weights(void)
;
; Writes the layers to the --weights file. The bytes go to a file beside it,
; and take its name only when all of them have reached the disk: at any moment
; the name means a whole file, the old one or the new one.
;
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
save_weights:
    push    rbx
    call    gather_weights
    call    create_weights_file
    mov     ebx, eax
    mov     edi, eax
    lea     rsi, [weights_file]
    mov     edx, WEIGHTS_BYTES
    call    write_fully
    test    rax, rax
    js      .failed
    mov     edi, ebx
    call    sys_fsync
    test    rax, rax
    js      .failed
    mov     edi, ebx
    call    sys_close
    test    rax, rax
    js      .failed
    lea     rdi, [weights_path]
    mov     rsi, [option_weights]
    call    sys_rename
    test    rax, rax
    js      .failed
    pop     rbx
    ret
.failed:
    mov     rbx, rax
    lea     rdi, [weights_path]
    call    sys_unlink
    mov     rdi, [option_weights]
    mov     rsi, rbx
    jmp     fail_errno
