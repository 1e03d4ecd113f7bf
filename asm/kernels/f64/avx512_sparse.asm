; SPDX-License-Identifier: GPL-2.0-or-later
;
; A layer in double precision with AVX-512, without the zeros: --isa avx512.
; Counterpart: denseForward in src/nn/reference.ts, within a few ulps. Why zeros
; are worth skipping stands in kernels/f64/sse2.asm. This is for one sample;
; mini-batches have kernels of their own, in kernels/batch.
;
; Four registers of sums are 32 neurons, but four sums are not enough: each
; grows by one product every four cycles, and the core could do eight. So there
; are two sets of sums, for the inputs at even and at odd places of the list,
; added together in the end.

section .text

; ----------------------------------------------------------------------------
; void sparse_forward_avx512(const f64 *w, const f64 *b, const f64 *x,
;                           f64 *out, const struct active *active,
;                           u64 outputs)
;
;   out[o] = b[o] + sum over the inputs i in `active` of x[i] w[i][o]
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = active, indices below `inputs`
;           rdx = x[inputs]             r9  = outputs, may be 0
;           8-byte alignment; out overlaps nothing
;   clobber rax, rcx, rdi, rsi, r9-r11, zmm0-zmm9, k1
;   order   blocks of 32 neurons: (from b[o] through the 1st, 3rd, 5th ...
;           active input) + (from 0 through the 2nd, 4th, 6th ...), fused;
;           the other neurons: from b[o] through all, as listed, fused
; ----------------------------------------------------------------------------
%define list        r11             ; -> the next index
%define list_end    r12
%define row_bytes   r10

sparse_forward_avx512:
    push    r12
    lea     row_bytes, [r9 * 8]
    mov     list_end, [r8 + active.count]
    lea     list_end, [r8 + active.index + list_end * 4]

.next_thirty_two:
    cmp     r9, 32
    jb      .test_eight
    vmovupd zmm0, [rsi]
    vmovupd zmm1, [rsi + 64]
    vmovupd zmm2, [rsi + 128]
    vmovupd zmm3, [rsi + 192]
    vxorpd  zmm4, zmm4, zmm4
    vxorpd  zmm5, zmm5, zmm5
    vxorpd  zmm6, zmm6, zmm6
    vxorpd  zmm7, zmm7, zmm7
    lea     list, [r8 + active.index + 4]
    jmp     .test_thirty_two
    align   32
.thirty_two_inputs:
    mov     eax, [list - 4]         ; i, of the even place
    vbroadcastsd zmm8, [rdx + rax * 8]
    imul    rax, row_bytes
    add     rax, rdi                ; -> w[i][o]
    vfmadd231pd zmm0, zmm8, [rax]
    vfmadd231pd zmm1, zmm8, [rax + 64]
    vfmadd231pd zmm2, zmm8, [rax + 128]
    vfmadd231pd zmm3, zmm8, [rax + 192]
    mov     eax, [list]             ; i, of the odd place
    vbroadcastsd zmm9, [rdx + rax * 8]
    imul    rax, row_bytes
    add     rax, rdi
    vfmadd231pd zmm4, zmm9, [rax]
    vfmadd231pd zmm5, zmm9, [rax + 64]
    vfmadd231pd zmm6, zmm9, [rax + 128]
    vfmadd231pd zmm7, zmm9, [rax + 192]
    add     list, 8
.test_thirty_two:
    cmp     list, list_end
    jb      .thirty_two_inputs
    jne     .thirty_two_sum         ; an even number of inputs: none is left
    mov     eax, [list - 4]
    vbroadcastsd zmm8, [rdx + rax * 8]
    imul    rax, row_bytes
    add     rax, rdi
    vfmadd231pd zmm0, zmm8, [rax]
    vfmadd231pd zmm1, zmm8, [rax + 64]
    vfmadd231pd zmm2, zmm8, [rax + 128]
    vfmadd231pd zmm3, zmm8, [rax + 192]
.thirty_two_sum:
    vaddpd  zmm0, zmm0, zmm4
    vaddpd  zmm1, zmm1, zmm5
    vaddpd  zmm2, zmm2, zmm6
    vaddpd  zmm3, zmm3, zmm7
    vmovupd [rcx], zmm0
    vmovupd [rcx + 64], zmm1
    vmovupd [rcx + 128], zmm2
    vmovupd [rcx + 192], zmm3
    add     rdi, 256                ; the next 32 columns
    add     rsi, 256
    add     rcx, 256
    sub     r9, 32
    jmp     .next_thirty_two

.next_eight:
    load_tail_mask r9, rax
    vmovupd zmm0{k1}{z}, [rsi]
    lea     list, [r8 + active.index]
    jmp     .test_eight_input
.eight_input:
    mov     eax, [list]
    vbroadcastsd zmm8, [rdx + rax * 8]
    imul    rax, row_bytes
    vmovupd zmm9{k1}{z}, [rdi + rax]
    vfmadd231pd zmm0, zmm8, zmm9
    add     list, 4
.test_eight_input:
    cmp     list, list_end
    jb      .eight_input
    vmovupd [rcx]{k1}, zmm0
    add     rdi, 64
    add     rsi, 64
    add     rcx, 64
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
