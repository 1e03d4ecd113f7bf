; SPDX-License-Identifier: GPL-2.0-or-later
;
; What a training shows: a line for each finished epoch on standard output, and,
; if standard error is a terminal, one line there that is written anew a few
; times a second:
;
;   Epoch 3/30 | 12800/60000 | Loss: 0.2713 | 231000 images/s | 6.9 s left
;
; --quiet shows neither.

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
bar_text:
    db      " | ", 0
speed_text:
    db      " images/s | ", 0
left_text:
    db      " s left", 0
rewrite_text:                       ; to the start of the line, and clear it
    db      13, 27, "[K", 0
training_text:
    db      "training", 0
diverged_text:
    db      "the loss is no longer a number; try a smaller --lr", 0

    align   8, db 0
progress_interval:                  ; seconds
    dq      0.2

section .bss

    alignb  8
progress_wanted:                    ; 1 if the line on the terminal is
    resq    1
progress_shown:                     ; 1 if there is one to be cleared
    resq    1
progress_due:                       ; f64: when to write it anew
    resq    1
epoch_began:                        ; f64
    resq    1

section .text

; ----------------------------------------------------------------------------
; void progress_start(void)              finds out whether to show progress
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
progress_start:
    cmp     qword [option_quiet], 0
    jne     .done
    sub     rsp, termios_size + 8
    mov     edi, STDERR
    mov     esi, TCGETS             ; succeeds for terminals only
    mov     rdx, rsp
    call    sys_ioctl
    add     rsp, termios_size + 8
    test    rax, rax
    jnz     .done
    mov     qword [progress_wanted], 1
.done:
    ret

; ----------------------------------------------------------------------------
; void progress_epoch(void)              an epoch begins
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
progress_epoch:
    sub     rsp, 8
    call    seconds_now
    movsd   [epoch_began], xmm0
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; void progress_batch(void)              a mini-batch is done: time for news?
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
progress_batch:
    cmp     qword [progress_wanted], 0
    je      .done
    test    qword [batch], 15       ; the clock costs more than a few samples
    jnz     .done
    sub     rsp, 8
    call    seconds_now
    ucomisd xmm0, [progress_due]
    jbe     .early
    movapd  xmm1, xmm0
    addsd   xmm1, [progress_interval]
    movsd   [progress_due], xmm1
    call    put_progress
.early:
    add     rsp, 8
.done:
    ret

; ----------------------------------------------------------------------------
; void put_progress(f64 now)             writes the line on the terminal anew
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define speed       [rsp]           ; f64: samples a second

put_progress:
    sub     rsp, 24
    subsd   xmm0, [epoch_began]
    cvtsi2sd xmm1, qword [sample_count]
    divsd   xmm1, xmm0
    movsd   speed, xmm1
    mov     qword [text_fd], STDERR
    lea     rdi, [rewrite_text]
    call    put_text
    call    put_epoch_number
    lea     rdi, [bar_text]
    call    put_text
    mov     rdi, [sample_count]
    call    put_u64
    mov     edi, '/'
    call    put_char
    mov     rdi, [train_set + dataset.count]
    call    put_u64
    call    put_loss
    lea     rdi, [bar_text]
    call    put_text
    movsd   xmm0, speed
    xor     edi, edi
    call    put_fixed
    lea     rdi, [speed_text]
    call    put_text

    ; What is left: the rest of this epoch, and the epochs after it.
    mov     rax, [option_epochs]
    sub     rax, [epoch]
    inc     rax
    imul    rax, [train_set + dataset.count]
    sub     rax, [sample_count]
    cvtsi2sd xmm0, rax
    divsd   xmm0, speed
    mov     edi, 1
    call    put_fixed
    lea     rdi, [left_text]
    call    put_text
    call    flush_text
    mov     qword [text_fd], STDOUT
    mov     qword [progress_shown], 1
    add     rsp, 24
    ret

%undef speed

; ----------------------------------------------------------------------------
; void progress_clear(void)              makes room for a line of output
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
progress_clear:
    cmp     qword [progress_shown], 0
    je      .done
    sub     rsp, 8
    mov     qword [progress_shown], 0
    mov     qword [text_fd], STDERR
    lea     rdi, [rewrite_text]
    call    put_text
    call    flush_text
    mov     qword [text_fd], STDOUT
    add     rsp, 8
.done:
    ret

; ----------------------------------------------------------------------------
; void put_epoch_number(void)            Epoch 3/30
; void put_loss(void)                    | Loss: 0.2713, of the epoch so far
;   clobber rax, rcx, rdx, rsi, rdi, r11, xmm0, xmm1
; ----------------------------------------------------------------------------
put_epoch_number:
    sub     rsp, 8
    lea     rdi, [epoch_text]
    call    put_text
    mov     rdi, [epoch]
    call    put_u64
    mov     edi, '/'
    call    put_char
    mov     rdi, [option_epochs]
    call    put_u64
    add     rsp, 8
    ret

put_loss:
    sub     rsp, 8
    lea     rdi, [loss_text]
    call    put_text
    cvtsi2sd xmm1, qword [sample_count]
    movsd   xmm0, [loss_sum]
    divsd   xmm0, xmm1
    mov     edi, 4
    call    put_fixed
    add     rsp, 8
    ret

; ----------------------------------------------------------------------------
; void put_epoch(void)
;
; Prints  Epoch 1/30 | Loss: 0.6105 | Accuracy: 85.26% | Time: 0.412 s
; or ends the program if the loss is no longer a number.
;
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
put_epoch:
    sub     rsp, 24
    call    progress_clear
    movsd   xmm0, [loss_sum]
    subsd   xmm0, xmm0              ; NaN of infinities and NaNs
    ucomisd xmm0, xmm0
    jp      .diverged
    cmp     qword [option_quiet], 0
    jne     .done
    call    seconds_now
    subsd   xmm0, [epoch_began]
    movsd   [rsp], xmm0
    call    put_epoch_number
    call    put_loss
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
.done:
    add     rsp, 24
    ret

.diverged:
    lea     rdi, [training_text]
    lea     rsi, [diverged_text]
    jmp     fail
