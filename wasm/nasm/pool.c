/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * malloc and free for nasm.wasm. NASM makes and drops millions of small things of few sizes; here each
 * size has a list of free pieces, and taking or giving one back is a handful of instructions. Pieces are
 * not joined again and memory is not given back: a run of NASM is short, and its instance is thrown away.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GRAIN 16    /* bytes: sizes and addresses are multiples of it, less the header */
#define HEADER 8    /* bytes before a piece, which hold its list's number */
#define SMALL 64    /* lists for multiples of GRAIN; after them one for each power of two */
#define LISTS (SMALL + 32)
#define PAGE 65536u
#define GROWTH 64u  /* pages at least */

struct piece {
  struct piece *next;
};

extern unsigned char __heap_base;
static struct piece *lists[LISTS];
static uintptr_t unused, end;

/* The list for a piece of `size` bytes, header included, and how large its pieces are. */
static unsigned list_of(size_t size, size_t *rounded) {
  if (size <= SMALL * GRAIN) {
    const unsigned list = (unsigned)((size - 1) / GRAIN);
    *rounded = (list + 1) * GRAIN;
    return list;
  }
  const unsigned bits = 32 - (unsigned)__builtin_clz((unsigned)size - 1);
  *rounded = (size_t)1 << bits;
  return SMALL + bits;
}

static uint32_t *header(void *memory) {
  return (uint32_t *)((char *)memory - HEADER);
}

void *malloc(size_t wanted) {
  if (wanted > (size_t)1 << 30) return errno = ENOMEM, NULL;
  size_t size;
  const unsigned list = list_of(wanted + HEADER, &size);
  struct piece *const free_one = lists[list];
  if (free_one) {
    lists[list] = free_one->next;
    return free_one;
  }
  if (!unused) {
    unused = ((uintptr_t)&__heap_base + GRAIN - 1) / GRAIN * GRAIN + GRAIN - HEADER;
    end = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
  }
  if (unused > end || size > end - unused) {
    size_t pages = (size + GRAIN) / PAGE + 1;
    if (pages < GROWTH) pages = GROWTH;
    if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return errno = ENOMEM, NULL;
    end += pages * PAGE;
  }
  void *const memory = (void *)(unused + HEADER);
  *header(memory) = list;
  unused += size;
  return memory;
}

void free(void *memory) {
  if (!memory) return;
  struct piece *const piece = memory;
  const unsigned list = *header(memory);
  piece->next = lists[list];
  lists[list] = piece;
}

void *calloc(size_t count, size_t each) {
  size_t size;
  if (__builtin_mul_overflow(count, each, &size)) return errno = ENOMEM, NULL;
  void *const memory = malloc(size);
  return memory ? memset(memory, 0, size) : NULL;
}

void *realloc(void *memory, size_t wanted) {
  if (!memory) return malloc(wanted);
  const unsigned list = *header(memory);
  const size_t room = (list < SMALL ? (list + 1) * GRAIN : (size_t)1 << (list - SMALL)) - HEADER;
  if (wanted <= room) return memory;
  void *const larger = malloc(wanted);
  if (!larger) return NULL;
  memcpy(larger, memory, room);
  free(memory);
  return larger;
}
