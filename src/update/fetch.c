/* SPDX-License-Identifier: Apache-2.0 */
/* The downloader is started by descriptor, because the user that it becomes may not be allowed to walk to
 * where it lies, and with rights already gone: a server that takes it over gets a process that can talk to
 * the network and into one pipe. */
#include "update/fetch.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, LINE = 4096, PIECE_MAX = 1 << 20, REQUEST_MAX = 16 * 1024 };
enum { NOT_RUN = 127 }; /* the loader says the same of a library that is missing */

extern char **environ;

struct fetcher {
        char *program;
        unsigned timeout;
        pid_t pid; /* 0: not running */
        int to;
        FILE *from;
};

int fetcher_new(const char *program, unsigned timeout, struct fetcher **ret)
{
        struct fetcher *f = calloc(1, sizeof(*f));
        if (!f || !(f->program = strdup(program))) {
                free(f);
                return -ENOMEM;
        }
        f->timeout = timeout;
        f->to = -1;
        *ret = f;
        return 0;
}

/* Returns how it ended, as waitpid() tells. */
static int stop(struct fetcher *f)
{
        int status = 0;
        if (f->to >= 0)
                close(f->to);
        if (f->from)
                fclose(f->from);
        if (f->pid > 0) {
                kill(f->pid, SIGKILL);
                while (waitpid(f->pid, &status, 0) < 0 && errno == EINTR)
                        ;
        }
        f->to = -1;
        f->from = NULL;
        f->pid = 0;
        return status;
}

struct fetcher *fetcher_free(struct fetcher *f)
{
        if (f) {
                stop(f);
                free(f->program);
                free(f);
        }
        return NULL;
}

static _Noreturn void become_downloader(int program, int in, int out, unsigned timeout, pid_t parent)
{
        char text[16];
        char *const arguments[] = {(char *)"usewear-download", text, NULL};
        sigset_t none;
        sigemptyset(&none);
        snprintf(text, sizeof(text), "%u", timeout);
        /* 10: out of the way of 0, 1 and 2 */
        int held = fcntl(program, F_DUPFD_CLOEXEC, 10);
        if (held < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || chdir("/") < 0)
                _exit(NOT_RUN);
        close_range(3, (unsigned)held - 1, 0);
        close_range((unsigned)held + 1, ~0u, 0);
        if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
                               setresuid(NOBODY, NOBODY, NOBODY) < 0))
                _exit(126);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
            sigprocmask(SIG_SETMASK, &none, NULL) < 0)
                _exit(NOT_RUN);
        if (getppid() == parent)
                fexecve(held, arguments, environ);
        _exit(NOT_RUN);
}

static int start(struct fetcher *f, struct error *error)
{
        int in[2] = {-1, -1}, out[2] = {-1, -1};
        _cleanup_close_ int program = open(f->program, O_RDONLY | O_CLOEXEC);
        if (program < 0)
                return error_set(error, -ECANCELED,
                                 "cannot start %s: %s; it comes with Usewear where libcurl is", f->program,
                                 strerror(errno));
        pid_t parent = getpid();
        if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || (f->pid = fork()) < 0) {
                int r = -errno;
                f->pid = 0;
                for (int i = 0; i < 2; i++) {
                        if (in[i] >= 0)
                                close(in[i]);
                        if (out[i] >= 0)
                                close(out[i]);
                }
                return error_set(error, r, "cannot start %s: %s", f->program, strerror(-r));
        }
        if (f->pid == 0)
                become_downloader(program, in[0], out[1], f->timeout, parent);
        close(in[0]);
        close(out[1]);
        f->to = in[1];
        f->from = fdopen(out[0], "r");
        if (f->from)
                return 0;
        close(out[0]);
        stop(f);
        return error_set(error, -ENOMEM, "out of memory");
}

/* ---- answers ----------------------------------------------------------------------------------------- */
static int broke(struct fetcher *f, struct error *error)
{
        int status = stop(f);
        if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_RUN)
                return error_set(error, -ECANCELED,
                                 "%s does not run: install libcurl, and let the user nobody read it",
                                 f->program);
        return error_set(error, -ECANCELED, "%s ended unexpectedly", f->program);
}

static void copy_field(struct span *rest, char to[static FETCH_FIELD])
{
        struct span field = {};
        span_cut(rest, '\t', &field);
        size_t size = MIN(field.size, (size_t)FETCH_FIELD - 1);
        if (size)
                memcpy(to, field.data, size);
        to[size] = 0;
}

/* "E 200<TAB>0<TAB>etag<TAB>crc<TAB>" */
static int take_end(struct span line, struct fetch_answer *ret)
{
        struct fetch_answer a = {};
        struct span status = {}, wait = {};
        uint64_t number = 0, seconds = 0;
        span_cut(&line, '\t', &status);
        span_cut(&line, '\t', &wait);
        if (span_to_u64(status, 10, &number) < 0 || number > 999)
                return -EBADMSG;
        span_to_u64(wait, 10, &seconds); /* what is no number asks for nothing */
        a.status = (int)number;
        a.retry_after = (unsigned)MIN(seconds, (uint64_t)86400);
        copy_field(&line, a.etag);
        copy_field(&line, a.crc32c);
        copy_field(&line, a.trouble);
        *ret = a;
        return 0;
}

static int take_piece(struct fetcher *f, const struct fetch *what, struct span text, uint64_t *done,
                      char *piece)
{
        uint64_t size;
        if (span_to_u64(text, 10, &size) < 0 || size > PIECE_MAX)
                return -EBADMSG;
        if (fread(piece, 1, size, f->from) != size)
                return -EBADMSG;
        *done += size;
        if (*done > what->size_max)
                return -EFBIG;
        return what->body(what->context, piece, size);
}

static int take_answer(struct fetcher *f, const struct fetch *what, struct fetch_answer *ret,
                       struct error *error)
{
        _cleanup_free_ char *piece = malloc(PIECE_MAX);
        char line[LINE];
        uint64_t done = what->offset;
        bool begun = false;
        int r = piece ? 0 : -ENOMEM;
        while (r == 0 && fgets(line, sizeof(line), f->from)) {
                struct span rest =
                        span_trim(span_of(line)); /* an empty last field goes too, and reads as empty */
                struct span word = {rest.data, MIN(rest.size, (size_t)2)};
                struct span value = {rest.data + word.size, rest.size - word.size};
                if (span_equal(word, "H ") && !begun) {
                        begun = true;
                        bool anew = !span_equal(value, "206");
                        done = anew ? 0 : what->offset;
                        r = what->begin(what->context, anew);
                } else if (span_equal(word, "D ") && begun) {
                        r = take_piece(f, what, value, &done, piece);
                } else if (span_equal(word, "E ") && take_end(value, ret) == 0) {
                        return 0;
                } else {
                        r = -EBADMSG;
                }
        }
        if (r == 0 || r == -EBADMSG)
                return broke(f, error);
        stop(f); /* it would go on sending */
        return r;
}

int fetch_get(struct fetcher *f, const struct fetch *what, struct fetch_answer *ret, struct error *error)
{
        int r = f->pid ? 0 : start(f, error);
        if (r < 0)
                return r;
        const char *etag = what->etag ? what->etag : "";
        if (strpbrk(what->url, "\t\n") || strpbrk(etag, "\t\n"))
                return error_set(error, -EINVAL, "the URL %s contains control characters", what->url);
        _cleanup_buf_ struct buf line = BUF_INIT(REQUEST_MAX);
        r = buf_addf(&line, "%s\t%s\t%" PRIu64 "\n", what->url, etag, what->offset);
        if (r < 0)
                return error_set(error, r, "the URL %.100s… is absurdly long", what->url);
        void (*before)(int) = signal(SIGPIPE, SIG_IGN);
        r = file_write_fd(f->to, line.data, line.size);
        signal(SIGPIPE, before);
        return r < 0 ? broke(f, error) : take_answer(f, what, ret, error);
}
