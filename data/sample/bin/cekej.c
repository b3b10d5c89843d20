/* cekej.c -- a progress bar that lies
 *
 * The boss wanted a progress bar for the nightly import. The import does not know
 * how long it takes; nobody does. This program shows a bar that moves quickly to
 * 90 %, thinks, creeps to 99 %, and stays there until the real work is done.
 * Complaints about slow imports fell by two thirds. The import was not changed.
 *
 *   cc -O2 -o cekej cekej.c
 *   ./import.sh & ./cekej $!
 *
 * venda, 2005-02-14 (no, I had no other plans)
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WIDTH 50
#define HALF_LIFE 20.0          /* seconds until people stop believing the first half */

static int still_running(pid_t pid)
{
    return kill(pid, 0) == 0 || errno == EPERM;
}

/* Never reaches 1. This is not a bug, it is calculus. */
static double plausible_progress(int seconds)
{
    return 0.99 * (1.0 - exp(-seconds / HALF_LIFE));
}

static void draw(double progress)
{
    int filled = (int)(progress * WIDTH);
    printf("\r[");
    for (int i = 0; i < WIDTH; i++)
        putchar(i < filled ? '#' : '.');
    printf("] %2d %%", (int)(progress * 100));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: cekej PID\n");
        return 2;
    }
    pid_t pid = (pid_t)atol(argv[1]);
    int seconds;
    for (seconds = 0; still_running(pid); seconds++) {
        draw(plausible_progress(seconds));
        sleep(1);
    }
    draw(1.0);
    printf("\nHotovo za %d s, přesně jak jsme odhadovali.\n", seconds);
    return 0;
}
