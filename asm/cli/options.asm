; SPDX-License-Identifier: GPL-2.0-or-later
;
; The command line. One table describes the options; one function reads them.

EPOCHS_MAX          equ 1000000
ANY_U64             equ -1          ; as an upper bound, compared unsigned

struc option
.name               resq 1          ; -> text, with its dashes
.parse              resq 1          ; reads the value, see parse_count;
                                    ; 0 for a flag, which has none
.target             resq 1          ; -> 8 bytes, where the value goes
.least              resq 1          ; the range: u64 or f64, as .parse wants
.most               resq 1
.wants              resq 1          ; -> text, what the value must be
endstruc

section .data

    align   8, db 0
option_data:                        ; -> text, the directory of the data set
    dq      default_data_text
option_weights:                     ; -> text, the weights file
    dq      default_weights_text
option_epochs:
    dq      DEFAULT_EPOCHS
option_seed:
    dq      1
option_batch:
    dq      DEFAULT_BATCH
option_rate:                        ; f64
    dq      DEFAULT_RATE
option_limit:                       ; samples to use, at most
    dq      ANY_U64
option_index:                       ; the test image to inspect
    dq      0
option_resume:                      ; flags: 0 or 1
    dq      0
option_quiet:
    dq      0
option_confusion:
    dq      0

section .rodata

default_data_text:
    db      "data/mnist", 0
default_weights_text:
    db      "data/weights/", IMAGE_NAME, ".bin", 0

    align   8, db 0
options:                            ; struct option[], ended by a zero name
    dq      data_text, parse_text, option_data, 0, 0, data_wants
    dq      weights_text, parse_text, option_weights, 0, 0, weights_wants
    dq      epochs_text, parse_count, option_epochs, 1, EPOCHS_MAX, epochs_wants
    dq      seed_text, parse_count, option_seed, 0, ANY_U64, seed_wants
    dq      batch_text, parse_count, option_batch, 1, BATCH_MAX, batch_wants
    dq      rate_text, parse_rate, option_rate, 0.0, 100.0, rate_wants
    dq      limit_text, parse_count, option_limit, 1, ANY_U64, limit_wants
    dq      isa_text, parse_isa, isa, 0, 0, isa_wants
    dq      index_text, parse_count, option_index, 0, ANY_U64, index_wants
    dq      resume_text, 0, option_resume, 0, 0, 0
    dq      quiet_text, 0, option_quiet, 0, 0, 0
    dq      confusion_option_text, 0, option_confusion, 0, 0, 0
    dq      0
data_text:          db "--data", 0
data_wants:         db "the name of a directory", 0
weights_text:       db "--weights", 0
weights_wants:      db "the name of a file", 0
epochs_text:        db "--epochs", 0
epochs_wants:       db "a whole number from 1 to 1000000", 0
seed_text:          db "--seed", 0
seed_wants:         db "a whole number from 0 to 18446744073709551615", 0
batch_text:         db "--batch", 0
batch_wants:        db "a whole number from 1 to 1024", 0
rate_text:          db "--lr", 0
rate_wants:         db "a number above 0 and up to 100, such as 0.1", 0
limit_text:         db "--limit", 0
limit_wants:        db "a whole number of samples, 1 or more", 0
isa_text:           db "--isa", 0
isa_wants:          db ISA_NAMES, 0
index_text:         db "--index", 0
index_wants:        db "a whole number, 0 for the first image", 0
resume_text:        db "--resume", 0
quiet_text:         db "--quiet", 0
confusion_option_text:
                    db "--confusion", 0
help_text:          db "--help", 0
short_help_text:    db "-h", 0
version_text:       db "--version", 0

unknown_option_text:
    db      "unknown option (--help lists them)", 0
no_value_text:
    db      "needs a value: ", 0
not_wanted_text:
    db      " is not ", 0
second_word_text:
    db      "one word too many (--help shows the usage)", 0

section .text

; ----------------------------------------------------------------------------
; const char *parse_options(u64 argc, char **argv)
;
; Sets the option_* variables. --help and --version print what they say and end
; the program; bad input ends it with a message.
;
;   out     rax = the word that is no option (the command); 0 if there is none
;   clobber rcx, rdx, rsi, rdi, r8-r11, xmm0, xmm1
; ----------------------------------------------------------------------------
%define argument    rbx             ; -> the next argv entry; NULL at the end
%define row         r12             ; -> struct option
%define command     r13
%define word        r14             ; -> the argument's text

parse_options:
    push    rbx
    push    r12
    push    r13
    push    r14
    sub     rsp, 8
    xor     r13d, r13d
    lea     argument, [rsi + 8]     ; argv[0] is the program's own name
    test    rdi, rdi
    jz      .done                   ; not even that: Linux allows it
.next_word:
    mov     word, [argument]
    test    word, word
    jz      .done
    add     argument, 8
    cmp     byte [word], '-'
    je      .option
    mov     rdi, word
    test    command, command
    jnz     .second_word
    mov     command, word
    jmp     .next_word

.option:
    mov     rdi, word
    lea     rsi, [help_text]
    call    texts_equal
    test    eax, eax
    jnz     .help
    lea     rsi, [short_help_text]
    call    texts_equal
    test    eax, eax
    jnz     .help
    lea     rsi, [version_text]
    call    texts_equal
    test    eax, eax
    jnz     .version
    lea     row, [options]
.next_row:
    mov     rsi, [row + option.name]
    test    rsi, rsi
    jz      .unknown
    mov     rdi, word
    call    texts_equal
    test    eax, eax
    jnz     .found
    add     row, option_size
    jmp     .next_row

.found:
    cmp     qword [row + option.parse], 0
    je      .flag
    mov     word, [argument]
    test    word, word
    jz      .no_value
    add     argument, 8
    mov     rdi, word
    mov     rsi, row
    call    [row + option.parse]
    test    eax, eax
    jnz     .next_word

    mov     rdi, [row + option.name]
    call    fail_begin
    mov     edi, '"'
    call    put_char
    mov     rdi, word
    call    put_visible
    mov     edi, '"'
    call    put_char
    lea     rdi, [not_wanted_text]
    jmp     .wants

.flag:
    mov     rcx, [row + option.target]
    mov     qword [rcx], 1
    jmp     .next_word

.no_value:
    mov     rdi, [row + option.name]
    call    fail_begin
    lea     rdi, [no_value_text]
.wants:
    call    put_text
    mov     rdi, [row + option.wants]
    call    put_text
    mov     edi, EXIT_USAGE
    jmp     fail_end

.unknown:
    mov     rdi, word
    lea     rsi, [unknown_option_text]
    jmp     fail_usage
.second_word:
    lea     rsi, [second_word_text]
    jmp     fail_usage

.help:
    call    put_help
    xor     edi, edi
    jmp     sys_exit

.version:
    call    put_version
    xor     edi, edi
    jmp     sys_exit

.done:
    mov     rax, command
    add     rsp, 8
    pop     r14
    pop     r13
    pop     r12
    pop     rbx
    ret

%undef argument
%undef row
%undef command
%undef word

; ----------------------------------------------------------------------------
; u32 parse_text(const char *text, const struct option *row)     any but ""
;   out     eax = 1 if it is good, else 0
;   clobber rcx
; ----------------------------------------------------------------------------
parse_text:
    xor     eax, eax
    cmp     byte [rdi], 0
    je      .done
    mov     rcx, [rsi + option.target]
    mov     [rcx], rdi
    inc     eax
.done:
    ret

; ----------------------------------------------------------------------------
; u32 parse_count(const char *text, const struct option *row)
;
; A whole number from row.least to row.most goes to row.target.
;
;   out     eax = 1 if it is good, else 0
;   clobber rcx, rdx, rdi, r8
; ----------------------------------------------------------------------------
parse_count:
    sub     rsp, 8
    call    parse_u64               ; rax = number, edx = 1 if it is one
    add     rsp, 8
    test    edx, edx
    jz      .bad
    cmp     rax, [rsi + option.least]
    jb      .bad
    cmp     rax, [rsi + option.most]
    ja      .bad
    mov     rcx, [rsi + option.target]
    mov     [rcx], rax
    mov     eax, 1
    ret
.bad:
    xor     eax, eax
    ret

; ----------------------------------------------------------------------------
; u32 parse_rate(const char *text, const struct option *row)
;
; A decimal number above row.least (f64) and up to row.most goes to row.target.
;
;   out     eax = 1 if it is good, else 0
;   clobber rcx, rdx, rdi, r8, xmm0, xmm1
; ----------------------------------------------------------------------------
parse_rate:
    sub     rsp, 8
    call    parse_decimal           ; xmm0 = number, edx = 1 if it is one
    add     rsp, 8
    xor     eax, eax
    test    edx, edx
    jz      .done
    ucomisd xmm0, [rsi + option.least]
    jbe     .done
    ucomisd xmm0, [rsi + option.most]
    ja      .done
    mov     rcx, [rsi + option.target]
    movsd   [rcx], xmm0
    inc     eax
.done:
    ret
