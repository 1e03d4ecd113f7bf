; SPDX-License-Identifier: GPL-2.0-or-later
;
; classify: images come in on standard input, 784 bytes each, and for each one
; line goes out:
;
;   7 0.000012 0.000001 0.000241 ... 0.000093
;
; the likeliest digit, then the probability of each digit from 0 to 9.

FRAMES_ROOM         equ 64          ; images that one read may bring

section .rodata

stdin_text:
    db      "standard input", 0
half_frame_text:
    db      "ends in the middle of an image of 784 bytes", 0

section .bss

    alignb  64
frames:
    resb    FRAMES_ROOM * PIXELS

section .text

; ----------------------------------------------------------------------------
; u32 classify_command(void)             what `classify` does, until the input
;                                        ends
;
; A read takes what there is: one image that was just drawn, or as many as fit
; when a file is piped in. Whatever came in is answered before the next read.
;
;   out     eax = exit status, 0
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define have        rbx             ; bytes in `frames`
%define frame       r12             ; -> the next image
%define frames_end  r13             ; -> behind the last byte

classify_command:
    push    rbx
    push    r12
    push    r13
    call    load_weights
    call    input_start
    xor     have, have
.next_read:
    lea     rsi, [frames]
    add     rsi, have
    mov     edi, STDIN
    mov     edx, FRAMES_ROOM * PIXELS
    sub     rdx, have
    call    sys_read
    cmp     rax, -EINTR
    je      .next_read
    test    rax, rax
    js      .failed
    jz      .end

    lea     frame, [frames]
    add     have, rax
    lea     frames_end, [frame + have]
.next_frame:
    mov     rax, frames_end
    sub     rax, frame
    cmp     rax, PIXELS
    jb      .rest
    ;@ event frame_begin
    mov     rdi, frame
    call    network_forward
    call    put_classification
    add     frame, PIXELS
    jmp     .next_frame

.rest:                              ; part of an image: to the front with it
    mov     have, rax
    mov     rsi, frame
    lea     rdi, [frames]
    mov     rcx, rax
    rep     movsb
    call    flush_text
    jmp     .next_read

.end:
    test    have, have
    jnz     .half_frame
    xor     eax, eax
    pop     r13
    pop     r12
    pop     rbx
    ret
.half_frame:
    lea     rdi, [stdin_text]
    lea     rsi, [half_frame_text]
    jmp     fail
.failed:
    lea     rdi, [stdin_text]
    mov     rsi, rax
    jmp     fail_errno

%undef have
%undef frame
%undef frames_end

; ----------------------------------------------------------------------------
; void put_classification(void)          one line from `output`, not yet sent
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
put_classification:
    push    rbx
    lea     rdi, [output]
    mov     esi, DIGITS
    call    argmax
    mov     rdi, rax
    call    put_u64
    xor     ebx, ebx                ; digit
.next:
    mov     edi, ' '
    call    put_char
    lea     rax, [output]
    load_real xmm0, [rax + rbx * REAL_SIZE]
    mov     edi, 6
    call    put_fixed
    inc     ebx
    cmp     ebx, DIGITS
    jb      .next
    mov     edi, 10
    call    put_char
    pop     rbx
    ret
