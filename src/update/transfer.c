/* SPDX-License-Identifier: Apache-2.0 */
/* A part of a file is kept beside its ETag, so that the next attempt, or the next run, asks only for the
 * rest; the server decides by the ETag whether the part is still worth anything. The checksum has the last
 * word. */
#include "update/transfer.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "format/crc32c.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { ATTEMPTS = 4, WAIT_MOST = 60 /* s */, PIECE = 1 << 20 };

/* ---- attempts ---------------------------------------------------------------------------------------- */
static bool is_passing(const struct fetch_answer *a)
{
        return !a->status || a->status == 429 || (a->status >= 500 && a->status != 501);
}

static int refused(const char *what, const char *url, const struct fetch_answer *a, struct error *error)
{
        if (!a->status)
                return error_set(error, -EIO, "%s: %s: %s", what, url, a->trouble);
        if (a->status == 429 && a->retry_after > WAIT_MOST)
                return error_set(error, -EAGAIN, "%s: %s asks to come back in %u s", what, url,
                                 a->retry_after);
        return error_set(error, a->status == 404 ? -ENOENT : -EIO, "%s: %s answers %d", what, url, a->status);
}

/* 1: try again, 0: not. */
static int wait_before(struct updater *u, const char *what, unsigned attempt, const struct fetch_answer *a)
{
        unsigned seconds = MAX(MIN(1u << attempt, u->patience), a->retry_after);
        char why[64];
        if (!is_passing(a) || attempt + 1 >= ATTEMPTS || seconds > WAIT_MOST)
                return 0;
        snprintf(why, sizeof(why), "the server answers %d", a->status);
        if (u->watch && u->watch->wait)
                u->watch->wait(u->watch->context, what, seconds, a->status ? why : a->trouble);
        nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
        return 1;
}

/* ---- into memory ------------------------------------------------------------------------------------- */
static int memory_begin(void *context, bool anew _unused_)
{
        buf_clear(context);
        return 0;
}

static int memory_body(void *context, const void *data, size_t size)
{
        return buf_add(context, data, size);
}

int transfer_memory(struct updater *u, const char *what, const char *url, const char *etag, struct buf *to,
                    struct fetch_answer *ret, uint64_t *bytes, struct error *error)
{
        const struct fetch request = {.url = url,
                                      .etag = etag,
                                      .size_max = to->limit,
                                      .context = to,
                                      .begin = memory_begin,
                                      .body = memory_body};
        for (unsigned attempt = 0;; attempt++) {
                struct fetch_answer a = {};
                int r = fetch_get(u->fetcher, &request, &a, error);
                if (r == -EFBIG)
                        return error_set(error, r, "%s: %s is absurdly large", what, url);
                if (r < 0)
                        return r;
                *bytes += to->size;
                if (a.status == 200 || a.status == 304 || a.status == 404) {
                        *ret = a;
                        return a.status;
                }
                if (!wait_before(u, what, attempt, &a))
                        return refused(what, url, &a, error);
        }
}

/* ---- into a file ------------------------------------------------------------------------------------- */
struct part {
        struct updater *updater;
        const char *what, *path;
        char *part, *tag; /* paths of the part and of its ETag */
        char etag[FETCH_FIELD];
        int fd;
        uint64_t size, received;
};

static void part_done(struct part *p)
{
        if (p->fd >= 0)
                close(p->fd);
        free(p->part);
        free(p->tag);
}

static void part_forget(struct part *p)
{
        unlink(p->part);
        unlink(p->tag);
        p->size = 0;
        p->etag[0] = 0;
        if (p->fd >= 0)
                (void)!ftruncate(p->fd, 0);
}

static int part_open(struct part *p)
{
        _cleanup_buf_ struct buf tag = BUF_INIT(FETCH_FIELD - 1);
        struct stat st;
        if (p->fd >= 0)
                close(p->fd);
        p->fd = open(p->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (p->fd < 0 || fstat(p->fd, &st) < 0)
                return -errno;
        p->size = (uint64_t)st.st_size;
        p->etag[0] = 0;
        if (p->size && file_read_at(AT_FDCWD, p->tag, &tag) == 0 && tag.size)
                snprintf(p->etag, sizeof(p->etag), "%s", tag.data);
        if (!p->etag[0]) { /* a part of nobody knows what */
                p->size = 0;
                if (ftruncate(p->fd, 0) < 0)
                        return -errno;
        }
        return 0;
}

static int part_begin(void *context, bool anew)
{
        struct part *p = context;
        if (anew) {
                p->size = 0;
                if (ftruncate(p->fd, 0) < 0)
                        return -errno;
        }
        return lseek(p->fd, (off_t)p->size, SEEK_SET) < 0 ? -errno : 0;
}

static int part_body(void *context, const void *data, size_t size)
{
        struct part *p = context;
        int r = file_write_fd(p->fd, data, size);
        if (r < 0)
                return r;
        p->size += size;
        p->received += size;
        if (p->updater->watch && p->updater->watch->progress)
                p->updater->watch->progress(p->updater->watch->context, p->what, p->size, 0);
        return 0;
}

/* What the part is of, so that a later attempt can ask for the rest. */
static void part_mark(struct part *p, const char *etag)
{
        _cleanup_close_ int fd =
                *etag && strncmp(etag, "W/", 2)
                        ? open(p->tag, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)
                        : -1;
        if (fd < 0 || file_write_fd(fd, etag, strlen(etag)) < 0)
                unlink(p->tag);
}

static int checksum(struct part *p, const char *wanted)
{
        _cleanup_free_ char *piece = malloc(PIECE);
        char text[CRC32C_TEXT];
        uint32_t crc = 0;
        ssize_t size;
        if (!piece)
                return -ENOMEM;
        for (off_t at = 0; (size = pread(p->fd, piece, PIECE, at)) != 0; at += size) {
                if (size < 0)
                        return -errno;
                crc = crc32c_update(crc, piece, (size_t)size);
        }
        return strcmp(crc32c_text(crc, text), wanted) ? -EBADMSG : 0;
}

static int file_failed(const struct part *p, int r, struct error *error)
{
        return r == -EFBIG ? error_set(error, r, "%s: the file is absurdly large", p->what)
                           : error_set(error, r, "%s: cannot write %s: %s", p->what, p->part, strerror(-r));
}

/* 1: answered for good, 0: try again. */
static int judge(struct part *p, const char *url, unsigned attempt, struct fetch_answer *a,
                 struct error *error)
{
        if (a->status == 200 || a->status == 206) {
                int r = *a->crc32c ? checksum(p, a->crc32c) : 0;
                if (r == 0)
                        return 1;
                part_forget(p);
                if (r != -EBADMSG)
                        return file_failed(p, r, error);
                if (attempt) /* twice: it is not the way that is bad */
                        return error_set(error, r, "%s: %s does not have the checksum that its server gives",
                                         p->what, url);
                return 0;
        }
        if (a->status == 304 || a->status == 404)
                return 1;
        if (a->status == 416 && p->size) { /* the part is longer than the file */
                part_forget(p);
                return 0;
        }
        if (!a->status && p->size)
                part_mark(p, a->etag);
        return wait_before(p->updater, p->what, attempt, a) ? 0 : refused(p->what, url, a, error);
}

static int attempts(struct part *p, const char *url, const char *etag, uint64_t size_max,
                    struct fetch_answer *ret, struct error *error)
{
        for (unsigned attempt = 0;; attempt++) {
                struct fetch_answer a = {};
                int r = part_open(p);
                if (r < 0)
                        return file_failed(p, r, error);
                const struct fetch request = {.url = url,
                                              .etag = p->size ? p->etag : etag,
                                              .offset = p->size,
                                              .size_max = size_max,
                                              .context = p,
                                              .begin = part_begin,
                                              .body = part_body};
                r = fetch_get(p->updater->fetcher, &request, &a, error);
                if (r == -ECANCELED || r == -EINVAL)
                        return r;
                if (r < 0) {
                        part_forget(p); /* a full disk shall not stay full for our sake */
                        return file_failed(p, r, error);
                }
                r = judge(p, url, attempt, &a, error);
                if (r < 0)
                        return r;
                if (r) {
                        *ret = a;
                        return a.status == 206 ? 200 : a.status;
                }
        }
}

int transfer_file(struct updater *u, const char *what, const char *url, const char *etag, const char *path,
                  uint64_t size_max, struct fetch_answer *ret, uint64_t *bytes, struct error *error)
{
        _cleanup_(part_done) struct part p = {.updater = u, .what = what, .path = path, .fd = -1};
        if (asprintf(&p.part, "%s.part", path) < 0 || asprintf(&p.tag, "%s.part.etag", path) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        int r = attempts(&p, url, etag, size_max, ret, error);
        *bytes += p.received;
        if (r != 200) {
                if (r >= 0)
                        part_forget(&p);
                return r;
        }
        unlink(p.tag);
        if (rename(p.part, path) < 0)
                return error_set(error, -errno, "%s: cannot write %s: %s", what, path, strerror(errno));
        return 200;
}
