; SPDX-License-Identifier: GPL-2.0-or-later
;
; The image as input, without its zeros. For the rungs from `sse2` on; why it
; pays stands in kernels/f64/sse2.asm.
;
; While a mini-batch goes forward and backward, we only note what the gradient
; of the first layer will need: of each sample its delta, and its pixels in a
; table that is turned on its side:
;
;   batch_pixels    sample 0  1  2  3 ...
;     pixel 0              0  0  0  0        a row is one pixel in all samples
;     pixel 1              0 17  0  0        of the batch: just what the
;     ...                                    weights of that pixel depend on
;
; At the end of the mini-batch, each row gives the terms of its pixel's sums.

ACTIVE_WORDS        equ (PIXELS + 63) / 64  ; of 64 bits, the last one padded

section .bss

    alignb  64
batch_pixels:                       ; u8[PIXELS][batch_stride]
    resb    PIXELS * BATCH_MAX
batch_terms:                        ; struct term[BATCH_MAX], of one pixel
    resb    BATCH_MAX * term_size
input_active:                       ; struct active, of the current image
    resb    active_size
    alignb  8
input_pixels:                       ; -> u8[PIXELS], the current image
    resq    1
batch_stride:                       ; --batch, rounded up to 32
    resq    1
    alignb  16
active_bits:                        ; one bit a pixel, 1 if it is not zero
    resb    ACTIVE_WORDS * 8

section .text

; ----------------------------------------------------------------------------
; void input_sparse_load(const u8 *pixels)
;
;   input[p] = pixels[p] / 255, and input_active lists where it is not zero
;
; First one bit a pixel, sixteen pixels at a time:
;
;   pixels          0   0   9 255 |   0 ...     movdqu
;   equal to 0?    ff  ff   0   0 |  ff ...     pcmpeqb
;   as bits         1   1   0   0 |   1 ...     pmovmskb: one bit a byte
;   turned          0   0   1   1 |   0 ...     not: the pixels to visit
;
; then from bit to bit, 64 of them at a time. (To visit each sixteen at once is
; shorter and was slower: the CPU mispredicts the end of each such visit.)
;
;   in      rdi = pixels[PIXELS], any alignment
;   clobber rax, rcx, rdx, rsi, r8-r11, xmm0-xmm2
; ----------------------------------------------------------------------------
%define values      rsi             ; pixel_values
%define dense       rdx             ; input
%define list        r8              ; where the next index goes
%define base        r9              ; first of the 16 or 64 pixels
%define bits        r10             ; active_bits

input_sparse_load:
    mov     [input_pixels], rdi
    lea     values, [pixel_values]
    lea     dense, [input]
    lea     bits, [active_bits]

    ; Zero what the image before had set, instead of all 784.
    xorps   xmm0, xmm0
    mov     rcx, [input_active + active.count]
    lea     list, [input_active + active.index]
    jmp     .test_clear
.clear:
    mov     eax, [list + rcx * 4]
    mov_real [dense + rax * REAL_SIZE], xmm0
.test_clear:
    dec     rcx
    jns     .clear

    xor     base, base
    pxor    xmm1, xmm1
.next_sixteen:
    movdqu  xmm2, [rdi + base]
    pcmpeqb xmm2, xmm1
    pmovmskb eax, xmm2
    not     eax
    mov     rcx, base
    shr     rcx, 3                  ; eight pixels to a byte
    mov     [bits + rcx], ax
    add     base, 16
    cmp     base, PIXELS
    jb      .next_sixteen

    xor     base, base
.next_word:
    mov     rax, base
    shr     rax, 3
    mov     rax, [bits + rax]
    test    rax, rax
    jz      .word_done
.next_pixel:
    bsf     rcx, rax                ; the lowest bit that is left
    add     rcx, base               ; p
    mov     [list], ecx
    add     list, 4
    movzx   r11d, byte [rdi + rcx]
    mov_real xmm0, [values + r11 * REAL_SIZE]
    mov_real [dense + rcx * REAL_SIZE], xmm0
    lea     rcx, [rax - 1]
    and     rax, rcx                ; without that bit
    jnz     .next_pixel
.word_done:
    add     base, 64
    cmp     base, PIXELS
    jb      .next_word

    lea     rax, [input_active + active.index]
    sub     list, rax
    shr     list, 2
    mov     [input_active + active.count], list
    ret

%undef values
%undef dense
%undef list
%undef base
%undef bits

%if PIXELS % 16 != 0
%error input_sparse_load looks at sixteen pixels at a time
%endif

; ----------------------------------------------------------------------------
; void input_sparse_forward(const struct layer *layer)
;   output = bias + input . weights over the active inputs
; ----------------------------------------------------------------------------
input_sparse_forward:
    mov     rax, [isa]
    mov     rsi, [rdi + layer.bias]
    mov     rdx, [rdi + layer.input]
    mov     rcx, [rdi + layer.output]
    lea     r8, [input_active]
    mov     r9, [rdi + layer.outputs]
    mov     rdi, [rdi + layer.weights]
    jmp     [rax + kernels.sparse_forward]

; ----------------------------------------------------------------------------
; void input_sparse_gradient(const struct layer *layer, u64 sample)
;
; Notes the current sample's delta and pixels for the end of the mini-batch,
; and adds delta to the gradient of the biases at once.
;
;   in      rdi = layer, rsi = which sample of the mini-batch this is, from 0
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
input_sparse_gradient:
    ; batch_delta[sample] = delta
    mov     rax, rsi
    imul    rax, rax, FIRST_NEURONS * REAL_SIZE
    lea     r8, [batch_delta]
    add     r8, rax
    mov     rcx, [rdi + layer.delta]
    xor     eax, eax
.next_delta:
    mov_real xmm0, [rcx + rax * REAL_SIZE]
    mov_real [r8 + rax * REAL_SIZE], xmm0
    inc     eax
    cmp     eax, FIRST_NEURONS
    jb      .next_delta

    ; batch_pixels[p][sample] = pixels[p] for the active p
    lea     r8, [batch_pixels]
    add     r8, rsi
    mov     r9, [batch_stride]
    lea     r10, [input_active + active.index]
    mov     rcx, [input_active + active.count]
    lea     rcx, [r10 + rcx * 4]
    mov     r11, [input_pixels]
    jmp     .test_pixel
.next_pixel:
    mov     eax, [r10]              ; p
    movzx   edx, byte [r11 + rax]
    imul    rax, r9
    mov     [r8 + rax], dl
    add     r10, 4
.test_pixel:
    cmp     r10, rcx
    jb      .next_pixel

    ; d_bias += delta: the gradient of a layer of no inputs
    mov     rax, [isa]
    mov     rsi, [rdi + layer.d_bias]
    mov     rcx, [rdi + layer.delta]
    xor     r8d, r8d
    mov     r9, [rdi + layer.outputs]
    jmp     [rax + kernels.dense_gradient]

; ----------------------------------------------------------------------------
; void input_sparse_update(const struct layer *layer, u64 samples, real rate)
;
; Takes the step that the mini-batch asks for: for each pixel that was not zero
; in some sample, collects the terms and updates the pixel's row of weights.
;
;   in      rdi = layer, rsi = samples in the mini-batch, xmm0 = rate
;   clobber everything a function may clobber
;   order   a weight's sum runs through the samples, ascending
; ----------------------------------------------------------------------------
%define pixel_row   r12             ; -> batch_pixels[p]
%define weight_row  r13             ; -> weights[p]
%define pixels_left r14
%define samples     r15
%define rate        [rsp]
%define term_next   rdi             ; -> where the next term goes
%define deltas      r10             ; batch_delta
%define values      r11             ; pixel_values

input_sparse_update:
    push    rbx
    sub     rsp, 16                 ; the frame of layer_update_bias
    mov_real rate, xmm0
    mov     rbx, rdi
    push    r12
    push    r13
    push    r14
    push    r15
    sub     rsp, 16
    mov_real rate, xmm0
    mov     samples, rsi
    lea     pixel_row, [batch_pixels]
    mov     weight_row, [rbx + layer.weights]
    mov     pixels_left, PIXELS

.next_pixel:
    lea     term_next, [batch_terms]
    lea     deltas, [batch_delta]
    lea     values, [pixel_values]
    pxor    xmm1, xmm1
    xor     esi, esi                ; first of the 32 samples
.next_samples:                      ; 32 of them, as in input_sparse_load
    movdqa  xmm0, [pixel_row + rsi]
    movdqa  xmm2, [pixel_row + rsi + 16]
    pcmpeqb xmm0, xmm1
    pcmpeqb xmm2, xmm1
    pmovmskb eax, xmm0
    pmovmskb ecx, xmm2
    shl     ecx, 16
    or      eax, ecx
    not     eax
    test    eax, eax
    jz      .tested
.next_sample:
    bsf     ecx, eax
    add     rcx, rsi                ; sample
    movzx   edx, byte [pixel_row + rcx]
    mov_real xmm0, [values + rdx * REAL_SIZE]
    imul    rcx, rcx, FIRST_NEURONS * REAL_SIZE
    mov_real [term_next + term.value], xmm0
    add     rcx, deltas
    mov     [term_next + term.delta], rcx
    add     term_next, term_size
    lea     ecx, [rax - 1]
    and     eax, ecx
    jnz     .next_sample
    movdqa  [pixel_row + rsi], xmm1 ; clean for the next mini-batch
    movdqa  [pixel_row + rsi + 16], xmm1
.tested:
    add     rsi, 32
    cmp     rsi, samples
    jb      .next_samples

    mov     rdx, term_next
    lea     rsi, [batch_terms]
    sub     rdx, rsi
    jz      .pixel_done
    shr     rdx, 4                  ; terms
    mov     rdi, weight_row
    mov     rcx, [rbx + layer.outputs]
    mov_real xmm0, rate
    mov     rax, [isa]
    call    [rax + kernels.sparse_update]
.pixel_done:
    add     pixel_row, [batch_stride]
    add     weight_row, FIRST_NEURONS * REAL_SIZE
    dec     pixels_left
    jnz     .next_pixel

    add     rsp, 16
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    jmp     layer_update_bias

%undef pixel_row
%undef weight_row
%undef pixels_left
%undef samples
%undef rate
%undef term_next
%undef deltas
%undef values

%if term_size != 16
%error input_sparse_update takes a term to be 16 bytes
%endif
