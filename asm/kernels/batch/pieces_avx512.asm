; SPDX-License-Identifier: GPL-2.0-or-later
;
; The first layer of a whole mini-batch with AVX-512: --isa avx512. For both
; precisions: %[R] is the end of a mnemonic, d or s. Counterparts: denseForward,
; denseGradient and denseUpdate in src/nn/reference.ts, within a few ulps.
;
; What is new against kernels/batch/pieces_avx2.asm: a row's block of 256 bytes
; is four registers instead of eight. Four sums are too few to hide the four
; cycles of an addition, so there are two sets of them, for every other term.

section .text

PIECE_LANES_AVX512  equ 64 / REAL_SIZE

; ----------------------------------------------------------------------------
; void pieces_forward_avx512(const real *w, real *out, const struct piece *p,
;                            u64 count, u64 outputs)
;
; For each piece, with s its sample and w_t the row of weights at offset[t]:
;
;   out[s][o] += value[0] w_0[o] + value[1] w_1[o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = count, may be 0
;           rsi = out[samples][outputs] r8  = outputs, may be 0
;           rdx = p[count]              any alignment
;   clobber rax, rdi, rsi, r8-r11, zmm0-zmm9, k1
;   order   of the pieces, as they lie; blocks of 256 bytes of neurons: (from
;           out[s] through the terms at even places) + (from 0 through the odd
;           ones), fused; the other neurons: from out[s] through all terms
; ----------------------------------------------------------------------------
%define row_bytes   r9
%define piece_at    r10
%define left        r11             ; pieces
%define sums        rax             ; -> out[s]
%define row         rbx             ; -> w_t

pieces_forward_avx512:
    push    rbx
    imul    row_bytes, r8, REAL_SIZE
    jmp     .test_block
.next_block:
    mov     piece_at, rdx
    mov     left, rcx
    jmp     .test_piece
    align   32
.next_piece:
    mov     sums, [piece_at + piece.sample]
    imul    sums, row_bytes
    add     sums, rsi
%assign lane 0
%rep 4
%assign other lane + 4
    vmovup%[R] zmm%[lane], [sums + lane * 64]
    vxorps  zmm%[other], zmm%[other], zmm%[other]
%assign lane lane + 1
%endrep
%assign term 0
%rep PIECE_TERMS
    mov     ebx, [piece_at + piece.offset + term * 4]
    vbroadcasts%[R] zmm8, [piece_at + piece.value + term * REAL_SIZE]
    add     row, rdi
%assign lane 0
%rep 4
%assign sum term % 2 * 4 + lane
    vfmadd231p%[R] zmm%[sum], zmm8, [row + lane * 64]
%assign lane lane + 1
%endrep
%assign term term + 1
%endrep
%assign lane 0
%rep 4
%assign other lane + 4
    vaddp%[R] zmm%[lane], zmm%[lane], zmm%[other]
    vmovup%[R] [sums + lane * 64], zmm%[lane]
%assign lane lane + 1
%endrep
    add     piece_at, piece_size
    dec     left
.test_piece:
    test    left, left
    jnz     .next_piece
    add     rdi, 256                ; the next columns
    add     rsi, 256
    sub     r8, 4 * PIECE_LANES_AVX512
.test_block:
    cmp     r8, 4 * PIECE_LANES_AVX512
    jae     .next_block
    jmp     .test_register

.next_register:                     ; one register, or a part of it
    load_tail_mask r8, rax
    mov     piece_at, rdx
    mov     left, rcx
    jmp     .test_part
.next_part:
    mov     sums, [piece_at + piece.sample]
    imul    sums, row_bytes
    vmovup%[R] zmm0{k1}{z}, [rsi + sums]
%assign term 0
%rep PIECE_TERMS
    mov     ebx, [piece_at + piece.offset + term * 4]
    vbroadcasts%[R] zmm8, [piece_at + piece.value + term * REAL_SIZE]
    vmovup%[R] zmm9{k1}{z}, [rdi + row]
    vfmadd231p%[R] zmm0, zmm8, zmm9
%assign term term + 1
%endrep
    vmovup%[R] [rsi + sums]{k1}, zmm0
    add     piece_at, piece_size
    dec     left
.test_part:
    test    left, left
    jnz     .next_part
    add     rdi, 64
    add     rsi, 64
    sub     r8, PIECE_LANES_AVX512
    jbe     .done
.test_register:
    test    r8, r8
    jnz     .next_register
.done:
    vzeroupper
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void pieces_update_avx512(real *w, const real *delta, const struct piece *p,
;                           u64 count, u64 outputs)
;
; For each piece and each of its terms t, with s its sample and w_t the row of
; weights at offset[t]:
;
;   w_t[o] += value[t] delta[s][o]
;
;   in      rdi = w[inputs][outputs]    rcx = count, may be 0
;           rsi = delta[samples][outputs] r8 = outputs, may be 0
;           rdx = p[count]              any alignment
;   clobber rax, rdi, rsi, r8-r11, zmm0-zmm7, k1
;   order   of the pieces and their terms, as they lie; fused
; ----------------------------------------------------------------------------
%define delta       rax             ; -> delta[s]

pieces_update_avx512:
    push    rbx
    imul    row_bytes, r8, REAL_SIZE
    jmp     .test_block
.next_block:
    mov     piece_at, rdx
    mov     left, rcx
    jmp     .test_piece
    align   32
.next_piece:
    mov     delta, [piece_at + piece.ahead]
    prefetcht1 [delta]
    mov     delta, [piece_at + piece.sample]
    imul    delta, row_bytes
    add     delta, rsi
    vmovup%[R] zmm0, [delta]
    vmovup%[R] zmm1, [delta + 64]
    vmovup%[R] zmm2, [delta + 128]
    vmovup%[R] zmm3, [delta + 192]
%assign term 0
%rep PIECE_TERMS
    mov     ebx, [piece_at + piece.offset + term * 4]
    vbroadcasts%[R] zmm4, [piece_at + piece.value + term * REAL_SIZE]
    add     row, rdi
    vmovaps zmm5, zmm4              ; the value, four times over
    vmovaps zmm6, zmm4
    vmovaps zmm7, zmm4
    vfmadd213p%[R] zmm4, zmm0, [row]
    vfmadd213p%[R] zmm5, zmm1, [row + 64]
    vfmadd213p%[R] zmm6, zmm2, [row + 128]
    vfmadd213p%[R] zmm7, zmm3, [row + 192]
    vmovup%[R] [row], zmm4
    vmovup%[R] [row + 64], zmm5
    vmovup%[R] [row + 128], zmm6
    vmovup%[R] [row + 192], zmm7
%assign term term + 1
%endrep
    add     piece_at, piece_size
    dec     left
.test_piece:
    test    left, left
    jnz     .next_piece
    add     rdi, 256
    add     rsi, 256
    sub     r8, 4 * PIECE_LANES_AVX512
.test_block:
    cmp     r8, 4 * PIECE_LANES_AVX512
    jae     .next_block
    jmp     .test_register

.next_register:
    load_tail_mask r8, rax
    mov     piece_at, rdx
    mov     left, rcx
    jmp     .test_part
.next_part:
    mov     delta, [piece_at + piece.sample]
    imul    delta, row_bytes
    vmovup%[R] zmm0{k1}{z}, [rsi + delta]
%assign term 0
%rep PIECE_TERMS
    mov     ebx, [piece_at + piece.offset + term * 4]
    vbroadcasts%[R] zmm4, [piece_at + piece.value + term * REAL_SIZE]
    vmovup%[R] zmm5{k1}{z}, [rdi + row]
    vfmadd231p%[R] zmm5, zmm4, zmm0
    vmovup%[R] [rdi + row]{k1}, zmm5
%assign term term + 1
%endrep
    add     piece_at, piece_size
    dec     left
.test_part:
    test    left, left
    jnz     .next_part
    add     rdi, 64
    add     rsi, 64
    sub     r8, PIECE_LANES_AVX512
    jbe     .done
.test_register:
    test    r8, r8
    jnz     .next_register
.done:
    vzeroupper
    pop     rbx
    ret

%undef row_bytes
%undef piece_at
%undef left
%undef sums
%undef row
%undef delta
