; SPDX-License-Identifier: GPL-2.0-or-later
;
; A product of matrices with AVX2 and FMA: --isa avx2. For both precisions: %[R]
; is the end of a mnemonic, d or s. All layers but the first consist of it when
; a mini-batch is taken as a whole (nn/batch.asm). Counterparts: denseForward,
; denseBackward and denseGradient in src/nn/reference.ts, within a few ulps.
;
; A core that can multiply and add twice a cycle can load only twice a cycle, so
; a sum must not need two loads for each product. A block of c, four rows of two
; registers, stays in registers while l goes from 0 to k:
;
;                     b[l][j ..]  b[l][j + lanes ..]      two loads
;   a[i    ][l]  x    sums 0      sums 1
;   a[i + 1][l]  x    sums 2      sums 3                  one load (broadcast)
;   a[i + 2][l]  x    sums 4      sums 5                  for each row
;   a[i + 3][l]  x    sums 6      sums 7
;
; Six loads for eight multiply-adds; and eight sums are just enough to hide that
; each addition takes four cycles.

section .text

PRODUCT_LANES_AVX2 equ 32 / REAL_SIZE

; sums_at load|store: the block's sums, from or to four rows of c
;   spoils rax
%macro sums_at 1
    mov     rax, c_row
%assign %%row 0
%rep 4
%assign %%lane 0
%rep 2
%assign register_number %%row * 2 + %%lane
    %1_sum  ymm%[register_number], rax + %%lane * 32
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
; void product_avx2(const struct product *p)
;
;   c[i][j] += sum over l of a[i][l] b[l][j]
;
;   in      rdi = p; any alignment, m, n, k may be 0; c overlaps nothing
;   clobber rax, rcx, rdx, rdi, rsi, r8-r11, ymm0-ymm13,
;           ymm15
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

product_avx2:
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

.next_block:                        ; columns of 2 registers
    mov     rows, [table + product.m]
    mov     a_i, [table + product.a]
    mov     c_row, c
    jmp     .test_four
.next_four:                         ; rows: eight registers of sums sums
    sums_at load
    lea     rcx, [a_row + a_row * 2]
    mov     b_l, b
    mov     a_l, a_i
    mov     steps, [table + product.k]
    jmp     .test_four_step
    align   32
.next_four_step:
    vmovup%[R] ymm8, [b_l]
    vmovup%[R] ymm9, [b_l + 32]
    vbroadcasts%[R] ymm10, [a_l]
    vbroadcasts%[R] ymm11, [a_l + a_row]
    vfmadd231p%[R] ymm0, ymm10, ymm8
    vfmadd231p%[R] ymm1, ymm10, ymm9
    vfmadd231p%[R] ymm2, ymm11, ymm8
    vfmadd231p%[R] ymm3, ymm11, ymm9
    vbroadcasts%[R] ymm12, [a_l + a_row * 2]
    vbroadcasts%[R] ymm13, [a_l + rcx]
    vfmadd231p%[R] ymm4, ymm12, ymm8
    vfmadd231p%[R] ymm5, ymm12, ymm9
    vfmadd231p%[R] ymm6, ymm13, ymm8
    vfmadd231p%[R] ymm7, ymm13, ymm9
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
    vmovup%[R] ymm0, [c_row]
    vmovup%[R] ymm1, [c_row + 32]
    mov     b_l, b
    mov     a_l, a_i
    mov     steps, [table + product.k]
    jmp     .test_one_step
.next_one_step:
    vbroadcasts%[R] ymm10, [a_l]
    vfmadd231p%[R] ymm0, ymm10, [b_l]
    vfmadd231p%[R] ymm1, ymm10, [b_l + 32]
    add     b_l, row_bytes
    add     a_l, a_column
    dec     steps
.test_one_step:
    test    steps, steps
    jnz     .next_one_step
    vmovup%[R] [c_row], ymm0
    vmovup%[R] [c_row + 32], ymm1
    add     c_row, row_bytes
    add     a_i, a_row
    dec     rows
.test_one:
    test    rows, rows
    jnz     .next_one
    add     c, 2 * 32
    add     b, 2 * 32
    sub     columns, 2 * PRODUCT_LANES_AVX2
.test_block:
    cmp     columns, 2 * PRODUCT_LANES_AVX2
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
    vmaskmovp%[R] ymm%[row_number], ymm15, [rax]
    add     rax, row_bytes
%assign row_number row_number + 1
%endrep
    mov     b_l, b
    mov     a_l, a_i
    mov     steps, [table + product.k]
    jmp     .test_eight_step
    align   32
.next_eight_step:
    vmaskmovp%[R] ymm8, ymm15, [b_l]
    mov     rcx, a_l
%assign row_number 0
%rep 8
    vbroadcasts%[R] ymm10, [rcx]
    vfmadd231p%[R] ymm%[row_number], ymm10, ymm8
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
    vmaskmovp%[R] [rax], ymm15, ymm%[row_number]
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
    vmaskmovp%[R] ymm0, ymm15, [c_row]
    mov     b_l, b
    mov     a_l, a_i
    mov     steps, [table + product.k]
    jmp     .test_last_step
.next_last_step:
    vbroadcasts%[R] ymm10, [a_l]
    vmaskmovp%[R] ymm8, ymm15, [b_l]
    vfmadd231p%[R] ymm0, ymm10, ymm8
    add     b_l, row_bytes
    add     a_l, a_column
    dec     steps
.test_last_step:
    test    steps, steps
    jnz     .next_last_step
    vmaskmovp%[R] [c_row], ymm15, ymm0
    add     c_row, row_bytes
    add     a_i, a_row
    dec     rows
.test_last:
    test    rows, rows
    jnz     .next_last
    add     c, 32
    add     b, 32
    sub     columns, PRODUCT_LANES_AVX2
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
