; SPDX-License-Identifier: GPL-2.0-or-later
;
; Files and memory, as the rest of the program wants them: whole reads and
; writes, and no error left unnoticed.
;
; read and write may do less than asked (a pipe holds 64 KiB; a read from a
; terminal ends with the line), and a signal may interrupt them (-EINTR).
; Neither is an error: one goes on where they stopped.

LARGE_PAGE          equ 1 << 21     ; bytes

section .rodata

not_regular_text:
    db      "not a regular file", 0
memory_text:
    db      "memory", 0

section .text

; ----------------------------------------------------------------------------
; i64 read_fully(u64 fd, void *buffer, u64 count)
;
; Reads until `count` bytes are there or the file ends.
;
;   out     rax = bytes read, less than count only at the end of the file;
;                 or -errno
;   clobber rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
read_fully:
    push    rbx
    push    r12
    push    r13
    push    r14
    sub     rsp, 8
    mov     ebx, edi                ; fd
    mov     r12, rsi                ; where the next byte goes
    lea     r13, [rsi + rdx]        ; the end of the buffer
    mov     r14, rsi                ; its beginning
.next:
    mov     rdx, r13
    sub     rdx, r12
    jz      .done
    mov     edi, ebx
    mov     rsi, r12
    call    sys_read
    cmp     rax, -EINTR
    je      .next
    test    rax, rax
    js      .return
    jz      .done                   ; the end of the file
    add     r12, rax
    jmp     .next
.done:
    mov     rax, r12
    sub     rax, r14
.return:
    add     rsp, 8
    pop     r14
    pop     r13
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; i64 write_fully(u64 fd, const void *buffer, u64 count)
;
;   out     rax = 0 when all is written; or -errno
;   clobber rcx, rdx, rsi, rdi, r11
; ----------------------------------------------------------------------------
write_fully:
    push    rbx
    push    r12
    push    r13
    mov     ebx, edi                ; fd
    mov     r12, rsi                ; the next byte to write
    mov     r13, rdx                ; bytes left
.next:
    xor     eax, eax
    test    r13, r13
    jz      .return
    mov     edi, ebx
    mov     rsi, r12
    mov     rdx, r13
    call    sys_write
    cmp     rax, -EINTR
    je      .next
    test    rax, rax
    js      .return
    add     r12, rax
    sub     r13, rax
    jmp     .next
.return:
    pop     r13
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; (u64 fd, u64 size) open_regular(const char *path)
;
; Opens a file for reading. Anything that goes wrong ends the program with a
; line that names the file: not there, not allowed, a directory, a FIFO.
;
;   out     eax = file descriptor, rdx = size of the file in bytes
;   clobber rcx, rsi, rdi, r8-r11
; ----------------------------------------------------------------------------
open_regular:
    push    rbx
    push    r12
    sub     rsp, stat_size + 8
    mov     rbx, rdi                ; path
    mov     esi, O_RDONLY | O_NONBLOCK
    xor     edx, edx
    call    sys_open
    mov     rsi, rax
    test    rax, rax
    js      .failed
    mov     r12, rax                ; fd
    mov     edi, eax
    mov     rsi, rsp
    call    sys_fstat
    mov     rsi, rax
    test    rax, rax
    js      .failed
    mov     eax, [rsp + stat.st_mode]
    and     eax, S_IFMT
    cmp     eax, S_IFREG
    jne     .not_regular
    mov     eax, r12d
    mov     rdx, [rsp + stat.st_size]
    add     rsp, stat_size + 8
    pop     r12
    pop     rbx
    ret

.failed:
    mov     rdi, rbx
    jmp     fail_errno
.not_regular:
    mov     rdi, rbx
    lea     rsi, [not_regular_text]
    jmp     fail

; ----------------------------------------------------------------------------
; void *allocate(u64 bytes)              zeroed memory, on a page; never NULL
;
; Nothing is ever given back: what we allocate lives as long as the process.
;
; Of 2 MiB and more we ask for pages of that size. The images are visited at
; random: with pages of 4 KiB each visit has to look up where its page lies. The
; training of `sigmoid` gains 2 % (SSE2) and loading needs a third less time. It
; is advice: a system that does not take it goes on as before.
;
;   out     rax = address; without memory the program ends with a message
;   clobber rcx, rdx, rsi, rdi, r8-r11
; ----------------------------------------------------------------------------
allocate:
    mov     rsi, rdi
    xor     edi, edi                ; wherever there is room
    mov     edx, PROT_READ | PROT_WRITE
    mov     ecx, MAP_PRIVATE | MAP_ANONYMOUS
    mov     r8, -1                  ; no file behind it
    xor     r9d, r9d
    sub     rsp, 8
    call    sys_mmap
    add     rsp, 8
    cmp     rax, -HIGHEST_ERRNO
    jae     .failed                 ; unsigned: -4095 to -1 are the highest
    cmp     rsi, LARGE_PAGE         ; a system call leaves rsi as it was
    jb      .done
    push    rax
    mov     rdi, rax
    mov     edx, MADV_HUGEPAGE
    call    sys_madvise
    pop     rax
.done:
    ret
.failed:
    lea     rdi, [memory_text]
    mov     rsi, rax
    jmp     fail_errno

; ----------------------------------------------------------------------------
; f64 seconds_now(void)                  a clock that only goes forward
;   out     xmm0 = seconds since some fixed moment
;   clobber rax, rcx, rsi, rdi, r11, xmm1
; ----------------------------------------------------------------------------
seconds_now:
    sub     rsp, timespec_size + 8
    mov     edi, CLOCK_MONOTONIC
    mov     rsi, rsp
    call    sys_clock_gettime
    cvtsi2sd xmm0, qword [rsp + timespec.tv_nsec]
    divsd   xmm0, [nanoseconds_per_second]
    cvtsi2sd xmm1, qword [rsp + timespec.tv_sec]
    addsd   xmm0, xmm1
    add     rsp, timespec_size + 8
    ret

section .rodata
    align   8, db 0
nanoseconds_per_second:
    dq      1.0e9
