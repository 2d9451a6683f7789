/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One object without walking all: the caller has it open, so it stands in the caller's own file table.
 * Programs of type syscall run once per BPF_PROG_RUN in the calling thread and hand the record back in their context:
 * one system call, no state between threads.
 */
#ifndef BPFFS_VIEW_ONE_H
#define BPFFS_VIEW_ONE_H

#include "fd.h"
#include "progs.h"
#include "maps.h"
#include "links.h"

SEC("syscall")
int one_prog(struct one_prog_record *ctx)
{
	struct bpf_prog *prog = object_of_fd(ctx->fd);
	struct prog_record r = {};

	if (!prog) {
		ctx->error = EBADF;
		return 0;
	}
	fill_prog(&r, prog, false);
	ctx->prog = r;
	return 0;
}

struct map_ids {
	struct bpf_map **used_maps;
	__u32 cnt;
	__u32 ids[MAX_USED_MAPS];
};

static long read_map_id(__u64 i, void *ctx)
{
	struct map_ids *to = ctx;
	struct bpf_map *map;

	if (i >= MAX_USED_MAPS || bpf_probe_read_kernel(&map, sizeof(map), to->used_maps + i))
		return 1;
	to->ids[i] = BPF_CORE_READ(map, id);
	to->cnt = i + 1;
	return 0;
}

SEC("syscall")
int one_prog_maps(struct one_prog_maps_record *ctx)
{
	struct bpf_prog *prog = object_of_fd(ctx->fd);
	struct map_ids maps = {};

	if (!prog) {
		ctx->error = EBADF;
		return 0;
	}
	maps.used_maps = BPF_CORE_READ(prog, aux, used_maps);
	bpf_loop(BPF_CORE_READ(prog, aux, used_map_cnt), read_map_id, &maps, 0);
	ctx->cnt = maps.cnt;
	__builtin_memcpy(ctx->map_ids, maps.ids, sizeof(maps.ids));
	return 0;
}

SEC("syscall")
int one_map(struct one_map_record *ctx)
{
	struct bpf_map *map = object_of_fd(ctx->fd);
	struct map_record r = {};

	if (!map) {
		ctx->error = EBADF;
		return 0;
	}
	fill_map(&r, map, false);
	ctx->map = r;
	return 0;
}

SEC("syscall")
int one_link(struct one_link_record *ctx)
{
	struct bpf_link *link = object_of_fd(ctx->fd);
	struct link_numbers r = {};
	char name[FULL_NAME_LEN] ALIGNED = {};

	if (!link) {
		ctx->error = EBADF;
		return 0;
	}
	fill_link(&r, link);
	__builtin_memcpy(&ctx->link, &r, sizeof(r));
	read_link_prog(name, link);
	__builtin_memcpy(ctx->link.prog_name, name, sizeof(name));
	__builtin_memset(name, 0, sizeof(name));
	read_link_func(name, &r, link);
	__builtin_memcpy(ctx->link.target_func, name, sizeof(name));
	__builtin_memset(name, 0, sizeof(name));
	read_link_target(name, &r, link);
	__builtin_memcpy(ctx->link.target_name, name, sizeof(name));
	return 0;
}

/* One function of a link that is attached to several. */
SEC("syscall")
int link_func(struct link_func_record *ctx)
{
	struct bpf_link *link = object_of_fd(ctx->fd);
	struct bpf_kprobe_multi_link *kprobes = (void *)link;
	struct bpf_uprobe_multi_link *uprobes = NULL;
	struct bpf_uprobe *uprobe;
	char name[FULL_NAME_LEN] ALIGNED = {};
	unsigned long address = 0;
	__u64 cookie = 0, *cookies;
	__u32 type;

	ctx->error = link ? EINVAL : EBADF;
	if (!link)
		return 0;
	type = BPF_CORE_READ(link, type);
	if (type == LINK_KPROBE_MULTI && HAS(kprobes, addrs) && HAS(kprobes, cnt)) {
		if (ctx->func >= BPF_CORE_READ(kprobes, cnt))
			return 0;
		bpf_probe_read_kernel(&address, sizeof(address), BPF_CORE_READ(kprobes, addrs) + ctx->func);
		read_symbol(name, (void *)address);
		__builtin_memcpy(ctx->name, name, sizeof(name));
		cookies = GET(kprobes, cookies);
		if (cookies)
			bpf_probe_read_kernel(&cookie, sizeof(cookie), cookies + ctx->func);
		ctx->cookie = cookie;
	} else if (type == LINK_UPROBE_MULTI && HAS(uprobes, link) && HAS(uprobes, cnt) && HAS(uprobes, uprobes, offset)) {
		uprobes = uprobe_multi(link);
		if (ctx->func >= BPF_CORE_READ(uprobes, cnt))
			return 0;
		uprobe = (void *)BPF_CORE_READ(uprobes, uprobes) + ctx->func * bpf_core_type_size(struct bpf_uprobe);
		ctx->cookie = GET(uprobe, cookie);
		ctx->offset = BPF_CORE_READ(uprobe, offset);
		ctx->ref_ctr_offset = GET(uprobe, ref_ctr_offset);
	} else {
		return 0;
	}
	ctx->error = 0;
	return 0;
}

/* The name of a type of a BTF, which may be a module's: then types from start_id on are its own, those before are the kernel's. */
SEC("syscall")
int btf_func(struct link_func_record *ctx)
{
	struct btf *btf = object_of_fd(ctx->fd);
	char name[FULL_NAME_LEN] ALIGNED = {};

	if (!btf) {
		ctx->error = EBADF;
		return 0;
	}
	read_btf_name(name, btf, ctx->func);
	__builtin_memcpy(ctx->name, name, sizeof(name));
	return 0;
}

#endif
