; SPDX-License-Identifier: GPL-2.0-or-later
;
; A layer in single precision with AVX-512, without the zeros: --isa avx512.
; Counterpart: denseForward in src/nn/reference.ts, within a few ulps. Why zeros
; are worth skipping stands in kernels/f64/sse2.asm. This is for one sample;
; mini-batches have kernels of their own, in kernels/batch.
;
; Four registers of sums are 64 neurons, but four sums are not enough: each
; grows by one product every four cycles, and the core could do eight. So there
; are two sets of sums, for the inputs at even and at odd places of the list,
; added together in the end.

section .text

; ----------------------------------------------------------------------------
; void sparse_forward_avx512(const f32 *w, const f32 *b, const f32 *x,
;                           f32 *out, const struct active *active,
;                           u64 outputs)
;
;   out[o] = b[o] + sum over the inputs i in `active` of x[i] w[i][o]
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = active, indices below `inputs`
;           rdx = x[inputs]             r9  = outputs, may be 0
;           4-byte alignment; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, zmm0-zmm9, k1
;   order   blocks of 64 neurons: (from b[o] through the 1st, 3rd, 5th ...
;           active input) + (from 0 through the 2nd, 4th, 6th ...), fused;
;           the other neurons: from b[o] through all, as listed, fused
; ----------------------------------------------------------------------------
%define list        r11             ; -> the next index
%define list_end    r12
%define row_bytes   r10

sparse_forward_avx512:
    push    r12
    lea     row_bytes, [r9 * 4]
    mov     list_end, [r8 + active.count]
    lea     list_end, [r8 + active.index + list_end * 4]

.next_sixty_four:
    cmp     r9, 64
    jb      .test_sixteen
    vmovups zmm0, [rsi]
    vmovups zmm1, [rsi + 64]
    vmovups zmm2, [rsi + 128]
    vmovups zmm3, [rsi + 192]
    vxorps  zmm4, zmm4, zmm4
    vxorps  zmm5, zmm5, zmm5
    vxorps  zmm6, zmm6, zmm6
    vxorps  zmm7, zmm7, zmm7
    lea     list, [r8 + active.index + 4]
    jmp     .test_sixty_four
    align   32
.sixty_four_inputs:
    mov     eax, [list - 4]         ; i, of the even place
    vbroadcastss zmm8, [rdx + rax * 4]
    imul    rax, row_bytes
    add     rax, rdi                ; -> w[i][o]
    vfmadd231ps zmm0, zmm8, [rax]
    vfmadd231ps zmm1, zmm8, [rax + 64]
    vfmadd231ps zmm2, zmm8, [rax + 128]
    vfmadd231ps zmm3, zmm8, [rax + 192]
    mov     eax, [list]             ; i, of the odd place
    vbroadcastss zmm9, [rdx + rax * 4]
    imul    rax, row_bytes
    add     rax, rdi
    vfmadd231ps zmm4, zmm9, [rax]
    vfmadd231ps zmm5, zmm9, [rax + 64]
    vfmadd231ps zmm6, zmm9, [rax + 128]
    vfmadd231ps zmm7, zmm9, [rax + 192]
    add     list, 8
.test_sixty_four:
    cmp     list, list_end
    jb      .sixty_four_inputs
    jne     .sixty_four_sum         ; an even number of inputs: none is left
    mov     eax, [list - 4]
    vbroadcastss zmm8, [rdx + rax * 4]
    imul    rax, row_bytes
    add     rax, rdi
    vfmadd231ps zmm0, zmm8, [rax]
    vfmadd231ps zmm1, zmm8, [rax + 64]
    vfmadd231ps zmm2, zmm8, [rax + 128]
    vfmadd231ps zmm3, zmm8, [rax + 192]
.sixty_four_sum:
    vaddps  zmm0, zmm0, zmm4
    vaddps  zmm1, zmm1, zmm5
    vaddps  zmm2, zmm2, zmm6
    vaddps  zmm3, zmm3, zmm7
    vmovups [rcx], zmm0
    vmovups [rcx + 64], zmm1
    vmovups [rcx + 128], zmm2
    vmovups [rcx + 192], zmm3
    add     rdi, 256                ; the next 64 columns
    add     rsi, 256
    add     rcx, 256
    sub     r9, 64
    jmp     .next_sixty_four

.next_sixteen:
    load_tail_mask r9, rax
    vmovups zmm0{k1}{z}, [rsi]
    lea     list, [r8 + active.index]
    jmp     .test_sixteen_input
.sixteen_input:
    mov     eax, [list]
    vbroadcastss zmm8, [rdx + rax * 4]
    imul    rax, row_bytes
    vmovups zmm9{k1}{z}, [rdi + rax]
    vfmadd231ps zmm0, zmm8, zmm9
    add     list, 4
.test_sixteen_input:
    cmp     list, list_end
    jb      .sixteen_input
    vmovups [rcx]{k1}, zmm0
    add     rdi, 64
    add     rsi, 64
    add     rcx, 64
    sub     r9, 16
    jbe     .done
.test_sixteen:
    test    r9, r9
    jnz     .next_sixteen
.done:
    vzeroupper
    pop     r12
    ret

%undef list
%undef list_end
%undef row_bytes
