; SPDX-License-Identifier: GPL-2.0-or-later
;
; test: how well the network reads digits that it has not learned from.
; Counterpart: function test in src/nn/reference.ts.

section .rodata

overall_text:
    db      "Overall accuracy: ", 0
of_text:
    db      " (", 0

section .bss

    alignb  8
;@ tensor digit_right u64[DIGITS] digit=digit
digit_right:                        ; of each digit: how many were read right
    resq    DIGITS
;@ tensor digit_count u64[DIGITS] digit=digit
digit_count:                        ; ... and how many there were
    resq    DIGITS
;@ tensor confusion u64[DIGITS][DIGITS] label=digit read=digit
confusion:                          ; how often a digit was read as which one
    resq    DIGITS * DIGITS

section .text

; ----------------------------------------------------------------------------
; u32 test_command(void)                 what `test` does
;   out     eax = exit status, 0
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
test_command:
    sub     rsp, 8
    call    load_weights
    call    load_test_set
    call    put_isa
    call    input_start
    call    test_network
    cmp     qword [option_confusion], 0
    je      .done
    call    put_confusion
.done:
    xor     eax, eax
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; void test_network(void)
;
; Reads each image of test_set and prints the overall accuracy, then a line for
; each digit:
;
;   Overall accuracy: 96.52% (9652/10000)
;     0: 98.98%
;
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define sample      rbx
%define image       r12
%define label       r13
%define guess       r14

test_network:
    push    rbx
    push    r12
    push    r13
    push    r14
    sub     rsp, 8
    xor     eax, eax
    mov     [loss_sum], rax
    mov     [correct_count], rax
    mov     [sample_count], rax
    mov     image, [test_set + dataset.images]
    xor     sample, sample
.next:
    mov     rdi, image
    call    network_forward
    mov     rax, [test_set + dataset.labels]
    movzx   label, byte [rax + sample]
    mov     rdi, label
    lea     rsi, [output]
    call    count_sample            ; eax = 1 if it was right
    mov     guess, rdx
    lea     rcx, [digit_right]
    add     [rcx + label * 8], rax
    lea     rcx, [digit_count]
    inc     qword [rcx + label * 8]
    imul    rcx, label, DIGITS
    add     rcx, guess
    lea     rdx, [confusion]
    inc     qword [rdx + rcx * 8]
    add     image, PIXELS
    inc     sample
    cmp     sample, [test_set + dataset.count]
    jb      .next

%undef sample
%undef image
%undef label
%undef guess

    lea     rdi, [overall_text]
    call    put_text
    mov     rdi, [correct_count]
    mov     rsi, [sample_count]
    call    put_percent
    lea     rdi, [of_text]
    call    put_text
    mov     rdi, [correct_count]
    call    put_u64
    mov     edi, '/'
    call    put_char
    mov     rdi, [sample_count]
    call    put_u64
    mov     edi, ')'
    call    put_char
    call    put_line_end

    xor     ebx, ebx                ; digit
.next_digit:
    mov     edi, ' '
    call    put_char
    mov     edi, ' '
    call    put_char
    mov     edi, ebx
    call    put_u64
    lea     rdi, [colon_text]
    call    put_text
    lea     rax, [digit_right]
    mov     rdi, [rax + rbx * 8]
    lea     rax, [digit_count]
    mov     rsi, [rax + rbx * 8]
    call    put_percent
    mov     edi, 10
    call    put_char
    inc     ebx
    cmp     ebx, DIGITS
    jb      .next_digit
    call    flush_text
    add     rsp, 8
    pop     r14
    pop     r13
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void put_confusion(void)
;
; Prints what test_network found: a row for each digit, and in it how often the
; digit was read as 0, as 1, ... as 9.
;
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
CELL            equ 6               ; characters

section .rodata
confusion_text:
    db      "digit read as:    0     1     2     3     4     5     6     7"
    db      "     8     9", 10, 0
confusion_row_text:
    db      "      ", 0
section .text
put_confusion:
    push    rbx
    push    r12
    push    r13
    lea     rdi, [confusion_text]
    call    put_text
    lea     rbx, [confusion]
    xor     r12d, r12d              ; digit
.next_row:
    lea     rdi, [confusion_row_text]
    call    put_text
    mov     edi, r12d
    call    put_u64
    mov     edi, ':'
    call    put_char
    mov     edi, CELL - 1           ; the first column stands under its digit
    lea     r13, [rbx + DIGITS * 8]
.next_cell:
    mov     esi, edi
    mov     rdi, [rbx]
    call    put_u64_right
    mov     edi, CELL
    add     rbx, 8
    cmp     rbx, r13
    jb      .next_cell
    mov     edi, 10
    call    put_char
    inc     r12d
    cmp     r12d, DIGITS
    jb      .next_row
    call    flush_text
    pop     r13
    pop     r12
    pop     rbx
    ret
