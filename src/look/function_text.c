/* SPDX-License-Identifier: Apache-2.0 */

/* A probe sits in the pages of a file. Some programs copy their own code into anonymous memory, for huge
 * pages or to patch it, and run it there: the mapping of the file then has a hole. The next one of them would
 * copy what is probed. Others make their code writable to patch it where it is, or share it: in such a
 * mapping the kernel sets no probe, and tells nobody. */

#include "look/state.h"

/* Where the bytes from this offset on end that are mapped without a hole; the offset itself: they are not. */
static uint64_t mapped_to(const struct process *p, const struct probed_file *f, uint64_t offset)
{
        vec_each (m, &p->mappings)
                if (m->inode == f->inode && m->device == f->device && offset >= m->offset &&
                    offset - m->offset < m->end - m->start)
                        return m->offset + (m->end - m->start);
        return offset;
}

static bool has_hole(const struct process *p, const struct probed_file *f)
{
        for (size_t i = 0; i < f->code_count; i++) {
                uint64_t at = f->code[i].offset, end = at + f->code[i].size;
                while (at < end) {
                        uint64_t to = mapped_to(p, f, at);
                        if (to <= at)
                                return true;
                        at = to;
                }
        }
        return false;
}

static bool is_unprobed(const struct process *p, const struct probed_file *f)
{
        vec_each (m, &p->mappings)
                for (size_t i = 0; m->unprobed && i < f->code_count; i++)
                        if (m->inode == f->inode && m->device == f->device &&
                            m->offset < f->code[i].offset + f->code[i].size &&
                            f->code[i].offset < m->offset + (m->end - m->start))
                                return true;
        return false;
}

static void doubt_unprobed(struct probed_file *f)
{
        function_doubt(f,
                       "a process has its code mapped writable or shared, where the kernel sets no probes");
}

/* Of a file that is probed: it is held open, and its number is its own. Which part is mapped is not asked
 * for: nobody maps another one so, and executable. */
void function_note_unprobed(const struct native_watch *n, uint32_t device, uint64_t inode)
{
        struct probed_file *f;
        for (size_t i = 0; (f = functions_next_watched(n, &i));)
                if (f->fd >= 0 && f->device == device && f->inode == inode)
                        doubt_unprobed(f);
}

void function_note_remapped(struct look *l, struct probed_file *f, const struct process *p)
{
        if (!f->resolved)
                return;
        if (!f->spared && has_hole(p, f))
                function_spare(l, f, p->exe ? p->exe : p->comm, LOOK_COPIED);
        if (is_unprobed(p, f))
                doubt_unprobed(f);
}
