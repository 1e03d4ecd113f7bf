/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * step PROGRAM [ARGUMENT ...]: runs a program instruction by instruction and
 * prints on standard error how many it was. Slow (some hundred thousand a
 * second), but exact, and it knows every instruction that the CPU knows: for
 * src/cli/ladder.ts, where there are no hardware counters. The status is the
 * program's, or 128 and the number of the signal that ended it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
    fprintf(stderr, "step: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
    unsigned long long instructions = 0;
    int status;

    if (argc < 2) {
        fputs("usage: step PROGRAM [ARGUMENT ...]\n", stderr);
        return EXIT_FAILURE;
    }
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execvp(argv[1], argv + 1);
        fail(argv[1]);
    }
    for (;;) {
        if (waitpid(child, &status, 0) < 0)
            fail("waitpid");
        if (WIFEXITED(status) || WIFSIGNALED(status))
            break;
        /* A step ends with SIGTRAP; any other signal is the program's own. */
        long signal_number = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, signal_number) < 0)
            fail("ptrace");
        instructions++;
    }
    fprintf(stderr, "instructions: %llu\n", instructions);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
