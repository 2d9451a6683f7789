/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Room for a path, which no program's stack has. A program may be interrupted by another one on its CPU, so a room per CPU would mix
 * up two readers' paths: each run takes one for itself and gives it back at its end.
 */
#ifndef BPFFS_VIEW_PATHS_H
#define BPFFS_VIEW_PATHS_H

#include "kernel.h"

#define PATH_LEN	4096	/* PATH_MAX */
#define PATH_ROOMS	64	/* as many as threads of the view can be running programs at once */
#define EBUSY		16

struct path_room {
	__u32 taken;
	__u32 reserved;
	char text[PATH_LEN];
};

struct path_room path_rooms[PATH_ROOMS];

/* NULL: all are taken. */
static __always_inline struct path_room *take_room(void)
{
	__u32 first = bpf_get_current_pid_tgid(), i;

	for (i = 0; i < PATH_ROOMS; i++) {
		struct path_room *room = &path_rooms[(first + i) % PATH_ROOMS];

		if (!__sync_val_compare_and_swap(&room->taken, 0, 1))
			return room;
	}
	return NULL;
}

static __always_inline void give_back(struct path_room *room)
{
	__sync_val_compare_and_swap(&room->taken, 1, 0);
}

/* Writes the `length` bytes of a room's text, filled up to a multiple of 8. */
static __always_inline void write_room(struct seq_file *seq, struct path_room *room, __u64 length)
{
	length = (length + 7) & ~7ull;
	barrier_var(length);		/* or the comparison is made with something calculated from it, and older verifiers do not see it */
	if (length <= PATH_LEN)
		bpf_seq_write(seq, room->text, length);
}

#endif
