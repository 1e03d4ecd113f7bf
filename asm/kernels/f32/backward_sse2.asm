; SPDX-License-Identifier: GPL-2.0-or-later
;
; From a layer's delta to that of its inputs, single precision, SSE2.
; Counterpart: denseBackward in src/nn/reference.ts, bit for bit.
;
;   dx[i] = w[i][0] delta[0] + w[i][1] delta[1] + ...
;
; The sums run along the rows of w, and their order shall stay: so the lanes are
; four inputs, four rows. But four weights that lie together are of one row. So
; blocks of 4 x 4 weights are turned on their side on the way:
;
;   xmm0 = w[i    ][o + 3 .. o]       w03 w02 w01 w00
;   xmm1 = w[i + 1][o + 3 .. o]       w13 w12 w11 w10
;   xmm2 = w[i + 2][o + 3 .. o]       w23 w22 w21 w20
;   xmm3 = w[i + 3][o + 3 .. o]       w33 w32 w31 w30
;
;   unpcklps xmm0, xmm1               w11 w01 w10 w00
;   unpckhps xmm0, xmm1               w13 w03 w12 w02
;   unpcklps xmm2, xmm3               w31 w21 w30 w20
;   unpckhps xmm2, xmm3               w33 w23 w32 w22
;
;   movlhps of the two low ones       w30 w20 w10 w00     o
;   movhlps of the two low ones       w31 w21 w11 w01     o + 1
;   and of the two high ones          ...                 o + 2, o + 3
;
; Each of these four, times its delta in all lanes, is added in turn.
;
; Rejected: partial sums in lanes along the row, added up at the end. It needs
; no turning and is faster, but no longer sums in the order of the other rungs.

; turn_block: the steps above; rows in xmm0-xmm3, columns out in xmm0, xmm2,
; xmm4, xmm1; spoils xmm3
%macro turn_block 0
    movaps  xmm4, xmm0
    unpcklps xmm0, xmm1             ; w11 w01 w10 w00
    unpckhps xmm4, xmm1             ; w13 w03 w12 w02
    movaps  xmm1, xmm2
    unpcklps xmm2, xmm3             ; w31 w21 w30 w20
    unpckhps xmm1, xmm3             ; w33 w23 w32 w22
    movaps  xmm3, xmm0
    movlhps xmm0, xmm2              ; w30 w20 w10 w00
    movhlps xmm2, xmm3              ; w31 w21 w11 w01
    movaps  xmm3, xmm4
    movlhps xmm4, xmm1              ; w32 w22 w12 w02
    movhlps xmm1, xmm3              ; w33 w23 w13 w03
%endmacro

; add_product LANES, NUMBER: sums += LANES * delta[o + NUMBER]; spoils xmm5
%macro add_product 2
    movss   xmm5, [rsi + rax * 4 + %2 * 4]
    shufps  xmm5, xmm5, 0
    mulps   xmm5, %1
    addps   sums, xmm5
%endmacro

section .text

; ----------------------------------------------------------------------------
; void dense_backward_sse2(const f32 *w, const f32 *delta, f32 *dx,
;                          u64 inputs, u64 outputs)
;
;   in      rdi = w[inputs][outputs]    rcx = inputs, may be 0
;           rsi = delta[outputs]        r8  = outputs, may be 0
;           rdx = dx[inputs], overlaps nothing
;   clobber rax, rcx, r9-r11, xmm0-xmm6, rdi, rdx
;   order   from 0 through the outputs, ascending
; ----------------------------------------------------------------------------
%define row_bytes   r9
%define row_3       r10             ; -> w[i + 3][0]
%define blocks_end  r11             ; outputs that come in fours
%define block       rbx             ; -> w[i][o]
%define sums        xmm6            ; dx[i + 3] | ... | dx[i]

dense_backward_sse2:
    push    rbx
    lea     row_bytes, [r8 * 4]
    mov     blocks_end, r8
    and     blocks_end, -4
    jmp     .test_rows

.next_rows:
    lea     row_3, [row_bytes + row_bytes * 2]
    add     row_3, rdi
    xorps   sums, sums
    xor     eax, eax                ; o
    jmp     .test_block
    align   16
.next_block:
    lea     block, [rdi + rax * 4]
    movups  xmm0, [block]
    movups  xmm1, [block + row_bytes]
    movups  xmm2, [block + row_bytes * 2]
    movups  xmm3, [row_3 + rax * 4]
    turn_block
    add_product xmm0, 0
    add_product xmm2, 1
    add_product xmm4, 2
    add_product xmm1, 3
    add     rax, 4
.test_block:
    cmp     rax, blocks_end
    jb      .next_block

    jmp     .test_column
.next_column:                       ; up to three outputs that are left
    lea     block, [rdi + rax * 4]
    movss   xmm0, [block]
    movss   xmm1, [block + row_bytes]
    movss   xmm2, [block + row_bytes * 2]
    movss   xmm3, [row_3 + rax * 4]
    unpcklps xmm0, xmm1             ; 0 0 w1 w0
    unpcklps xmm2, xmm3             ; 0 0 w3 w2
    movlhps xmm0, xmm2              ; w3 w2 w1 w0
    add_product xmm0, 0
    inc     rax
.test_column:
    cmp     rax, r8
    jb      .next_column
    movups  [rdx], sums
    add     rdx, 16
    lea     rdi, [row_3 + row_bytes]
    sub     rcx, 4
.test_rows:
    cmp     rcx, 4
    jae     .next_rows
    jmp     .test_one

.next_one:                          ; up to three inputs that are left
    xorps   xmm0, xmm0
    xor     eax, eax
    jmp     .test_product
.next_product:
    movss   xmm1, [rdi + rax * 4]
    mulss   xmm1, [rsi + rax * 4]
    addss   xmm0, xmm1
    inc     rax
.test_product:
    cmp     rax, r8
    jb      .next_product
    movss   [rdx], xmm0
    add     rdx, 4
    add     rdi, row_bytes
    dec     rcx
.test_one:
    test    rcx, rcx
    jnz     .next_one
    pop     rbx
    ret

%undef row_bytes
%undef row_3
%undef blocks_end
%undef block
%undef sums
