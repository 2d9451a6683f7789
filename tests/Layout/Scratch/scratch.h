/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every shape that RecordGen knows, in records that nothing emits. Generated/Scratch.g.cs is what RecordGen makes of it;
 * the tests write it when UPDATE_GOLDEN=1.
 */
#include <linux/types.h>

enum scratch_flags {
	SCRATCH_LOW	= 1,
	SCRATCH_HIGH	= 64,
};

enum scratch_state {
	SCRATCH_GONE	= -1,
	SCRATCH_HERE	= 1,
};

/* not a record by name: here because records hold it. 3 bytes of padding inside, 2 at the end */
struct scratch_part {
	__u8 kind;
	__s32 delta;
	__u16 port;
};

struct __attribute__((packed)) scratch_tight {
	__u8 kind;
	__u64 address;
};

struct scratch_record {
	__u8 first;
	__u64 aligned;
	__s8 s8;
	__s16 s16;
	__s32 s32;
	__s64 s64;
	enum scratch_flags flags;
	enum scratch_state state;
	char letter;
	char name[5];
	char words[3][8];
	const __u16 numbers[7];
	_Bool yes;
	struct scratch_part part;
	struct scratch_part parts[2];
	struct scratch_tight tight[3];
	__u32 event, lock;
};

struct other_record {
	struct scratch_record inner;
	__u8 tail;
};
