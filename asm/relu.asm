; SPDX-License-Identifier: GPL-2.0-or-later
;
; relu: a neural network of 784 pixels, 128 and 64 hidden neurons and 10 digits
; that learns to read handwriting, in single precision.
;
;   nasm -f bin -I asm/ -o relu asm/relu.asm && chmod +x relu
;
; The limits are those of He et al. (2015), uniform: sqrt(6 / inputs).

%define IMAGE_NAME      "relu"
%define IMAGE_SUMMARY   "A 784-128-64-10 network that reads handwritten digits."

HIDDEN1         equ 128
HIDDEN2         equ 64
%define HIDDEN1_LIMIT   0.08748177652797064
%define HIDDEN2_LIMIT   0.21650635094610965
%define OUTPUT_LIMIT    0.30618621784789724

%define DEFAULT_EPOCHS  10
%define DEFAULT_BATCH   64
%define DEFAULT_RATE    0.01

%include "include/elf.inc"
%include "nn/three_layer.inc"
%include "library.inc"
