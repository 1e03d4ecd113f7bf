; SPDX-License-Identifier: GPL-2.0-or-later
;
; System calls: the only file that says `syscall`.
;
; Each function takes its arguments as a C function does (rdi, rsi, rdx, rcx,
; r8, r9) and returns what the kernel returns: a result, or minus an errno
; (-4095 to -1). The kernel wants the fourth argument in r10 instead of rcx,
; because the `syscall` instruction itself overwrites rcx (with the address to
; return to) and r11 (with the flags). All other registers survive.

; system_call NUMBER: the whole body of a wrapper with up to three arguments
%macro system_call 1
    mov     eax, %1
    syscall
    ret
%endmacro

section .text

; ----------------------------------------------------------------------------
; i64 sys_read(u64 fd, void *buffer, u64 count)
;   out     rax = bytes read, 0 at the end of the file; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_read:
    system_call SYS_READ

; ----------------------------------------------------------------------------
; i64 sys_write(u64 fd, const void *buffer, u64 count)
;   out     rax = bytes written, perhaps fewer than asked; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_write:
    system_call SYS_WRITE

; ----------------------------------------------------------------------------
; i64 sys_open(const char *path, u64 flags, u64 mode)
;   out     rax = file descriptor; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_open:
    system_call SYS_OPEN

; ----------------------------------------------------------------------------
; i64 sys_close(u64 fd)
;   out     rax = 0; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_close:
    system_call SYS_CLOSE

; ----------------------------------------------------------------------------
; i64 sys_fstat(u64 fd, struct stat *status)
;   out     rax = 0; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_fstat:
    system_call SYS_FSTAT

; ----------------------------------------------------------------------------
; i64 sys_fsync(u64 fd)                  the file's bytes have reached the disk
;   out     rax = 0; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_fsync:
    system_call SYS_FSYNC

; ----------------------------------------------------------------------------
; i64 sys_rename(const char *from, const char *to)     replaces `to` in one go
;   out     rax = 0; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_rename:
    system_call SYS_RENAME

; ----------------------------------------------------------------------------
; i64 sys_unlink(const char *path)
;   out     rax = 0; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_unlink:
    system_call SYS_UNLINK

; ----------------------------------------------------------------------------
; i64 sys_clock_gettime(u64 clock, struct timespec *time)
;   out     rax = 0; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_clock_gettime:
    system_call SYS_CLOCK_GETTIME

; ----------------------------------------------------------------------------
; void *sys_mmap(void *address, u64 length, u64 protection, u64 flags,
;                i64 fd, u64 offset)
;   out     rax = address; or -errno
;   clobber rcx, r10, r11
; ----------------------------------------------------------------------------
sys_mmap:
    mov     r10, rcx                ; the fourth argument, see above
    system_call SYS_MMAP

; ----------------------------------------------------------------------------
; i64 sys_madvise(void *address, u64 length, u64 advice)
;   out     rax = 0; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_madvise:
    system_call SYS_MADVISE

; ----------------------------------------------------------------------------
; i64 sys_ioctl(u64 fd, u64 request, void *argument)
;   out     rax = 0; or -errno
;   clobber rcx, r11
; ----------------------------------------------------------------------------
sys_ioctl:
    system_call SYS_IOCTL

; ----------------------------------------------------------------------------
; i64 sys_rt_sigaction(u64 signal, const struct sigaction *new,
;                      struct sigaction *old, u64 mask_size)
;   out     rax = 0; or -errno
;   clobber rcx, r10, r11
; ----------------------------------------------------------------------------
sys_rt_sigaction:
    mov     r10, rcx
    system_call SYS_RT_SIGACTION

; ----------------------------------------------------------------------------
; sys_rt_sigreturn: where a signal handler returns to. The kernel puts all
; registers back from the stack; so this is jumped to, never called.
; ----------------------------------------------------------------------------
sys_rt_sigreturn:
    mov     eax, SYS_RT_SIGRETURN
    syscall

; ----------------------------------------------------------------------------
; noreturn sys_exit(u64 status)          ends the process with all its threads
; ----------------------------------------------------------------------------
sys_exit:
    mov     eax, SYS_EXIT_GROUP
    syscall
    ud2                             ; not reached; if it were, stop here
