/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The names of a program's functions and of the kernel functions (kfuncs) that it calls. Which kfuncs it calls, the kernel keeps as
 * type ids: in its own BTF, which any program attached to a function of the kernel refers to, or in a module's.
 */
#ifndef BPFFS_VIEW_PROGNAMES_H
#define BPFFS_VIEW_PROGNAMES_H

#include "fd.h"
#include "records.h"

/* As read_btf_name(), and for a module's BTF, which goes on where the kernel's ends: ids and strings below its start are the base's. */
static __always_inline void read_split_btf_name(char *dst, struct btf *btf, __u32 type_id)
{
	struct btf_type___kernel **types, *type = NULL;
	struct btf *base = BPF_CORE_READ(btf, base_btf), *owner = btf;
	__u32 start = BPF_CORE_READ(btf, start_id), name_off;

	if (base && type_id < start) {
		owner = base;
		start = 0;
	}
	type_id -= start;
	if (type_id >= BPF_CORE_READ(owner, nr_types))
		return;
	types = BPF_CORE_READ(owner, types);
	if (bpf_probe_read_kernel(&type, sizeof(type), types + type_id))
		return;
	name_off = BPF_CORE_READ(type, name_off);
	start = BPF_CORE_READ(btf, start_str_off);
	owner = btf;
	if (base && name_off < start) {
		owner = base;
		start = 0;
	}
	bpf_probe_read_kernel_str(dst, FULL_NAME_LEN, BPF_CORE_READ(owner, strings) + (name_off - start));
}

struct kfunc_btf_search {
	struct bpf_kfunc_btf *descs;
	__u16 offset;
	struct btf *btf;
};

static long compare_kfunc_btf(__u64 i, void *ctx)
{
	struct kfunc_btf_search *search = ctx;
	struct bpf_kfunc_btf *desc = (void *)search->descs + i * bpf_core_type_size(struct bpf_kfunc_btf);

	if (BPF_CORE_READ(desc, offset) != search->offset)
		return 0;
	search->btf = BPF_CORE_READ(desc, btf);
	return 1;
}

static __always_inline void read_kfunc_name(struct one_prog_name_record *r, struct bpf_prog_aux *aux, struct bpf_prog *iterator)
{
	struct bpf_kfunc_desc_tab *kfuncs = BPF_CORE_READ(aux, kfunc_tab);
	struct bpf_kfunc_btf_tab *modules = BPF_CORE_READ(aux, kfunc_btf_tab);
	struct kfunc_btf_search search = {};
	struct bpf_kfunc_desc *desc;

	if (!kfuncs || r->index >= BPF_CORE_READ(kfuncs, nr_descs))
		return;
	desc = (void *)kfuncs->descs + r->index * bpf_core_type_size(struct bpf_kfunc_desc);
	search.offset = BPF_CORE_READ(desc, offset);
	if (!search.offset) {
		search.btf = BPF_CORE_READ(iterator, aux, attach_btf);
	} else if (modules) {
		search.descs = modules->descs;
		bpf_loop(BPF_CORE_READ(modules, nr_descs), compare_kfunc_btf, &search, 0);
	}
	if (!search.btf)
		return;
	read_split_btf_name(r->name, search.btf, BPF_CORE_READ(desc, func_id));
	if (search.offset)
		bpf_probe_read_kernel_str(r->module, sizeof(r->module), search.btf->name);
}

static __always_inline void read_func_name(struct one_prog_name_record *r, struct bpf_prog_aux *aux)
{
	struct bpf_func_info___kernel *info = BPF_CORE_READ(aux, func_info);
	struct btf *btf = BPF_CORE_READ(aux, btf);

	if (!info || !btf || r->index >= BPF_CORE_READ(aux, func_info_cnt))
		return;
	info = (void *)info + r->index * bpf_core_type_size(struct bpf_func_info___kernel);
	read_split_btf_name(r->name, btf, BPF_CORE_READ(info, type_id));
}

SEC("syscall")
int one_prog_name(struct one_prog_name_record *ctx)
{
	struct bpf_prog *prog = object_of_fd(ctx->fd), *iterator = object_of_fd(ctx->iterator_fd);
	struct one_prog_name_record r = { .kind = ctx->kind, .index = ctx->index };
	struct bpf_prog_aux *aux;

	if (!prog || !iterator) {
		ctx->error = EBADF;
		return 0;
	}
	aux = BPF_CORE_READ(prog, aux);
	if (r.kind == PROG_NAME_KFUNC)
		read_kfunc_name(&r, aux, iterator);
	else
		read_func_name(&r, aux);
	if (!r.name[0]) {
		ctx->error = ENOENT;
		return 0;
	}
	__builtin_memcpy(ctx->name, r.name, sizeof(r.name));
	__builtin_memcpy(ctx->module, r.module, sizeof(r.module));
	return 0;
}

#endif
