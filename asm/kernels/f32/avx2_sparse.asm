; SPDX-License-Identifier: GPL-2.0-or-later
;
; A layer in single precision with AVX2 and FMA, without the zeros: --isa avx2.
; Counterpart: denseForward in src/nn/reference.ts, within a few ulps. Why zeros
; are worth skipping stands in kernels/f64/sse2.asm. This is for one sample;
; mini-batches have kernels of their own, in kernels/batch.
;
; Eight registers of sums are 64 neurons. One sum grows by one product every
; four cycles at best; eight of them keep both multipliers of a core busy.

section .text

; ----------------------------------------------------------------------------
; void sparse_forward_avx2(const f32 *w, const f32 *b, const f32 *x,
;                           f32 *out, const struct active *active,
;                           u64 outputs)
;
;   out[o] = b[o] + sum over the inputs i in `active` of x[i] w[i][o]
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = active, indices below `inputs`
;           rdx = x[inputs]             r9  = outputs, may be 0
;           4-byte alignment; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, ymm0-ymm9, ymm15
;   order   from b[o] through the active inputs, as listed, fused
; ----------------------------------------------------------------------------
%define list        r11             ; -> the next index
%define list_end    r12
%define row_bytes   r10

sparse_forward_avx2:
    push    r12
    lea     row_bytes, [r9 * 4]
    mov     list_end, [r8 + active.count]
    lea     list_end, [r8 + active.index + list_end * 4]

.next_sixty_four:
    cmp     r9, 64
    jb      .test_eight
    vmovups ymm0, [rsi]
    vmovups ymm1, [rsi + 32]
    vmovups ymm2, [rsi + 64]
    vmovups ymm3, [rsi + 96]
    vmovups ymm4, [rsi + 128]
    vmovups ymm5, [rsi + 160]
    vmovups ymm6, [rsi + 192]
    vmovups ymm7, [rsi + 224]
    lea     list, [r8 + active.index]
    jmp     .test_sixty_four
    align   32
.sixty_four_input:
    mov     eax, [list]             ; i
    vbroadcastss ymm8, [rdx + rax * 4]
    imul    rax, row_bytes
    add     rax, rdi                ; -> w[i][o]
    vfmadd231ps ymm0, ymm8, [rax]
    vfmadd231ps ymm1, ymm8, [rax + 32]
    vfmadd231ps ymm2, ymm8, [rax + 64]
    vfmadd231ps ymm3, ymm8, [rax + 96]
    vfmadd231ps ymm4, ymm8, [rax + 128]
    vfmadd231ps ymm5, ymm8, [rax + 160]
    vfmadd231ps ymm6, ymm8, [rax + 192]
    vfmadd231ps ymm7, ymm8, [rax + 224]
    add     list, 4
.test_sixty_four:
    cmp     list, list_end
    jb      .sixty_four_input
    vmovups [rcx], ymm0
    vmovups [rcx + 32], ymm1
    vmovups [rcx + 64], ymm2
    vmovups [rcx + 96], ymm3
    vmovups [rcx + 128], ymm4
    vmovups [rcx + 160], ymm5
    vmovups [rcx + 192], ymm6
    vmovups [rcx + 224], ymm7
    add     rdi, 256                ; the next 64 columns
    add     rsi, 256
    add     rcx, 256
    sub     r9, 64
    jmp     .next_sixty_four

.next_eight:
    load_tail_mask r9, rax
    vmaskmovps ymm0, ymm15, [rsi]
    lea     list, [r8 + active.index]
    jmp     .test_eight_input
.eight_input:
    mov     eax, [list]
    vbroadcastss ymm8, [rdx + rax * 4]
    imul    rax, row_bytes
    vmaskmovps ymm9, ymm15, [rdi + rax]
    vfmadd231ps ymm0, ymm8, ymm9
    add     list, 4
.test_eight_input:
    cmp     list, list_end
    jb      .eight_input
    vmaskmovps [rcx], ymm15, ymm0
    add     rdi, 32
    add     rsi, 32
    add     rcx, 32
    sub     r9, 8
    jbe     .done
.test_eight:
    test    r9, r9
    jnz     .next_eight
.done:
    vzeroupper
    pop     r12
    ret

%undef list
%undef list_end
%undef row_bytes
