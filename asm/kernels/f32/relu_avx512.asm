; SPDX-License-Identifier: GPL-2.0-or-later
;
; The relu function and its slope in single precision with AVX-512, sixteen
; lanes.
; Counterparts: relu and reluBackward in src/nn/reference.ts, bit for bit.

section .text

; ----------------------------------------------------------------------------
; void relu_avx512(f32 *values, u64 count)
;
;   values[n] = max(0, values[n])
;
;   in      rdi = values[count], rsi = count, may be 0
;   clobber rax, rdi, rsi, zmm0, zmm3, k1
; ----------------------------------------------------------------------------
relu_avx512:
    vxorps  zmm3, zmm3, zmm3
    jmp     .test
.next:
    load_tail_mask rsi, rax
    vmovups zmm0{k1}{z}, [rdi]
    vmaxps  zmm0, zmm3, zmm0        ; a NaN stays, see relu_scalar
    vmovups [rdi]{k1}, zmm0
    add     rdi, 64
    sub     rsi, 16
    jbe     .done
.test:
    test    rsi, rsi
    jnz     .next
.done:
    vzeroupper
    ret

; ----------------------------------------------------------------------------
; void relu_backward_avx512(f32 *delta, const f32 *output, u64 count)
;
;   delta[n] = delta[n] if output[n] > 0, else 0
;
;   in      rdi = delta[count], rsi = output[count], rdx = count, may be 0
;   clobber rax, rdi, rsi, rdx, zmm0-zmm3, k1, k2
; ----------------------------------------------------------------------------
relu_backward_avx512:
    vxorps  zmm3, zmm3, zmm3
    jmp     .test
.next:
    load_tail_mask rdx, rax
    vmovups zmm1{k1}{z}, [rsi]
    vmovups zmm2{k1}{z}, [rdi]
    vcmpltps k2, zmm3, zmm1         ; 0 < output: bit set
    vmovaps zmm0{k2}{z}, zmm2
    vmovups [rdi]{k1}, zmm0
    add     rdi, 64
    add     rsi, 64
    sub     rdx, 16
    jbe     .done
.test:
    test    rdx, rdx
    jnz     .next
.done:
    vzeroupper
    ret
