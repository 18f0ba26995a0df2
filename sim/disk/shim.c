/*
 * A disk that can be watched and broken: preloaded into a process (LD_PRELOAD), it follows the files below one folder.
 *
 * YIMA_DISK_FOLDER   the folder, absolute and without symbolic links
 * YIMA_DISK_CONTROL  a file of struct control: the fault that is in force now; may be changed at any time
 * YIMA_DISK_LOG      if set, every change to the folder is appended to this file, in the order in which it was made
 *
 * Descriptors are named by the kernel (/proc/self/fd), not by a table of ours, so that nothing is missed that was
 * inherited or copied. What a process writes through a shared mapping is not seen: SQLite does so only with its -shm
 * file, which is not meant to survive anything.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Numbers known to shim.py as well. */
enum fault { NONE, FULL, EIO_FAULT, READ_ONLY };
enum change { CREATE = 1, WRITE, TRUNCATE, RENAME, UNLINK, SYNC, MKDIR, RMDIR, LINK };

struct control {
    _Atomic int32_t fault;
    int32_t unused;
    _Atomic int64_t spared; /* so many more operations succeed before the fault sets in */
    _Atomic int64_t refused; /* so many were refused so far */
};

struct record {
    uint8_t change;
    uint8_t unused;
    uint16_t name_size;
    uint32_t body_size;
    int64_t place; /* WRITE: offset; TRUNCATE: size */
};

/* What an operation needs of the disk; decides which fault it meets. */
enum need { OPENING, CREATING, GROWING, SHRINKING, SYNCING, NAMING, MAKING };

static char folder[PATH_MAX];
static size_t folder_size;
static struct control *control;
static int log_fd = -1;
static pthread_mutex_t in_order = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

static void give_up(const char *what)
{
    /* A shim that watches nothing would let every test pass. */
    dprintf(2, "disk shim: %s: %s\n", what, strerror(errno));
    _exit(111);
}

__attribute__((constructor)) static void begin(void)
{
    const char *where = getenv("YIMA_DISK_FOLDER"), *path = getenv("YIMA_DISK_CONTROL");
    int fd;

    if (!where || strlen(where) >= sizeof folder)
        give_up("YIMA_DISK_FOLDER");
    strcpy(folder, where);
    if (path) {
        if ((fd = REAL(open)(path, O_RDWR | O_CLOEXEC)) < 0)
            give_up(path);
        control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (control == MAP_FAILED)
            give_up(path);
        close(fd);
    }
    if ((path = getenv("YIMA_DISK_LOG")) && (log_fd = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0)
        give_up(path);
    folder_size = strlen(folder); /* last: from here on operations are looked at */
}

/* -- names: relative to the folder, NULL if elsewhere ----------------------------------------------------------- */

static const char *inside(const char *path)
{
    if (!folder_size || strncmp(path, folder, folder_size) != 0)
        return NULL;
    path += folder_size;
    return *path == '/' ? path + 1 : *path ? NULL : path;
}

static const char *name_of_fd(int fd, char buffer[PATH_MAX])
{
    char link[32];
    ssize_t size;
    int before = errno;

    if (!folder_size)
        return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, buffer, PATH_MAX - 1);
    errno = before;
    if (size < 0)
        return NULL;
    buffer[size] = 0;
    return inside(buffer);
}

static const char *name_of_path(int at, const char *path, char buffer[PATH_MAX])
{
    char whole[PATH_MAX * 2 + 2], *slash;
    const char *base;
    int before = errno;

    if (!folder_size)
        return NULL;
    whole[0] = 0;
    if (path[0] != '/') {
        char link[32];
        ssize_t size = 0;
        snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
        if ((size = readlink(link, whole, PATH_MAX - 1)) < 0)
            goto elsewhere;
        whole[size++] = '/';
        whole[size] = 0;
    }
    if (strlen(path) >= PATH_MAX)
        goto elsewhere;
    strcat(whole, path);
    slash = strrchr(whole, '/');
    base = slash + 1;
    *slash = 0;
    if (!realpath(*whole ? whole : "/", buffer) || strlen(buffer) + strlen(base) + 2 > PATH_MAX)
        goto elsewhere;
    if (*base)
        strcat(strcat(buffer, "/"), base);
    errno = before;
    return inside(buffer);
elsewhere:
    errno = before;
    return NULL;
}

/* -- faults ----------------------------------------------------------------------------------------------------- */

static int error_of(enum fault fault, enum need need)
{
    switch (fault) {
    case FULL: /* a new name mostly still fits where no content does */
        return need == GROWING || need == MAKING ? ENOSPC : 0;
    case EIO_FAULT:
        return need == OPENING ? 0 : EIO;
    case READ_ONLY:
        return EROFS;
    default:
        return 0;
    }
}

static int is_refused(const char *name, enum need need)
{
    int error;

    if (!name || !control || !(error = error_of(atomic_load(&control->fault), need)))
        return 0;
    if (atomic_load(&control->spared) > 0 && atomic_fetch_sub(&control->spared, 1) > 0)
        return 0;
    atomic_fetch_add(&control->refused, 1);
    errno = error;
    return 1;
}

/* -- the log ---------------------------------------------------------------------------------------------------- */

static int is_kept(const char *name)
{
    static const char gone[] = " (deleted)"; /* said by the kernel of a file without a name: nothing of it will last */
    size_t size;

    if (!name || log_fd < 0)
        return 0;
    size = strlen(name);
    return size < sizeof gone - 1 || strcmp(name + size - (sizeof gone - 1), gone) != 0;
}

static void note(enum change change, const char *name, int64_t place, const void *body, size_t body_size)
{
    struct record record = {change, 0, strlen(name), body_size, place};
    struct iovec parts[] = {{&record, sizeof record}, {(void *)name, record.name_size}, {(void *)body, body_size}};
    int before = errno;

    if (writev(log_fd, parts, 3) != (ssize_t)(sizeof record + record.name_size + body_size))
        give_up("log");
    errno = before;
}

/* Run `work`, then `entry` if it succeeded; no other thread's change comes between them in the log. */
#define IN_ORDER(kept, type, work, has_failed, entry) \
    do {                                              \
        type done;                                    \
        if (!(kept))                                  \
            return work;                              \
        pthread_mutex_lock(&in_order);                \
        done = work;                                  \
        if (!(has_failed)) {                          \
            entry;                                    \
        }                                             \
        pthread_mutex_unlock(&in_order);              \
        return done;                                  \
    } while (0)

/* -- opening ---------------------------------------------------------------------------------------------------- */

static void note_opened(const char *name, int is_new, int flags)
{
    if (is_new)
        note(CREATE, name, 0, NULL, 0);
    else if (flags & O_TRUNC)
        note(TRUNCATE, name, 0, NULL, 0);
}

static int open_at(int at, const char *path, int flags, mode_t mode)
{
    char buffer[PATH_MAX];
    struct stat there;
    int writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    const char *name = writes ? name_of_path(at, path, buffer) : NULL;
    int is_new = name && flags & O_CREAT && fstatat(at, path, &there, 0) < 0;

    if (is_refused(name, is_new ? CREATING : OPENING))
        return -1;
    IN_ORDER(is_kept(name), int, REAL(openat)(at, path, flags, mode), done < 0, note_opened(name, is_new, flags));
}

#define MODE(last)                              \
    mode_t mode = 0;                            \
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) { \
        va_list more;                           \
        va_start(more, last);                   \
        mode = va_arg(more, mode_t);            \
        va_end(more);                           \
    }

int open(const char *path, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return open_at(at, path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* -- content ---------------------------------------------------------------------------------------------------- */

ssize_t write(int fd, const void *body, size_t size)
{
    char buffer[PATH_MAX];
    const char *name = name_of_fd(fd, buffer);

    if (is_refused(name, GROWING))
        return -1;
    IN_ORDER(is_kept(name), ssize_t, REAL(write)(fd, body, size), done < 0,
             note(WRITE, name, lseek(fd, 0, SEEK_CUR) - done, body, done));
}

ssize_t pwrite64(int fd, const void *body, size_t size, off64_t offset)
{
    char buffer[PATH_MAX];
    const char *name = name_of_fd(fd, buffer);

    if (is_refused(name, GROWING))
        return -1;
    IN_ORDER(is_kept(name), ssize_t, REAL(pwrite64)(fd, body, size, offset), done < 0,
             note(WRITE, name, offset, body, done));
}

ssize_t pwrite(int fd, const void *body, size_t size, off_t offset) { return pwrite64(fd, body, size, offset); }

int ftruncate64(int fd, off64_t size)
{
    char buffer[PATH_MAX];
    const char *name = name_of_fd(fd, buffer);
    struct stat now;

    if (is_refused(name, fstat(fd, &now) == 0 && size > now.st_size ? GROWING : SHRINKING))
        return -1;
    IN_ORDER(is_kept(name), int, REAL(ftruncate64)(fd, size), done < 0, note(TRUNCATE, name, size, NULL, 0));
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int posix_fallocate64(int fd, off64_t offset, off64_t size)
{
    char buffer[PATH_MAX];
    const char *name = name_of_fd(fd, buffer);
    struct stat now;

    if (is_refused(name, GROWING))
        return errno; /* this one returns its error */
    if (is_kept(name) && (fstat(fd, &now) < 0 || offset + size <= now.st_size))
        name = NULL; /* nothing grows */
    IN_ORDER(is_kept(name), int, REAL(posix_fallocate64)(fd, offset, size), done != 0,
             note(TRUNCATE, name, offset + size, NULL, 0));
}

int posix_fallocate(int fd, off_t offset, off_t size) { return posix_fallocate64(fd, offset, size); }

static int sync_fd(int fd, int (*sync)(int))
{
    char buffer[PATH_MAX];
    const char *name = name_of_fd(fd, buffer);

    if (is_refused(name, SYNCING))
        return -1;
    IN_ORDER(is_kept(name), int, sync(fd), done < 0, note(SYNC, name, 0, NULL, 0));
}

int fsync(int fd) { return sync_fd(fd, REAL(fsync)); }
int fdatasync(int fd) { return sync_fd(fd, REAL(fdatasync)); }

/* -- names ------------------------------------------------------------------------------------------------------ */

static int two_names(enum change change, int from_at, const char *from, int to_at, const char *to, int flags)
{
    char one[PATH_MAX], other[PATH_MAX];
    const char *old = name_of_path(from_at, from, one), *new = name_of_path(to_at, to, other);

    if (is_refused(old ? old : new, NAMING))
        return -1;
    if (log_fd >= 0 && !old != !new) {
        errno = EXDEV; /* in or out of the folder: the log could not say what it is */
        return -1;
    }
    IN_ORDER(is_kept(old), int,
             change == LINK ? REAL(linkat)(from_at, from, to_at, to, flags) : REAL(renameat)(from_at, from, to_at, to),
             done < 0, note(change, old, 0, new, strlen(new)));
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
    return two_names(RENAME, from_at, from, to_at, to, 0);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    return two_names(LINK, from_at, from, to_at, to, flags);
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int unlinkat(int at, const char *path, int flags)
{
    char buffer[PATH_MAX];
    const char *name = name_of_path(at, path, buffer);

    if (is_refused(name, NAMING))
        return -1;
    IN_ORDER(is_kept(name), int, REAL(unlinkat)(at, path, flags), done < 0,
             note(flags & AT_REMOVEDIR ? RMDIR : UNLINK, name, 0, NULL, 0));
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int at, const char *path, mode_t mode)
{
    char buffer[PATH_MAX];
    const char *name = name_of_path(at, path, buffer);

    if (is_refused(name, MAKING))
        return -1;
    IN_ORDER(is_kept(name), int, REAL(mkdirat)(at, path, mode), done < 0, note(MKDIR, name, 0, NULL, 0));
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
