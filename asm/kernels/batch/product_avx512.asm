; SPDX-License-Identifier: GPL-2.0-or-later
;
; A product of matrices with AVX-512: --isa avx512. For both precisions: %[R] is
; the end of a mnemonic, d or s. What all layers but the first consist of when a
; mini-batch is taken as a whole (nn/batch.asm).
;
; What is new against kernels/batch/product_avx2.asm: with 32 registers a block
; is 4 x 4 registers of sums, and each load serves four multiplications.

section .text

PRODUCT_LANES_AVX512 equ 64 / REAL_SIZE

; sums_at load|store: the block's sums, from or to four rows of c
;   spoils rax
%macro sums_at 1
    mov     rax, c_row
%assign %%row 0
%rep 4
%assign %%lane 0
%rep 4
%assign register_number %%row * 4 + %%lane
    %1_sum  zmm%[register_number], rax + %%lane * 64
%assign %%lane %%lane + 1
%endrep
    add     rax, row_bytes
%assign %%row %%row + 1
%endrep
%endmacro
%macro load_sum 2
    vmovup%[R] %1, [%2]
%endmacro
%macro store_sum 2
    vmovup%[R] [%2], %1
%endmacro

; ----------------------------------------------------------------------------
; void product_avx512(const struct product *p)
;
;   c[i][j] += sum over l of a[i][l] b[l][j]
;
;   in      rdi = p; any alignment, m, n, k may be 0; c overlaps nothing
;   clobber rax, rcx, rdx, rdi, rsi, r8-r11, zmm0-zmm23, k1
;   order   from c[i][j] through l, ascending, fused
; ----------------------------------------------------------------------------
%define table       rbp             ; p
%define c           rdi
%define b           rsi
%define columns     rdx             ; left, of b and c
%define row_bytes   r8              ; of b and c
%define a_row       r9
%define a_column    r10
%define steps       r11             ; left, of k
%define rows        r12             ; left, of a and c
%define c_row       r13             ; -> c[i][j]
%define a_i         r14             ; -> a[i][0]
%define a_l         rbx             ; -> a[i][l]
%define b_l         rax             ; -> b[l][j]

product_avx512:
    push    rbx
    push    rbp
    push    r12
    push    r13
    push    r14
    mov     table, rdi
    mov     c, [table + product.c]
    mov     b, [table + product.b]
    mov     columns, [table + product.n]
    mov     a_row, [table + product.a_row]
    mov     a_column, [table + product.a_column]
    imul    row_bytes, columns, REAL_SIZE
    jmp     .test_block

.next_block:                        ; columns of 4 registers
    mov     rows, [table + product.m]
    mov     a_i, [table + product.a]
    mov     c_row, c
    jmp     .test_four
.next_four:                         ; rows: sixteen registers of sums sums
    sums_at load
    lea     rcx, [a_row + a_row * 2]
    mov     b_l, b
    mov     a_l, a_i
    mov     steps, [table + product.k]
    jmp     .test_four_step
    align   32
.next_four_step:
    vmovup%[R] zmm16, [b_l]
    vmovup%[R] zmm17, [b_l + 64]
    vmovup%[R] zmm18, [b_l + 128]
    vmovup%[R] zmm19, [b_l + 192]
    vbroadcasts%[R] zmm20, [a_l]
    vbroadcasts%[R] zmm21, [a_l + a_row]
    vfmadd231p%[R] zmm0, zmm20, zmm16
    vfmadd231p%[R] zmm1, zmm20, zmm17
    vfmadd231p%[R] zmm2, zmm20, zmm18
    vfmadd231p%[R] zmm3, zmm20, zmm19
    vfmadd231p%[R] zmm4, zmm21, zmm16
    vfmadd231p%[R] zmm5, zmm21, zmm17
    vfmadd231p%[R] zmm6, zmm21, zmm18
    vfmadd231p%[R] zmm7, zmm21, zmm19
    vbroadcasts%[R] zmm22, [a_l + a_row * 2]
    vbroadcasts%[R] zmm23, [a_l + rcx]
    vfmadd231p%[R] zmm8, zmm22, zmm16
    vfmadd231p%[R] zmm9, zmm22, zmm17
    vfmadd231p%[R] zmm10, zmm22, zmm18
    vfmadd231p%[R] zmm11, zmm22, zmm19
    vfmadd231p%[R] zmm12, zmm23, zmm16
    vfmadd231p%[R] zmm13, zmm23, zmm17
    vfmadd231p%[R] zmm14, zmm23, zmm18
    vfmadd231p%[R] zmm15, zmm23, zmm19
    add     b_l, row_bytes
    add     a_l, a_column
    dec     steps
.test_four_step:
    test    steps, steps
    jnz     .next_four_step
    sums_at store
    mov     c_row, rax
    lea     a_i, [a_i + a_row * 4]
    sub     rows, 4
.test_four:
    cmp     rows, 4
    jae     .next_four
    jmp     .test_one

.next_one:                          ; up to three rows that are left
    vmovup%[R] zmm0, [c_row]
    vmovup%[R] zmm1, [c_row + 64]
    vmovup%[R] zmm2, [c_row + 128]
    vmovup%[R] zmm3, [c_row + 192]
    mov     b_l, b
    mov     a_l, a_i
    mov     steps, [table + product.k]
    jmp     .test_one_step
.next_one_step:
    vbroadcasts%[R] zmm20, [a_l]
    vfmadd231p%[R] zmm0, zmm20, [b_l]
    vfmadd231p%[R] zmm1, zmm20, [b_l + 64]
    vfmadd231p%[R] zmm2, zmm20, [b_l + 128]
    vfmadd231p%[R] zmm3, zmm20, [b_l + 192]
    add     b_l, row_bytes
    add     a_l, a_column
    dec     steps
.test_one_step:
    test    steps, steps
    jnz     .next_one_step
    vmovup%[R] [c_row], zmm0
    vmovup%[R] [c_row + 64], zmm1
    vmovup%[R] [c_row + 128], zmm2
    vmovup%[R] [c_row + 192], zmm3
    add     c_row, row_bytes
    add     a_i, a_row
    dec     rows
.test_one:
    test    rows, rows
    jnz     .next_one
    add     c, 4 * 64
    add     b, 4 * 64
    sub     columns, 4 * PRODUCT_LANES_AVX512
.test_block:
    cmp     columns, 4 * PRODUCT_LANES_AVX512
    jae     .next_block
    jmp     .test_register

.next_register:                     ; columns of one register or a part of it
    load_tail_mask columns, rax
    mov     rows, [table + product.m]
    mov     a_i, [table + product.a]
    mov     c_row, c
    jmp     .test_eight
.next_eight:                        ; rows, a register of sums each
    mov     rax, c_row
%assign row_number 0
%rep 8
    vmovup%[R] zmm%[row_number]{k1}{z}, [rax]
    add     rax, row_bytes
%assign row_number row_number + 1
%endrep
    mov     b_l, b
    mov     a_l, a_i
    mov     steps, [table + product.k]
    jmp     .test_eight_step
    align   32
.next_eight_step:
    vmovup%[R] zmm16{k1}{z}, [b_l]
    mov     rcx, a_l
%assign row_number 0
%rep 8
    vbroadcasts%[R] zmm20, [rcx]
    vfmadd231p%[R] zmm%[row_number], zmm20, zmm16
    add     rcx, a_row
%assign row_number row_number + 1
%endrep
    add     b_l, row_bytes
    add     a_l, a_column
    dec     steps
.test_eight_step:
    test    steps, steps
    jnz     .next_eight_step
    mov     rax, c_row
%assign row_number 0
%rep 8
    vmovup%[R] [rax]{k1}, zmm%[row_number]
    add     rax, row_bytes
%assign row_number row_number + 1
%endrep
    mov     c_row, rax
    lea     a_i, [a_i + a_row * 8]
    sub     rows, 8
.test_eight:
    cmp     rows, 8
    jae     .next_eight
    jmp     .test_last

.next_last:                         ; up to seven rows that are left
    vmovup%[R] zmm0{k1}{z}, [c_row]
    mov     b_l, b
    mov     a_l, a_i
    mov     steps, [table + product.k]
    jmp     .test_last_step
.next_last_step:
    vbroadcasts%[R] zmm20, [a_l]
    vmovup%[R] zmm16{k1}{z}, [b_l]
    vfmadd231p%[R] zmm0, zmm20, zmm16
    add     b_l, row_bytes
    add     a_l, a_column
    dec     steps
.test_last_step:
    test    steps, steps
    jnz     .next_last_step
    vmovup%[R] [c_row]{k1}, zmm0
    add     c_row, row_bytes
    add     a_i, a_row
    dec     rows
.test_last:
    test    rows, rows
    jnz     .next_last
    add     c, 64
    add     b, 64
    sub     columns, PRODUCT_LANES_AVX512
    jbe     .done
.test_register:
    test    columns, columns
    jnz     .next_register
.done:
    vzeroupper
    pop     r14
    pop     r13
    pop     r12
    pop     rbp
    pop     rbx
    ret

%undef table
%undef c
%undef b
%undef columns
%undef row_bytes
%undef a_row
%undef a_column
%undef steps
%undef rows
%undef c_row
%undef a_i
%undef a_l
%undef b_l
%unmacro sums_at 1
%unmacro load_sum 2
%unmacro store_sum 2
