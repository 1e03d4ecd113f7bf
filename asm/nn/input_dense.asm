; SPDX-License-Identifier: GPL-2.0-or-later
;
; The image as input, plainly: all 784 pixels. For the rungs `scalar` and
; `sse2-dense`; the first layer is then a layer like any other (nn/layer.asm).

section .bss

    alignb  64
pixel_values:                       ; real[256]: what a pixel's byte stands for
    resb    256 * REAL_SIZE

section .text

; ----------------------------------------------------------------------------
; void input_start(void)
;
; Fills the table of pixel values: byte / 255. Division by table: 256 once,
; instead of one for each pixel.
;
;   clobber rax, rcx, xmm0, xmm1
; ----------------------------------------------------------------------------
input_start:
    mov     eax, 255
    cvtsi2sd xmm1, eax
    lea     rcx, [pixel_values]
.next:
    cvtsi2sd xmm0, eax
    divsd   xmm0, xmm1
    store_real [rcx + rax * REAL_SIZE], xmm0
    dec     eax
    jns     .next
    ret

; ----------------------------------------------------------------------------
; void input_dense_load(const u8 *pixels)
;
;   input[p] = pixels[p] / 255
;
;   in      rdi = pixels[PIXELS]
;   clobber rax, rcx, rdx, rsi, xmm0
; ----------------------------------------------------------------------------
input_dense_load:
    lea     rsi, [pixel_values]
    lea     rdx, [input]
    xor     ecx, ecx                ; p
.next:
    movzx   eax, byte [rdi + rcx]
    mov_real xmm0, [rsi + rax * REAL_SIZE]
    mov_real [rdx + rcx * REAL_SIZE], xmm0
    inc     ecx
    cmp     ecx, PIXELS
    jb      .next
    ret
