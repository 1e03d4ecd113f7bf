/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The comparator in plain C: the same networks, data, initial ranges, batches and rates as our
 * programs, written as one would write them for a compiler to vectorise (weights input by input, the
 * inner loop over neurons, no intrinsics, no skipping of zeros).
 *
 *   gcc -O3 -march=native -ffast-math -DREAL=double -DHIDDEN1=32 network.c -o c-sigmoid -lm
 *   gcc -O3 -march=native -ffast-math -DREAL=float -DHIDDEN1=128 -DHIDDEN2=64 network.c -o c-relu -lm
 *   ./c-sigmoid DATA_DIR EPOCHS BATCH RATE
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

static const int SIZES[4] = {PIXELS, HIDDEN1, HIDDEN2 ? HIDDEN2 : DIGITS, DIGITS};

typedef struct {
  REAL *w, *dw, *b, *db, *out, *delta;
} layer;
static layer net[LAYERS];
static REAL input[PIXELS];

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

static void forward(const uint8_t *pixels) {
  for (int i = 0; i < PIXELS; i++) input[i] = (REAL)pixels[i] / (REAL)255;
  const REAL *x = input;
  for (int l = 0; l < LAYERS; l++) {
    const int n = SIZES[l], m = SIZES[l + 1];
    REAL *restrict out = net[l].out;
    memcpy(out, net[l].b, (size_t)m * sizeof(REAL));
    for (int i = 0; i < n; i++) {
      const REAL *restrict row = net[l].w + (size_t)i * (size_t)m;
      for (int o = 0; o < m; o++) out[o] += x[i] * row[o];
    }
    if (l < LAYERS - 1)
      for (int o = 0; o < m; o++) out[o] = HIDDEN2 ? (out[o] > 0 ? out[o] : 0) : 1 / (1 + (REAL)exp(-out[o]));
    x = out;
  }
  REAL *p = net[LAYERS - 1].out, most = p[0], sum = 0;
  for (int o = 1; o < DIGITS; o++) most = p[o] > most ? p[o] : most;
  for (int o = 0; o < DIGITS; o++) sum += p[o] = (REAL)exp(p[o] - most);
  for (int o = 0; o < DIGITS; o++) p[o] /= sum;
}

static void backward(int label) {
  for (int o = 0; o < DIGITS; o++)
    net[LAYERS - 1].delta[o] = net[LAYERS - 1].out[o] - (REAL)(o == label);
  for (int l = LAYERS - 1; l >= 0; l--) {
    const int n = SIZES[l], m = SIZES[l + 1];
    const REAL *x = l ? net[l - 1].out : input;
    const REAL *restrict delta = net[l].delta;
    for (int i = 0; i < n; i++) {
      REAL *restrict row = net[l].dw + (size_t)i * (size_t)m;
      for (int o = 0; o < m; o++) row[o] += x[i] * delta[o];
    }
    for (int o = 0; o < m; o++) net[l].db[o] += delta[o];
    if (!l) break;
    for (int i = 0; i < n; i++) {
      const REAL *restrict row = net[l].w + (size_t)i * (size_t)m;
      REAL sum = 0;
      for (int o = 0; o < m; o++) sum += row[o] * delta[o];
      net[l - 1].delta[i] = HIDDEN2 ? (x[i] > 0 ? sum : 0) : sum * x[i] * (1 - x[i]);
    }
  }
}

static void update(REAL step) {
  for (int l = 0; l < LAYERS; l++) {
    const size_t size = (size_t)SIZES[l] * (size_t)SIZES[l + 1];
    REAL *restrict w = net[l].w, *restrict dw = net[l].dw;
    for (size_t i = 0; i < size; i++) w[i] -= step * dw[i];
    memset(dw, 0, size * sizeof(REAL));
    for (int o = 0; o < SIZES[l + 1]; o++) net[l].b[o] -= step * net[l].db[o];
    memset(net[l].db, 0, (size_t)SIZES[l + 1] * sizeof(REAL));
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int best(void) {
  int digit = 0;
  for (int o = 1; o < DIGITS; o++)
    if (net[LAYERS - 1].out[o] > net[LAYERS - 1].out[digit]) digit = o;
  return digit;
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: %s DATA_DIR EPOCHS BATCH RATE\n", argv[0]), 2;
  const int epochs = atoi(argv[2]), batch = atoi(argv[3]);
  const double rate = atof(argv[4]);
  size_t bytes, count, tests;
  uint8_t *images = load(argv[1], "train-images-idx3-ubyte", 16, &bytes);
  uint8_t *labels = load(argv[1], "train-labels-idx1-ubyte", 8, &count);
  uint8_t *test_images = load(argv[1], "t10k-images-idx3-ubyte", 16, &bytes);
  uint8_t *test_labels = load(argv[1], "t10k-labels-idx1-ubyte", 8, &tests);
  for (int l = 0; l < LAYERS; l++) {
    const size_t n = (size_t)SIZES[l], m = (size_t)SIZES[l + 1];
    net[l] = (layer){calloc(n * m, sizeof(REAL)), calloc(n * m, sizeof(REAL)), calloc(m, sizeof(REAL)),
                     calloc(m, sizeof(REAL)), calloc(m, sizeof(REAL)), calloc(m, sizeof(REAL))};
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
      const size_t end = i + (size_t)batch < count ? i + (size_t)batch : count;
      for (size_t s = i; s < end; s++) {
        forward(images + (size_t)order[s] * PIXELS);
        loss -= log((double)net[LAYERS - 1].out[labels[order[s]]] + 1e-30);
        backward(labels[order[s]]);
      }
      update((REAL)(rate / (double)(end - i)));
    }
    printf("epoch %d %.6f %.4f\n", epoch, now() - started, loss / (double)count);
  }
  size_t right = 0;
  for (size_t i = 0; i < tests; i++) forward(test_images + i * PIXELS), right += best() == test_labels[i];
  printf("accuracy %.2f\n", 100.0 * (double)right / (double)tests);
}
