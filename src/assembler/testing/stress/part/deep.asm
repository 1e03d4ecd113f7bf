; SPDX-License-Identifier: GPL-2.0-or-later
; Included twice: the same lines at two places.
%define DEEP_NAME deep_ %+ DEPTH
DEEP_NAME:
    mov     ecx, DEPTH
.twice:
    ;@ event deep_turn
    sub     ecx, 1
    jns     .twice
    ret
