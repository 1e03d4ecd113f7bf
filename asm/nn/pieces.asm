; SPDX-License-Identifier: GPL-2.0-or-later
;
; A mini-batch in pieces, as kernels/batch/pieces_avx2.asm wants it. For the
; rungs that take a mini-batch as a whole (nn/batch.asm).
;
; A piece is PIECE_TERMS terms of one image: always so many, made up with zeros
; (155 terms an image instead of 150). So the kernels' loops always go round as
; often, and no jump is mispredicted; the ends of lists, each of another length,
; cost some 20 cycles each.
;
; The first piece of each image comes first, then the second of each, and so on:
; pieces that follow each other touch the same rows of weights. In a simulated
; first-level cache of 32 KiB six of ten find their row there; image after
; image, one of ten would.
;
; The order of the images is random, so the CPU cannot guess the next one, and
; 29 MB fit few caches. Each piece therefore carries an address in the next
; mini-batch, and the update asks for it: 10 % of the training of `sigmoid`. (To
; ask for all at once was less good: a core can wait for ten lines, no more.)

struc walk                          ; where we are in an image
.next               resq 1          ; -> struct packed
.ahead              resq 1          ; -> one of the next mini-batch
.left               resd 1          ; pieces, 1 or more
.sample             resd 1          ; of the mini-batch, from 0
endstruc

section .rodata

    align   32, db 0
vector_255:
%rep 32 / REAL_SIZE
%if PRECISION == 64
    dq      255.0
%else
    dd      255.0
%endif
%endrep
vector_255th:                       ; 1 / 255
%rep 32 / REAL_SIZE
%if PRECISION == 64
    dq      0.00392156862745098
%else
    dd      0.003921569
%endif
%endrep

section .bss

    alignb  16
walks:
    resb    BATCH_MAX * walk_size
pieces:                             ; -> struct piece[], of the mini-batch
    resq    1
piece_count:
    resq    1

section .text

; ----------------------------------------------------------------------------
; void list_pieces(u64 first, u64 samples)
;
; Lays out a mini-batch in `pieces`; sets piece_count.
;
;   in      rdi = its first place in sample_order, rsi = samples, 1 or more
;   clobber everything a function may clobber, ymm0-ymm15
; ----------------------------------------------------------------------------
%define walk_to     rdx             ; where the walk goes if it goes on
%define walk_from   rsi
%define walks_end   r9
%define from        r10             ; -> struct packed
%define to          rdi             ; -> struct piece

list_pieces:
    mov     rcx, [sample_order]
    lea     rcx, [rcx + rdi * 4]
    mov     r8, [packed_first]
    lea     walks_end, [walks]
    mov     r11, [train_set + dataset.count]
    sub     r11, rdi
    sub     r11, rsi                ; samples behind this mini-batch
    mov     rdi, r11
    xor     edx, edx                ; sample
.next_sample:
    lea     rax, [rdx + rsi]        ; the next mini-batch's, or if there is none
    cmp     rdx, rdi                ; this one itself
    cmovae  rax, rdx
    mov     eax, [rcx + rax * 4]
    mov     r10d, [r8 + rax * 4]
    imul    r10, r10, packed_size
    add     r10, [packed_set]
    mov     [walks_end + walk.ahead], r10
    mov     eax, [rcx + rdx * 4]
    mov     r10d, [r8 + rax * 4]
    mov     r11d, [r8 + rax * 4 + 4]
    sub     r11d, r10d
    imul    r10, r10, packed_size
    add     r10, [packed_set]
    mov     [walks_end + walk.next], r10
    mov     [walks_end + walk.left], r11d
    mov     [walks_end + walk.sample], edx
    test    r11d, r11d
    jz      .sample_done            ; an image that is all dark
    add     walks_end, walk_size
.sample_done:
    inc     rdx
    cmp     rdx, rsi
    jb      .next_sample

    mov     to, [pieces]
    mov     rax, [layers + layer.outputs]
    imul    eax, eax, REAL_SIZE
    vmovd   xmm15, eax
    vpbroadcastd ymm15, xmm15       ; bytes of a row of weights
    vmovap%[R] ymm14, [vector_255]
    vmovap%[R] ymm13, [vector_255th]
    xor     ecx, ecx                ; pieces so far
    jmp     .test_round
.next_round:                        ; the next piece of each image
    lea     walk_from, [walks]
    mov     walk_to, walk_from
    align   16
.next_walk:
    mov     from, [walk_from + walk.next]
    mov     r11d, [walk_from + walk.left]
    mov     eax, [walk_from + walk.sample]
    mov     r8, [walk_from + walk.ahead]
    mov     [to + piece.sample], rax
    mov     [to + piece.ahead], r8
    add     r8, packed_size
    vpmovzxwd ymm0, [from + packed.pixel]
    vpmovzxwd ymm1, [from + packed.pixel + 16]
    vpmulld ymm0, ymm0, ymm15
    vpmulld ymm1, ymm1, ymm15
    vmovdqu [to + piece.offset], ymm0
    vmovdqu [to + piece.offset + 32], ymm1
%assign n 0
%rep PIECE_TERMS * REAL_SIZE / 32
%if PRECISION == 64
    vpmovzxbd xmm2, [from + packed.value + n * 4]
    vcvtdq2pd ymm2, xmm2
%else
    vpmovzxbd ymm2, [from + packed.value + n * 8]
    vcvtdq2ps ymm2, ymm2
%endif
    vmulp%[R] ymm3, ymm2, ymm13     ; byte / 255, perhaps wrong in the last bit;
    vfnmadd231p%[R] ymm2, ymm3, ymm14   ; what that leaves over,
    vfmadd231p%[R] ymm3, ymm2, ymm13    ; divided, puts it right
    vmovup%[R] [to + piece.value + n * 32], ymm3
%assign n n + 1
%endrep
    add     to, piece_size
    inc     rcx
    add     from, packed_size
    mov     [walk_to + walk.next], from
    mov     [walk_to + walk.sample], eax
    mov     [walk_to + walk.ahead], r8
    dec     r11d
    mov     [walk_to + walk.left], r11d
    setnz   al                      ; without a jump: it stays if any is left
    movzx   eax, al
    imul    eax, eax, walk_size
    add     walk_to, rax
    add     walk_from, walk_size
    cmp     walk_from, walks_end
    jb      .next_walk
    mov     walks_end, walk_to
.test_round:
    lea     rax, [walks]
    cmp     walks_end, rax
    ja      .next_round
    mov     [piece_count], rcx
    vzeroupper
    ret

%undef walk_to
%undef walk_from
%undef walks_end
%undef from
%undef to
