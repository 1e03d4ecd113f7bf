; SPDX-License-Identifier: GPL-2.0-or-later
;
; The training set without its dark pixels. For the rungs that take a mini-batch
; as a whole; what becomes of it stands in nn/pieces.asm.
;
; Each image is packed once, at the start: which pixels are not zero, 16 bits
; each, and their bytes, PIECE_TERMS of them to a piece. The last piece of an
; image is made up with zeros. 29 MB instead of 47 for MNIST.

PIECES_MOST         equ (PIXELS + PIECE_TERMS - 1) / PIECE_TERMS ; of an image
PACK_WORDS          equ (PIXELS + 63) / 64

struc packed
.pixel              resw PIECE_TERMS
.value              resb PIECE_TERMS
endstruc

section .bss

    alignb  8
packed_first:                       ; -> u32[count + 1]: image n has the pieces
    resq    1                       ; from packed_first[n] on
packed_set:                         ; -> struct packed[]
    resq    1
pack_bits:                          ; one bit a pixel, 1 if it is not zero
    resb    PACK_WORDS * 8

section .text

; ----------------------------------------------------------------------------
; void pack_train_set(void)
;
; Memory for the pieces, and the training set packed. What of the memory is not
; needed is never touched, and so costs nothing.
;
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define piece       rbx             ; -> struct packed
%define term        rcx             ; of that piece
%define number      r12d            ; of that piece
%define image       r13
%define image_end   r14
%define first       r15             ; -> the next of packed_first
%define bits        rdi

pack_train_set:
    push    rbx
    push    r12
    push    r13
    push    r14
    push    r15
    mov     rdi, [train_set + dataset.count]
    lea     rdi, [rdi * 4 + 4]
    call    allocate
    mov     [packed_first], rax
    mov     first, rax
    imul    rdi, [train_set + dataset.count], PIECES_MOST * packed_size
    call    allocate
    mov     [packed_set], rax
    mov     piece, rax
    imul    rdi, [option_batch], PIECES_MOST * piece_size
    call    allocate
    mov     [pieces], rax

    mov     image, [train_set + dataset.images]
    imul    image_end, [train_set + dataset.count], PIXELS
    add     image_end, image
    xor     number, number
.next_image:
    mov     [first], number
    add     first, 4
    lea     bits, [pack_bits]
    pxor    xmm1, xmm1
    xor     edx, edx
.next_sixteen:                      ; as in input_sparse_load
    movdqu  xmm2, [image + rdx]
    pcmpeqb xmm2, xmm1
    pmovmskb eax, xmm2
    not     eax
    mov     rcx, rdx
    shr     rcx, 3
    mov     [bits + rcx], ax
    add     edx, 16
    cmp     edx, PIXELS
    jb      .next_sixteen

    xor     ecx, ecx                ; term
    xor     esi, esi                ; the first of 64 pixels
.next_word:
    mov     rax, [bits]
    add     bits, 8
    test    rax, rax
    jz      .word_done
.next_pixel:
    bsf     rdx, rax
    add     edx, esi                ; pixel
    mov     [piece + packed.pixel + term * 2], dx
    movzx   r8d, byte [image + rdx]
    mov     [piece + packed.value + term], r8b
    inc     ecx
    cmp     ecx, PIECE_TERMS
    jb      .piece_open
    xor     ecx, ecx
    add     piece, packed_size
    inc     number
.piece_open:
    lea     rdx, [rax - 1]
    and     rax, rdx                ; without the lowest bit
    jnz     .next_pixel
.word_done:
    add     esi, 64
    cmp     esi, PIXELS
    jb      .next_word
    test    ecx, ecx
    jz      .image_done
.next_zero:                         ; of different pixels: updates of one row
    mov     [piece + packed.pixel + term * 2], cx   ; would wait for each other
    mov     byte [piece + packed.value + term], 0
    inc     ecx
    cmp     ecx, PIECE_TERMS
    jb      .next_zero
    add     piece, packed_size
    inc     number
.image_done:
    add     image, PIXELS
    cmp     image, image_end
    jb      .next_image
    mov     [first], number
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rbx
    ret

%undef piece
%undef term
%undef number
%undef image
%undef image_end
%undef first
%undef bits
