/* SPDX-License-Identifier: Apache-2.0 */

/* A probe sits in the pages of a file. Some programs copy their own code into anonymous memory, for huge
 * pages or to patch it, and run it there: the mapping of the file then has a hole. The next one of them would
 * copy what is probed. */

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

void function_note_remapped(struct look *l, struct probed_file *f, const struct process *p)
{
        if (f->resolved && !f->spared && has_hole(p, f))
                function_spare(l, f, p->exe ? p->exe : p->comm, LOOK_COPIED);
}
