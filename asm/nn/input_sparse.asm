; SPDX-License-Identifier: GPL-2.0-or-later
;
; The image as input, without its zeros. For the rungs from `sse2` on; why it
; pays stands in kernels/f64/sse2.asm.
;
; While a mini-batch goes forward and backward, we only note what the gradient
; of the first layer will need: each sample's delta, and for each pixel a list of
; the samples in which it is not zero (struct term: its value there, and where
; that sample's delta is):
;
;   pixel 152   count 0
;   pixel 153   count 2   (0.498, -> delta of sample 3), (0.992, -> sample 17)
;   ...
;
; At the end of the mini-batch, a list is just what the weights of its pixel
; depend on.
;
; Rejected: the pixels of the mini-batch in a table turned on its side, a row of
; bytes for each pixel, searched for what is not zero at the end. More code, and
; 1,300 more instructions a sample, many of them mispredicted jumps.

ACTIVE_WORDS        equ (PIXELS + 63) / 64  ; of 64 bits, the last one padded

section .bss

    alignb  64
input_active:                       ; struct active, of the current image
    resb    active_size
    alignb  8
pixel_terms:                        ; -> struct term[PIXELS][--batch]
    resq    1
pixel_term_count:                   ; u32: how many of them are in use
    resd    PIXELS
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
; Notes the current sample's delta, and at each of its active pixels the term
; for the end of the mini-batch; adds delta to the gradient of the biases at
; once.
;
;   in      rdi = layer, rsi = which sample of the mini-batch this is, from 0
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define delta       r8              ; -> batch_delta[sample]
%define list        r9              ; -> the next active index
%define list_end    r10
%define counts      r11             ; pixel_term_count

input_sparse_gradient:
    mov     rax, rsi
    imul    rax, rax, FIRST_NEURONS * REAL_SIZE
    lea     delta, [batch_delta]
    add     delta, rax
    mov     rcx, [rdi + layer.delta]
    xor     eax, eax
.next_delta:
    mov_real xmm0, [rcx + rax * REAL_SIZE]
    mov_real [delta + rax * REAL_SIZE], xmm0
    inc     eax
    cmp     eax, FIRST_NEURONS
    jb      .next_delta

    lea     list, [input_active + active.index]
    mov     rax, [input_active + active.count]
    lea     list_end, [list + rax * 4]
    lea     counts, [pixel_term_count]
    lea     rdx, [input]
    mov     rsi, [option_batch]
    shl     rsi, 4                  ; bytes of a pixel's list
    jmp     .test_pixel
    align   16
.next_pixel:
    mov     eax, [list]             ; p
    mov     ecx, [counts + rax * 4]
    mov_real xmm0, [rdx + rax * REAL_SIZE]
    inc     dword [counts + rax * 4]
    imul    rax, rsi
    shl     rcx, 4
    add     rax, [pixel_terms]
    mov_real [rax + rcx + term.value], xmm0
    mov     [rax + rcx + term.delta], delta
    add     list, 4
.test_pixel:
    cmp     list, list_end
    jb      .next_pixel

    ; d_bias += delta: the gradient of a layer of no inputs
    mov     rax, [isa]
    mov     rsi, [rdi + layer.d_bias]
    mov     rcx, [rdi + layer.delta]
    xor     r8d, r8d
    mov     r9, [rdi + layer.outputs]
    jmp     [rax + kernels.dense_gradient]

%undef delta
%undef list
%undef list_end
%undef counts

; ----------------------------------------------------------------------------
; void input_sparse_update(const struct layer *layer, u64 samples, real rate)
;
; Takes the step that the mini-batch asks for: the weights of each pixel that was
; not zero in some sample are updated with its terms, and its list is emptied.
;
;   in      rdi = layer, rsi is not needed, xmm0 = rate
;   clobber everything a function may clobber
;   order   a weight's sum runs through the samples, ascending
; ----------------------------------------------------------------------------
%define row         r12             ; -> weights[p]
%define terms       r13             ; -> pixel_terms[p]
%define count       r14             ; -> pixel_term_count[p]
%define row_bytes   r15
%define rate        [rsp]

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
    mov     row, [rbx + layer.weights]
    mov     row_bytes, FIRST_NEURONS * REAL_SIZE
    mov     terms, [pixel_terms]
    lea     count, [pixel_term_count]

.next_pixel:
    mov     edx, [count]
    test    edx, edx
    jz      .pixel_done
    mov     dword [count], 0
    mov     rdi, row
    mov     rsi, terms
    mov     rcx, [rbx + layer.outputs]
    mov_real xmm0, rate
    mov     rax, [isa]
    call    [rax + kernels.sparse_update]
.pixel_done:
    mov     rax, [option_batch]
    shl     rax, 4
    add     terms, rax
    add     row, row_bytes
    add     count, 4
    lea     rax, [pixel_term_count + PIXELS * 4]
    cmp     count, rax
    jb      .next_pixel

    add     rsp, 16
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    jmp     layer_update_bias

%undef row
%undef terms
%undef count
%undef row_bytes
%undef rate

; ----------------------------------------------------------------------------
; void input_start_training(void)       memory for the lists of terms
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
input_start_training:
    sub     rsp, 8
    imul    rdi, [option_batch], PIXELS * term_size
    call    allocate
    mov     [pixel_terms], rax
    add     rsp, 8
    ret

%if term_size != 16
%error terms are taken to be 16 bytes
%endif
