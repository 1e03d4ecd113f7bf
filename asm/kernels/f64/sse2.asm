; SPDX-License-Identifier: GPL-2.0-or-later
;
; Forward in double precision with SSE2, without the zeros: --isa sse2, the
; default. Counterpart: denseForward in src/nn/reference.ts, bit for bit. What
; learns is in kernels/f64/sse2_update.asm.
;
; Four fifths of an MNIST image are zero, and a zero adds nothing: neither to a
; neuron's sum nor to the gradient of its weights. So the first layer (25,120 of
; the 25,450 weights and biases are there) walks only the pixels that are not
; zero. Each of them is one multiply-add with a whole row of weights, which lies
; in one piece because w is stored input by input.
;
; Four rows are added at a time, so that sums are loaded and stored for every
; fourth product only:
;
;   out[o] = (((out[o] + x0 w0[o]) + x1 w1[o]) + x2 w2[o]) + x3 w3[o]
;
; The rows lie here and there, in the second-level cache at best, so the next
; four are asked for (prefetcht0) while these four are added: 4 % of the
; training of `sigmoid`, 1 % of that of `relu`. (Behind the end of the list are
; old indices: rows too many are asked for, no more.)
;
; Rejected: eight registers of sums, and all rows in turn, sixteen neurons at a
; time. It stores nothing on the way, but walks the list twice, and touches half
; a row each time: 3 % more time for `sigmoid`, 2 % for `relu`.

section .text

; Four inputs at a time. Of each: its row of weights, the row of the input four
; places on, and its value in all lanes.
%define row_0       r8              ; -> w[i][0]
%define row_1       r9
%define row_2       r10
%define row_3       r11
%define next_0      r12
%define next_1      r13
%define next_2      r14
%define next_3      r15
%define x_0         xmm8            ; x[i] | x[i]
%define x_1         xmm9
%define x_2         xmm10
%define x_3         xmm11

%define w           rdi
%define x           rdx
%define out         rcx
%define list        rsi             ; -> the next index
%define list_end    rbp
%define row_bytes   rbx
%define column      rax             ; bytes from the start of a row
%define line_last   [rsp]           ; of the columns with 64 bytes behind them

; find_row REGISTER, PLACES: -> the row of the input that many places on in the
;   list; spoils rax
%macro find_row 2
    mov     eax, [list + (%2) * 4]
    imul    rax, row_bytes
    lea     %1, [w + rax]
%endmacro

; find_value NUMBER: x_* = the value of the input that many places on; spoils
;   rax
%macro find_value 1
    mov     eax, [list + %1 * 4]
    movsd   x_%1, [x + rax * 8]
    unpcklpd x_%1, x_%1
%endmacro

; go_on NUMBER: the next row's turn has come; spoils rax
%macro go_on 1
    find_value %1
    mov     row_%1, next_%1
    find_row next_%1, %1 + 4
%endmacro

; add_row NUMBER, OFFSET: xmm0, xmm1 += x_* row_*[..]; spoils xmm2, xmm3
%macro add_row 2
    movups  xmm2, [row_%1 + column + %2]
    movups  xmm3, [row_%1 + column + %2 + 16]
    mulpd   xmm2, x_%1
    mulpd   xmm3, x_%1
    addpd   xmm0, xmm2
    addpd   xmm1, xmm3
%endmacro

; add_last NUMBER: the same with one number
%macro add_last 1
    movsd   xmm1, [row_%1 + column]
    mulsd   xmm1, x_%1
    addsd   xmm0, xmm1
%endmacro

; ----------------------------------------------------------------------------
; void sparse_forward_sse2(const f64 *w, const f64 *b, const f64 *x,
;                          f64 *out, const struct active *active, u64 outputs)
;
;   out[o] = b[o] + sum over the inputs i in `active` of x[i] w[i][o]
;
;   in      rdi = w[inputs][outputs]    rcx = out[outputs]
;           rsi = b[outputs]            r8  = active, indices below `inputs`,
;           rdx = x[inputs]                   and 16 bytes of anything behind
;           r9  = outputs, may be 0     8-byte alignment; out overlaps nothing
;   clobber rax, rsi, r8-r11, xmm0-xmm3, xmm8-xmm11
;   order   from b[o] through the active inputs, as listed (ascending)
; ----------------------------------------------------------------------------
sparse_forward_sse2:
    push    rbx
    push    rbp
    push    r12
    push    r13
    push    r14
    push    r15
    sub     rsp, 8
    lea     row_bytes, [r9 * 8]
    lea     rax, [row_bytes - 64]
    mov     line_last, rax
    xor     column, column
    jmp     .test_bias
.next_bias:
    movsd   xmm0, [rsi + column]
    movsd   [out + column], xmm0
    add     column, 8
.test_bias:
    cmp     column, row_bytes
    jb      .next_bias

    mov     list_end, [r8 + active.count]
    lea     list, [r8 + active.index]
    lea     list_end, [list + list_end * 4]
    find_row next_0, 0
    find_row next_1, 1
    find_row next_2, 2
    find_row next_3, 3
    jmp     .test_four
.next_four:                         ; inputs
    go_on   0
    go_on   1
    go_on   2
    go_on   3
    xor     column, column
    jmp     .test_line
    align   32
.next_line:                         ; 64 bytes: eight neurons
    prefetcht0 [next_0 + column]
    prefetcht0 [next_1 + column]
    prefetcht0 [next_2 + column]
    prefetcht0 [next_3 + column]
%assign half 0
%rep 2
    movups  xmm0, [out + column + half]
    movups  xmm1, [out + column + half + 16]
    add_row 0, half
    add_row 1, half
    add_row 2, half
    add_row 3, half
    movups  [out + column + half], xmm0
    movups  [out + column + half + 16], xmm1
%assign half half + 32
%endrep
    add     column, 64
.test_line:
    cmp     column, line_last
    jle     .next_line              ; signed: it is negative for short rows
    jmp     .test_last
.next_last:
    movsd   xmm0, [out + column]
    add_last 0
    add_last 1
    add_last 2
    add_last 3
    movsd   [out + column], xmm0
    add     column, 8
.test_last:
    cmp     column, row_bytes
    jb      .next_last
    add     list, 4 * 4
.test_four:
    lea     rax, [list + 4 * 4]
    cmp     rax, list_end
    jbe     .next_four

    jmp     .test_input
.next_input:                        ; up to three that are left
    find_value 0
    find_row row_0, 0
    xor     column, column
    lea     row_1, [row_bytes - 16]
    jmp     .test_register
.next_register:
    movups  xmm0, [out + column]
    movups  xmm1, [row_0 + column]
    mulpd   xmm1, x_0
    addpd   xmm0, xmm1
    movups  [out + column], xmm0
    add     column, 16
.test_register:
    cmp     column, row_1
    jle     .next_register
    jmp     .test_input_last
.next_input_last:
    movsd   xmm0, [out + column]
    add_last 0
    movsd   [out + column], xmm0
    add     column, 8
.test_input_last:
    cmp     column, row_bytes
    jb      .next_input_last
    add     list, 4
.test_input:
    cmp     list, list_end
    jb      .next_input
    add     rsp, 8
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rbp
    pop     rbx
    ret

%undef row_0
%undef row_1
%undef row_2
%undef row_3
%undef next_0
%undef next_1
%undef next_2
%undef next_3
%undef x_0
%undef x_1
%undef x_2
%undef x_3
%undef w
%undef x
%undef out
%undef list
%undef list_end
%undef row_bytes
%undef column
%undef line_last
%unmacro find_row 2
%unmacro find_value 1
%unmacro go_on 1
%unmacro add_row 2
%unmacro add_last 1
