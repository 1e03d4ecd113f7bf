; SPDX-License-Identifier: GPL-2.0-or-later
; Vector instructions of every encoding, in an include with an include.

vector_zoo:
    movapd  xmm0, [vectors]
    mulpd   xmm15, [rsi + rax*8 + 16]
    cvtsi2sd xmm1, rax
    cvttsd2si rax, xmm1
    cmpltpd xmm1, xmm2
    shufpd  xmm1, xmm2, 1
    pshufd  xmm3, xmm4, 0b01001110
    pextrq  rax, xmm1, 1
    movntdq [rdi], xmm1
    prefetcht0 [rdi + 512]
    vfmadd231pd ymm1, ymm2, [rsi]
    vbroadcastsd ymm0, [rsi]
    vaddpd  zmm0 {k1}{z}, zmm1, [rsi]{1to8}
    vgatherdpd ymm1, [rax + xmm2*8], ymm3
    andn    rax, rbx, rcx
    popcnt  eax, ecx
    xgetbv
    syscall
%define DEPTH 0
%include "part/deep.asm"
%define DEPTH 1
%include "part/deep.asm"
