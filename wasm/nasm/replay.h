/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the first pass learnt, for the passes after it; see replay.c.
 */
#ifndef NASM_REPLAY_H
#define NASM_REPLAY_H

#include "compiler.h"
#include "nasm.h"
#include "srcfile.h"
#include "labels.h"

/* Exit status: a pass would not have seen what the first one saw. Run again without --replay. */
#define REPLAY_DIVERGED 4

/* The macro of one level of the source location stack, as messages name it. */
struct replay_macro {
    const char *name;
    struct src_location where;
    bool nolist;
};

/* --replay was given. Anything else that hears of the preprocessor's work would hear of it once. */
void replay_enable(bool wanted);

/* In place of pp_reset, pp_getline and pp_cleanup_pass in the passes of an assembly. */
void replay_begin_pass(const char *file, struct strlist *depend_list);
char *replay_getline(void);
void replay_end_pass(void);

/*
 * The next line's label is defined and its size given, when both are known without parsing it.
 * Otherwise false, and the line is still the next one.
 */
bool replay_skip_line(int64_t *size);

/* After the line that replay_getline gave was parsed and sized, having begun at this offset. */
void replay_note_line(const insn *instruction, int64_t start);

/* An expression has read a symbol; $ and $$ have no name. */
void replay_note_read(const char *name, enum label_type type, int32_t segment, int64_t offset);

/* A message was issued. */
void replay_note_message(void);

/* The preprocessor has seen something that may be different in another pass. */
void replay_give_up(void);

/* The macro of a level of the source location stack; NULL when it is the preprocessor's own. */
const struct replay_macro *replay_macro_of(const void *macro);

/* From the preprocessor: what messages say of a macro of its own. */
struct replay_macro pp_describe_macro(const void *macro);

#endif
