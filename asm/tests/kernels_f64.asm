; SPDX-License-Identifier: GPL-2.0-or-later
;
; A test image with all kernels of f64. What it does: tests/kernels.inc.

%define IMAGE_NAME  "kernels_f64"
%define PRECISION   64
%include "tests/kernels.inc"
