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
	struct link_record r = {};

	if (!link) {
		ctx->error = EBADF;
		return 0;
	}
	fill_link(&r, link);
	ctx->link = r;
	return 0;
}

#endif
