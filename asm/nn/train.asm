; SPDX-License-Identifier: GPL-2.0-or-later
;
; train: mini-batch gradient descent.
; Counterpart: function train in src/nn/reference.ts.
;
;   for each epoch
;       put the samples in a random order
;       for each mini-batch
;           for each of its samples: forward, count, backward
;           one step along the average gradient
;       print loss and accuracy, as they were while learning

section .rodata

saved_text:
    db      "Saved ", 0

section .bss

    alignb  8
;@ tensor epoch u64
epoch:                              ; from 1
    resq    1
;@ tensor batch u64
batch:                              ; mini-batch of the epoch, from 0
    resq    1
;@ tensor sample_count u64
sample_count:                       ; these three since the epoch began
    resq    1
;@ tensor correct_count u64
correct_count:
    resq    1
;@ tensor loss_sum f64
loss_sum:
    resq    1

section .text

; ----------------------------------------------------------------------------
; u32 train_command(void)                what `train` does
;
; Ctrl-C ends the training after the current mini-batch; what has been learned
; until then is saved.
;
;   out     eax = exit status
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
train_command:
    sub     rsp, 8
    call    load_train_set
    call    load_test_set
    call    check_weights_target
    call    put_isa
    call    input_start
    call    start_training
    mov     rdi, [option_seed]
    call    network_randomize
    cmp     qword [option_resume], 0
    je      .start
    call    load_weights            ; in place of the random ones
.start:
    call    prepare_order
    call    progress_start
    call    catch_interrupt

.next_epoch:
    inc     qword [epoch]
    call    progress_epoch
    call    train_epoch
    cmp     qword [interrupted], 0
    jne     .interrupted
    call    put_epoch
    ;@ event epoch_end
    mov     rax, [epoch]
    cmp     rax, [option_epochs]
    jb      .next_epoch

    call    save_and_tell
    call    test_network
    xor     eax, eax
    add     rsp, 8
    ret

.interrupted:
    call    progress_clear
    call    save_and_tell
    mov     eax, EXIT_INTERRUPTED
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; void start_training(void)              memory for the way this rung trains
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
start_training:
    mov     rax, [isa]
    lea     rcx, [train_whole_batch]
    cmp     [rax + kernels.train_batch], rcx
    je      batch_start_training
    jmp     sparse_start_training

; ----------------------------------------------------------------------------
; void save_and_tell(void)
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
save_and_tell:
    sub     rsp, 8
    call    save_weights
    cmp     qword [option_quiet], 0
    jne     .done
    lea     rdi, [saved_text]
    call    put_text
    mov     rdi, [option_weights]
    call    put_visible
    call    put_line_end
.done:
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; void train_epoch(void)                 once through the training set, or until
;                                        Ctrl-C
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define first       rbx             ; of the mini-batch, in sample_order
%define samples     r12             ; in this mini-batch

train_epoch:
    push    rbx
    push    r12
    sub     rsp, 8
    call    shuffle_order
    xor     eax, eax
    mov     [batch], rax
    mov     [sample_count], rax
    mov     [correct_count], rax
    mov     [loss_sum], rax         ; the bits of 0.0
    xor     first, first

.next_batch:
    mov     samples, [train_set + dataset.count]
    sub     samples, first
    cmp     samples, [option_batch]
    cmova   samples, [option_batch] ; the last mini-batch may be smaller
    mov     rdi, first
    mov     rsi, samples
    mov     rax, [isa]
    call    [rax + kernels.train_batch]
    ;@ event batch_end
    inc     qword [batch]
    call    progress_batch
    cmp     qword [interrupted], 0
    jne     .done
    add     first, samples
    cmp     first, [train_set + dataset.count]
    jb      .next_batch
.done:
    add     rsp, 8
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void train_by_samples(u64 first, u64 samples)
;
; A mini-batch, sample by sample. The rungs from `avx2` on have instead
; train_whole_batch (nn/batch.asm).
;
;   in      rdi = its first place in sample_order, rsi = samples, 1 or more
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define sample      r13             ; of the mini-batch, from 0
%define label       r14
%define index       rax

train_by_samples:
    push    rbx
    push    r12
    push    r13
    push    r14
    sub     rsp, 8
    mov     first, rdi
    mov     samples, rsi
    mov     rax, [isa]
    cmp     qword [rax + kernels.sparse_forward], 0
    je      .start
    call    sparse_start_batch
.start:
    xor     sample, sample
.next_sample:
    lea     rdi, [first + sample + 1]
    call    prefetch_sample
    mov     rcx, [sample_order]
    lea     rdx, [first + sample]
    mov     eax, [rcx + rdx * 4]    ; index
    mov     rcx, [train_set + dataset.labels]
    movzx   label, byte [rcx + index]
    imul    rdi, index, PIXELS
    add     rdi, [train_set + dataset.images]
    call    network_forward
    mov     rdi, label
    lea     rsi, [output]
    call    count_sample
    mov     rdi, label
    mov     rsi, sample
    call    network_backward
    ;@ event sample_end
    inc     sample
    cmp     sample, samples
    jb      .next_sample
    mov     rdi, samples
    call    network_update
    add     rsp, 8
    pop     r14
    pop     r13
    pop     r12
    pop     rbx
    ret

%undef first
%undef samples
%undef sample
%undef label
%undef index

; ----------------------------------------------------------------------------
; void count_sample(u64 label, const real *probabilities)
;
; After a forward pass: adds the sample to sample_count, its loss to loss_sum,
; and one to correct_count if the likeliest digit is the right one.
;
;   in      rdi = label, rsi = probabilities[DIGITS]
;   out     eax = 1 if it was right, else 0; rdx = the likeliest digit
;   clobber everything a function may clobber
;   order   loss_sum runs through the samples as they come, beginning with 0
; ----------------------------------------------------------------------------
count_sample:
    push    rbx
    push    r12
    sub     rsp, 8
    mov     rbx, rdi
    mov     r12, rsi
    mov     rdi, rsi
    mov     rsi, rbx
    call    cross_entropy
    addsd   xmm0, [loss_sum]
    movsd   [loss_sum], xmm0
    mov     rdi, r12
    mov     esi, DIGITS
    call    argmax
    mov     rdx, rax
    cmp     rax, rbx
    sete    al
    movzx   eax, al
    add     [correct_count], rax
    inc     qword [sample_count]
    add     rsp, 8
    pop     r12
    pop     rbx
    ret

