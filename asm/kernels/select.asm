; SPDX-License-Identifier: GPL-2.0-or-later
;
; --isa: choosing a rung of the ladder by its name, or the fastest one that this
; CPU has (`auto`).
;
; A CPU with AVX is not enough: the operating system must also save the wide
; registers when it switches threads. xgetbv tells which ones it saves.

CPUID_MAX           equ 0           ; leaf 0: eax = highest leaf
CPUID_FEATURES      equ 1           ; leaf 1, in ecx:
CPUID_FMA           equ 1 << 12
CPUID_OSXSAVE       equ 1 << 27     ; xgetbv can be used
CPUID_AVX           equ 1 << 28
CPUID_MORE          equ 7           ; leaf 7, subleaf 0, in ebx:
CPUID_AVX2          equ 1 << 5
CPUID_AVX512        equ 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31   ; F DQ BW VL
XCR0_YMM            equ 0x06        ; saves xmm and ymm
XCR0_ZMM            equ 0xe6        ; ... and k and zmm

section .rodata

auto_text:
    db      "auto", 0
kernels_text:
    db      "Kernels: ", 0
auto_chosen_text:
    db      " (auto)", 0
isa_missing_text:
    db      "this CPU does not have ", 0

section .text

; ----------------------------------------------------------------------------
; u32 parse_isa(const char *text, const struct option *row)
;
; Sets `isa` to the rung of that name. One that this CPU cannot execute ends the
; program with a message.
;
;   out     eax = 1 if there is one, else 0
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define set         r12             ; -> the next of kernel_sets
%define has         r13             ; CPU_* bits

parse_isa:
    push    rbx
    push    r12
    push    r13
    mov     rbx, rdi
    call    cpu_features
    mov     r13d, eax
    lea     set, [kernel_sets]
    mov     rdi, rbx
    lea     rsi, [auto_text]
    call    texts_equal
    test    eax, eax
    jnz     .auto

.next:
    mov     rdx, [set]
    xor     eax, eax
    test    rdx, rdx
    jz      .done
    mov     rdi, rbx
    mov     rsi, [rdx + kernels.name]
    call    texts_equal
    mov     rdx, [set]
    add     set, 8
    test    eax, eax
    jz      .next
    mov     rcx, [rdx + kernels.needs]
    and     rcx, has
    cmp     rcx, [rdx + kernels.needs]
    jne     .missing
    mov     [isa], rdx
    mov     eax, 1
.done:
    pop     r13
    pop     r12
    pop     rbx
    ret

.auto:                              ; the last one that this CPU can execute
    mov     rdx, [set]
    add     set, 8
    test    rdx, rdx
    jz      .chosen
    mov     rcx, [rdx + kernels.needs]
    and     rcx, has
    cmp     rcx, [rdx + kernels.needs]
    jne     .auto
    mov     [isa], rdx
    jmp     .auto
.chosen:
    mov     byte [isa_is_auto], 1
    mov     eax, 1
    jmp     .done

.missing:
    lea     rdi, [isa_text]
    call    fail_begin
    lea     rdi, [isa_missing_text]
    call    put_text
    mov     rdi, rbx
    call    put_text
    mov     edi, EXIT_USAGE
    jmp     fail_end

%undef set
%undef has

; ----------------------------------------------------------------------------
; void put_isa(void)
;
; After --isa auto, prints what was chosen: the results depend on it.
;
;   clobber rax, rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
put_isa:
    cmp     byte [isa_is_auto], 0
    je      .done
    sub     rsp, 8
    lea     rdi, [kernels_text]
    call    put_text
    mov     rdi, [isa]
    mov     rdi, [rdi + kernels.name]
    call    put_text
    lea     rdi, [auto_chosen_text]
    call    put_text
    call    put_line_end
    add     rsp, 8
.done:
    ret

; ----------------------------------------------------------------------------
; u32 cpu_features(void)
;   out     eax = CPU_* bits of what this CPU and system can do
;   clobber rcx, rdx, r8
; ----------------------------------------------------------------------------
cpu_features:
    push    rbx                     ; cpuid writes to it
    xor     r8d, r8d
    mov     eax, CPUID_MAX
    cpuid
    cmp     eax, CPUID_MORE
    jb      .done
    mov     eax, CPUID_FEATURES
    cpuid
    and     ecx, CPUID_FMA | CPUID_OSXSAVE | CPUID_AVX
    cmp     ecx, CPUID_FMA | CPUID_OSXSAVE | CPUID_AVX
    jne     .done
    mov     eax, CPUID_MORE
    xor     ecx, ecx                ; subleaf
    cpuid
    xor     ecx, ecx                ; of the control registers, XCR0
    xgetbv                          ; edx:eax = what the system saves
    mov     ecx, eax
    and     ecx, XCR0_YMM
    cmp     ecx, XCR0_YMM
    jne     .done
    test    ebx, CPUID_AVX2
    jz      .done
    or      r8d, CPU_AVX2
    and     eax, XCR0_ZMM
    cmp     eax, XCR0_ZMM
    jne     .done
    and     ebx, CPUID_AVX512
    cmp     ebx, CPUID_AVX512
    jne     .done
    or      r8d, CPU_AVX512
.done:
    mov     eax, r8d
    pop     rbx
    ret

section .bss

isa_is_auto:                        ; 1 after --isa auto
    resb    1
