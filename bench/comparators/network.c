/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The comparator in plain C: the same networks, data, initial ranges, batches and rates as our
 * programs, written as one would write them for a compiler to vectorise: weights input by input, the
 * inner loop over neurons, sizes that are constants, a mini-batch at a time so that weights are read
 * from the nearest cache and a gradient stays in registers. No intrinsics, no skipping of zeros.
 *
 *   gcc -O3 -march=native -DREAL=double -DHIDDEN1=32 network.c -o c-sigmoid -lm
 *   gcc -O3 -march=native -DREAL=float -DHIDDEN1=128 -DHIDDEN2=64 network.c -o c-relu -lm
 *   ./c-sigmoid DATA_DIR EPOCHS BATCH RATE
 *
 * Faster with -ffast-math (exp in vectors), -mprefer-vector-width=512 (where there are such) and
 * -fno-loop-unroll-and-jam (gcc 12 joins two rows of a tile, and then its sums no longer fit).
 *
 * Prints `epoch N SECONDS LOSS` for each epoch and `accuracy PERCENT` at the end.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef HIDDEN2
#define HIDDEN2 0
#endif
#define PIXELS 784
#define DIGITS 10
#define LAYERS (HIDDEN2 ? 3 : 2)
#define LAST (HIDDEN2 ? HIDDEN2 : HIDDEN1)
#define TILE (256 / (int)sizeof(REAL)) /* neurons whose sums are held in registers */
#define ROWS 56                        /* inputs whose weights to a tile stay in the first cache */
#define BATCH_MAX 64
#define EXP(x) (sizeof(REAL) == 4 ? (REAL)expf((float)(x)) : (REAL)exp((double)(x)))

static const int SIZES[4] = {PIXELS, HIDDEN1, HIDDEN2 ? HIDDEN2 : DIGITS, DIGITS};

/* Weights and biases, and of each sample of a mini-batch what comes out and what comes back. */
typedef struct {
  REAL *w, *b, *out, *delta;
} layer;
static layer net[LAYERS];
static REAL input[BATCH_MAX * PIXELS];

static uint64_t seed = 1;
static double uniform(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return (double)(seed >> 11) / 9007199254740992.0;
}

static uint8_t *load(const char *dir, const char *name, size_t header, size_t *size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *file = fopen(path, "rb");
  if (!file) perror(path), exit(1);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file) - header;
  fseek(file, (long)header, SEEK_SET);
  uint8_t *bytes = malloc(*size);
  if (fread(bytes, 1, *size, file) != *size) perror(path), exit(1);
  fclose(file);
  return bytes;
}

/*
 * One layer on a mini-batch. Every call names its sizes as constants, so that the compiler unrolls the
 * loops over a tile's neurons and holds their sums in registers; `x`, `out` and the deltas are sample
 * by sample, weights input by input.
 */
#define LAYER static inline __attribute__((always_inline)) void

/* out[s] = b + x[s] W */
LAYER dense_forward(int n, int m, int count, const REAL *restrict x, const REAL *restrict w,
                    const REAL *restrict b, REAL *restrict out) {
  const int wide = m < TILE ? m : TILE;
  for (int s = 0; s < count; s++) memcpy(out + s * m, b, (size_t)m * sizeof(REAL));
  for (int top = 0; top < n; top += ROWS)
    for (int left = 0; left < m; left += wide)
      for (int s = 0; s < count; s++) {
        const int end = top + ROWS < n ? top + ROWS : n;
        REAL sum[TILE];
        for (int o = 0; o < wide; o++) sum[o] = out[s * m + left + o];
        for (int i = top; i < end; i++)
          for (int o = 0; o < wide; o++) sum[o] += x[s * n + i] * w[i * m + left + o];
        for (int o = 0; o < wide; o++) out[s * m + left + o] = sum[o];
      }
}

/* dx[s] = W delta[s] */
LAYER dense_backward(int n, int m, int count, const REAL *restrict w, const REAL *restrict delta,
                     REAL *restrict dx) {
  for (int s = 0; s < count; s++)
    for (int i = 0; i < n; i++) {
      REAL sum = 0;
      for (int o = 0; o < m; o++) sum += w[i * m + o] * delta[s * m + o];
      dx[s * n + i] = sum;
    }
}

/* w -= step * sum over s of x[s] delta[s]; the gradient itself is never stored. */
LAYER dense_update(int n, int m, int count, const REAL *restrict x, const REAL *restrict delta,
                   REAL step, REAL *restrict w, REAL *restrict b) {
  const int wide = m < TILE ? m : TILE;
  for (int left = 0; left < m; left += wide)
    for (int i = 0; i < n; i++) {
      REAL sum[TILE] = {0};
      for (int s = 0; s < count; s++)
        for (int o = 0; o < wide; o++) sum[o] += x[s * n + i] * delta[s * m + left + o];
      for (int o = 0; o < wide; o++) w[i * m + left + o] -= step * sum[o];
    }
  for (int s = 0; s < count; s++)
    for (int o = 0; o < m; o++) b[o] -= step * delta[s * m + o];
}

/* The calls with their constants. */
static void forward_layer(int l, int count, const REAL *x) {
  layer *const a = &net[l];
  if (l == 0) dense_forward(PIXELS, HIDDEN1, count, x, a->w, a->b, a->out);
  else if (l < LAYERS - 1) dense_forward(HIDDEN1, HIDDEN2, count, x, a->w, a->b, a->out);
  else dense_forward(LAST, DIGITS, count, x, a->w, a->b, a->out);
}
static void backward_layer(int l, int count, REAL *dx) {
  const layer *const a = &net[l];
  if (l < LAYERS - 1) dense_backward(HIDDEN1, HIDDEN2, count, a->w, a->delta, dx);
  else dense_backward(LAST, DIGITS, count, a->w, a->delta, dx);
}
static void update_layer(int l, int count, const REAL *x, REAL step) {
  layer *const a = &net[l];
  if (l == 0) dense_update(PIXELS, HIDDEN1, count, x, a->delta, step, a->w, a->b);
  else if (l < LAYERS - 1) dense_update(HIDDEN1, HIDDEN2, count, x, a->delta, step, a->w, a->b);
  else dense_update(LAST, DIGITS, count, x, a->delta, step, a->w, a->b);
}

static void softmax(REAL *p) {
  REAL most = p[0], sum = 0;
  for (int o = 1; o < DIGITS; o++) most = p[o] > most ? p[o] : most;
  for (int o = 0; o < DIGITS; o++) sum += p[o] = EXP(p[o] - most);
  for (int o = 0; o < DIGITS; o++) p[o] /= sum;
}

/* `count` samples, their pixels in `input` */
static void forward(int count) {
  for (int l = 0; l < LAYERS; l++) {
    forward_layer(l, count, l ? net[l - 1].out : input);
    REAL *restrict out = net[l].out;
    if (l < LAYERS - 1)
      for (int k = 0; k < count * SIZES[l + 1]; k++)
        out[k] = HIDDEN2 ? (out[k] > 0 ? out[k] : 0) : 1 / (1 + EXP(-out[k]));
  }
  for (int s = 0; s < count; s++) softmax(net[LAYERS - 1].out + s * DIGITS);
}

static void learn(const uint8_t *labels, const uint32_t *chosen, int count, REAL step) {
  const layer *const last = &net[LAYERS - 1];
  for (int s = 0; s < count; s++)
    for (int o = 0; o < DIGITS; o++)
      last->delta[s * DIGITS + o] = last->out[s * DIGITS + o] - (REAL)(o == labels[chosen[s]]);
  for (int l = LAYERS - 1; l > 0; l--) {
    REAL *restrict dx = net[l - 1].delta;
    const REAL *restrict h = net[l - 1].out;
    backward_layer(l, count, dx);
    for (int k = 0; k < count * SIZES[l]; k++) dx[k] *= HIDDEN2 ? h[k] > 0 : h[k] * (1 - h[k]);
  }
  for (int l = 0; l < LAYERS; l++) update_layer(l, count, l ? net[l - 1].out : input, step);
}

static void take(const uint8_t *images, const uint32_t *chosen, int count) {
  for (int s = 0; s < count; s++) {
    const uint8_t *restrict pixels = images + (size_t)chosen[s] * PIXELS;
    for (int i = 0; i < PIXELS; i++) input[s * PIXELS + i] = pixels[i] * ((REAL)1 / 255);
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int best(const REAL *p) {
  int digit = 0;
  for (int o = 1; o < DIGITS; o++)
    if (p[o] > p[digit]) digit = o;
  return digit;
}

static REAL *numbers(size_t count) {
  REAL *const all = aligned_alloc(64, (count * sizeof(REAL) + 63) / 64 * 64);
  return memset(all, 0, count * sizeof(REAL));
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: %s DATA_DIR EPOCHS BATCH RATE\n", argv[0]), 2;
  const int epochs = atoi(argv[2]), batch = atoi(argv[3]);
  const double rate = atof(argv[4]);
  if (batch < 1 || batch > BATCH_MAX) return fprintf(stderr, "a batch is 1 to %d\n", BATCH_MAX), 2;
  size_t bytes, count, tests;
  uint8_t *images = load(argv[1], "train-images-idx3-ubyte", 16, &bytes);
  uint8_t *labels = load(argv[1], "train-labels-idx1-ubyte", 8, &count);
  uint8_t *test_images = load(argv[1], "t10k-images-idx3-ubyte", 16, &bytes);
  uint8_t *test_labels = load(argv[1], "t10k-labels-idx1-ubyte", 8, &tests);
  for (int l = 0; l < LAYERS; l++) {
    const size_t n = (size_t)SIZES[l], m = (size_t)SIZES[l + 1];
    net[l] = (layer){numbers(n * m), numbers(m), numbers(BATCH_MAX * m), numbers(BATCH_MAX * m)};
    const double limit = HIDDEN2 ? sqrt(6.0 / (double)n) : l ? 0.378 : 0.0815;
    for (size_t i = 0; i < n * m; i++) net[l].w[i] = (REAL)((2 * uniform() - 1) * limit);
  }
  uint32_t *order = malloc(count * sizeof *order);
  for (size_t i = 0; i < count; i++) order[i] = (uint32_t)i;
  for (int epoch = 1; epoch <= epochs; epoch++) {
    const double started = now();
    double loss = 0;
    for (size_t i = count - 1; i > 0; i--) {
      const size_t j = (size_t)(uniform() * (double)(i + 1));
      const uint32_t kept = order[i];
      order[i] = order[j], order[j] = kept;
    }
    for (size_t i = 0; i < count; i += (size_t)batch) {
      const int here = i + (size_t)batch < count ? batch : (int)(count - i);
      take(images, order + i, here);
      forward(here);
      for (int s = 0; s < here; s++)
        loss -= log((double)net[LAYERS - 1].out[s * DIGITS + labels[order[i + s]]] + 1e-30);
      learn(labels, order + i, here, (REAL)(rate / here));
    }
    printf("epoch %d %.6f %.4f\n", epoch, now() - started, loss / (double)count);
  }
  size_t right = 0;
  for (uint32_t i = 0; i < tests; i++) {
    take(test_images, &i, 1);
    forward(1);
    right += best(net[LAYERS - 1].out) == test_labels[i];
  }
  printf("accuracy %.2f\n", 100.0 * (double)right / (double)tests);
}
