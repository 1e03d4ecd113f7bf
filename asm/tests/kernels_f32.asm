; SPDX-License-Identifier: GPL-2.0-or-later
;
; A test image with all kernels of f32. What it does: tests/kernels.inc.

%define IMAGE_NAME  "kernels_f32"
%define PRECISION   32
%include "tests/kernels.inc"
