; SPDX-License-Identifier: GPL-2.0-or-later
;
; Writing text: functions that append to one buffer, and flush_text that sends
; it off. A whole line goes out in one system call.
;
; All text is ASCII; strings end with a zero byte.

TEXT_ROOM           equ 16384

section .rodata

    align   8, db 0
powers_of_ten_f64:
    dq      1.0, 10.0, 100.0, 1.0e3, 1.0e4, 1.0e5, 1.0e6
nan_text:
    db      "nan", 0
stdout_text:
    db      "standard output", 0

section .data

    align   8, db 0
text_fd:                            ; where the text goes
    dq      STDOUT

section .bss

    alignb  8
text_used:                          ; bytes waiting in text_buffer
    resq    1
text_buffer:
    resb    TEXT_ROOM

section .text

; ----------------------------------------------------------------------------
; void put_char(u8 character)
;   in      dil = character
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
put_char:
    mov     rax, [text_used]
    cmp     rax, TEXT_ROOM
    jb      .room
    push    rdi
    call    flush_text
    pop     rdi
    xor     eax, eax
.room:
    lea     rcx, [text_buffer]
    mov     [rcx + rax], dil
    inc     rax
    mov     [text_used], rax
    ret

; ----------------------------------------------------------------------------
; void put_text(const char *text)
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
put_text:
    push    rbx
    mov     rbx, rdi
.next:
    movzx   edi, byte [rbx]
    test    edi, edi
    jz      .done
    call    put_char
    inc     rbx
    jmp     .next
.done:
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void put_visible(const char *text)
;
; For text that the user gave: control characters show as `?`, so that a
; message stays one line whatever is in a file's name.
;
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
put_visible:
    push    rbx
    mov     rbx, rdi
.next:
    movzx   edi, byte [rbx]
    test    edi, edi
    jz      .done
    cmp     edi, ' '
    jb      .control
    cmp     edi, 0x7f               ; DEL
    jne     .put
.control:
    mov     edi, '?'
.put:
    call    put_char
    inc     rbx
    jmp     .next
.done:
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void put_u64(u64 number)               in decimal
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
put_u64:
    mov     esi, 1
    ; fall through: at least one digit

; ----------------------------------------------------------------------------
; void put_digits(u64 number, u64 least)     in decimal, zeros in front up to
;                                            `least` digits (at most 20)
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
put_digits:
    push    rbx
    push    r12
    sub     rsp, 40                 ; the digits, built from the last one up
    mov     rax, rdi
    lea     rbx, [rsp + 32]
    mov     byte [rbx], 0
    mov     r12, rbx
    sub     r12, rsi                ; as far down as the zeros go
    mov     ecx, 10
.next:
    xor     edx, edx
    div     rcx                     ; rax = number / 10, rdx = last digit
    add     edx, '0'
    dec     rbx
    mov     [rbx], dl
    test    rax, rax
    jnz     .next
    cmp     rbx, r12
    ja      .next                   ; divides 0 again: a zero in front
    mov     rdi, rbx
    call    put_text
    add     rsp, 40
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void put_u64_right(u64 number, u64 width)  in decimal, with spaces in front up
;                                            to `width` characters
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
put_u64_right:
    push    rbx
    push    r12
    sub     rsp, 8
    mov     rbx, rdi
    mov     r12, rsi
    mov     rax, rdi
    mov     ecx, 10
.next_digit:                        ; each takes one from the width
    dec     r12
    xor     edx, edx
    div     rcx
    test    rax, rax
    jnz     .next_digit
    jmp     .test
.next_space:
    mov     edi, ' '
    call    put_char
    dec     r12
.test:
    test    r12, r12
    jg      .next_space
    mov     rdi, rbx
    call    put_u64
    add     rsp, 8
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void put_fixed(f64 number, u64 decimals)
;
; Prints number >= 0 with 0 to 6 decimals: scaled by a power of ten and rounded
; to the nearest integer, ties to even. Not a number, or more than 2^63 after
; scaling, prints `nan`.
;
;   clobber rax, rcx, rdx, rsi, rdi, r11, xmm0
; ----------------------------------------------------------------------------
put_fixed:
    push    rbx
    push    r12
    sub     rsp, 8
    mov     ebx, edi                ; decimals
    lea     rax, [powers_of_ten_f64]
    mulsd   xmm0, [rax + rbx * 8]
    cvtsd2si rdx, xmm0
    cvttsd2si r12, [rax + rbx * 8]  ; the power of ten as an integer
    lea     rdi, [nan_text]
    test    rdx, rdx
    js      .not_a_number           ; what cvtsd2si says of the impossible
    mov     rax, rdx
    xor     edx, edx
    div     r12
    mov     r12, rdx                ; the part behind the point
    mov     rdi, rax
    call    put_u64
    test    ebx, ebx
    jz      .done
    mov     edi, '.'
    call    put_char
    mov     rdi, r12
    mov     esi, ebx
    call    put_digits
.done:
    add     rsp, 8
    pop     r12
    pop     rbx
    ret
.not_a_number:
    call    put_text
    jmp     .done

; ----------------------------------------------------------------------------
; void put_percent(u64 part, u64 whole)      as 97.35%; `n/a` of nothing
;
; Rounded to two decimals in integers, ties up.
;
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
section .rodata
no_percent_text:
    db      "n/a", 0
section .text
put_percent:
    push    rbx
    test    rsi, rsi
    jz      .nothing
    imul    rax, rdi, 10000         ; hundredths of a percent
    mov     rcx, rsi
    shr     rcx, 1
    add     rax, rcx                ; plus a half, as division rounds down
    xor     edx, edx
    div     rsi
    mov     ecx, 100
    xor     edx, edx
    div     rcx
    mov     ebx, edx
    mov     rdi, rax
    call    put_u64
    mov     edi, '.'
    call    put_char
    mov     edi, ebx
    mov     esi, 2
    call    put_digits
    mov     edi, '%'
    call    put_char
    pop     rbx
    ret
.nothing:
    lea     rdi, [no_percent_text]
    call    put_text
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void put_line_end(void)                ends the line and sends it off
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
put_line_end:
    mov     edi, 10
    sub     rsp, 8
    call    put_char
    add     rsp, 8
    ; fall through

; ----------------------------------------------------------------------------
; void flush_text(void)
;
; Writes out what waits in the buffer. If standard output cannot be written
; (a full disk, say), the program ends with a message.
;
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
flush_text:
    sub     rsp, 8
    mov     rdi, [text_fd]
    lea     rsi, [text_buffer]
    mov     rdx, [text_used]
    mov     qword [text_used], 0
    call    write_fully
    add     rsp, 8
    test    rax, rax
    js      .failed
    ret
.failed:
    cmp     qword [text_fd], STDERR
    je      .silent                 ; there is nobody left to tell
    lea     rdi, [stdout_text]
    mov     rsi, rax
    jmp     fail_errno
.silent:
    mov     edi, EXIT_FAILURE
    jmp     sys_exit
