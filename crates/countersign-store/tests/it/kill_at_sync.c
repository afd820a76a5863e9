/* Preloaded into a test: counts syncs; the one that SYNC_FATE_AT names kills the process before anything
 * is synced (SYNC_FATE=kill), or fails (SYNC_FATE=fail). Every other one leaves a byte in SYNC_LOG. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long syncs;

static int sync_or_fate(const char *name, int file) {
    const char *at = getenv("SYNC_FATE_AT");
    const char *fate = getenv("SYNC_FATE");
    if (at && fate && atomic_fetch_add(&syncs, 1) + 1 == atol(at)) {
        if (strcmp(fate, "kill") == 0)
            kill(getpid(), SIGKILL);
        errno = EIO;
        return -1;
    }
    const char *log = getenv("SYNC_LOG");
    int noted = log ? open(log, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
    if (noted >= 0) {
        if (write(noted, ".", 1) != 1)
            abort();
        close(noted);
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(file);
}

int fsync(int file) { return sync_or_fate("fsync", file); }
int fdatasync(int file) { return sync_or_fate("fdatasync", file); }
