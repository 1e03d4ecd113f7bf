; SPDX-License-Identifier: GPL-2.0-or-later
;
; The image as input, without its zeros. For the rungs from `sse2` on; why it
; pays stands in kernels/f64/sse2.asm, what comes of it in nn/layer_sparse.asm.

ACTIVE_WORDS        equ (PIXELS + 63) / 64  ; of 64 bits, the last one padded

section .bss

    alignb  16
active_bits:                        ; one bit a pixel, 1 if it is not zero
    resb    ACTIVE_WORDS * 8

section .text

; ----------------------------------------------------------------------------
; void input_sparse_load(const u8 *pixels)
;
;   input[p] = pixels[p] / 255, and active_input lists where it is not zero
;
; First one bit a pixel, sixteen pixels at a time:
;
;   pixels          0   0   9 255 |   0 ...     movdqu
;   equal to 0?    ff  ff   0   0 |  ff ...     pcmpeqb
;   as bits         1   1   0   0 |   1 ...     pmovmskb: one bit a byte
;   turned          0   0   1   1 |   0 ...     not: the pixels to visit
;
; then from bit to bit, 64 of them at a time. (To visit each sixteen at once is
; shorter and was slower: the CPU mispredicts the end of each such visit.)
;
;   in      rdi = pixels[PIXELS], any alignment
;   clobber rax, rcx, rdx, rsi, r8-r11, xmm0-xmm2
; ----------------------------------------------------------------------------
%define values      rsi             ; pixel_values
%define dense       rdx             ; input
%define list        r8              ; where the next index goes
%define base        r9              ; first of the 16 or 64 pixels
%define bits        r10             ; active_bits

input_sparse_load:
    lea     values, [pixel_values]
    lea     dense, [input]
    lea     bits, [active_bits]

    ; Zero what the image before had set, instead of all 784.
    xorps   xmm0, xmm0
    mov     rcx, [active_input + active.count]
    lea     list, [active_input + active.index]
    jmp     .test_clear
.clear:
    mov     eax, [list + rcx * 4]
    mov_real [dense + rax * REAL_SIZE], xmm0
.test_clear:
    dec     rcx
    jns     .clear

    xor     base, base
    pxor    xmm1, xmm1
.next_sixteen:
    movdqu  xmm2, [rdi + base]
    pcmpeqb xmm2, xmm1
    pmovmskb eax, xmm2
    not     eax
    mov     rcx, base
    shr     rcx, 3                  ; eight pixels to a byte
    mov     [bits + rcx], ax
    add     base, 16
    cmp     base, PIXELS
    jb      .next_sixteen

    xor     base, base
.next_word:
    mov     rax, base
    shr     rax, 3
    mov     rax, [bits + rax]
    test    rax, rax
    jz      .word_done
.next_pixel:
    bsf     rcx, rax                ; the lowest bit that is left
    add     rcx, base               ; p
    mov     [list], ecx
    add     list, 4
    movzx   r11d, byte [rdi + rcx]
    mov_real xmm0, [values + r11 * REAL_SIZE]
    mov_real [dense + rcx * REAL_SIZE], xmm0
    lea     rcx, [rax - 1]
    and     rax, rcx                ; without that bit
    jnz     .next_pixel
.word_done:
    add     base, 64
    cmp     base, PIXELS
    jb      .next_word

    lea     rax, [active_input + active.index]
    sub     list, rax
    shr     list, 2
    mov     [active_input + active.count], list
    ret

%undef values
%undef dense
%undef list
%undef base
%undef bits

%if PIXELS % 16 != 0
%error input_sparse_load looks at sixteen pixels at a time
%endif
