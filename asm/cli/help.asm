; SPDX-License-Identifier: GPL-2.0-or-later
;
; What --help says.

%defstr DEFAULT_EPOCHS_TEXT DEFAULT_EPOCHS
%defstr DEFAULT_BATCH_TEXT DEFAULT_BATCH
%defstr DEFAULT_RATE_TEXT DEFAULT_RATE

section .rodata

usage_text:
    db      "usage: ", IMAGE_NAME, " COMMAND [OPTION VALUE]...", 10
    db      10
    db      IMAGE_SUMMARY, 10
    db      10
    db      "commands:", 10
    db      "  train      learn from the training set, save the weights, "
    db      "then test", 10
    db      "  test       load the weights, measure them on the test set", 10
    db      "  classify   load the weights, read images of 28x28 bytes from "
    db      "standard", 10
    db      "             input, print for each its digit and ten "
    db      "probabilities", 10
    db      10
    db      "options:", 10
    db      "  --data DIR       where the four IDX files are "
    db      "(data/mnist)", 10
    db      "  --weights FILE   weights to read or write "
    db      "(data/weights/", IMAGE_NAME, ".bin)", 10
    db      "  --epochs N       times to go through the training set ("
    db      DEFAULT_EPOCHS_TEXT, ")", 10
    db      "  --seed N         start of the random numbers (1)", 10
    db      "  --batch N        samples in a mini-batch, up to 1024 ("
    db      DEFAULT_BATCH_TEXT, ")", 10
    db      "  --lr X           learning rate (", DEFAULT_RATE_TEXT, ")", 10
    db      "  --limit N        use only the first N samples (all)", 10
    db      "  --isa NAME       ", ISA_NAMES, " (", ISA_DEFAULT, ")", 10
    db      "  --help           this text", 10, 0

section .text

; ----------------------------------------------------------------------------
; void put_help(void)
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
put_help:
    sub     rsp, 8
    lea     rdi, [usage_text]
    call    put_text
    call    flush_text
    add     rsp, 8
    ret
