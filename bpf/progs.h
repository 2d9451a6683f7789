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

/* A counter of the copy, or from where it is. */
#define STAT(stats, copy, counter)									\
	(!HAS(stats, counter) ? 0 :									\
	 bpf_core_field_offset((stats)->counter) <= STATS_ROOM - sizeof(__u64) ?			\
	 *(__u64 *)((copy) + bpf_core_field_offset((stats)->counter)) : BPF_CORE_READ(stats, counter).value)

static long add_stats_of_cpu(__u64 cpu, void *ctx)
{
	struct stats_sum *sum = ctx;
	struct bpf_prog_stats___kernel *stats = percpu_copy(sum->percpu, sum->base, cpu);
	void *copy = sum->to->attach_func;	/* the stack has no more room, and this is read last */

	if (!stats || bpf_probe_read_kernel(copy, STATS_ROOM, stats))
		return 1;
	sum->to->run_time_ns += STAT(stats, copy, nsecs);
	sum->to->run_cnt += STAT(stats, copy, cnt);
	sum->to->recursion_misses += STAT(stats, copy, misses);
	return 0;
}

static __always_inline void fill_stats(struct prog_record *r, struct bpf_prog *prog)
{
	struct stats_sum sum = { .percpu = GET(prog, stats), .base = percpu_base(), .to = r };	/* by a probe: it is calculated with */
	struct bpf_prog_stats___kernel *stats = sum.percpu;

	if (!HAS(prog, stats) || !sum.base)
		return;
	if (HAS(stats, nsecs) && HAS(stats, cnt))
		r->known |= PROG_HAS_RUNS;
	if (HAS(stats, misses))
		r->known |= PROG_HAS_MISSES;
	if (!sum.percpu)
		return;
	bpf_loop(MAX_CPUS, add_stats_of_cpu, &sum, 0);
	__builtin_memset(r->attach_func, 0, STATS_ROOM);
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
	sum->bytes += GET(func, jited_len);
	return 0;
}

/* A frame of its own: the record nearly fills its caller's. */
static __noinline void read_first_maps(struct prog_record *r, struct bpf_map **used_maps)
{
	struct bpf_map *map = NULL;
	__u32 i;

#pragma unroll
	for (i = 0; i < FIRST_MAPS; i++) {
		if (i >= r->used_map_cnt || bpf_probe_read_kernel(&map, sizeof(map), used_maps + i))
			return;
		r->map_ids[i] = GET(map, id);
	}
}

/*
 * Fill *r, which is zero. The program comes from an iterator's context (the verifier then allows plain loads) or out of a
 * file's private_data (TRUSTED false: every load is a probe read).
 */
#define READ(...) (trusted ? ___arrow(__VA_ARGS__) : BPF_CORE_READ(__VA_ARGS__))
#define BIT(...) (trusted ? READ_BIT(__VA_ARGS__) : BPF_CORE_READ_BITFIELD_PROBED(__VA_ARGS__))

/* Whether it is so, where the kernel has a member for it. */
#define FLAG(r, has, is, src, member, read) do {			\
	if (HAS(src, member)) {						\
		(r)->known |= (has);					\
		if (read(src, member))					\
			(r)->flags |= (is);				\
	}								\
} while (0)

static __always_inline void fill_prog_flags(struct prog_record *r, struct bpf_prog *prog, struct bpf_prog_aux *aux, bool trusted)
{
	struct bpf_prog___sleepable *newer = (void *)prog;
	struct bpf_prog_aux___sleepable *older = (void *)aux;
	struct bpf_prog_aux___newer *newer_aux = (void *)aux;

	FLAG(r, PROG_HAS_GPL_COMPATIBLE, PROG_GPL_COMPATIBLE, prog, gpl_compatible, BIT);
	FLAG(r, PROG_HAS_SLEEPABLE, PROG_SLEEPABLE, newer, sleepable, BIT);
	if (!HAS(newer, sleepable))
		FLAG(r, PROG_HAS_SLEEPABLE, PROG_SLEEPABLE, older, sleepable, READ);
	FLAG(r, PROG_HAS_TAIL_CALL_REACHABLE, PROG_TAIL_CALL_REACHABLE, aux, tail_call_reachable, READ);
	FLAG(r, PROG_HAS_IS_EXTENDED, PROG_IS_EXTENDED, newer_aux, is_extended, READ);
	FLAG(r, PROG_HAS_MIGHT_SLEEP, PROG_MIGHT_SLEEP, newer_aux, might_sleep, READ);
}

static __always_inline void fill_jited(struct prog_record *r, struct bpf_prog *prog, struct bpf_prog_aux *aux, bool trusted)
{
	struct jited_sum jited = {};

	/* all of them, or the sum would be wrong */
	if (!HAS(prog, jited_len) || !HAS(aux, func_cnt) || !HAS(aux, func))
		return;
	r->known |= PROG_HAS_JITED;
	r->bytes_jited = READ(prog, jited_len);
	if (!r->func_cnt)
		return;
	jited.func = BPF_CORE_READ(aux, func);
	bpf_loop(r->func_cnt, add_jited_of_func, &jited, 0);
	r->bytes_jited = jited.bytes;
}

static __always_inline void fill_prog(struct prog_record *r, struct bpf_prog *prog, bool trusted)
{
	struct bpf_prog_aux *aux = READ(prog, aux);
	struct bpf_prog_aux___newer *newer_aux = (void *)aux;
	struct btf *btf = GET_BY(READ, aux, btf);
	struct bpf_prog *target = GET_BY(READ, aux, dst_prog);
	struct bpf_arena *arena = GET_BY(READ, newer_aux, arena);

	r->id = READ(aux, id);
	r->type = READ(prog, type);
	r->load_time = GET_BY(READ, aux, load_time);
	TAKE_BY(READ, r, PROG_HAS_UID, uid, aux, user, uid.val);
	TAKE_BY(READ, r, PROG_HAS_XLATED, bytes_xlated, prog, len);
	r->bytes_xlated *= sizeof(struct bpf_insn);
	TAKE_BY(READ, r, PROG_HAS_PAGES, pages, prog, pages);
	if (HAS(aux, used_maps))
		r->used_map_cnt = GET_BY(READ, aux, used_map_cnt);
	r->func_cnt = GET_BY(READ, aux, func_cnt);
	r->verified_insns = GET_BY(READ, aux, verified_insns);
	r->attach_btf_id = GET_BY(READ, aux, attach_btf_id);
	r->stack_depth = GET_BY(READ, aux, stack_depth);
	TAKE_BY(READ, r, PROG_HAS_REFCNT, refcnt, aux, refcnt.counter);
	r->refcnt--;	/* the iterator's, or our descriptor's */
	r->num_exentries = GET_BY(READ, aux, num_exentries);
	r->line_info_cnt = GET_BY(READ, aux, nr_linfo);
	r->func_info_cnt = GET_BY(READ, aux, func_info_cnt);
	if (arena)
		r->arena_id = GET(arena, map.id);
	if (r->used_map_cnt)
		read_first_maps(r, GET_BY(READ, aux, used_maps));
	if (btf)
		r->btf_id = GET_BY(READ, btf, id);
	if (target)
		r->target_prog_id = GET(target, aux, id);
	fill_prog_flags(r, prog, aux, trusted);
	fill_jited(r, prog, aux, trusted);
	fill_stats(r, prog);

	if (HAS(prog, tag) && !bpf_probe_read_kernel(r->tag, sizeof(r->tag), prog->tag))
		r->known |= PROG_HAS_TAG;
	read_prog_name(r->name, aux);
	if (HAS(aux, attach_func_name))
		bpf_probe_read_kernel_str(r->attach_func, sizeof(r->attach_func), READ(aux, attach_func_name));
}

#undef READ
#undef BIT
#undef FLAG

#endif
