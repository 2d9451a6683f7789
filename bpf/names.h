/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names out of BTF. */
#ifndef BPFFS_VIEW_NAMES_H
#define BPFFS_VIEW_NAMES_H

#include "kernel.h"
#include "records.h"

/* The name of a type of `btf` (which is not split BTF: programs' and maps' own), into dst; untouched where there is none. */
static __always_inline void read_btf_name(char *dst, struct btf *btf, __u32 type_id)
{
	struct btf_type___kernel **types, *type;
	const char *strings;

	if (!btf || !type_id || type_id >= BPF_CORE_READ(btf, nr_types))
		return;
	types = BPF_CORE_READ(btf, types);
	strings = BPF_CORE_READ(btf, strings);
	if (bpf_probe_read_kernel(&type, sizeof(type), types + type_id))
		return;
	bpf_probe_read_kernel_str(dst, FULL_NAME_LEN, strings + BPF_CORE_READ(type, name_off));
}

/*
 * aux->name holds 15 characters; where all are used the program's first BTF function has the whole name
 * (bpftool's rule, so that both print the same).
 */
static __always_inline void read_prog_name(char *dst, struct bpf_prog_aux *aux)
{
	struct bpf_func_info___kernel *func_info;
	int len = bpf_probe_read_kernel_str(dst, OBJ_NAME_LEN, aux->name);

	if (len < OBJ_NAME_LEN)
		return;
	func_info = BPF_CORE_READ(aux, func_info);
	if (func_info)
		read_btf_name(dst, BPF_CORE_READ(aux, btf), BPF_CORE_READ(func_info, type_id));
}

#endif
