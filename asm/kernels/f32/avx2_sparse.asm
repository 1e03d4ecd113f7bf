; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in single precision with AVX2 and FMA that skip zeros: --isa avx2.
; Counterparts: denseForward, denseGradient and denseUpdate in
; src/nn/reference.ts, within a few ulps. Why zeros are worth skipping stands in
; kernels/f64/sse2.asm.
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

; ----------------------------------------------------------------------------
; void sparse_update_avx2(f32 *row, const struct term *terms, u64 count,
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
;   clobber rax, rcx, rdx, rdi, r8, r9, ymm0-ymm11, ymm15
;   order   from 0 through the terms, as listed, fused
; ----------------------------------------------------------------------------
%define rate        ymm11
%define terms_end   rdx
%define offset      r8              ; of neuron o in a row, in bytes

sparse_update_avx2:
    shl     rdx, 4                  ; a term is 16 bytes
    add     terms_end, rsi
    vbroadcastss rate, xmm0
    xor     r8d, r8d

.next_sixty_four:
    cmp     rcx, 64
    jb      .test_eight
    vxorps  ymm0, ymm0, ymm0
    vxorps  ymm1, ymm1, ymm1
    vxorps  ymm2, ymm2, ymm2
    vxorps  ymm3, ymm3, ymm3
    vxorps  ymm4, ymm4, ymm4
    vxorps  ymm5, ymm5, ymm5
    vxorps  ymm6, ymm6, ymm6
    vxorps  ymm7, ymm7, ymm7
    mov     rax, rsi
    jmp     .test_sixty_four
    align   32
.sixty_four_term:
    vbroadcastss ymm8, [rax + term.value]
    mov     r9, [rax + term.delta]
    add     r9, offset
    vfmadd231ps ymm0, ymm8, [r9]
    vfmadd231ps ymm1, ymm8, [r9 + 32]
    vfmadd231ps ymm2, ymm8, [r9 + 64]
    vfmadd231ps ymm3, ymm8, [r9 + 96]
    vfmadd231ps ymm4, ymm8, [r9 + 128]
    vfmadd231ps ymm5, ymm8, [r9 + 160]
    vfmadd231ps ymm6, ymm8, [r9 + 192]
    vfmadd231ps ymm7, ymm8, [r9 + 224]
    add     rax, term_size
.test_sixty_four:
    cmp     rax, terms_end
    jb      .sixty_four_term

%assign n 0
%rep 8                              ; row[o] -= rate sum, 8 at a time
    vmovups ymm10, [rdi + n * 32]
    vfnmadd231ps ymm10, rate, ymm%[n]
    vmovups [rdi + n * 32], ymm10
%assign n n + 1
%endrep
    add     rdi, 256
    add     offset, 256
    sub     rcx, 64
    jmp     .next_sixty_four

.next_eight:
    load_tail_mask rcx, rax
    vxorps  ymm0, ymm0, ymm0
    mov     rax, rsi
    jmp     .test_eight_term
.eight_term:
    vbroadcastss ymm8, [rax + term.value]
    mov     r9, [rax + term.delta]
    vmaskmovps ymm9, ymm15, [r9 + offset]
    vfmadd231ps ymm0, ymm8, ymm9
    add     rax, term_size
.test_eight_term:
    cmp     rax, terms_end
    jb      .eight_term
    vmaskmovps ymm10, ymm15, [rdi]
    vfnmadd231ps ymm10, rate, ymm0
    vmaskmovps [rdi], ymm15, ymm10
    add     rdi, 32
    add     offset, 32
    sub     rcx, 8
    jbe     .done
.test_eight:
    test    rcx, rcx
    jnz     .next_eight
.done:
    vzeroupper
    ret

%undef rate
%undef terms_end
%undef offset

; ----------------------------------------------------------------------------
; void sparse_backward_avx2(const f32 *w, const f32 *delta, f32 *dx,
;                            const struct active *active, u64 outputs)
;
;   dx[i] = w[i][0] delta[0] + w[i][1] delta[1] + ...  for the listed i; the
;   others stay as they are
;
;   in      rdi = w[inputs][outputs]    rcx = active, below `inputs`
;           rsi = delta[outputs]        r8  = outputs, may be 0
;           rdx = dx[inputs], overlaps nothing
;   clobber rax, rcx, r9-r11, ymm0-ymm2, ymm15
;   order   lane n sums the outputs n, n + 8, n + 16, ..., fused; then the
;           upper half of the lanes is added to the lower, until one is left
; ----------------------------------------------------------------------------
%define list        rcx             ; -> the next index
%define list_end    r12
%define row         r11

sparse_backward_avx2:
    push    r12
    mov     rax, [rcx + active.count]
    lea     list, [rcx + active.index]
    lea     list_end, [list + rax * 4]
    mov     r9, r8
    and     r9, -8                  ; outputs that fill registers
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
    vxorps  ymm0, ymm0, ymm0
    xor     eax, eax                ; o
    jmp     .test_eight
.next_eight:
    vmovups ymm1, [row + rax * 4]
    vfmadd231ps ymm0, ymm1, [rsi + rax * 4]
    add     rax, 8
.test_eight:
    cmp     rax, r9
    jb      .next_eight
    test    r10, r10
    jz      .row_done
    vmaskmovps ymm1, ymm15, [row + rax * 4]
    vmaskmovps ymm2, ymm15, [rsi + rax * 4]
    vfmadd231ps ymm0, ymm1, ymm2
.row_done:
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
