/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The multiply-add peak of one core: many independent sums in registers, nothing else. SSE2 has no
 * fused instruction, so there a multiply-add is a multiplication and an addition.
 * Prints `ISA BITS RATE` a line, the rate in 10^9 multiply-adds a second.
 */
#include <immintrin.h>
#include <stdio.h>
#include <time.h>

#define ROUNDS 30000000L
#define SUMS 12

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One function for an instruction set: SUMS chains, each ROUNDS long. The barrier keeps the compiler
 * from reasoning about the values. */
#define PEAK(name, isa, type, set1, step)                             \
  __attribute__((target(isa), noinline)) static double name(void) {  \
    type sum[SUMS], a = set1(0.999999), b = set1(1e-9);                   \
    for (int i = 0; i < SUMS; i++) sum[i] = set1(1.0);                    \
    const double started = now();                                        \
    for (long round = 0; round < ROUNDS / SUMS; round++) {                \
      _Pragma("GCC unroll 12") for (int i = 0; i < SUMS; i++) sum[i] = step; \
      __asm__ volatile("" : "+x"(a), "+x"(b));                           \
    }                                                                    \
    const double seconds = now() - started;                              \
    for (int i = 0; i < SUMS; i++) __asm__ volatile("" : : "x"(sum[i])); \
    return (double)(ROUNDS / SUMS * SUMS) * (double)(sizeof(type)) / seconds * 1e-9; \
  }

PEAK(sse2_64, "sse2", __m128d, _mm_set1_pd, _mm_add_pd(_mm_mul_pd(sum[i], a), b))
PEAK(sse2_32, "sse2", __m128, _mm_set1_ps, _mm_add_ps(_mm_mul_ps(sum[i], a), b))
PEAK(avx2_64, "avx2,fma", __m256d, _mm256_set1_pd, _mm256_fmadd_pd(sum[i], a, b))
PEAK(avx2_32, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps(sum[i], a, b))
PEAK(avx512_64, "avx512f", __m512d, _mm512_set1_pd, _mm512_fmadd_pd(sum[i], a, b))
PEAK(avx512_32, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps(sum[i], a, b))

static void report(const char *isa, int bits, double (*peak)(void)) {
  double most = 0;
  for (int i = 0; i < 5; i++) {
    const double rate = peak() * 8 / bits;
    most = rate > most ? rate : most;
  }
  printf("%s %d %.2f\n", isa, bits, most);
}

int main(void) {
  report("sse2", 64, sse2_64);
  report("sse2", 32, sse2_32);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    report("avx2", 64, avx2_64);
    report("avx2", 32, avx2_32);
  }
  if (__builtin_cpu_supports("avx512f")) {
    report("avx512", 64, avx512_64);
    report("avx512", 32, avx512_32);
  }
}
