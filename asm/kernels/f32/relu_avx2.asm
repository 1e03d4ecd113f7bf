; SPDX-License-Identifier: GPL-2.0-or-later
;
; The relu function and its slope in single precision with AVX2, eight lanes.
; Counterparts: relu and reluBackward in src/nn/reference.ts, bit for bit.

section .text

; ----------------------------------------------------------------------------
; void relu_avx2(f32 *values, u64 count)
;
;   values[n] = max(0, values[n])
;
;   in      rdi = values[count], rsi = count, may be 0
;   clobber rax, rdi, rsi, ymm0, ymm3, ymm15
; ----------------------------------------------------------------------------
relu_avx2:
    vxorps  ymm3, ymm3, ymm3
    jmp     .test
.next:
    load_tail_mask rsi, rax
    vmaskmovps ymm0, ymm15, [rdi]
    vmaxps  ymm0, ymm3, ymm0        ; a NaN stays, see relu_scalar
    vmaskmovps [rdi], ymm15, ymm0
    add     rdi, 32
    sub     rsi, 8
    jbe     .done
.test:
    test    rsi, rsi
    jnz     .next
.done:
    vzeroupper
    ret

; ----------------------------------------------------------------------------
; void relu_backward_avx2(f32 *delta, const f32 *output, u64 count)
;
;   delta[n] = delta[n] if output[n] > 0, else 0
;
;   in      rdi = delta[count], rsi = output[count], rdx = count, may be 0
;   clobber rax, rdi, rsi, rdx, ymm0-ymm3, ymm15
; ----------------------------------------------------------------------------
relu_backward_avx2:
    vxorps  ymm3, ymm3, ymm3
    jmp     .test
.next:
    load_tail_mask rdx, rax
    vmaskmovps ymm1, ymm15, [rsi]
    vmaskmovps ymm2, ymm15, [rdi]
    vcmpltps ymm0, ymm3, ymm1       ; 0 < output: all ones, else all zeros
    vandps  ymm0, ymm0, ymm2
    vmaskmovps [rdi], ymm15, ymm0
    add     rdi, 32
    add     rsi, 32
    sub     rdx, 8
    jbe     .done
.test:
    test    rdx, rdx
    jnz     .next
.done:
    vzeroupper
    ret
