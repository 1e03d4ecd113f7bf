; SPDX-License-Identifier: GPL-2.0-or-later
; Makes a long row of system calls, good and hostile, and prints what each one
; returned: one line of sixteen hexadecimal digits a call. Addresses differ from
; machine to machine, so of a call that returns one only its failure is printed.
; Run on Linux and in the emulator it must print the same.
;
; It expects an empty current directory but for `file` (the nine bytes
; "contents\n") and the directory `dir`.

BITS 64
org 0x400000

PAGE        equ 4096

ehdr:
    db 0x7f, "ELF", 2, 1, 1, 0
    times 8 db 0
    dw 2, 62
    dd 1
    dq _start, phdrs - $$, 0
    dd 0
    dw 64, 56, 2, 0, 0, 0
phdrs:
    dd 1, 5
    dq 0, $$, $$, text_end - $$, text_end - $$, PAGE
    dd 1, 6
    dq 0, data, data, 0, data_end - data, PAGE

; try NUMBER, up to six arguments: makes the call and prints rax
%macro try 1-7 0, 0, 0, 0, 0, 0
    call_with %1, %2, %3, %4, %5, %6, %7
    call print
%endmacro

; try_address: the same for calls that return an address
%macro try_address 1-7 0, 0, 0, 0, 0, 0
    call_with %1, %2, %3, %4, %5, %6, %7
    call print_if_error
%endmacro

%macro call_with 7
    mov rdi, %2
    mov rsi, %3
    mov rdx, %4
    mov r10, %5
    mov r8, %6
    mov r9, %7
    mov eax, %1
    syscall
%endmacro

_start:
    ; entry state: argc, an aligned stack, zero registers, DF clear
    mov rax, [rsp]
    call print
    mov rax, rsp
    and eax, 15
    call print
    mov rax, rdx
    or rax, rbx
    or rax, rbp
    call print
    pushfq
    pop rax
    and eax, 0x400
    call print
    stmxcsr [buffer]
    mov eax, [buffer]
    call print

    ; rcx = return address, r11 = flags after a call, other registers kept
    mov eax, 39
    mov rbx, 0x1122334455667788
    syscall
.after:
    mov eax, .after
    sub rax, rcx
    call print
    mov rax, rbx
    call print

    ; files
    try 2, name_file, 0                          ; 3
    try 0, 3, buffer, 4
    try 0, 3, buffer, 100
    try 0, 3, buffer, 100
    try 0, 3, 8, 100                             ; at the end: no fault
    try 8, 3, 0, 0
    try 0, 3, 8, 100
    try 0, 3, data_end - 4, 100                  ; a part fits
    try 0, 3, ehdr, 1                            ; read-only memory
    try 0, 3, -1, 1
    try 0, 3, buffer, -1
    try 1, 3, buffer, 1                          ; not open for writing
    try 0, 99, buffer, 1
    try 0, -1, buffer, 1
    try 8, 3, -1, 0
    try 8, 3, 2, 2
    try 8, 3, -100, 1
    try 8, 3, 0, 9
    try 8, 3, 3, 3
    try 8, 3, 3, 4
    try 8, 3, 300, 3
    try 8, 99, 0, 0
    try 5, 3, buffer
    mov eax, [buffer + 24]
    call print
    mov rax, [buffer + 48]
    call print
    try 5, 3, 8
    try 5, 99, buffer
    try 2, name_missing, 0
    try 2, 8, 0
    try 2, name_empty, 0
    try 2, name_file_slash, 0
    try 2, name_below_file, 0
    try 2, name_dir, 1
    try 2, name_dir, 0                           ; 4
    try 0, 4, buffer, 1
    try 257, 4, name_new, 0x42, 0o644            ; 5: dir/new
    try 257, 3, name_new, 0
    try 257, 98, name_new, 0
    try 257, -100, name_file, 0x10000
    try 257, -100, name_file, 0xc1
    try 1, 5, name_file, 4
    try 1, 5, 8, 4
    try 1, 5, data_end - 2, 10
    try 8, 5, 0, 1
    try 8, 5, 20, 0
    try 1, 5, name_file, 1
    try 8, 5, 0, 2
    try 74, 5
    try 74, 99
    try 3, 5
    try 3, 5
    try 2, name_dir_new, 0x402                   ; 5 again, appending
    try 1, 5, name_file, 2
    try 8, 5, 0, 1
    try 82, name_dir_new, name_moved
    try 82, name_dir_new, name_moved
    try 82, name_moved, name_dir
    try 82, name_moved, name_file_slash
    try 82, 8, name_file
    try 82, name_file, name_moved
    try 87, name_dir
    try 87, name_moved
    try 87, name_moved
    try 87, 8

    ; vectors
    lea rax, [buffer]
    mov [vector], rax
    mov qword [vector + 8], 3
    mov qword [vector + 16], 8
    mov qword [vector + 24], 3
    try 20, 5, vector, 2
    try 20, 5, vector + 16, 1
    try 20, 5, vector, 1025
    try 20, 5, vector, 0
    try 20, 5, 8, 1
    mov qword [vector + 24], -1
    try 20, 5, vector, 2
    try 20, 99, vector, 1

    ; memory
    try_address 9, 0, 0, 3, 0x22, -1, 0
    try_address 9, 0, PAGE, 3, 0x20, -1, 0
    try_address 9, 0, PAGE, 3, 0x22, -1, 1
    try_address 9, 0, -1, 3, 0x22, -1, 0
    try_address 9, 0, 1 << 47, 3, 0x22, -1, 0
    try_address 9, 1, PAGE, 3, 0x32, -1, 0
    try_address 9, 0, PAGE, 3, 0x02, 99, 0
    try_address 9, 0, PAGE, 3, 0x02, 4, 0        ; a directory
    try_address 9, 0, PAGE, 3, 0x02, 3, 0        ; the file
    movzx eax, byte [rax + 1]                    ; "o"
    call print
    try_address 9, 0, 8 * PAGE, 3, 0x22, -1, 0
    mov rbx, rax
    lea rcx, [rbx + 2 * PAGE]
    try 11, rcx, PAGE + 1
    try 11, rbx, 0
    lea rcx, [rbx + 1]
    try 11, rcx, PAGE
    try 11, rbx, -1
    try 10, rbx, 8 * PAGE, 1                     ; there is a hole in it
    try 10, rbx, 2 * PAGE, 1
    try 0, 3, rbx, 1                             ; now read-only
    try 10, rbx, PAGE, 0
    try 1, 5, rbx, 1                             ; PROT_NONE
    lea rcx, [rbx + 1]
    try 10, rcx, PAGE, 1
    try 10, rbx, 0, 1
    try 10, rbx, -PAGE, 1
    lea rcx, [rbx + 4 * PAGE - 2]                ; two bytes before good memory
    try 1, 5, rcx, 10

    ; time, random numbers, terminals, the unknown
    try 228, 1, buffer
    try 228, 99, buffer
    try 228, 1, 8
    try 96, buffer, 0
    try 96, 8, 0
    mov qword [buffer], 0
    mov qword [buffer + 8], 1000
    try 35, buffer, 0
    mov qword [buffer + 8], 1000000000
    try 35, buffer, 0
    mov qword [buffer], -1
    try 35, buffer, 0
    try 35, 8, 0
    try 318, buffer, 16, 0
    try 318, 8, 16, 0
    try 318, buffer, 16, 8
    try 318, buffer, 16, 6
    try 318, data_end - 5, 16, 0
    try 16, 3, 0x5401, buffer
    try 16, 1, 0x5401, buffer
    try 16, 99, 0x5401, buffer
    try 999
    try -1

    ; standard input: a pipe with five bytes, then the end
    try 8, 0, 0, 0
    try 0, 0, buffer, 3
    try 0, 0, buffer, 100
    try 0, 0, buffer, 100
    try 231, 0x12345607

; print(rax): sixteen hexadecimal digits and a newline to stdout; keeps rax, rbx
print:
    push rax
    push rbx
    lea rdi, [line]
    mov ecx, 16
.digit:
    rol rax, 4
    mov edx, eax
    and edx, 15
    lea rsi, [digits]
    mov dl, [rsi + rdx]
    mov [rdi], dl
    inc rdi
    dec ecx
    jnz .digit
    mov byte [rdi], 10
    mov eax, 1
    mov edi, 1
    lea rsi, [line]
    mov edx, 17
    syscall
    pop rbx
    pop rax
    ret

print_if_error:
    cmp rax, -4095
    jae print
    ret

digits:             db "0123456789abcdef"
name_file:          db "file", 0
name_file_slash:    db "file/", 0
name_below_file:    db "file/x", 0
name_missing:       db "missing", 0
name_empty:         db 0
name_dir:           db "dir", 0
name_new:           db "new", 0
name_dir_new:       db "dir/new", 0
name_moved:         db "moved", 0
text_end:

; two pages of data behind the text, and nothing behind them
data equ 0x500000
absolute 0x500000
buffer:             resb 256
vector:             resq 8
line:               resb 32
    resb 2 * PAGE - ($ - buffer)
data_end:
