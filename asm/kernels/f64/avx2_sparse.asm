; SPDX-License-Identifier: GPL-2.0-or-later
;
; A layer in double precision with AVX2 and FMA, without the zeros: --isa avx2.
; Counterpart: denseForward in src/nn/reference.ts, within a few ulps. Why zeros
; are worth skipping stands in kernels/f64/sse2.asm. This is for one sample;
; mini-batches have kernels of their own, in kernels/batch.
;
; Eight registers of sums are 32 neurons. One sum grows by one product every
; four cycles at best; eight of them keep both multipliers of a core busy.

section .text

; ----------------------------------------------------------------------------
; void sparse_forward_avx2(const f64 *w, const f64 *b, const f64 *x,
;                           f64 *out, const struct active *active,
;                           u64 outputs)
;
;   out[o] = b[o] + sum over the inputs i in `active` of x[i] w[i][o]
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = active, indices below `inputs`
;           rdx = x[inputs]             r9  = outputs, may be 0
;           8-byte alignment; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, ymm0-ymm9, ymm15
;   order   from b[o] through the active inputs, as listed, fused
; ----------------------------------------------------------------------------
%define list        r11             ; -> the next index
%define list_end    r12
%define row_bytes   r10

sparse_forward_avx2:
    push    r12
    lea     row_bytes, [r9 * 8]
    mov     list_end, [r8 + active.count]
    lea     list_end, [r8 + active.index + list_end * 4]

.next_thirty_two:
    cmp     r9, 32
    jb      .test_four
    vmovupd ymm0, [rsi]
    vmovupd ymm1, [rsi + 32]
    vmovupd ymm2, [rsi + 64]
    vmovupd ymm3, [rsi + 96]
    vmovupd ymm4, [rsi + 128]
    vmovupd ymm5, [rsi + 160]
    vmovupd ymm6, [rsi + 192]
    vmovupd ymm7, [rsi + 224]
    lea     list, [r8 + active.index]
    jmp     .test_thirty_two
    align   32
.thirty_two_input:
    mov     eax, [list]             ; i
    vbroadcastsd ymm8, [rdx + rax * 8]
    imul    rax, row_bytes
    add     rax, rdi                ; -> w[i][o]
    vfmadd231pd ymm0, ymm8, [rax]
    vfmadd231pd ymm1, ymm8, [rax + 32]
    vfmadd231pd ymm2, ymm8, [rax + 64]
    vfmadd231pd ymm3, ymm8, [rax + 96]
    vfmadd231pd ymm4, ymm8, [rax + 128]
    vfmadd231pd ymm5, ymm8, [rax + 160]
    vfmadd231pd ymm6, ymm8, [rax + 192]
    vfmadd231pd ymm7, ymm8, [rax + 224]
    add     list, 4
.test_thirty_two:
    cmp     list, list_end
    jb      .thirty_two_input
    vmovupd [rcx], ymm0
    vmovupd [rcx + 32], ymm1
    vmovupd [rcx + 64], ymm2
    vmovupd [rcx + 96], ymm3
    vmovupd [rcx + 128], ymm4
    vmovupd [rcx + 160], ymm5
    vmovupd [rcx + 192], ymm6
    vmovupd [rcx + 224], ymm7
    add     rdi, 256                ; the next 32 columns
    add     rsi, 256
    add     rcx, 256
    sub     r9, 32
    jmp     .next_thirty_two

.next_four:
    load_tail_mask r9, rax
    vmaskmovpd ymm0, ymm15, [rsi]
    lea     list, [r8 + active.index]
    jmp     .test_four_input
.four_input:
    mov     eax, [list]
    vbroadcastsd ymm8, [rdx + rax * 8]
    imul    rax, row_bytes
    vmaskmovpd ymm9, ymm15, [rdi + rax]
    vfmadd231pd ymm0, ymm8, ymm9
    add     list, 4
.test_four_input:
    cmp     list, list_end
    jb      .four_input
    vmaskmovpd [rcx], ymm15, ymm0
    add     rdi, 32
    add     rsi, 32
    add     rcx, 32
    sub     r9, 4
    jbe     .done
.test_four:
    test    r9, r9
    jnz     .next_four
.done:
    vzeroupper
    pop     r12
    ret

%undef list
%undef list_end
%undef row_bytes
