/* SPDX-License-Identifier: Apache-2.0 */

/* Within one look, root, device, inode and path together name one file; nothing is joined with what
 * stat says. An expired record is examined anew, so that a replaced library is noticed. */

#include "look/files.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>

enum {
        USED_FILE_MEMORY = 4 << 20, /* bytes; a Go program with thousands of modules needs a tenth */
        KEY_BYTES = 8192,
};

void files_free(struct used_file *f)
{
        if (!f)
                return;
        vec_done(&f->marks);
        file_reply_done(&f->reply);
        arena_done(&f->arena);
        free(f);
}

static size_t key_make(const char *root_id, const struct mapping *m, char *to, size_t room)
{
        int size = snprintf(to, room, "%s\n%x:%llx:%d\n%s", root_id ? root_id : "", m->device,
                            (unsigned long long)m->inode, m->deleted, m->path ? m->path : "");
        return MIN((size_t)size, room - 1);
}

static struct used_file *file_new(const char *key, size_t size)
{
        struct used_file *f = calloc(1, sizeof(*f));
        if (!f)
                return NULL;
        f->arena = ARENA_INIT(USED_FILE_MEMORY);
        f->key = arena_strndup(&f->arena, key, size);
        if (f->key)
                return f;
        files_free(f);
        return NULL;
}

struct used_file *files_new(const char *root_id, const struct mapping *m)
{
        char key[KEY_BYTES];
        size_t size = key_make(root_id, m, key, sizeof(key));
        return file_new(key, size);
}

struct used_file *files_intern(struct file_cache *c, const char *root_id, const struct mapping *m)
{
        char key[KEY_BYTES];
        size_t size = key_make(root_id, m, key, sizeof(key));
        struct used_file *f = map_get(&c->files, key, size);
        if (f || !(f = file_new(key, size)))
                return f;
        if (map_put(&c->files, f->key, size, f) == 0)
                return f;
        files_free(f);
        return NULL;
}

static int keys_of(const package_list *packages, struct arena *a, const char ***ret)
{
        const char **keys = arena_alloc(a, MAX(packages->count, (size_t)1) * sizeof(*keys));
        if (!keys)
                return -ENOMEM;
        for (size_t i = 0; i < packages->count; i++)
                if (!(keys[i] = package_key(&packages->items[i], a)))
                        return -ENOMEM;
        *ret = keys;
        return 0;
}

int files_examined(struct used_file *f, struct wire *reply)
{
        int r = file_reply_unpack(reply, &f->arena, &f->reply);
        if (r < 0)
                return r;
        if (f->reply.has_owner) {
                f->owner_key = package_key(&f->reply.owner, &f->arena);
                if (!f->owner_key)
                        return -ENOMEM;
        }
        r = keys_of(&f->reply.linked, &f->arena, &f->linked_keys);
        if (r == 0)
                r = keys_of(&f->reply.doubted, &f->arena, &f->doubted_keys);
        if (r < 0)
                return r;
        f->examined = true;
        f->ran = NULL; /* it may be another package's now */
        f->failure = 0;
        f->examined_at = f->reply.doubt ? 0 : clock_boottime();
        return 0;
}

void files_forget_reply(struct used_file *f)
{
        file_reply_done(&f->reply);
        f->reply = (struct file_reply){};
        f->owner_key = NULL;
        f->examined = false;
        f->asked_pid = 0;
}

void files_expire(struct file_cache *c, uint64_t boottime)
{
        size_t i = 0, size;
        const void *key;
        void *value;
        while (map_next(&c->files, &i, &key, &size, &value)) {
                struct used_file *f = value;
                if (f->examined && f->examined_at >= boottime)
                        continue;
                map_remove(&c->files, key, size);
                files_free(f);
        }
}

void files_done(struct file_cache *c)
{
        files_expire(c, UINT64_MAX);
        map_done(&c->files);
}
