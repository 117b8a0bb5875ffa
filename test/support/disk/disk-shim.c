/*
 * Stands between a process and the C library (LD_PRELOAD) for the files below one folder.
 *
 * SPANLOOM_DISK_FOLDER  absolute path of the folder
 * SPANLOOM_DISK_LOG     file that every change of the folder is appended to, in the order in which they happened;
 *                       disk-log.ts reads it. Nothing is recorded where it is not set.
 * SPANLOOM_DISK_MARKS   a file that takes no bytes: what is written to it is a mark in the log. A mark
 *                       "!fail N ERRNO COUNT" lets COUNT calls fail from the Nth on, counted from now; "!fail 0" ends
 *                       that. Reading the file gives the number of calls that were counted since.
 *
 * A call and its record are made under one lock, so that the log is a true order of what the disk was asked for.
 * Changes through a shared memory map are not seen: SQLite makes them to its -shm files only, which mean nothing after
 * a crash.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, CLOSE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, RMDIR, MARK };
enum { CREATED = 1, EMPTIED = 2, FOLDER = 4 };
enum { NOT_OURS = 0, A_FILE, MARKS };

#define MOST_FDS 65536
#define REAL(name) ((__typeof__(&name))real(#name, &real_##name))

struct head {
  uint32_t op;
  int32_t fd;
  uint64_t offset;
  uint32_t length;
  uint32_t flags;
};

static char folder[4096];
static char marks[4096];
static size_t folder_length;
static int log_fd = -1;
static unsigned char kinds[MOST_FDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counted, fail_from, fail_count;
static int fail_with;

static void *real(const char *name, void **known) {
  if (*known == NULL) *known = dlsym(RTLD_NEXT, name);
  return *known;
}

static void *real_close, *real_write, *real_pwrite, *real_pwrite64, *real_writev, *real_ftruncate, *real_fsync,
    *real_fdatasync, *real_rename, *real_unlinkat, *real_mkdir, *real_read, *real_pread, *real_pread64, *real_syscall;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("SPANLOOM_DISK_FOLDER");
  if (path == NULL || strlen(path) >= sizeof folder) return;
  strcpy(folder, path);
  folder_length = strlen(folder);
  const char *given = getenv("SPANLOOM_DISK_MARKS");
  if (given != NULL && strlen(given) < sizeof marks) strcpy(marks, given);
  const char *log = getenv("SPANLOOM_DISK_LOG");
  if (log != NULL) log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_ours(const char *path) {
  return folder_length > 0 && strncmp(path, folder, folder_length) == 0 &&
         (path[folder_length] == '/' || path[folder_length] == 0);
}

static int is_marks(const char *path) { return marks[0] != 0 && strcmp(path, marks) == 0; }

static int kind_of(int fd) { return fd >= 0 && fd < MOST_FDS ? kinds[fd] : NOT_OURS; }

/* A path as it was given, or below the folder that `at` is open on. */
static const char *resolve(int at, const char *path, char *into, size_t size) {
  if (at == AT_FDCWD || path[0] == '/') return path;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", at);
  ssize_t length = readlink(link, into, size - strlen(path) - 2);
  if (length < 0) return path;
  into[length] = '/';
  strcpy(into + length + 1, path);
  return into;
}

static void record(uint32_t op, int fd, uint64_t offset, uint32_t flags, const void *bytes, size_t length) {
  if (log_fd < 0) return;
  struct head head = {op, fd, offset, length, flags};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, length}};
  ssize_t written = syscall(SYS_writev, log_fd, parts, 2);
  if (written != (ssize_t)(sizeof head + length)) {
    static const char text[] = "disk-shim: the log cannot be written\n";
    syscall(SYS_write, 2, text, sizeof text - 1);
    syscall(SYS_exit_group, 70);
  }
}

static void record_path(uint32_t op, const char *path) { record(op, -1, 0, 0, path, strlen(path)); }

/* Counts a call; true where it is one that fails, with errno set. Under the lock. */
static int fails(void) {
  counted++;
  if (fail_from == 0 || counted < fail_from || counted >= fail_from + fail_count) return 0;
  errno = fail_with;
  return 1;
}

/* ENOSPC is no answer to a call that takes no space. */
static int fails_unless_full(void) {
  if (fail_with == ENOSPC) return 0;
  return fails();
}

static void take_mark(const char *bytes, size_t length) {
  if (length > 6 && memcmp(bytes, "!fail ", 6) == 0) {
    char text[64] = {0};
    memcpy(text, bytes + 6, length - 6 < sizeof text - 1 ? length - 6 : sizeof text - 1);
    fail_from = fail_count = fail_with = 0;
    sscanf(text, "%ld %d %ld", &fail_from, &fail_with, &fail_count);
    counted = 0;
    return;
  }
  record(MARK, -1, 0, 0, bytes, length);
}

static int with_open(int at, const char *path, int flags, mode_t mode) {
  return syscall(SYS_openat, at, path, flags, mode);
}

static int do_open(int at, const char *given, int flags, mode_t mode) {
  char buffer[8192];
  const char *path = resolve(at, given, buffer, sizeof buffer);
  int marked = is_marks(path);
  if (!marked && !is_ours(path)) {
    int fd = with_open(at, given, flags, mode);
    if (kind_of(fd) != NOT_OURS) kinds[fd] = NOT_OURS;
    return fd;
  }
  pthread_mutex_lock(&lock);
  struct stat found;
  int existed = stat(path, &found) == 0;
  int creates = (flags & O_CREAT) != 0 && !existed;
  int fd = !marked && creates && fails() ? -1 : with_open(at, given, flags, mode);
  int failure = errno;
  if (fd >= 0 && fd < MOST_FDS) {
    kinds[fd] = marked ? MARKS : A_FILE;
    uint32_t how = (creates ? CREATED : 0) | (existed && (flags & O_TRUNC) ? EMPTIED : 0) |
                   (existed && S_ISDIR(found.st_mode) ? FOLDER : 0);
    if (!marked) record(OPEN, fd, 0, how, path, strlen(path));
  }
  pthread_mutex_unlock(&lock);
  errno = failure;
  return fd;
}

#define MODE_OF(flags)                      \
  mode_t mode = 0;                          \
  if ((flags) & (O_CREAT | O_TMPFILE)) {    \
    va_list rest;                           \
    va_start(rest, flags);                  \
    mode = va_arg(rest, mode_t);            \
    va_end(rest);                           \
  }

int open(const char *path, int flags, ...) { MODE_OF(flags) return do_open(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return do_open(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return do_open(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return do_open(at, path, flags, mode); }

int close(int fd) {
  if (kind_of(fd) == NOT_OURS) return REAL(close)(fd);
  pthread_mutex_lock(&lock);
  if (kinds[fd] == A_FILE) record(CLOSE, fd, 0, 0, NULL, 0);
  kinds[fd] = NOT_OURS;
  int result = REAL(close)(fd);
  pthread_mutex_unlock(&lock);
  return result;
}

/* libuv closes files without the C library's function. */
long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
  long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_close && kind_of(a) != NOT_OURS) return close(a);
  return REAL(syscall)(number, a, b, c, d, e, f);
}

static ssize_t do_write(int fd, const void *bytes, size_t length, off_t offset) {
  pthread_mutex_lock(&lock);
  ssize_t written;
  if (kinds[fd] == MARKS) {
    take_mark(bytes, length);
    written = length;
  } else {
    written = fails() ? -1 : offset < 0 ? REAL(write)(fd, bytes, length) : REAL(pwrite)(fd, bytes, length, offset);
    int failure = errno;
    if (written > 0) {
      off_t at = offset < 0 ? lseek(fd, 0, SEEK_CUR) - written : offset;
      record(WRITE, fd, at, 0, bytes, written);
    }
    errno = failure;
  }
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  return kind_of(fd) == NOT_OURS ? REAL(write)(fd, bytes, length) : do_write(fd, bytes, length, -1);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  return kind_of(fd) == NOT_OURS ? REAL(pwrite)(fd, bytes, length, offset) : do_write(fd, bytes, length, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  return kind_of(fd) == NOT_OURS ? REAL(pwrite64)(fd, bytes, length, offset) : do_write(fd, bytes, length, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (kind_of(fd) == NOT_OURS) return REAL(writev)(fd, parts, count);
  ssize_t sum = 0;
  for (int i = 0; i < count; i++) {
    ssize_t written = do_write(fd, parts[i].iov_base, parts[i].iov_len, -1);
    if (written < 0) return sum > 0 ? sum : written;
    sum += written;
    if ((size_t)written < parts[i].iov_len) break;
  }
  return sum;
}

static ssize_t do_read(int fd, void *bytes, size_t length, off_t offset) {
  pthread_mutex_lock(&lock);
  ssize_t got;
  if (kinds[fd] == MARKS) {
    got = snprintf(bytes, length, "%ld", counted);
  } else if (fails_unless_full()) {
    got = -1;
  } else {
    got = offset < 0 ? REAL(read)(fd, bytes, length) : REAL(pread)(fd, bytes, length, offset);
  }
  pthread_mutex_unlock(&lock);
  return got;
}

ssize_t read(int fd, void *bytes, size_t length) {
  return kind_of(fd) == NOT_OURS ? REAL(read)(fd, bytes, length) : do_read(fd, bytes, length, -1);
}
ssize_t pread(int fd, void *bytes, size_t length, off_t offset) {
  return kind_of(fd) == NOT_OURS ? REAL(pread)(fd, bytes, length, offset) : do_read(fd, bytes, length, offset);
}
ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) {
  return kind_of(fd) == NOT_OURS ? REAL(pread64)(fd, bytes, length, offset) : do_read(fd, bytes, length, offset);
}

static int do_truncate(int fd, off_t size) {
  if (kind_of(fd) == NOT_OURS) return REAL(ftruncate)(fd, size);
  pthread_mutex_lock(&lock);
  int result = fails() ? -1 : REAL(ftruncate)(fd, size);
  int failure = errno;
  if (result == 0) record(TRUNCATE, fd, size, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = failure;
  return result;
}
int ftruncate(int fd, off_t size) { return do_truncate(fd, size); }
int ftruncate64(int fd, off64_t size) { return do_truncate(fd, size); }

static int do_sync(int fd, int data_only) {
  pthread_mutex_lock(&lock);
  int result = fails_unless_full() ? -1 : data_only ? REAL(fdatasync)(fd) : REAL(fsync)(fd);
  int failure = errno;
  if (result == 0) record(SYNC, fd, 0, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = failure;
  return result;
}
int fsync(int fd) { return kind_of(fd) == NOT_OURS ? REAL(fsync)(fd) : do_sync(fd, 0); }
int fdatasync(int fd) { return kind_of(fd) == NOT_OURS ? REAL(fdatasync)(fd) : do_sync(fd, 1); }

int rename(const char *from, const char *to) {
  if (!is_ours(from) && !is_ours(to)) return REAL(rename)(from, to);
  pthread_mutex_lock(&lock);
  int result = fails() ? -1 : REAL(rename)(from, to);
  int failure = errno;
  if (result == 0) {
    char both[8192];
    int length = snprintf(both, sizeof both, "%s%c%s", from, 0, to);
    record(RENAME, -1, 0, 0, both, length);
  }
  pthread_mutex_unlock(&lock);
  errno = failure;
  return result;
}

static int do_unlink(int at, const char *given, int flags) {
  char buffer[8192];
  const char *path = resolve(at, given, buffer, sizeof buffer);
  int ours = is_ours(path);
  if (ours) pthread_mutex_lock(&lock);
  int result = ours && fails_unless_full() ? -1 : REAL(unlinkat)(at, given, flags);
  int failure = errno;
  if (ours) {
    if (result == 0) record_path((flags & AT_REMOVEDIR) ? RMDIR : UNLINK, path);
    pthread_mutex_unlock(&lock);
  }
  errno = failure;
  return result;
}
int unlink(const char *path) { return do_unlink(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return do_unlink(at, path, flags); }
int rmdir(const char *path) { return do_unlink(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
  int result = do_unlink(AT_FDCWD, path, 0);
  return result == 0 || (errno != EISDIR && errno != EPERM) ? result : do_unlink(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdir(const char *path, mode_t mode) {
  if (!is_ours(path)) return REAL(mkdir)(path, mode);
  pthread_mutex_lock(&lock);
  int result = fails() ? -1 : REAL(mkdir)(path, mode);
  int failure = errno;
  if (result == 0) record_path(MKDIR, path);
  pthread_mutex_unlock(&lock);
  errno = failure;
  return result;
}

/* A thread that gives way to all others would hold the lock, and with it them, for as long as the machine is busy. */
int setpriority(__priority_which_t which, id_t who, int priority) {
  (void)which, (void)who, (void)priority;
  return 0;
}
