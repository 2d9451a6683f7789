/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text printed in the kernel. These programs live in pinned links: they go on printing when no process of ours is left,
 * so all that is needed to read them is in them.
 */
#ifndef BPFFS_VIEW_TEXT_H
#define BPFFS_VIEW_TEXT_H

#include "kernel.h"
#include "links.h"
#include "setup.h"

/* As read_prog_name(); of a program that comes from an iterator, and without memory that may not be read the 15 characters that aux holds. */
static __always_inline void load_prog_name(char *dst, struct bpf_prog_aux *aux)
{
	if (setup.reads_memory)
		read_prog_name(dst, aux);
	else
		LOAD_CHARS(dst, aux, name);
}

SEC("iter/bpf_prog")
int dump_bpf_prog(struct bpf_iter__bpf_prog *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_prog *prog = ctx->prog;
	char name[FULL_NAME_LEN] = {}, func[FULL_NAME_LEN] = {}, target_name[FULL_NAME_LEN] = {};
	struct bpf_prog_aux *aux;
	struct bpf_prog *target;

	if (!prog)
		return 0;
	aux = prog->aux;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "  id name             pages attached\n");

	load_prog_name(name, aux);
	if (HAS(prog, pages))
		BPF_SEQ_PRINTF(seq, "%4u %-16s %5u", aux->id, name, prog->pages);
	else
		BPF_SEQ_PRINTF(seq, "%4u %-16s     -", aux->id, name);
	if (setup.reads_memory)
		GET_TEXT(func, sizeof(func), aux, attach_func_name);
	target = GET_BY(___arrow, aux, dst_prog);
	if (target)
		load_prog_name(target_name, target->aux);
	if (func[0])
		BPF_SEQ_PRINTF(seq, " %s", func);
	else if (!setup.reads_memory && GET_BY(___arrow, aux, attach_btf_id))
		BPF_SEQ_PRINTF(seq, " btf:%u", aux->attach_btf_id);
	if (target_name[0])
		BPF_SEQ_PRINTF(seq, " %s", target_name);
	BPF_SEQ_PRINTF(seq, "\n");
	return 0;
}

static const char no_name[1];

/* No pages here: they left struct bpf_map in 5.11, and no program can ask map_mem_usage(). */
SEC("iter/bpf_map")
int dump_bpf_map(struct bpf_iter__bpf_map *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_map *map = ctx->map;

	if (!map)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "  id name             max_entries\n");
	BPF_SEQ_PRINTF(seq, "%4u %-16s ", map->id, HAS(map, name) ? map->name : no_name);
	if (HAS(map, max_entries))
		BPF_SEQ_PRINTF(seq, "%11u\n", map->max_entries);
	else
		BPF_SEQ_PRINTF(seq, "          -\n");
	return 0;
}

/* A link type as the running kernel calls it, BPF_LINK_TYPE_XDP: `xdp`; as a number where its BTF has no name. */
static __always_inline void link_type_name(char *dst, __u32 type)
{
	const int prefix = sizeof("BPF_LINK_TYPE_") - 1;
	char name[32] ALIGNED = {};
	struct btf_ptr value = { .ptr = &type, .type_id = bpf_core_type_id_kernel(enum bpf_link_type) };
	bool is_name;

	if (bpf_snprintf_btf(name, sizeof(name), &value, sizeof(value), BTF_F_COMPACT | BTF_F_NONAME) <= 0)
		BPF_SNPRINTF(name, sizeof(name), "%u", type);
	is_name = name[0] == 'B';
#pragma unroll
	for (int i = 0; i < 15; i++) {
		char c = is_name ? name[prefix + i] : name[i];

		dst[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
}

SEC("iter/bpf_link")
int dump_bpf_link(struct bpf_iter__bpf_link *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_link *link = ctx->link;
	struct link_numbers r = {};
	char type[16] ALIGNED = {}, name[FULL_NAME_LEN] ALIGNED = {};

	if (!link)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "  id type           prog             target\n");
	if (!link->id)
		return 0;	/* still being made, see link_records */

	link_type_name(type, link->type);
	if (HAS(link, prog, aux) && link->prog)
		load_prog_name(name, link->prog->aux);
	BPF_SEQ_PRINTF(seq, "%4u %-14s %-16s", link->id, type, name);
	if (!setup.reads_memory) {
		BPF_SEQ_PRINTF(seq, "\n");
		return 0;
	}
	fill_link(&r, link);
	__builtin_memset(name, 0, sizeof(name));
	read_link_func(name, &r, link);
	if (name[0])
		BPF_SEQ_PRINTF(seq, " %s", name);
	__builtin_memset(name, 0, sizeof(name));
	read_link_target(name, &r, link);
	if (name[0])
		BPF_SEQ_PRINTF(seq, " %s", name);
	if (r.cgroup_id)
		BPF_SEQ_PRINTF(seq, " cgroup:%llu", r.cgroup_id);
	if (r.known & LINK_HAS_NETNS)
		BPF_SEQ_PRINTF(seq, " netns:%u", r.netns_ino);
	if (r.perf_kind == PERF_LINK_EVENT && r.known & LINK_HAS_PERF_EVENT)
		BPF_SEQ_PRINTF(seq, " event:%u:%llu", r.perf_type, r.perf_config);
	if (r.func_cnt > 1)
		BPF_SEQ_PRINTF(seq, " and %u more", r.func_cnt - 1);
	BPF_SEQ_PRINTF(seq, "\n");
	return 0;
}

#endif
