// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The view's BPF programs: one object, because libbpf's cost per object (parsing the kernel's BTF) is most of the cost
 * of loading.
 *
 *   text.h       text printed in the kernel, for the pins
 *   tables.h     one record per program, map, link; and their edges
 *   one.h        the record of one object, given its file descriptor
 *   prognames.h  the names of a program's functions
 *   elements.h   the elements of a map
 *   holders.h    the file descriptors that hold an object
 *   pins.h       the paths at which objects are pinned
 *   readers.h    who a reader is
 */
#include "kernel.h"
#include "records.h"
#include "names.h"
#include "progs.h"
#include "maps.h"
#include "links.h"
#include "text.h"
#include "tables.h"
#include "one.h"
#include "prognames.h"
#include "elements.h"
#include "holders.h"
#include "pins.h"
#include "readers.h"

/* clang leaves a type that only a local variable has out of the BTF; tools/RecordGen needs them all. */
const struct {
	struct prog_map_record prog_map;
	struct prog_row_record prog_row;
	struct element_end_record element_end;
	struct holder_record holder;
	struct pin_record pin;
	enum prog_flags prog_flags;
	enum prog_known_flags prog_known;
	enum map_known_flags map_known;
	enum link_known_flags link_known;
	struct link_record link;
} record_types;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
