; SPDX-License-Identifier: GPL-2.0-or-later
;
; wide: an example of another network, 784-64-10: twice as many hidden neurons
; as sigmoid. A network is its sizes and its defaults; all else is shared.
;
;   nasm -f bin -I asm/ -o wide asm/examples/wide.asm && chmod +x wide

%define IMAGE_NAME      "wide"
%define IMAGE_SUMMARY   "A 784-64-10 network that reads handwritten digits."
HIDDEN          equ 64
%define HIDDEN_LIMIT    0.0815
%define OUTPUT_LIMIT    0.285       ; sqrt(6 / (64 + 10))
%define DEFAULT_EPOCHS  30
%define DEFAULT_BATCH   32
%define DEFAULT_RATE    0.1

%include "include/elf.inc"
%include "nn/two_layer.inc"
%include "library.inc"
