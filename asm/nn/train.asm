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

epoch_text:
    db      "Epoch ", 0
loss_text:
    db      " | Loss: ", 0
accuracy_text:
    db      " | Accuracy: ", 0
time_text:
    db      " | Time: ", 0
seconds_text:
    db      " s", 0
saved_text:
    db      "Saved ", 0
training_text:
    db      "training", 0
diverged_text:
    db      "the loss is no longer a number; try a smaller --lr", 0

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
sample_order:                       ; -> u32[count], indices into the set
    resq    1

section .text

; ----------------------------------------------------------------------------
; void train_command(void)               what `train` does
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
train_command:
    push    rbx
    push    r12
    sub     rsp, 8
    call    load_train_set
    call    load_test_set
    call    check_weights_target
    call    put_isa
    call    network_start
    mov     rdi, [option_seed]
    call    network_randomize
    call    prepare_order

.next_epoch:
    inc     qword [epoch]
    call    seconds_now
    movsd   [rsp], xmm0
    call    train_epoch
    call    seconds_now
    subsd   xmm0, [rsp]
    call    put_epoch
    ;@ event epoch_end
    mov     rax, [epoch]
    cmp     rax, [option_epochs]
    jb      .next_epoch

    call    save_weights
    lea     rdi, [saved_text]
    call    put_text
    mov     rdi, [option_weights]
    call    put_visible
    call    put_line_end
    call    test_network
    add     rsp, 8
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void prepare_order(void)               sample_order = 0, 1, 2, ...
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
prepare_order:
    sub     rsp, 8
    mov     rdi, [train_set + dataset.count]
    shl     rdi, 2
    call    allocate
    mov     [sample_order], rax
    xor     ecx, ecx
.next:
    mov     [rax + rcx * 4], ecx
    inc     rcx
    cmp     rcx, [train_set + dataset.count]
    jb      .next
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; void shuffle_order(void)
;
; Fisher and Yates: from the last place down, each place gets one of those not
; yet placed. Every order is equally likely. The order of the epoch before is
; where this one starts.
;
;   clobber rax, rcx, rdx, rdi
; ----------------------------------------------------------------------------
shuffle_order:
    push    rbx
    push    r12
    sub     rsp, 8
    mov     rbx, [sample_order]
    mov     r12, [train_set + dataset.count]
    jmp     .test
.next:
    mov     rdi, r12
    call    random_below
    dec     r12                     ; swap place r12 with a place <= r12
    mov     ecx, [rbx + rax * 4]
    mov     edx, [rbx + r12 * 4]
    mov     [rbx + rax * 4], edx
    mov     [rbx + r12 * 4], ecx
.test:
    cmp     r12, 1
    ja      .next
    add     rsp, 8
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void train_epoch(void)                 once through the training set
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define first       rbx             ; of the mini-batch, in sample_order
%define samples     r12             ; in this mini-batch
%define sample      r13             ; of the mini-batch, from 0
%define label       r14
%define index       rax

train_epoch:
    push    rbx
    push    r12
    push    r13
    push    r14
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
    ;@ event batch_end
    inc     qword [batch]
    add     first, samples
    cmp     first, [train_set + dataset.count]
    jb      .next_batch

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
; void prefetch_sample(u64 place)
;
; Asks for an image before it is needed. The order is random, so the CPU cannot
; guess the next one, and 47 MB of images fit no cache: without this, a tenth
; of an epoch is waiting for memory.
;
;   in      rdi = place in sample_order; behind the end is no harm
;   clobber rax, rcx, rdi
; ----------------------------------------------------------------------------
CACHE_LINE      equ 64

prefetch_sample:
    cmp     rdi, [train_set + dataset.count]
    jae     .done
    mov     rcx, [sample_order]
    mov     eax, [rcx + rdi * 4]
    imul    rax, rax, PIXELS
    add     rax, [train_set + dataset.images]
%assign line 0
%rep (PIXELS + CACHE_LINE - 1) / CACHE_LINE
    prefetcht0 [rax + line]
%assign line line + CACHE_LINE
%endrep
.done:
    ret

; ----------------------------------------------------------------------------
; void count_sample(u64 label)
;
; After a forward pass: adds the sample to sample_count, its loss to loss_sum,
; and one to correct_count if the likeliest digit is the right one.
;
;   in      rdi = label
;   out     eax = 1 if it was right, else 0
;   clobber everything a function may clobber
;   order   loss_sum runs through the samples as they come, beginning with 0
; ----------------------------------------------------------------------------
count_sample:
    push    rbx
    mov     rbx, rdi
    mov     rsi, rdi
    lea     rdi, [output]
    call    cross_entropy
    addsd   xmm0, [loss_sum]
    movsd   [loss_sum], xmm0
    lea     rdi, [output]
    mov     esi, DIGITS
    call    argmax
    cmp     rax, rbx
    sete    al
    movzx   eax, al
    add     [correct_count], rax
    inc     qword [sample_count]
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void put_epoch(f64 seconds)
;
; Prints  Epoch 1/30 | Loss: 0.6105 | Accuracy: 85.26% | Time: 0.412 s
; or ends the program if the loss is no longer a number.
;
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
put_epoch:
    sub     rsp, 24
    movsd   [rsp], xmm0
    cvtsi2sd xmm1, qword [sample_count]
    movsd   xmm0, [loss_sum]
    divsd   xmm0, xmm1
    movsd   [rsp + 8], xmm0
    subsd   xmm0, xmm0              ; NaN of infinities and NaNs
    ucomisd xmm0, xmm0
    jp      .diverged

    lea     rdi, [epoch_text]
    call    put_text
    mov     rdi, [epoch]
    call    put_u64
    mov     edi, '/'
    call    put_char
    mov     rdi, [option_epochs]
    call    put_u64
    lea     rdi, [loss_text]
    call    put_text
    movsd   xmm0, [rsp + 8]
    mov     edi, 4
    call    put_fixed
    lea     rdi, [accuracy_text]
    call    put_text
    mov     rdi, [correct_count]
    mov     rsi, [sample_count]
    call    put_percent
    lea     rdi, [time_text]
    call    put_text
    movsd   xmm0, [rsp]
    mov     edi, 3
    call    put_fixed
    lea     rdi, [seconds_text]
    call    put_text
    call    put_line_end
    add     rsp, 24
    ret

.diverged:
    lea     rdi, [training_text]
    lea     rsi, [diverged_text]
    jmp     fail
