// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A socket storage, which must have BTF. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct note {
	__u32 number;
	char text[12];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct note);
} notes SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";
