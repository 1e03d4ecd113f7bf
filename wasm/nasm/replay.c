/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Passes that need not preprocess, and lines that need not be parsed (--replay).
 *
 * NASM goes over the whole program until no label moves any more, ten times for ours, and each time it
 * expands all macros and parses all lines anew. But nearly always the preprocessor makes the same lines
 * every time. So the first pass keeps them, with the place in the sources that messages and the debug
 * format give them, and the later passes take them from here.
 *
 * The preprocessor sees little of what the assembler does: the values of symbols in its expressions, the
 * number of the pass, and what a few directives leave behind for the next pass.
 *
 *   - An absolute symbol (equ, a structure's member) that it read is read again at the same place of
 *     every later pass. If it has another value there, the process ends with status REPLAY_DIVERGED, and
 *     whoever called it runs it again without --replay.
 *   - An address ($, $$, a label), __?PASS?__, [float], %arg, %local, %stacksize: nothing is replayed.
 *   - A message of the preprocessor has to come in every pass: nothing is replayed.
 *
 * Of a line that has been parsed, the passes before the last one need the size alone. It is the same as
 * long as the symbols that the line read have the same values, and, if one of them was an address, the
 * line stands where it stood. From the second pass on this is kept too. (Not from the first: symbols are
 * unknown there, and some of NASM's state, such as `default rel', goes on from the end of a pass to the
 * start of the next.) The last pass parses every line.
 */
#include "replay.h"

#include "assemble.h"
#include "error.h"
#include "insns.h"
#include "listing.h"
#include "nasmlib.h"
#include "outform.h"
#include "preproc.h"

/* More than this is a runaway program: the memory is better spent on its end. */
#define MAX_LINES 250000

/* A symbol that was read, and what it was. */
struct reading {
    const char *name;           /* of those of the preprocessor */
    const void *label;          /* NULL while not looked up */
    enum label_type type;
    int32_t segment;
    int64_t offset;
};

/* One level of the source location stack, as it was at a line; never changed, shared by lines. */
struct place {
    struct replay_macro macro;  /* first, see replay_macro_of */
    const struct place *up;
    struct src_location where;
};

/* The size of a line, and what has to be as it was for the size to be the same. */
struct known {
    int64_t size;
    int64_t offset;             /* of the line, if it has to be the same */
    int32_t segment;
    bool anywhere;              /* the offset does not matter */
    bool valid;
    char *label;                /* defined by the line, or NULL */
    size_t nreadings, room;
    struct reading *readings;
};

struct line {
    char *text;                 /* NULL: the end of the program */
    size_t length;
    const struct place *place;
    size_t readings;            /* how many the preprocessor had made with this line, from the start */
    struct known *known;
};

static enum { OFF, RECORDING, REPLAYING } mode = OFF;
static bool preprocessing;      /* what happens now is the preprocessor's doing */
static uint64_t messages;

static struct line *lines;
static size_t nlines, lines_room, next_line;

static struct reading *readings; /* the preprocessor's */
static size_t nreadings, readings_room, next_reading;

static struct {                 /* the line between replay_getline and replay_note_line */
    struct line *line;
    uint64_t messages;
    bool addresses, unknowns;
    struct reading *readings;
    size_t nreadings, room;
} current;

static const struct place **levels; /* of the last line recorded, outermost first */
static size_t nlevels, levels_room;
static const struct place *shown;   /* what the source location stack holds in a replayed pass */

/* The array with room for one element more. */
static void *with_room(void *array, size_t count, size_t *room, size_t each)
{
    if (count < *room)
        return array;
    *room = count ? 2 * count : 64;
    return nasm_realloc(array, *room * each);
}

void replay_enable(bool wanted)
{
    if (wanted && !dfmt->debug_mmacros && !dfmt->debug_smacros && !dfmt->debug_include &&
        !ofmt->herelabel)
        mode = RECORDING;
}

void replay_give_up(void)
{
    if (mode == RECORDING)
        mode = OFF;
}

void replay_note_message(void)
{
    messages++;
    if (preprocessing)
        replay_give_up();
}

void replay_note_read(const char *name, enum label_type type, int32_t segment, int64_t offset)
{
    struct reading *reading;

    if (mode == OFF)
        return;
    if (preprocessing) {
        if (!name || type == LBL_none || segment != NO_SEG) {
            replay_give_up();
            return;
        }
        readings = with_room(readings, nreadings, &readings_room, sizeof *readings);
        reading = &readings[nreadings++];
        reading->name = nasm_strdup(name);
        reading->label = NULL;
    } else {
        if (mode == RECORDING)
            return;
        if (name && type == LBL_none) {
            current.unknowns = true;
            return;
        }
        if (!name || segment != NO_SEG)
            current.addresses = true;
        if (!name)
            return;
        current.readings =
            with_room(current.readings, current.nreadings, &current.room, sizeof *current.readings);
        reading = &current.readings[current.nreadings++];
        reading->name = NULL;
        reading->label = label_handle(name);
    }
    reading->type = type;
    reading->segment = segment;
    reading->offset = offset;
}

/* Does the symbol still have the value that was read? */
static bool is_same(const struct reading *reading)
{
    int32_t segment;
    int64_t offset;

    return label_value(reading->label, &segment, &offset) == reading->type &&
        segment == reading->segment && offset == reading->offset;
}

/* The preprocessor would read these with the next line, now. */
static bool reads_the_same(const struct line *line)
{
    struct reading *reading;

    for (; next_reading < line->readings; next_reading++) {
        reading = &readings[next_reading];
        /* By name: in the first pass a local name may have belonged to another label. */
        if (!reading->label)
            reading->label = label_handle(reading->name);
        if (!reading->label || !is_same(reading))
            return false;
    }
    return true;
}

static bool is_macro_of(const struct place *place, const struct replay_macro macro)
{
    return place->macro.nolist == macro.nolist &&
        src_location_same(place->macro.where, macro.where) &&
        (place->macro.name == macro.name ||
         (place->macro.name && macro.name && !strcmp(place->macro.name, macro.name)));
}

/* The source location stack as it is. */
static const struct place *current_place(void)
{
    const struct src_location_stack *at;
    const struct place *up = NULL;
    size_t level = 0;

    for (at = &_src_top; at; at = at->down, level++) {
        const struct place *place = level < nlevels ? levels[level] : NULL;
        struct replay_macro macro = { NULL, { NULL, 0 }, false };

        if (at->macro)
            macro = pp_describe_macro(at->macro);
        if (!place || place->up != up || !src_location_same(place->where, at->l) ||
            !is_macro_of(place, macro)) {
            struct place *fresh;

            nasm_new(fresh);
            fresh->up = up;
            fresh->where = at->l;
            fresh->macro = macro;
            fresh->macro.name = macro.name ? nasm_strdup(macro.name) : NULL;
            levels = with_room(levels, level, &levels_room, sizeof *levels);
            levels[level] = place = fresh;
            nlevels = level + 1;
        }
        up = place;
    }
    return up;
}

/* The source location stack as it was. */
static void show(const struct place *place)
{
    if (!place->up) {
        while (_src_bottom != &_src_top)
            src_macro_pop();
        _src_top.l = place->where;
    } else if (shown && shown->up == place->up && _src_bottom->macro) {
        _src_bottom->l = place->where;
        _src_bottom->macro = place;
    } else {
        show(place->up);
        src_macro_push(place, place->where);
    }
    shown = place;
}

const struct replay_macro *replay_macro_of(const void *macro)
{
    return mode == REPLAYING ? &((const struct place *)macro)->macro : NULL;
}

void replay_begin_pass(const char *file, struct strlist *depend_list)
{
    if (depend_list)
        replay_give_up();
    if (mode == RECORDING && !pass_first())
        mode = REPLAYING;
    if (mode == REPLAYING) {
        next_line = next_reading = 0;
        shown = NULL;
        return;
    }
    preprocessing = true;
    pp_reset(file, PP_NORMAL, depend_list);
    preprocessing = false;
}

static void record(const char *text)
{
    struct line *line;

    if (nlines == MAX_LINES) {
        replay_give_up();
        return;
    }
    lines = with_room(lines, nlines, &lines_room, sizeof *lines);
    line = &lines[nlines++];
    line->text = text ? nasm_strdup(text) : NULL;
    line->length = text ? strlen(text) : 0;
    line->place = current_place();
    line->readings = nreadings;
    line->known = NULL;
}

char *replay_getline(void)
{
    struct line *line;
    char *text;

    if (mode != REPLAYING) {
        preprocessing = true;
        text = pp_getline();
        preprocessing = false;
        if (mode == RECORDING)
            record(text);
        return text;
    }

    line = &lines[next_line];
    if (!reads_the_same(line))
        exit(REPLAY_DIVERGED);
    show(line->place);
    if (!line->text)
        return NULL;
    next_line++;
    current.line = line;
    current.messages = messages;
    current.addresses = current.unknowns = false;
    current.nreadings = 0;
    text = nasm_malloc(line->length + 1);
    memcpy(text, line->text, line->length + 1);
    return text;
}

void replay_end_pass(void)
{
    if (mode == REPLAYING) {
        show(lines[next_line].place);
        src_set_fname(NULL);
        return;
    }
    preprocessing = true;
    pp_cleanup_pass();
    preprocessing = false;
}

bool replay_skip_line(int64_t *size)
{
    struct line *line;
    const struct known *known;
    size_t i;

    if (mode != REPLAYING || pass_final())
        return false;
    line = &lines[next_line];
    known = line->known;
    if (!known || !known->valid || !reads_the_same(line) || location.segment != known->segment ||
        !(known->anywhere || location.offset == known->offset))
        return false;
    for (i = 0; i < known->nreadings; i++)
        if (!is_same(&known->readings[i]))
            return false;

    next_line++;
    if (known->label) {
        show(line->place);
        define_label(known->label, location.segment, location.offset, true);
    }
    *size = known->size;
    return true;
}

void replay_note_line(const insn *instruction, int64_t start)
{
    struct line *line = current.line;
    struct known *known;

    if (mode != REPLAYING || pass_final() || current.messages != messages || current.unknowns ||
        in_absolute || location.segment == NO_SEG || instruction->opcode == I_EQU ||
        (instruction->label && current.addresses)) {
        if (mode == REPLAYING && line->known)
            line->known->valid = false;
        return;
    }
    known = line->known;
    if (!known) {
        nasm_new(known);
        line->known = known;
        if (instruction->label)
            known->label = nasm_strdup(instruction->label);
    }
    known->valid = true;
    known->size = location.offset - start;
    known->segment = location.segment;
    known->offset = start;
    known->anywhere = !current.addresses;
    if (known->room < current.nreadings) {
        known->room = current.nreadings;
        known->readings = nasm_realloc(known->readings, known->room * sizeof *known->readings);
    }
    known->nreadings = current.nreadings;
    if (current.nreadings)
        memcpy(known->readings, current.readings, current.nreadings * sizeof *known->readings);
}
