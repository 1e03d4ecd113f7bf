; SPDX-License-Identifier: GPL-2.0-or-later
;
; The data set: images and labels in IDX files, the format of MNIST.
;
;   images  00 00 08 03 | count | rows | columns | count * rows * columns bytes
;   labels  00 00 08 01 | count |                  count bytes
;
; All numbers are 32 bits, most significant byte first. Nothing in a file is
; believed: sizes are checked against the file's own, labels against ten.

IDX_IMAGES          equ 0x00000803
IDX_LABELS          equ 0x00000801
GZIP_MAGIC          equ 0x1f8b      ; the first two bytes of a gzip file
IMAGES_HEADER       equ 16
LABELS_HEADER       equ 8
PATH_ROOM           equ 4096        ; Linux takes no longer path

section .rodata

train_images_text:
    db      "train-images-idx3-ubyte", 0
train_labels_text:
    db      "train-labels-idx1-ubyte", 0
test_images_text:
    db      "t10k-images-idx3-ubyte", 0
test_labels_text:
    db      "t10k-labels-idx1-ubyte", 0

idx_gzip_text:
    db      "still compressed: unpack it with gunzip", 0
idx_no_images_text:
    db      "not an IDX file of images", 0
idx_no_labels_text:
    db      "not an IDX file of labels", 0
idx_shape_text:
    db      "its images are not 28x28 pixels", 0
idx_empty_text:
    db      "it holds no images", 0
idx_short_text:
    db      "shorter than its header says", 0
idx_long_text:
    db      "longer than its header says", 0
idx_count_text:
    db      "not as many labels as there are images", 0
idx_label_text:
    db      "holds a label above 9", 0
path_long_text:
    db      "name too long", 0

section .bss

    alignb  8
train_set:                          ; struct dataset
    resb    dataset_size
test_set:
    resb    dataset_size
idx_header:                         ; as many bytes as the longer header has
    resb    IMAGES_HEADER
idx_path:
    resb    PATH_ROOM

section .text

; ----------------------------------------------------------------------------
; void load_train_set(void), load_test_set(void)
;
; Load from the --data directory the first --limit samples into train_set or
; test_set. Anything wrong ends the program with a message.
; ----------------------------------------------------------------------------
load_train_set:
    lea     rdi, [train_set]
    lea     rsi, [train_images_text]
    lea     rdx, [train_labels_text]
    jmp     load_dataset
load_test_set:
    lea     rdi, [test_set]
    lea     rsi, [test_images_text]
    lea     rdx, [test_labels_text]
    ; fall through

; ----------------------------------------------------------------------------
; void load_dataset(struct dataset *set, const char *images,
;                   const char *labels)
;   in      rdi = set to fill; rsi, rdx = names of the files in --data
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
load_dataset:
    push    rbx
    push    r12
    push    r13
    mov     rbx, rdi
    mov     r12, rdx

    mov     rdi, rsi
    mov     esi, IDX_IMAGES
    lea     rdx, [idx_no_images_text]
    mov     ecx, IMAGES_HEADER
    mov     r8d, PIXELS
    call    load_idx                ; rax = bytes, rdx = in use, rcx = in all
    mov     [rbx + dataset.images], rax
    mov     [rbx + dataset.count], rdx
    mov     r13, rcx

    mov     rdi, r12
    mov     esi, IDX_LABELS
    lea     rdx, [idx_no_labels_text]
    mov     ecx, LABELS_HEADER
    mov     r8d, 1
    call    load_idx
    mov     [rbx + dataset.labels], rax
    lea     rdi, [idx_path]
    lea     rsi, [idx_count_text]
    cmp     rcx, r13
    jne     fail

    lea     rsi, [idx_label_text]
.next_label:
    cmp     byte [rax + rdx - 1], DIGITS
    jae     fail
    dec     rdx
    jnz     .next_label
    pop     r13
    pop     r12
    pop     rbx
    ret

; ----------------------------------------------------------------------------
; (u8 *bytes, u64 used, u64 count) load_idx(const char *name, u32 magic,
;                 const char *no_magic, u64 header, u64 item)
;
;   in      rdi = name in --data        rcx = bytes of the header
;           esi = magic number          r8  = bytes of an item
;           rdx = message for another magic number
;   out     rax = the first --limit items, rdx = how many, rcx = in the file
;   clobber everything a function may clobber
; ----------------------------------------------------------------------------
%define fd          ebx
%define header      r12
%define item        r13
%define count       r14
%define used        r15
%define file_size   [rsp]
%define magic       [rsp + 8]
%define no_magic    [rsp + 16]
%define bytes       [rsp + 24]

load_idx:
    push    rbx
    push    r12
    push    r13
    push    r14
    push    r15
    sub     rsp, 32
    mov     magic, rsi
    mov     no_magic, rdx
    mov     header, rcx
    mov     item, r8
    call    join_path
    lea     rdi, [idx_path]
    call    open_regular
    mov     fd, eax
    mov     file_size, rdx

    lea     rsi, [idx_header]
    mov     rdx, header
    call    .read                   ; a file shorter than that is no IDX file
    jne     .wrong_magic
    mov     eax, [idx_header]
    bswap   eax
    cmp     eax, magic
    jne     .wrong_magic
    cmp     item, PIXELS
    jne     .shape_done
    lea     rsi, [idx_shape_text]
    mov     eax, [idx_header + 8]
    bswap   eax
    cmp     eax, ROWS
    jne     .fail
    mov     eax, [idx_header + 12]
    bswap   eax
    cmp     eax, COLUMNS
    jne     .fail
.shape_done:
    mov     eax, [idx_header + 4]
    bswap   eax
    mov     count, rax
    lea     rsi, [idx_empty_text]
    test    count, count
    jz      .fail
    imul    rax, item               ; below 2^32 * 784: no overflow
    add     rax, header
    lea     rsi, [idx_short_text]
    cmp     file_size, rax
    jb      .fail
    lea     rsi, [idx_long_text]
    ja      .fail

    mov     used, [option_limit]
    cmp     used, count
    cmova   used, count
    mov     rdi, used
    imul    rdi, item
    call    allocate
    mov     bytes, rax
    mov     rsi, rax
    mov     rdx, used
    imul    rdx, item
    call    .read
    lea     rsi, [idx_short_text]   ; it has shrunk under our hands
    jne     .fail
    mov     edi, fd
    call    sys_close
    mov     rax, bytes
    mov     rdx, used
    mov     rcx, count
    add     rsp, 32
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rbx
    ret

; in rsi = where to, rdx = bytes; out ZF = 1 if all of them were there
.read:
    push    rdx
    mov     edi, fd
    call    read_fully
    pop     rdx
    test    rax, rax
    js      .read_error
    cmp     rax, rdx
    ret
.read_error:
    lea     rdi, [idx_path]
    mov     rsi, rax
    jmp     fail_errno

.wrong_magic:
    mov     rsi, no_magic
    cmp     word [idx_header], (GZIP_MAGIC >> 8) | (GZIP_MAGIC & 0xff) << 8
    jne     .fail
    lea     rsi, [idx_gzip_text]
.fail:
    lea     rdi, [idx_path]
    jmp     fail

%undef fd
%undef header
%undef item
%undef count
%undef used
%undef file_size
%undef magic
%undef no_magic
%undef bytes

; ----------------------------------------------------------------------------
; void join_path(const char *name)       idx_path = --data / name
;   clobber rax, rcx, rdx, rsi
; ----------------------------------------------------------------------------
join_path:
    lea     rdx, [idx_path]
    lea     rcx, [idx_path + PATH_ROOM]
    mov     rsi, [option_data]
.next_of_directory:
    mov     al, [rsi]
    test    al, al
    jz      .slash
    mov     [rdx], al
    inc     rsi
    inc     rdx
    cmp     rdx, rcx
    jb      .next_of_directory
    jmp     .too_long
.slash:
    mov     byte [rdx], '/'
    inc     rdx
.next_of_name:
    cmp     rdx, rcx
    jae     .too_long
    mov     al, [rdi]
    mov     [rdx], al
    inc     rdi
    inc     rdx
    test    al, al
    jnz     .next_of_name
    ret
.too_long:
    lea     rdi, [data_text]
    lea     rsi, [path_long_text]
    jmp     fail_usage
