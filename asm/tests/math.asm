; SPDX-License-Identifier: GPL-2.0-or-later
;
; A test image: applies a function of asm/math, or one of a rung of the ladder, to
; each f64 of standard input and writes the results to standard output. Drivers:
; src/nn/native-math.test.ts, src/cli/ulp.ts.
;
;   math exp < numbers > results
;   math ln  < numbers > results
;   math exp avx2 < numbers > results       there is avx512 too
;   math sigmoid avx2 < numbers > results   and any other rung

%define IMAGE_NAME  "math"
%define PRECISION   64

%include "include/elf.inc"
%include "include/real.inc"
%include "include/network.inc"
%include "include/linux.inc"
%include "sys/start.asm"
%include "sys/syscalls.asm"
%include "sys/file.asm"
%include "io/text.asm"
%include "io/fail.asm"
%include "cli/number.asm"
%include "math/exp.asm"
%include "math/ln.asm"
%include "kernels/all.inc"

; The table of rungs names these; kernels do not call them.
input_dense_load        equ 0
dense_layer_forward     equ 0
dense_layer_gradient    equ 0
dense_layer_update      equ 0
input_sparse_load       equ 0
sparse_layer_forward    equ 0
sparse_layer_gradient   equ 0
sparse_layer_update     equ 0
train_by_samples        equ 0
train_whole_batch       equ 0

NUMBERS_ROOM        equ 4096

section .rodata

exp_text:
    db      "exp", 0
ln_text:
    db      "ln", 0
sigmoid_text:
    db      "sigmoid", 0
function_text:
    db      "function", 0
which_text:
    db      "exp, ln, exp and avx2 or avx512, or sigmoid and a rung", 0

section .bss

    alignb  16
numbers:
    resq    NUMBERS_ROOM
function:                           ; -> f64 function(f64)
    resq    1

section .text

; ----------------------------------------------------------------------------
; u32 main(u64 argc, char **argv)
; ----------------------------------------------------------------------------
%define apply       rbx             ; void apply(f64 *values, u64 count)
%define size        r12             ; bytes of a block of numbers
%define argv        r13

main:
    push    rbx
    push    r12
    push    r13
    mov     argv, rsi
    cmp     rdi, 3
    je      .kernel
    cmp     rdi, 2
    jne     .usage
    lea     rax, [exp]
    mov     [function], rax
    mov     rdi, [argv + 8]
    lea     rsi, [exp_text]
    call    texts_equal
    lea     apply, [apply_function]
    test    eax, eax
    jnz     .next_block
    lea     rax, [ln]
    mov     [function], rax
    mov     rdi, [argv + 8]
    lea     rsi, [ln_text]
    call    texts_equal
    test    eax, eax
    jz      .usage

.next_block:
    mov     edi, STDIN
    lea     rsi, [numbers]
    mov     edx, NUMBERS_ROOM * 8
    call    read_fully
    test    rax, rax
    jle     .done                   ; the end, or an error: the driver counts
    mov     size, rax
    lea     rdi, [numbers]
    mov     rsi, rax
    shr     rsi, 3
    call    apply
    mov     edi, STDOUT
    lea     rsi, [numbers]
    mov     rdx, size
    call    write_fully
    jmp     .next_block

.done:
    xor     eax, eax
    pop     r13
    pop     r12
    pop     rbx
    ret

.kernel:
    mov     rdi, [argv + 8]
    lea     rsi, [sigmoid_text]
    call    texts_equal
    test    eax, eax
    jz      .exp_of_rung
    lea     r12, [kernel_sets]
.next_rung:
    mov     rax, [r12]
    add     r12, 8
    test    rax, rax
    jz      .usage
    mov     apply, [rax + kernels.activate]
    mov     rdi, [argv + 16]
    mov     rsi, [rax + kernels.name]
    call    texts_equal
    test    eax, eax
    jz      .next_rung
    jmp     .next_block

.exp_of_rung:
    mov     rdi, [argv + 8]
    lea     rsi, [exp_text]
    call    texts_equal
    test    eax, eax
    jz      .usage
    lea     apply, [exp_values_avx2]
    mov     rdi, [argv + 16]
    lea     rsi, [avx2_text]
    call    texts_equal
    test    eax, eax
    jnz     .next_block
    lea     apply, [exp_values_avx512]
    mov     rdi, [argv + 16]
    lea     rsi, [avx512_text]
    call    texts_equal
    test    eax, eax
    jnz     .next_block

.usage:
    lea     rdi, [function_text]
    lea     rsi, [which_text]
    jmp     fail_usage

%undef apply
%undef size
%undef argv

; ----------------------------------------------------------------------------
; void apply_function(f64 *values, u64 count)
;
;   values[n] = function(values[n])
;
;   in      rdi = values[count], rsi = count
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
apply_function:
    push    rbx
    push    r12
    sub     rsp, 8
    mov     rbx, rdi                ; -> the next number
    lea     r12, [rdi + rsi * 8]
    jmp     .test
.next:
    movsd   xmm0, [rbx]
    call    [function]
    movsd   [rbx], xmm0
    add     rbx, 8
.test:
    cmp     rbx, r12
    jb      .next
    add     rsp, 8
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; void exp_values_avx2(f64 *values, u64 count)
; void exp_values_avx512(f64 *values, u64 count)
;
;   values[n] = e^values[n],  as softmax_rows of the rung puts it together
;
;   in      rdi = values[count], with room for a whole register at the end;
;           rsi = count, not 0
;   clobber rdi, rsi, ymm0-ymm5 (zmm0-zmm5)
; ----------------------------------------------------------------------------
exp_values_avx2:
    vmovupd ymm0, [rdi]
    call    exp_parts_avx2
    vpaddq  ymm0, ymm0, ymm4
    vmovupd [rdi], ymm0
    add     rdi, 32
    sub     rsi, 4
    ja      exp_values_avx2
    vzeroupper
    ret

exp_values_avx512:
    vmovupd zmm0, [rdi]
    call    exp_parts_avx512
    vpaddq  zmm0, zmm0, zmm4
    vmovupd [rdi], zmm0
    add     rdi, 64
    sub     rsi, 8
    ja      exp_values_avx512
    vzeroupper
    ret

%include "include/elf_end.inc"
