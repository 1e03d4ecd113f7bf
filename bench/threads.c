/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * threads [MICROSECONDS ...]: would a second thread pay?
 *
 * Training in two threads has to meet twice in a mini-batch: when the deltas
 * are there, and when the weights are. This takes the kindest case: work that
 * divides in two exactly, shares no memory, and costs as much as a mini-batch
 * does on one core (the arguments; by default `sigmoid` and `relu` with
 * AVX-512). It runs it in one thread, and in two that meet by futex, at once
 * or after a while of spinning. Best and median of several rounds.
 *
 *   gcc -O2 -pthread -o threads threads.c && ./threads
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BATCHES = 4000, MEETINGS = 2, SPINS = 2000 };

static atomic_int arrived;
static atomic_int generation;

/* Returns when both threads have called it. */
static void meet(int spins)
{
    int now = atomic_load(&generation);
    if (atomic_fetch_add(&arrived, 1) == 1) {
        atomic_store(&arrived, 0);
        atomic_fetch_add(&generation, 1);
        syscall(SYS_futex, &generation, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        return;
    }
    for (int i = 0; i < spins; i++) {
        if (atomic_load(&generation) != now)
            return;
        __builtin_ia32_pause();
    }
    while (atomic_load(&generation) == now)
        syscall(SYS_futex, &generation, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

/* Work for the arithmetic unit alone: additions that wait for each other. */
static void work(long steps)
{
    for (long i = 0; i < steps; i++)
        __asm__ volatile("" : "+r"(i));
}

static double steps_in_a_microsecond(void)
{
    const long steps = 1000000;
    double best = 1;
    for (int round = 0; round < 50; round++) {
        double start = seconds();
        work(steps);
        double taken = seconds() - start;
        if (taken < best)
            best = taken;
    }
    return steps / (best * 1e6);
}

struct half {
    long steps; /* between two meetings */
    int spins;
};

static double batch_times[BATCHES];

static void run_batch(const struct half *half)
{
    for (int i = 0; i < MEETINGS; i++) {
        work(half->steps);
        meet(half->spins);
    }
}

static void *run_other(void *argument)
{
    for (int i = 0; i < BATCHES; i++)
        run_batch(argument);
    return NULL;
}

static void one_thread(long steps)
{
    for (int i = 0; i < BATCHES; i++) {
        double start = seconds();
        work(steps);
        batch_times[i] = seconds() - start;
    }
}

static void two_threads(long steps, int spins)
{
    struct half half = {steps / (2 * MEETINGS), spins};
    pthread_t other;
    if (pthread_create(&other, NULL, run_other, &half) != 0) {
        fputs("threads: no second thread\n", stderr);
        exit(EXIT_FAILURE);
    }
    for (int i = 0; i < BATCHES; i++) {
        double start = seconds();
        run_batch(&half);
        batch_times[i] = seconds() - start;
    }
    pthread_join(other, NULL);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Prints how long a mini-batch took; returns the tenth percentile. */
static double print(const char *how, double one)
{
    qsort(batch_times, BATCHES, sizeof *batch_times, ascending);
    double quick = batch_times[BATCHES / 10] * 1e6;
    double median = batch_times[BATCHES / 2] * 1e6;
    printf("  %-20s %6.1f us (%.2f x), median %6.1f us\n", how, quick,
           one == 0 ? 1 : one / quick, median);
    return quick;
}

static void compare(double microseconds, double rate)
{
    long steps = (long)(microseconds * rate);
    printf("a mini-batch of %.0f us:\n", microseconds);
    one_thread(steps);
    double one = print("one thread", 0);
    two_threads(steps, 0);
    print("two, futex", one);
    two_threads(steps, SPINS);
    print("two, spin and futex", one);
}

int main(int argc, char **argv)
{
    double load = 0;
    double rate = steps_in_a_microsecond();
    getloadavg(&load, 1);
    printf("load %.1f\n", load);
    if (argc < 2) {
        compare(47, rate);
        compare(180, rate);
    }
    for (int i = 1; i < argc; i++)
        compare(strtod(argv[i], NULL), rate);
    return EXIT_SUCCESS;
}
