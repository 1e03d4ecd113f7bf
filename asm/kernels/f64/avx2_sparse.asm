; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernels in double precision with AVX2 and FMA that skip zeros: --isa avx2.
; Counterparts: denseForward, denseGradient and denseUpdate in
; src/nn/reference.ts, within a few ulps. Why zeros are worth skipping stands in
; kernels/f64/sse2.asm.
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

; ----------------------------------------------------------------------------
; void sparse_update_avx2(f64 *row, const struct term *terms, u64 count,
;                          u64 outputs, f64 rate)
;
; One step downhill for the weights of one input:
;
;   row[o] -= rate (terms[0].value terms[0].delta[o] + terms[1].value ...)
;
;   in      rdi = row[outputs], 8-byte alignment
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
    vbroadcastsd rate, xmm0
    xor     r8d, r8d

.next_thirty_two:
    cmp     rcx, 32
    jb      .test_four
    vxorpd  ymm0, ymm0, ymm0
    vxorpd  ymm1, ymm1, ymm1
    vxorpd  ymm2, ymm2, ymm2
    vxorpd  ymm3, ymm3, ymm3
    vxorpd  ymm4, ymm4, ymm4
    vxorpd  ymm5, ymm5, ymm5
    vxorpd  ymm6, ymm6, ymm6
    vxorpd  ymm7, ymm7, ymm7
    mov     rax, rsi
    jmp     .test_thirty_two
    align   32
.thirty_two_term:
    vbroadcastsd ymm8, [rax + term.value]
    mov     r9, [rax + term.delta]
    add     r9, offset
    vfmadd231pd ymm0, ymm8, [r9]
    vfmadd231pd ymm1, ymm8, [r9 + 32]
    vfmadd231pd ymm2, ymm8, [r9 + 64]
    vfmadd231pd ymm3, ymm8, [r9 + 96]
    vfmadd231pd ymm4, ymm8, [r9 + 128]
    vfmadd231pd ymm5, ymm8, [r9 + 160]
    vfmadd231pd ymm6, ymm8, [r9 + 192]
    vfmadd231pd ymm7, ymm8, [r9 + 224]
    add     rax, term_size
.test_thirty_two:
    cmp     rax, terms_end
    jb      .thirty_two_term

%assign n 0
%rep 8                              ; row[o] -= rate sum, 4 at a time
    vmovupd ymm10, [rdi + n * 32]
    vfnmadd231pd ymm10, rate, ymm%[n]
    vmovupd [rdi + n * 32], ymm10
%assign n n + 1
%endrep
    add     rdi, 256
    add     offset, 256
    sub     rcx, 32
    jmp     .next_thirty_two

.next_four:
    load_tail_mask rcx, rax
    vxorpd  ymm0, ymm0, ymm0
    mov     rax, rsi
    jmp     .test_four_term
.four_term:
    vbroadcastsd ymm8, [rax + term.value]
    mov     r9, [rax + term.delta]
    vmaskmovpd ymm9, ymm15, [r9 + offset]
    vfmadd231pd ymm0, ymm8, ymm9
    add     rax, term_size
.test_four_term:
    cmp     rax, terms_end
    jb      .four_term
    vmaskmovpd ymm10, ymm15, [rdi]
    vfnmadd231pd ymm10, rate, ymm0
    vmaskmovpd [rdi], ymm15, ymm10
    add     rdi, 32
    add     offset, 32
    sub     rcx, 4
    jbe     .done
.test_four:
    test    rcx, rcx
    jnz     .next_four
.done:
    vzeroupper
    ret

%undef rate
%undef terms_end
%undef offset
