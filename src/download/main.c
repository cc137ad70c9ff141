/* SPDX-License-Identifier: Apache-2.0 */
/* usewear-download: the only program that links a TLS library, and it can do nothing else. It reads requests
 * from standard input and writes what servers answer to standard output. Whoever starts it has taken its
 * rights away before, and it shuts itself in (sandbox.c). What it hands on is checked by its reader.
 *
 *     request   URL <TAB> ETag or nothing <TAB> offset <NL>
 *     answers   H STATUS <NL>                     the body begins: 206 goes on at the offset, 200 begins anew
 *               D SIZE <NL> and SIZE bytes        a piece of it
 *               E STATUS <TAB> RETRY-AFTER s <TAB> ETag <TAB> CRC32C, base64 <TAB> what went wrong <NL> */
#include "base/macro.h"
#include "download/sandbox.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { FIELD = 512, REDIRECTS = 5, PIECE = 64 * 1024 };

struct answer {
        CURL *curl;
        bool begun, broken; /* broken: nobody reads any more */
        char etag[FIELD], crc[FIELD];
        long retry_after;
};

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
        struct answer *a = context;
        long status = 0;
        size *= count;
        curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200 && status != 206)
                return size; /* a page that says what went wrong is nothing to hand on */
        if (!a->begun)
                printf("H %ld\n", status);
        a->begun = true;
        if (size && (printf("D %zu\n", size) < 0 || fwrite(data, 1, size, stdout) != size))
                a->broken = true;
        return a->broken ? 0 : size;
}

/* The value after "name:", trimmed, into `to`; false: another header. */
static bool take_header(const char *data, size_t size, const char *name, char to[static FIELD])
{
        size_t length = strlen(name);
        if (size <= length || data[length] != ':' || strncasecmp(data, name, length))
                return false;
        const char *from = data + length + 1, *end = data + size;
        while (from < end && (*from == ' ' || *from == '\t'))
                from++;
        while (end > from && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
                end--;
        size_t used = 0;
        for (; from < end && used < FIELD - 1; from++)
                if ((unsigned char)*from >= ' ' && *from != 0x7f)
                        to[used++] = *from;
        to[used] = 0;
        return true;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
        struct answer *a = context;
        char value[FIELD];
        size *= count;
        if (size > 5 && !strncmp(data, "HTTP/", 5))
                a->etag[0] = a->crc[0] = 0, a->retry_after = 0; /* the next answer, after a redirect */
        take_header(data, size, "etag", a->etag);
        if (take_header(data, size, "x-goog-hash", value)) {
                char *crc = strstr(value, "crc32c=");
                if (crc) {
                        snprintf(a->crc, sizeof(a->crc), "%s", crc + strlen("crc32c="));
                        a->crc[strcspn(a->crc, ",")] = 0;
                }
        }
        if (take_header(data, size, "retry-after", value))
                a->retry_after = strtol(value, NULL, 10);
        return size;
}

static void set_up(CURL *curl, struct answer *a, long timeout)
{
        curl_easy_reset(curl);
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "usewear");
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, timeout);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, timeout);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, a);
}

/* Who reads other people's traffic hands out a certificate of their own: curl's and OpenSSL's variables. */
static void set_certificates(CURL *curl)
{
        const char *bundle = getenv("CURL_CA_BUNDLE"), *folder = getenv("SSL_CERT_DIR");
        if (!bundle || !*bundle)
                bundle = getenv("SSL_CERT_FILE");
        if (bundle && *bundle)
                curl_easy_setopt(curl, CURLOPT_CAINFO, bundle);
        if (folder && *folder && !strchr(folder, ':'))
                curl_easy_setopt(curl, CURLOPT_CAPATH, folder);
}

/* Plain HTTP is for mirrors that are asked for by that name; nothing leads from HTTPS down to it. */
static void set_protocols(CURL *curl, const char *url)
{
        const char *allowed = strncasecmp(url, "http:", 5) ? "https" : "http,https";
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, allowed);
        curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, allowed);
}

static void get(CURL *curl, const char *url, const char *etag, const char *offset, long timeout)
{
        struct answer a = {.curl = curl};
        char text[FIELD + 40], range[64], trouble[CURL_ERROR_SIZE] = "";
        struct curl_slist *headers = NULL;
        bool resumed = strcmp(offset, "0") != 0;
        set_up(curl, &a, timeout);
        set_protocols(curl, url);
        set_certificates(curl);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, trouble);
        if (*etag) {
                snprintf(text, sizeof(text), "%s: %s", resumed ? "If-Range" : "If-None-Match", etag);
                headers = curl_slist_append(NULL, text);
        }
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        snprintf(range, sizeof(range), "%s-", offset);
        if (resumed)
                curl_easy_setopt(curl, CURLOPT_RANGE, range);
        CURLcode code = curl_easy_perform(curl);
        long status = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (code == CURLE_OK && !a.begun && (status == 200 || status == 206))
                printf("H %ld\n", status); /* an empty body */
        for (char *c = trouble; *c; c++)
                if (*c < ' ')
                        *c = ' ';
        printf("E %ld\t%ld\t%s\t%s\t%s\n", code == CURLE_OK ? status : 0L, a.retry_after, a.etag, a.crc,
               code == CURLE_OK ? ""
               : *trouble       ? trouble
                                : curl_easy_strerror(code));
        fflush(stdout);
        curl_slist_free_all(headers);
}

int main(int argc, char **argv)
{
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        long timeout = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
        if (timeout < 1 || isatty(STDIN_FILENO)) {
                fputs("usewear-download: started by usewear db update, not by people\n", stderr);
                return 2;
        }
        int r = download_cage();
        if (r < 0) {
                fprintf(stderr, "usewear-download: cannot shut itself in: %s\n", strerror(-r));
                return 2;
        }
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return 2;
        CURL *curl = curl_easy_init();
        while (curl && getline(&line, &allocated, stdin) > 0) {
                char *rest = line, *url, *etag, *offset;
                line[strcspn(line, "\n")] = 0;
                url = strsep(&rest, "\t");
                etag = rest ? strsep(&rest, "\t") : NULL;
                offset = rest;
                if (!etag || !offset)
                        return 2;
                get(curl, url, etag, offset, timeout);
        }
        curl_easy_cleanup(curl);
        curl_global_cleanup();
        return 0;
}
