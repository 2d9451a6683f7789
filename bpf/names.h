/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names out of BTF. */
#ifndef BPFFS_VIEW_NAMES_H
#define BPFFS_VIEW_NAMES_H

#include "kernel.h"
#include "records.h"

/* The name of a type of `btf`, into dst; untouched where there is none. A module's BTF (split BTF) has only the types from start_id on. */
static __always_inline void read_btf_name(char *dst, struct btf *btf, __u32 type_id)
{
	struct btf_type___kernel **types, *type;
	__u32 start_id, name_off, start_str_off;
	const char *strings;

	if (!btf || !type_id || !HAS(btf, types) || !HAS(btf, nr_types) || !HAS(btf, strings) || !HAS(type, name_off))
		return;
	start_id = GET(btf, start_id);
	if (type_id < start_id) {
		btf = GET(btf, base_btf);
		start_id = 0;	/* there is no split BTF upon split BTF */
	}
	/* Before there was any, void was not counted. */
	if (type_id - start_id >= BPF_CORE_READ(btf, nr_types) + !HAS(btf, start_id))
		return;
	types = BPF_CORE_READ(btf, types);
	if (bpf_probe_read_kernel(&type, sizeof(type), types + (type_id - start_id)))
		return;
	name_off = BPF_CORE_READ(type, name_off);
	start_str_off = GET(btf, start_str_off);
	if (name_off < start_str_off) {
		btf = GET(btf, base_btf);
		start_str_off = 0;
	}
	strings = BPF_CORE_READ(btf, strings);
	bpf_probe_read_kernel_str(dst, FULL_NAME_LEN, strings + (name_off - start_str_off));
}

/* The symbol at an address, and its module: "vfs_read", "nf_hook [nf]". Untouched where there is none: no address is printed. */
static __always_inline void read_symbol(char *dst, const void *address)
{
	BPF_SNPRINTF(dst, FULL_NAME_LEN, "%ps", address);
	if (dst[0] >= '0' && dst[0] <= '9')
		__builtin_memset(dst, 0, FULL_NAME_LEN);
}

/*
 * aux->name holds 15 characters; where all are used the program's first BTF function has the whole name
 * (bpftool's rule, so that both print the same).
 */
static __always_inline void read_prog_name(char *dst, struct bpf_prog_aux *aux)
{
	struct bpf_func_info___kernel *func_info;

	if (HAS(aux, name) && bpf_probe_read_kernel_str(dst, OBJ_NAME_LEN, aux->name) < OBJ_NAME_LEN)
		return;
	func_info = GET(aux, func_info);
	if (func_info)
		read_btf_name(dst, GET(aux, btf), GET(func_info, type_id));
}

#endif
