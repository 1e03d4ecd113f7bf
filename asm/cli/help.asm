; SPDX-License-Identifier: GPL-2.0-or-later
;
; What --help and --version say.

%define VERSION "0.1.0"               ; as in package.json

%defstr DEFAULT_EPOCHS_TEXT DEFAULT_EPOCHS
%defstr DEFAULT_BATCH_TEXT DEFAULT_BATCH
%defstr DEFAULT_RATE_TEXT DEFAULT_RATE

section .rodata

version_line_text:
    db      IMAGE_NAME, " ", VERSION, " (Glassbox)", 10, 0

usage_text:
    db      "usage: ", IMAGE_NAME, " COMMAND [OPTION]...", 10
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
    db      "  inspect    print a test image as text, and what the network "
    db      "sees in it", 10
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
    db      "  --resume         train: go on from the weights in the file", 10
    db      "  --quiet          train: print no line for each epoch", 10
    db      "  --confusion      test: print which digit was read as which", 10
    db      "  --index N        inspect: which test image (0)", 10
    db      "  --help           this text", 10
    db      "  --version        name and version", 10, 0

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

; ----------------------------------------------------------------------------
; void put_version(void)
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
put_version:
    sub     rsp, 8
    lea     rdi, [version_line_text]
    call    put_text
    call    flush_text
    add     rsp, 8
    ret
