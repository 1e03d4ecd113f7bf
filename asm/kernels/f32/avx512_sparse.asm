; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in single precision with AVX-512 that skip zeros: --isa avx512.
; Counterparts: denseForward, denseGradient and denseUpdate in
; src/nn/reference.ts, within a few ulps. Why zeros are worth skipping stands in
; kernels/f64/sse2.asm.
;
; Four registers of sums are 64 neurons, but four sums are not enough: each
; grows by one product every four cycles, and the core could do eight. So there
; are two sets of sums, for the inputs (or samples) at even and at odd places of
; the list, added together in the end.

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

; ----------------------------------------------------------------------------
; void sparse_update_avx512(f32 *row, const struct term *terms, u64 count,
;                          u64 outputs, f32 rate)
;
; One step downhill for the weights of one input:
;
;   row[o] -= rate (terms[0].value terms[0].delta[o] + terms[1].value ...)
;
;   in      rdi = row[outputs], 4-byte alignment
;           rsi = terms[count], rdx = count, may be 0
;           rcx = outputs, may be 0
;           xmm0 = rate: the learning rate over the size of the batch
;   clobber rax, rcx, rdx, rdi, r8, r9, zmm0-zmm11, k1
;   order   blocks of 64 neurons: (from 0 through the 1st, 3rd, ... term) +
;           (from 0 through the 2nd, 4th, ...), fused; the other neurons: from
;           0 through all, as listed, fused
; ----------------------------------------------------------------------------
%define rate        zmm11
%define terms_end   rdx
%define offset      r8              ; of neuron o in a row, in bytes

sparse_update_avx512:
    shl     rdx, 4                  ; a term is 16 bytes
    add     terms_end, rsi
    vbroadcastss rate, xmm0
    xor     r8d, r8d

.next_sixty_four:
    cmp     rcx, 64
    jb      .test_sixteen
    vxorps  zmm0, zmm0, zmm0
    vxorps  zmm1, zmm1, zmm1
    vxorps  zmm2, zmm2, zmm2
    vxorps  zmm3, zmm3, zmm3
    vxorps  zmm4, zmm4, zmm4
    vxorps  zmm5, zmm5, zmm5
    vxorps  zmm6, zmm6, zmm6
    vxorps  zmm7, zmm7, zmm7
    lea     rax, [rsi + term_size]
    jmp     .test_sixty_four
    align   32
.sixty_four_terms:
    vbroadcastss zmm8, [rax - term_size + term.value]
    mov     r9, [rax - term_size + term.delta]
    add     r9, offset
    vfmadd231ps zmm0, zmm8, [r9]
    vfmadd231ps zmm1, zmm8, [r9 + 64]
    vfmadd231ps zmm2, zmm8, [r9 + 128]
    vfmadd231ps zmm3, zmm8, [r9 + 192]
    vbroadcastss zmm9, [rax + term.value]
    mov     r9, [rax + term.delta]
    add     r9, offset
    vfmadd231ps zmm4, zmm9, [r9]
    vfmadd231ps zmm5, zmm9, [r9 + 64]
    vfmadd231ps zmm6, zmm9, [r9 + 128]
    vfmadd231ps zmm7, zmm9, [r9 + 192]
    add     rax, 2 * term_size
.test_sixty_four:
    cmp     rax, terms_end
    jb      .sixty_four_terms
    jne     .sixty_four_sum         ; an even number of terms: none is left
    vbroadcastss zmm8, [rax - term_size + term.value]
    mov     r9, [rax - term_size + term.delta]
    add     r9, offset
    vfmadd231ps zmm0, zmm8, [r9]
    vfmadd231ps zmm1, zmm8, [r9 + 64]
    vfmadd231ps zmm2, zmm8, [r9 + 128]
    vfmadd231ps zmm3, zmm8, [r9 + 192]
.sixty_four_sum:
    vaddps  zmm0, zmm0, zmm4
    vaddps  zmm1, zmm1, zmm5
    vaddps  zmm2, zmm2, zmm6
    vaddps  zmm3, zmm3, zmm7

%assign n 0
%rep 4                              ; row[o] -= rate sum, 16 at a time
    vmovups zmm10, [rdi + n * 64]
    vfnmadd231ps zmm10, rate, zmm%[n]
    vmovups [rdi + n * 64], zmm10
%assign n n + 1
%endrep
    add     rdi, 256
    add     offset, 256
    sub     rcx, 64
    jmp     .next_sixty_four

.next_sixteen:
    load_tail_mask rcx, rax
    vxorps  zmm0, zmm0, zmm0
    mov     rax, rsi
    jmp     .test_sixteen_term
.sixteen_term:
    vbroadcastss zmm8, [rax + term.value]
    mov     r9, [rax + term.delta]
    vmovups zmm9{k1}{z}, [r9 + offset]
    vfmadd231ps zmm0, zmm8, zmm9
    add     rax, term_size
.test_sixteen_term:
    cmp     rax, terms_end
    jb      .sixteen_term
    vmovups zmm10{k1}{z}, [rdi]
    vfnmadd231ps zmm10, rate, zmm0
    vmovups [rdi]{k1}, zmm10
    add     rdi, 64
    add     offset, 64
    sub     rcx, 16
    jbe     .done
.test_sixteen:
    test    rcx, rcx
    jnz     .next_sixteen
.done:
    vzeroupper
    ret

%undef rate
%undef terms_end
%undef offset

; ----------------------------------------------------------------------------
; void sparse_backward_avx512(const f32 *w, const f32 *delta, f32 *dx,
;                            const struct active *active, u64 outputs)
;
;   dx[i] = w[i][0] delta[0] + w[i][1] delta[1] + ...  for the listed i; the
;   others stay as they are
;
;   in      rdi = w[inputs][outputs]    rcx = active, below `inputs`
;           rsi = delta[outputs]        r8  = outputs, may be 0
;           rdx = dx[inputs], overlaps nothing
;   clobber rax, rcx, r9-r11, zmm0-zmm2, k1
;   order   lane n sums the outputs n, n + 16, n + 32, ..., fused; then the
;           upper half of the lanes is added to the lower, until one is left
; ----------------------------------------------------------------------------
%define list        rcx             ; -> the next index
%define list_end    r12
%define row         r11

sparse_backward_avx512:
    push    r12
    mov     rax, [rcx + active.count]
    lea     list, [rcx + active.index]
    lea     list_end, [list + rax * 4]
    mov     r9, r8
    and     r9, -16                 ; outputs that fill registers
    mov     r10, r8
    sub     r10, r9                 ; outputs that are left
    jz      .test_input
    load_tail_mask r10, rax
    jmp     .test_input
    align   32
.next_input:
    mov     r11d, [list]
    imul    row, r8
    lea     row, [rdi + row * 4]    ; -> w[i][0]
    vxorps  zmm0, zmm0, zmm0
    xor     eax, eax                ; o
    jmp     .test_sixteen
.next_sixteen:
    vmovups zmm1, [row + rax * 4]
    vfmadd231ps zmm0, zmm1, [rsi + rax * 4]
    add     rax, 16
.test_sixteen:
    cmp     rax, r9
    jb      .next_sixteen
    test    r10, r10
    jz      .row_done
    vmovups zmm1{k1}{z}, [row + rax * 4]
    vmovups zmm2{k1}{z}, [rsi + rax * 4]
    vfmadd231ps zmm0, zmm1, zmm2
.row_done:
    vextractf32x8 ymm1, zmm0, 1     ; lanes 15 to 8
    vaddps  ymm0, ymm0, ymm1
    vextractf128 xmm1, ymm0, 1      ; lanes 7 to 4
    vaddps  xmm0, xmm0, xmm1
    vmovhlps xmm1, xmm0, xmm0       ; of four, the upper two
    vaddps  xmm0, xmm0, xmm1
    vmovshdup xmm1, xmm0            ; of two, the upper one
    vaddss  xmm0, xmm0, xmm1
    mov     eax, [list]
    vmovss  [rdx + rax * 4], xmm0
    add     list, 4
.test_input:
    cmp     list, list_end
    jb      .next_input
    vzeroupper
    pop     r12
    ret

%undef list
%undef list_end
%undef row
