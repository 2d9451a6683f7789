/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs: struct bpf_prog -> struct prog_record. */
#ifndef BPFFS_VIEW_PROGS_H
#define BPFFS_VIEW_PROGS_H

#include "kernel.h"
#include "names.h"
#include "percpu.h"

#define STATS_ROOM	24	/* bytes: all three counters at once, one after the other on every kernel so far */

struct stats_sum {
	struct bpf_prog_stats___kernel *percpu;
	__u64 base;
	struct prog_record *to;
};

static long add_stats_of_cpu(__u64 cpu, void *ctx)
{
	struct stats_sum *sum = ctx;
	struct bpf_prog_stats___kernel *stats = percpu_copy(sum->percpu, sum->base, cpu);
	const __u32 end = bpf_core_field_offset(stats->misses) + sizeof(__u64);
	void *copy = sum->to->attach_func;	/* the stack has no more room, and this is read last */

	if (!stats)
		return 1;
	if (end <= STATS_ROOM && !bpf_probe_read_kernel(copy, end, stats)) {
		sum->to->run_time_ns += *(__u64 *)(copy + bpf_core_field_offset(stats->nsecs));
		sum->to->run_cnt += *(__u64 *)(copy + bpf_core_field_offset(stats->cnt));
		sum->to->recursion_misses += *(__u64 *)(copy + bpf_core_field_offset(stats->misses));
	} else {
		sum->to->run_time_ns += BPF_CORE_READ(stats, nsecs).value;
		sum->to->run_cnt += BPF_CORE_READ(stats, cnt).value;
		sum->to->recursion_misses += BPF_CORE_READ(stats, misses).value;
	}
	return 0;
}

struct jited_sum {
	struct bpf_prog **func;
	__u32 bytes;
};

static long add_jited_of_func(__u64 i, void *ctx)
{
	struct jited_sum *sum = ctx;
	struct bpf_prog *func;

	if (bpf_probe_read_kernel(&func, sizeof(func), sum->func + i))
		return 1;
	sum->bytes += BPF_CORE_READ(func, jited_len);
	return 0;
}

/* A frame of its own: the record nearly fills its caller's. */
static __noinline void read_first_maps(struct prog_record *r, struct bpf_map **used_maps)
{
	struct bpf_map *map;
	__u32 i;

#pragma unroll
	for (i = 0; i < FIRST_MAPS; i++) {
		if (i >= r->used_map_cnt || bpf_probe_read_kernel(&map, sizeof(map), used_maps + i))
			return;
		r->map_ids[i] = BPF_CORE_READ(map, id);
	}
}

/*
 * Fill *r, which is zero. The program comes from an iterator's context (the verifier then allows plain loads) or out of a
 * file's private_data (TRUSTED false: every load is a probe read).
 */
#define READ(...) (trusted ? ___arrow(__VA_ARGS__) : BPF_CORE_READ(__VA_ARGS__))
#define READ_BIT(...) (trusted ? BPF_CORE_READ_BITFIELD(__VA_ARGS__) : BPF_CORE_READ_BITFIELD_PROBED(__VA_ARGS__))

static __always_inline void fill_prog(struct prog_record *r, struct bpf_prog *prog, bool trusted)
{
	struct bpf_prog_aux *aux = READ(prog, aux);
	struct bpf_prog___sleepable *newer = (void *)prog;
	struct bpf_prog_aux___sleepable *older = (void *)aux;
	struct bpf_prog_aux___newer *newer_aux = (void *)aux;
	struct btf *btf = READ(aux, btf);
	struct bpf_prog *target = READ(aux, dst_prog);
	struct stats_sum sum = { .percpu = BPF_CORE_READ(prog, stats), .to = r };	/* a number to the verifier: it is calculated with */

	r->load_time = READ(aux, load_time);
	r->id = READ(aux, id);
	r->type = READ(prog, type);
	r->expected_attach_type = READ(prog, expected_attach_type);
	r->uid = READ(aux, user, uid.val);
	r->bytes_xlated = READ(prog, len) * sizeof(struct bpf_insn);
	r->pages = READ(prog, pages);
	r->used_map_cnt = READ(aux, used_map_cnt);
	r->func_cnt = READ(aux, func_cnt);
	r->verified_insns = READ(aux, verified_insns);
	r->attach_btf_id = READ(aux, attach_btf_id);
	r->stack_depth = READ(aux, stack_depth);
	r->refcnt = READ(aux, refcnt.counter) - 1;	/* the iterator's, or our descriptor's */
	r->num_exentries = READ(aux, num_exentries);
	r->line_info_cnt = READ(aux, nr_linfo);
	r->func_info_cnt = READ(aux, func_info_cnt);
	if (bpf_core_field_exists(newer_aux->arena)) {
		struct bpf_arena *arena = READ(newer_aux, arena);

		if (arena)
			r->arena_id = BPF_CORE_READ(arena, map.id);
	}
	if (r->used_map_cnt)
		read_first_maps(r, READ(aux, used_maps));
	if (btf)
		r->btf_id = READ(btf, id);
	if (target)
		r->target_prog_id = BPF_CORE_READ(target, aux, id);

	if (READ_BIT(prog, jited))
		r->flags |= PROG_JITED;
	if (READ_BIT(prog, gpl_compatible))
		r->flags |= PROG_GPL_COMPATIBLE;
	if (bpf_core_field_exists(newer->sleepable) ? READ_BIT(newer, sleepable) :
	    bpf_core_field_exists(older->sleepable) ? READ(older, sleepable) : 0)
		r->flags |= PROG_SLEEPABLE;

	if (READ(aux, tail_call_reachable))
		r->flags |= PROG_TAIL_CALL_REACHABLE;
	if (bpf_core_field_exists(newer_aux->is_extended))
		r->flags |= PROG_HAS_IS_EXTENDED | (READ(newer_aux, is_extended) ? PROG_IS_EXTENDED : 0);
	if (bpf_core_field_exists(newer_aux->might_sleep))
		r->flags |= PROG_HAS_MIGHT_SLEEP | (READ(newer_aux, might_sleep) ? PROG_MIGHT_SLEEP : 0);

	if (r->func_cnt) {
		struct jited_sum jited = { .func = BPF_CORE_READ(aux, func) };

		bpf_loop(r->func_cnt, add_jited_of_func, &jited, 0);
		r->bytes_jited = jited.bytes;
	} else {
		r->bytes_jited = READ(prog, jited_len);
	}

	if (sum.percpu) {
		sum.base = percpu_base();
		bpf_loop(MAX_CPUS, add_stats_of_cpu, &sum, 0);
		__builtin_memset(r->attach_func, 0, STATS_ROOM);
	}

	bpf_probe_read_kernel(r->tag, sizeof(r->tag), prog->tag);
	read_prog_name(r->name, aux);
	bpf_probe_read_kernel_str(r->attach_func, sizeof(r->attach_func), READ(aux, attach_func_name));
}

#undef READ
#undef READ_BIT

#endif
