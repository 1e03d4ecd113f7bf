; SPDX-License-Identifier: GPL-2.0-or-later
;
; sigmoid: a neural network of 784 pixels, 32 hidden neurons and 10 digits that
; learns to read handwriting, in double precision.
;
;   nasm -f bin -I asm/ -o sigmoid asm/sigmoid.asm && chmod +x sigmoid
;
; This file only says what the network is. Where to read on: asm/README.md.

%define IMAGE_NAME      "sigmoid"
%define IMAGE_SUMMARY   "A 784-32-10 network that reads handwritten digits."

HIDDEN          equ 32
%define HIDDEN_LIMIT    0.0815      ; weights start in [-limit, limit)
%define OUTPUT_LIMIT    0.378

%define DEFAULT_EPOCHS  30
%define DEFAULT_BATCH   32
%define DEFAULT_RATE    0.1

%include "include/elf.inc"
%include "nn/two_layer.inc"
%include "library.inc"
