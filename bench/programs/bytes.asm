; SPDX-License-Identifier: GPL-2.0-or-later
;
; bytes: copies 64 KiB with `rep movsb` and counts line ends in them byte by byte.

%define IMAGE_NAME  "bytes"
%include "harness.asm"

ROOM        equ 65536
LINE_END    equ 10

section .bss
    alignb  64
source:
    resb    ROOM
target:
    resb    ROOM

section .text

; ----------------------------------------------------------------------------
; u64 work(u64 repeats): line ends in the copy
; ----------------------------------------------------------------------------
work:
    xor     eax, eax
    test    rdi, rdi
    jz      .done
    mov     rdx, rdi
    xor     ecx, ecx
    lea     rdi, [source]
.fill:                              ; 0, 7, 14 ... modulo 256
    imul    eax, ecx, 7
    mov     [rdi + rcx], al
    inc     ecx
    cmp     ecx, ROOM
    jb      .fill

.round:
    lea     rsi, [source]
    lea     rdi, [target]
    mov     ecx, ROOM
    rep movsb
    lea     rsi, [target]
    xor     eax, eax
    xor     ecx, ecx
.scan:
    cmp     byte [rsi + rcx], LINE_END
    jne     .other
    inc     eax
.other:
    inc     ecx
    cmp     ecx, ROOM
    jb      .scan
    dec     rdx
    jnz     .round
.done:
    ret

%include "include/elf_end.inc"
