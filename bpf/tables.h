/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One record per object: what the view's listings and tables are made of. */
#ifndef BPFFS_VIEW_TABLES_H
#define BPFFS_VIEW_TABLES_H

#include "progs.h"
#include "maps.h"
#include "links.h"

SEC("iter/bpf_prog")
int prog_records(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;
	struct prog_record r = {};

	if (!prog)
		return 0;
	fill_prog(&r, prog, true);
	BPF_SEQ_WRITE_RECORD(ctx->meta, &r);
	return 0;
}

SEC("iter/bpf_map")
int map_records(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;
	struct map_record r = {};

	if (!map)
		return 0;
	fill_map(&r, map, true);
	BPF_SEQ_WRITE_RECORD(ctx->meta, &r);
	return 0;
}

SEC("iter/bpf_link")
int link_records(struct bpf_iter__bpf_link *ctx)
{
	struct bpf_link *link = ctx->link;
	struct link_numbers r = {};
	char name[FULL_NAME_LEN] ALIGNED = {};

	if (!link || !link->id)
		return 0;	/* an id of 0: still being made (bpf_link_settle), nobody else sees it yet */
	fill_link(&r, link);
	BPF_SEQ_WRITE_RECORD(ctx->meta, &r);	/* a struct link_record in four pieces */
	read_link_prog(name, link);
	BPF_SEQ_WRITE_RECORD(ctx->meta, &name);
	__builtin_memset(name, 0, sizeof(name));
	read_link_func(name, &r, link);
	BPF_SEQ_WRITE_RECORD(ctx->meta, &name);
	__builtin_memset(name, 0, sizeof(name));
	read_link_target(name, &r, link);
	BPF_SEQ_WRITE_RECORD(ctx->meta, &name);
	return 0;
}


struct edge_walk {
	struct seq_file *seq;
	struct bpf_map **used_maps;
	struct prog_map_record r;
};

static long write_edge(__u64 i, void *ctx)
{
	struct edge_walk *walk = ctx;
	struct bpf_map *map;

	if (bpf_probe_read_kernel(&map, sizeof(map), walk->used_maps + i))
		return 1;
	walk->r.map_id = BPF_CORE_READ(map, id);
	bpf_seq_write(walk->seq, &walk->r, sizeof(walk->r));
	return 0;
}

/* Every edge of one program in one go: what bpf_seq_read() drops when its buffer is full is the whole program's. */
SEC("iter/bpf_prog")
int prog_map_records(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;
	struct edge_walk walk = { .seq = ctx->meta->seq };

	if (!prog)
		return 0;
	walk.r.prog_id = prog->aux->id;
	walk.used_maps = BPF_CORE_READ(prog, aux, used_maps);
	bpf_loop(prog->aux->used_map_cnt, write_edge, &walk, 0);
	return 0;
}

SEC("iter/bpf_prog")
int prog_row_records(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;
	struct prog_row_record r = {};
	struct bpf_prog_aux *aux;
	struct bpf_prog *target;

	if (!prog)
		return 0;
	aux = prog->aux;
	r.id = aux->id;
	r.type = prog->type;
	r.load_time = GET_BY(___arrow, aux, load_time);
	TAKE_BY(___arrow, &r, PROG_HAS_PAGES, pages, prog, pages);
	target = GET_BY(___arrow, aux, dst_prog);
	if (target)
		r.target_prog_id = target->aux->id;
	if (HAS(prog, tag) && !bpf_probe_read_kernel(r.tag, sizeof(r.tag), prog->tag))
		r.known |= PROG_HAS_TAG;
	read_prog_name(r.name, aux);
	if (HAS(aux, attach_func_name))
		bpf_probe_read_kernel_str(r.attach_func, sizeof(r.attach_func), aux->attach_func_name);
	BPF_SEQ_WRITE_RECORD(ctx->meta, &r);
	return 0;
}

#endif
