; SPDX-License-Identifier: GPL-2.0-or-later
;
; inspect: one test image as text, and the network's view of it:
;
;   Image 0 of t10k-images-idx3-ubyte: a 7, read as 7
;   ...28 lines of two characters a pixel, darker where there is more ink...
;   0   0.00%
;   7  99.82% ########################################

section .rodata

image_text:
    db      "Image ", 0
image_of_text:
    db      " of ", 0
label_text:
    db      ": a ", 0
read_as_text:
    db      ", read as ", 0
index_range_text:
    db      "there are only ", 0
index_images_text:
    db      " images", 0
shades:                             ; for sixteen steps of ink
    db      "  ..::--==++**##"

    align   8, db 0
f64_hundredths:                     ; of a percent in 1
    dq      10000.0
f64_bar:
    dq      40.0                    ; characters for 100 %

section .text

; ----------------------------------------------------------------------------
; u32 inspect_command(void)              what `inspect` does
;   out     eax = exit status, 0
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define image       rbx

inspect_command:
    push    rbx
    call    load_weights
    call    load_test_set
    call    input_start
    mov     rax, [option_index]
    cmp     rax, [test_set + dataset.count]
    jae     .no_such_image
    imul    image, rax, PIXELS
    add     image, [test_set + dataset.images]
    mov     rdi, image
    call    network_forward

    lea     rdi, [image_text]
    call    put_text
    mov     rdi, [option_index]
    call    put_u64
    lea     rdi, [image_of_text]
    call    put_text
    lea     rdi, [test_images_text]
    call    put_text
    lea     rdi, [label_text]
    call    put_text
    mov     rax, [test_set + dataset.labels]
    add     rax, [option_index]
    movzx   edi, byte [rax]
    call    put_u64
    lea     rdi, [read_as_text]
    call    put_text
    lea     rdi, [output]
    mov     esi, DIGITS
    call    argmax
    mov     rdi, rax
    call    put_u64
    call    put_line_end
    mov     rdi, image
    call    put_image
    call    put_bars
    call    flush_text
    xor     eax, eax
    pop     rbx
    ret

.no_such_image:
    lea     rdi, [index_text]
    call    fail_begin
    lea     rdi, [index_range_text]
    call    put_text
    mov     rdi, [test_set + dataset.count]
    call    put_u64
    lea     rdi, [index_images_text]
    call    put_text
    mov     edi, EXIT_USAGE
    jmp     fail_end

%undef image

; ----------------------------------------------------------------------------
; void put_image(const u8 *pixels)       28 lines, two characters a pixel, as a
;                                        character is twice as high as wide
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
put_image:
    push    rbx
    push    r12
    push    r13
    mov     rbx, rdi
    mov     r12d, ROWS
.next_row:
    mov     r13d, COLUMNS
.next_pixel:
    movzx   eax, byte [rbx]
    shr     eax, 4                  ; sixteen shades
    lea     rcx, [shades]
    movzx   edi, byte [rcx + rax]
    push    rdi
    sub     rsp, 8
    call    put_char
    mov     rdi, [rsp + 8]
    call    put_char
    add     rsp, 16
    inc     rbx
    dec     r13d
    jnz     .next_pixel
    mov     edi, 10
    call    put_char
    dec     r12d
    jnz     .next_row
    pop     r13
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void put_bars(void)                    `output`, a line for each digit
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
put_bars:
    push    rbx
    push    r12
    sub     rsp, 8
    xor     ebx, ebx                ; digit
.next_digit:
    mov     edi, ebx
    call    put_u64
    lea     rax, [output]
    load_real xmm0, [rax + rbx * REAL_SIZE]
    movapd  xmm1, xmm0
    mulsd   xmm1, [f64_bar]
    cvtsd2si r12, xmm1
    mulsd   xmm0, [f64_hundredths]
    cvtsd2si rax, xmm0
    xor     edx, edx
    mov     ecx, 100
    div     rcx
    mov     [rsp], rdx              ; behind the point
    mov     rdi, rax
    mov     esi, 4
    call    put_u64_right
    mov     edi, '.'
    call    put_char
    mov     rdi, [rsp]
    mov     esi, 2
    call    put_digits
    mov     edi, '%'
    call    put_char
    test    r12, r12
    jz      .bar_done
    mov     edi, ' '
    call    put_char
.next_mark:
    mov     edi, '#'
    call    put_char
    dec     r12
    jnz     .next_mark
.bar_done:
    mov     edi, 10
    call    put_char
    inc     ebx
    cmp     ebx, DIGITS
    jb      .next_digit
    add     rsp, 8
    pop     r12
    pop     rbx
    ret
