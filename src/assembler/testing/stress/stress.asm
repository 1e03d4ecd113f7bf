; SPDX-License-Identifier: GPL-2.0-or-later
;
; A source that leaves no corner of NASM unvisited that our programs might
; come to: nasm.wasm and native NASM must make the same bytes of it, and the
; line table of it must agree with a decoder. It is not a program to run.

bits 64
default rel
org 0x400000

%use smartalign
%use altreg

ROWS            equ 3
COLUMNS         equ ROWS * 4
LATER           equ data_end - data_start   ; known only after two passes

struc point
    .x:         resq 1
    .y:         resq 1
    .tag:       resb 8
endstruc

%macro prologue 1-*
    push    rbp
    mov     rbp, rsp
  %rep %0
    push    %1
    %rotate 1
  %endrep
%endmacro

%macro clamp 2
    cmp     %1, %2
    jle     %%fits
    mov     %1, %2
%%fits:
%endmacro

%macro outer_macro 1
    clamp   %1, 100
    clamp   %1, 50
    db      "inline", 0
%endmacro

%imacro counted_loop 2
    mov     ecx, %1
%%again:
    %2
    dec     ecx
    jnz     %%again
%endmacro

section .text align=16
section .rodata align=64 follows=.text
section .data align=32 follows=.rodata
section .moved follows=.data align=16 vstart=0x10000000
section .bss align=4096

section .text
elf_like:
    db      0x7f, "ELF", 2, 1, 1
    times 9 db 0
    dw      2, 62
    dd      1
    dq      _start
    dq      LATER, ROWS, COLUMNS

_start:
    prologue rbx, r12, r13
    xor     eax, eax
.loop:
    inc     rax
    cmp     rax, COLUMNS
    jne     .loop
    jmp     far_away                        ; near, found in a later pass
    jmp     .next                           ; short
.next:
    outer_macro rdi
    counted_loop 10, {add rax, rcx}
    counted_loop 20, nop
    align   16
    lea     rsi, [message]
    lea     rdi, [rel vectors + 32]
    mov     rax, [abs 0x1234]
    mov     rax, [rbx + rcx*8 + point.y]
    mov     qword [rbp - 8], -1
    mov     r8, 0x1122334455667788
    mov     r9, 0x7fffffff
    mov     r10, -1
    mov     r11d, message
    mov     al, [rsp + 127]
    mov     al, [rsp + 128]
    times 3 nop
    times ROWS * 2 - 1 add eax, 1
    nop     ; a remark
    add     rax, \
            [data_start]                    ; one statement on two lines
    call    far_away
    ret

%include "part/vectors.asm"

%assign i 0
%rep 5
repeated_ %+ i:
    mov     eax, i
    cmp     eax, repeated_0
  %assign i i + 1
%endrep

%if ROWS > 5
    hlt
%elifdef NEVER
    cli
%else
    clc
%endif

far_away:
    times 300 nop                           ; out of reach of a short jump
    loop    $
    jrcxz   far_away.end
    rep movsq
    lock inc dword [counter]
    xchg    rax, r15
    mov     rax, [abs qword 0x1122334455667788]
.end:
    ret

section .rodata
message:
    db      "a string longer than the listing's column: ", \
            `tab\tnewline\nunicode \u263a`, 0
    db      'single; with a semicolon ;@ event not_an_event', "and 'quotes'"
    dw      'ab', 'abc'
    dd      "utf", 1.5, -0.0
    dq      1.0, 3.141592653589793, 1e-300, __Infinity__, __QNaN__
    dt      1.0
    do      1.25, __Infinity__
    dw      __utf16__('wide')
vectors:
    %assign i 0
    %rep 16
    dq      __?float64?__(1.5) + i
      %assign i i + 1
    %endrep
included:
    incbin  "part/blob.bin", 2, 5
    incbin  "part/blob.bin"
    align   64, db 0xcc

section .data
data_start:
origin: istruc point
    at point.x, dq 1
    at point.y, dq 2
    at point.tag, db "origin"
iend
counter:
    dd      0
table:
    times COLUMNS dw $ - table
    dq      data_start, _start.loop, far_away.end, buffer, moved_value
    alignb  8
    resb    3                               ; reserved within .data: zeros
data_end:

section .moved
moved_value:
    dq      moved_value, section..moved.start
    db      1, 2, 3

section .bss
buffer: resb 4096
alignb 64
words_:
    resw    ROWS
    resq    COLUMNS
    reso    2

section .text
tail:
    mov     rax, [buffer]
    movaps  xmm0, [vectors]
    ret
