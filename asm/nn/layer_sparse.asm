; SPDX-License-Identifier: GPL-2.0-or-later
;
; From the table of layers to the kernels, without the zeros among a layer's
; inputs: dark pixels, and neurons that relu has silenced. For the rungs from
; `sse2` on; why it pays stands in kernels/f64/sse2.asm.
;
; While a mini-batch goes forward and backward, we only note what the gradient
; will need: each sample's delta, and for each input a list of the samples in
; which it is not zero (struct term: its value there, and where that sample's
; delta is):
;
;   pixel 152   count 0
;   pixel 153   count 2   (0.498, -> delta of sample 3), (0.992, -> sample 17)
;   ...
;
; At the end of the mini-batch, a list is just what the weights of its input
; depend on.
;
; Rejected: the pixels of the mini-batch in a table turned on its side, a row of
; bytes for each pixel, searched for what is not zero at the end. It took 1,300
; more instructions a sample and was still 6 % faster for `sigmoid`, because 25
; KiB stay in the first-level cache and lists do not. But it holds bytes: it
; serves the first layer only, and lists save `relu` a quarter of its work.
; Also: lists one cache line further apart, since as they are they begin in the
; same few sets of the cache. It made no difference.

TERMS_BEHIND        equ 8           ; kernels look that far beyond a list's end

section .text

; ----------------------------------------------------------------------------
; void sparse_start_training(void)       memory for the lists of terms
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
sparse_start_training:
    push    rbx
    lea     rbx, [layers]
.next:
    mov     rdi, [rbx + layer.inputs]
    imul    rdi, [option_batch]
    shl     rdi, TERM_SHIFT
    add     rdi, TERMS_BEHIND * term_size
    call    allocate
    mov     [rbx + layer.terms], rax
    add     rbx, layer_size
    lea     rax, [layers + OUTPUT_LAYER]
    cmp     rbx, rax
    jbe     .next
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void list_active(const struct layer *layer)
;
; Lists the layer's inputs that are not zero. Without a jump that depends on the
; data, for there is no telling which neurons relu has silenced: each index is
; written to the list, and stays there if the list then grows.
;
;   in      rdi = layer
;   out     r9 = how many
;   clobber rax, rcx, rdx, rsi, r8
; ----------------------------------------------------------------------------
list_active:
    mov     rsi, [rdi + layer.input]
    mov     rdx, [rdi + layer.inputs]
    mov     r8, [rdi + layer.active]
    xor     r9d, r9d                ; listed
    xor     ecx, ecx                ; i
.next:
    mov     [r8 + active.index + r9 * 4], ecx
%if PRECISION == 64
    mov     rax, [rsi + rcx * REAL_SIZE]
    add     rax, rax                ; without the sign: -0 is zero, too
%else
    mov     eax, [rsi + rcx * REAL_SIZE]
    add     eax, eax
%endif
    setnz   al
    movzx   eax, al
    add     r9, rax
    inc     rcx
    cmp     rcx, rdx
    jb      .next
    mov     [r8 + active.count], r9
    ret

; ----------------------------------------------------------------------------
; void sparse_layer_forward(const struct layer *layer)
;   output = bias + input . weights over the active inputs
; ----------------------------------------------------------------------------
sparse_layer_forward:
    push    rbx
    mov     rbx, rdi
    lea     rax, [layers]
    cmp     rdi, rax
    je      .listed                 ; the image's: by input_sparse_load
    call    list_active
    cmp     r9, [rbx + layer.inputs]
    je      .all                    ; no zeros: sigmoid has none
.listed:
    mov     rax, [isa]
    mov     rdi, [rbx + layer.weights]
    mov     rsi, [rbx + layer.bias]
    mov     rdx, [rbx + layer.input]
    mov     rcx, [rbx + layer.output]
    mov     r8, [rbx + layer.active]
    mov     r9, [rbx + layer.outputs]
    pop     rbx
    jmp     [rax + kernels.sparse_forward]
.all:
    mov     rdi, rbx
    pop     rbx
    jmp     dense_layer_forward

; ----------------------------------------------------------------------------
; void sparse_layer_gradient(const struct layer *layer, u64 sample)
;
; Notes the current sample's delta, and at each of its active inputs the term
; for the end of the mini-batch; adds delta to the gradient of the biases at
; once.
;
;   in      rdi = layer, rsi = which sample of the mini-batch this is, from 0
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define terms       rbx
%define list_bytes  rsi             ; of an input's list of terms
%define input_next  rdx
%define delta       r8              ; bytes from batch_delta to [sample]
%define list        r9              ; -> the next active index
%define list_end    r10
%define counts      r11

sparse_layer_gradient:
    push    rbx
    mov     rax, [rdi + layer.outputs]
    imul    delta, rax, REAL_SIZE
    imul    delta, rsi
    mov     rdx, [rdi + layer.deltas]
    add     rdx, delta
    mov     rcx, [rdi + layer.delta]
.next_delta:
    mov_real xmm0, [rcx + rax * REAL_SIZE - REAL_SIZE]
    mov_real [rdx + rax * REAL_SIZE - REAL_SIZE], xmm0
    dec     rax
    jnz     .next_delta

    mov     rcx, [rdi + layer.active]
    lea     list, [rcx + active.index]
    mov     rax, [rcx + active.count]
    lea     list_end, [list + rax * 4]
    mov     counts, [rdi + layer.term_count]
    mov     terms, [rdi + layer.terms]
    mov     input_next, [rdi + layer.input]
    mov     list_bytes, [option_batch]
    shl     list_bytes, TERM_SHIFT
    movq    xmm1, delta
    jmp     .test_input
    align   16
.next_input:
    mov     eax, [list]             ; i
    mov     ecx, [counts + rax * 4]
    mov_real xmm0, [input_next + rax * REAL_SIZE]
    inc     ecx                     ; with this one
    mov     [counts + rax * 4], ecx
    imul    rax, list_bytes
    shl     rcx, TERM_SHIFT
    add     rax, terms
%if PRECISION == 64
    movlhps xmm0, xmm1              ; delta | value: a struct term
    movups  [rax + rcx - term_size], xmm0
%else
    unpcklps xmm0, xmm1             ; - | - | delta | value
    movlps  [rax + rcx - term_size], xmm0
%endif
    add     list, 4
.test_input:
    cmp     list, list_end
    jb      .next_input

    ; d_bias += delta: the gradient of a layer of no inputs
    mov     rax, [isa]
    mov     rsi, [rdi + layer.d_bias]
    mov     rcx, [rdi + layer.delta]
    xor     r8d, r8d
    mov     r9, [rdi + layer.outputs]
    pop     rbx
    jmp     [rax + kernels.dense_gradient]

%undef terms
%undef list_bytes
%undef input_next
%undef delta
%undef list
%undef list_end
%undef counts

; ----------------------------------------------------------------------------
; void sparse_layer_update(const struct layer *layer, u64 samples, real rate)
;
; Takes the step that the mini-batch asks for: the weights of each input that
; was not zero in some sample are updated with its terms, and its list is
; emptied.
;
;   in      rdi = layer, rsi is not needed, xmm0 = rate
;   clobber everything a function may clobber
;   order   a weight's sum runs through the samples, ascending
; ----------------------------------------------------------------------------
%define row         r12             ; -> weights[i]
%define terms       r13             ; -> terms[i]
%define count       r14             ; -> term_count[i]
%define count_end   r15
%define rate        [rsp]

sparse_layer_update:
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
    mov     terms, [rbx + layer.terms]
    mov     count, [rbx + layer.term_count]
    mov     count_end, [rbx + layer.inputs]
    lea     count_end, [count + count_end * 4]

.next_input:
    mov     edx, [count]
    test    edx, edx
    jz      .input_done
    mov     dword [count], 0
    mov     rdi, row
    mov     rsi, terms
    mov     rcx, [rbx + layer.outputs]
    mov     r8, [rbx + layer.deltas]
    mov_real xmm0, rate
    mov     rax, [isa]
    call    [rax + kernels.sparse_update]
.input_done:
    mov     rax, [option_batch]
    shl     rax, TERM_SHIFT
    add     terms, rax
    mov     rax, [rbx + layer.outputs]
    lea     row, [row + rax * REAL_SIZE]
    add     count, 4
    cmp     count, count_end
    jb      .next_input

    add     rsp, 16
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    jmp     layer_update_bias

%undef row
%undef terms
%undef count
%undef count_end
%undef rate
