; SPDX-License-Identifier: GPL-2.0-or-later
;
; The first layer of a whole mini-batch with AVX2 and FMA: --isa avx2. For both
; precisions: %[R] is the end of a mnemonic, d or s. Counterparts: denseForward,
; denseGradient and denseUpdate in src/nn/reference.ts, within a few ulps.
;
; A piece is up to 16 terms of one sample (nn/pieces.asm). 256 bytes of the
; sample's row, 32 neurons of `sigmoid` or 64 of `relu`, stay in eight registers
; while the 16 rows of weights go by:
;
;   forward     the registers hold sums, the rows are loaded
;   update      the registers hold deltas, the rows are loaded and stored
;
; Rejected: gradients in registers, input by input, as the rung `sse2` does. It
; stores less, but each input's list has another length, and each end of a list
; is a mispredicted jump, 24 of them a sample.

section .text

PIECE_LANES_AVX2    equ 32 / REAL_SIZE

; ----------------------------------------------------------------------------
; void pieces_forward_avx2(const real *w, real *out, const struct piece *p,
;                          u64 count, u64 outputs)
;
; For each piece, with s its sample and w_t the row of weights at offset[t]:
;
;   out[s][o] += value[0] w_0[o] + value[1] w_1[o] + ...
;
;   in      rdi = w[inputs][outputs]    rcx = count, may be 0
;           rsi = out[samples][outputs] r8  = outputs, may be 0
;           rdx = p[count]              any alignment
;   clobber rax, rdi, rsi, r8-r11, ymm0-ymm9, ymm15
;   order   of the pieces and their terms, as they lie; fused
; ----------------------------------------------------------------------------
%define row_bytes   r9
%define piece_at    r10
%define left        r11             ; pieces
%define sums        rax             ; -> out[s]
%define row         rbx             ; -> w_t

pieces_forward_avx2:
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
%rep 8
    vmovup%[R] ymm%[lane], [sums + lane * 32]
%assign lane lane + 1
%endrep
%assign term 0
%rep PIECE_TERMS
    mov     ebx, [piece_at + piece.offset + term * 4]
    vbroadcasts%[R] ymm8, [piece_at + piece.value + term * REAL_SIZE]
    add     row, rdi
%assign lane 0
%rep 8
    vfmadd231p%[R] ymm%[lane], ymm8, [row + lane * 32]
%assign lane lane + 1
%endrep
%assign term term + 1
%endrep
%assign lane 0
%rep 8
    vmovup%[R] [sums + lane * 32], ymm%[lane]
%assign lane lane + 1
%endrep
    add     piece_at, piece_size
    dec     left
.test_piece:
    test    left, left
    jnz     .next_piece
    add     rdi, 256                ; the next columns
    add     rsi, 256
    sub     r8, 8 * PIECE_LANES_AVX2
.test_block:
    cmp     r8, 8 * PIECE_LANES_AVX2
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
    vmaskmovp%[R] ymm0, ymm15, [rsi + sums]
%assign term 0
%rep PIECE_TERMS
    mov     ebx, [piece_at + piece.offset + term * 4]
    vbroadcasts%[R] ymm8, [piece_at + piece.value + term * REAL_SIZE]
    vmaskmovp%[R] ymm9, ymm15, [rdi + row]
    vfmadd231p%[R] ymm0, ymm8, ymm9
%assign term term + 1
%endrep
    vmaskmovp%[R] [rsi + sums], ymm15, ymm0
    add     piece_at, piece_size
    dec     left
.test_part:
    test    left, left
    jnz     .next_part
    add     rdi, 32
    add     rsi, 32
    sub     r8, PIECE_LANES_AVX2
    jbe     .done
.test_register:
    test    r8, r8
    jnz     .next_register
.done:
    vzeroupper                      ; SSE code that follows runs at full speed
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void pieces_update_avx2(real *w, const real *delta, const struct piece *p,
;                         u64 count, u64 outputs)
;
; For each piece and each of its terms t, with s its sample and w_t the row of
; weights at offset[t]:
;
;   w_t[o] += value[t] delta[s][o]
;
;   in      rdi = w[inputs][outputs]    rcx = count, may be 0
;           rsi = delta[samples][outputs] r8 = outputs, may be 0
;           rdx = p[count]              any alignment
;   clobber rax, rdi, rsi, r8-r11, ymm0-ymm12, ymm15
;   order   of the pieces and their terms, as they lie; fused
; ----------------------------------------------------------------------------
%define delta       rax             ; -> delta[s]

pieces_update_avx2:
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
%assign lane 0
%rep 8
    vmovup%[R] ymm%[lane], [delta + lane * 32]
%assign lane lane + 1
%endrep
%assign term 0
%rep PIECE_TERMS
    mov     ebx, [piece_at + piece.offset + term * 4]
    vbroadcasts%[R] ymm8, [piece_at + piece.value + term * REAL_SIZE]
    add     row, rdi
%assign lane 0
%rep 8
%assign spare 9 + lane % 4
    vmovaps ymm%[spare], ymm8       ; the sum will take its place
    vfmadd213p%[R] ymm%[spare], ymm%[lane], [row + lane * 32]
    vmovup%[R] [row + lane * 32], ymm%[spare]
%assign lane lane + 1
%endrep
%assign term term + 1
%endrep
    add     piece_at, piece_size
    dec     left
.test_piece:
    test    left, left
    jnz     .next_piece
    add     rdi, 256
    add     rsi, 256
    sub     r8, 8 * PIECE_LANES_AVX2
.test_block:
    cmp     r8, 8 * PIECE_LANES_AVX2
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
    vmaskmovp%[R] ymm0, ymm15, [rsi + delta]
%assign term 0
%rep PIECE_TERMS
    mov     ebx, [piece_at + piece.offset + term * 4]
    vbroadcasts%[R] ymm8, [piece_at + piece.value + term * REAL_SIZE]
    vmaskmovp%[R] ymm9, ymm15, [rdi + row]
    vfmadd231p%[R] ymm9, ymm8, ymm0
    vmaskmovp%[R] [rdi + row], ymm15, ymm9
%assign term term + 1
%endrep
    add     piece_at, piece_size
    dec     left
.test_part:
    test    left, left
    jnz     .next_part
    add     rdi, 32
    add     rsi, 32
    sub     r8, PIECE_LANES_AVX2
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
