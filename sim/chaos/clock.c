/*
 * A clock that can be set: preloaded into a process (LD_PRELOAD), it adds an offset to the time of day.
 *
 * YIMA_CLOCK_CONTROL  a file that holds the offset in microseconds, 64 bits; may be changed at any time
 *
 * The monotonic clock is left alone: nobody can set that one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MILLION 1000000

static _Atomic int64_t *offset;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

static void give_up(const char *what)
{
    /* A shim that sets no clock would let every test pass. */
    dprintf(2, "clock shim: %s: %s\n", what, strerror(errno));
    _exit(111);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("YIMA_CLOCK_CONTROL");
    void *seen;
    int fd;

    real_clock_gettime = (__typeof__(real_clock_gettime))dlsym(RTLD_NEXT, "clock_gettime");
    if (!path || !real_clock_gettime || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        give_up("YIMA_CLOCK_CONTROL");
    seen = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
    if (seen == MAP_FAILED)
        give_up("mmap");
    offset = seen;
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed;
    int64_t micros;

    /* Others may ask for the time while the process is still being put together. */
    if (!real_clock_gettime)
        real_clock_gettime = (__typeof__(real_clock_gettime))dlsym(RTLD_NEXT, "clock_gettime");
    failed = real_clock_gettime(clock, now);
    if (failed || !offset || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return failed;
    micros = (int64_t)now->tv_sec * MILLION + now->tv_nsec / 1000 + atomic_load(offset);
    now->tv_sec = micros / MILLION;
    now->tv_nsec = micros % MILLION * 1000 + now->tv_nsec % 1000;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec found;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &found))
        return -1;
    now->tv_sec = found.tv_sec;
    now->tv_usec = found.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec found;

    if (clock_gettime(CLOCK_REALTIME, &found))
        return -1;
    if (now)
        *now = found.tv_sec;
    return found.tv_sec;
}
