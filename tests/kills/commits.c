/*
 * A process that is killed within a COMMIT: preloaded (LD_PRELOAD), it counts the commits of one SQLite store in WAL
 * mode, and sends SIGKILL in the one that is asked for.
 *
 * YIMA_COMMITS_LOG      the write-ahead log of the store, as its path ends
 * YIMA_COMMITS_CONTROL  a file of struct control, which may be changed at any time
 *
 * TORN: its first page is on its way, the others are not written: none of it has happened. WRITTEN: all of it is
 * written, and nobody has been told: all of it has happened.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Numbers known to commits.py as well. */
enum where { TORN, WRITTEN };
struct control {
    _Atomic int64_t left; /* so many commits still succeed; below nought: all */
    _Atomic int64_t done; /* so many there were */
    _Atomic int32_t where;
    int32_t unused;
};

static struct control *control;
static const char *log_name;
static _Atomic int writes; /* of the commit that is on its way */

static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("YIMA_COMMITS_CONTROL"), *name = getenv("YIMA_COMMITS_LOG");
    int fd = path && name ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *seen = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (seen == MAP_FAILED) {
        /* One that kills nobody would let every test pass. */
        dprintf(2, "commits: YIMA_COMMITS_CONTROL, YIMA_COMMITS_LOG: %s\n", strerror(errno));
        _exit(111);
    }
    close(fd);
    log_name = name;
    control = seen;
}

static int is_log(int fd)
{
    char link[32], path[PATH_MAX];
    size_t size = strlen(log_name);
    ssize_t found;
    int before = errno;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    found = readlink(link, path, sizeof path);
    errno = before;
    return found >= (ssize_t)size && memcmp(path + found - size, log_name, size) == 0;
}

static void write_log(int fd)
{
    if (!control || !is_log(fd))
        return;
    if (atomic_fetch_add(&writes, 1) > 0 && atomic_load(&control->left) == 0 && atomic_load(&control->where) == TORN)
        kill(getpid(), SIGKILL);
}

static void sync_log(int fd)
{
    if (!control || !is_log(fd))
        return;
    atomic_store(&writes, 0);
    if (atomic_load(&control->left) == 0)
        kill(getpid(), SIGKILL);
    if (atomic_load(&control->left) > 0)
        atomic_fetch_sub(&control->left, 1);
    atomic_fetch_add(&control->done, 1);
}

ssize_t pwrite64(int fd, const void *body, size_t size, off64_t offset)
{
    write_log(fd);
    return ((__typeof__(&pwrite64))real("pwrite64"))(fd, body, size, offset);
}

ssize_t pwrite(int fd, const void *body, size_t size, off_t offset) { return pwrite64(fd, body, size, offset); }

int fsync(int fd)
{
    sync_log(fd);
    return ((__typeof__(&fsync))real("fsync"))(fd);
}

int fdatasync(int fd)
{
    sync_log(fd);
    return ((__typeof__(&fdatasync))real("fdatasync"))(fd);
}
