/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps: struct bpf_map -> struct map_record. */
#ifndef BPFFS_VIEW_MAPS_H
#define BPFFS_VIEW_MAPS_H

#include "kernel.h"
#include "percpu.h"
#include "records.h"
#include "setup.h"

struct element_count {
	__s64 *percpu;
	__u64 base;
	__s64 sum;
};

static long add_elements_of_cpu(__u64 cpu, void *ctx)
{
	struct element_count *count = ctx;
	__s64 *here = percpu_copy(count->percpu, count->base, cpu), value = 0;

	if (!here)
		return 1;
	bpf_probe_read_kernel(&value, sizeof(value), here);
	count->sum += value;
	return 0;
}

#define MAP_TYPE_RHASH 35 /* BPF_MAP_TYPE_RHASH, Linux 7.2 */

#define READ(...) (trusted ? ___arrow(__VA_ARGS__) : BPF_CORE_READ(__VA_ARGS__))

/* How many elements it has, where its type keeps account in a place of its own. */
static __always_inline bool read_count(__s64 *count, struct bpf_map *map, __u32 type)
{
	struct bpf_queue_stack *queue = (void *)map;
	struct lpm_trie *trie = (void *)map;
	struct bpf_dtab *dtab = (void *)map;
	struct bpf_shtab *shtab = (void *)map;
	struct bpf_rhtab *rhtab = (void *)map;

	if ((type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK) && HAS(queue, head) && HAS(queue, tail) && HAS(queue, size)) {
		__u32 head = BPF_CORE_READ(queue, head), tail = BPF_CORE_READ(queue, tail);

		/* a ring of `size` places, one of them always empty; a stack's tail is 0 */
		*count = head >= tail ? head - tail : head + BPF_CORE_READ(queue, size) - tail;
		return true;
	}
	if (type == BPF_MAP_TYPE_LPM_TRIE && HAS(trie, n_entries)) {
		*count = BPF_CORE_READ(trie, n_entries);
		return true;
	}
	if (type == BPF_MAP_TYPE_DEVMAP_HASH && HAS(dtab, items)) {
		*count = BPF_CORE_READ(dtab, items);
		return true;
	}
	if (type == BPF_MAP_TYPE_SOCKHASH && HAS(shtab, count.counter)) {
		*count = BPF_CORE_READ(shtab, count.counter);
		return true;
	}
	if (type == MAP_TYPE_RHASH && HAS(rhtab, ht.nelems.counter)) {
		*count = BPF_CORE_READ(rhtab, ht.nelems.counter);
		return true;
	}
	return false;
}

static __always_inline void fill_struct_ops(struct map_record *r, struct bpf_map *map)
{
	struct bpf_struct_ops_map___state *ops = (void *)map;
	struct bpf_struct_ops_map___flat *older = (void *)map;

	TAKE(r, MAP_HAS_STRUCT_OPS, struct_ops_state, ops, kvalue.common.state);
	if (!HAS(ops, kvalue.common.state))
		TAKE(r, MAP_HAS_STRUCT_OPS, struct_ops_state, older, kvalue.state);
	r->struct_ops_btf_id = GET(ops, btf, id);
}

/* What is in it, as far as its type keeps account. */
static __always_inline void fill_contents(struct map_record *r, struct bpf_map *map)
{
	struct bpf_map___counted *counted = (void *)map;
	struct bpf_ringbuf_map *ring = (void *)map;
	struct element_count count = { .percpu = GET(counted, elem_count), .base = percpu_base() };
	struct bpf_ringbuf *rb;

	if (count.percpu && count.base) {
		bpf_loop(MAX_CPUS, add_elements_of_cpu, &count, 0);
		r->elem_count = count.sum;
		r->known |= MAP_HAS_ELEM_COUNT;
	} else if (read_count(&r->elem_count, map, r->type)) {
		r->known |= MAP_HAS_ELEM_COUNT;
	}
	if (r->type == BPF_MAP_TYPE_STRUCT_OPS)
		fill_struct_ops(r, map);
	if ((r->type == BPF_MAP_TYPE_RINGBUF || r->type == BPF_MAP_TYPE_USER_RINGBUF) &&
	    HAS(ring, rb, consumer_pos) && HAS(ring, rb, producer_pos)) {
		rb = BPF_CORE_READ(ring, rb);
		r->ring_consumer = BPF_CORE_READ(rb, consumer_pos);
		r->ring_producer = BPF_CORE_READ(rb, producer_pos);
		r->known |= MAP_HAS_RING;
	}
}

/*
 * Fill *r, which is zero; `trusted` as in fill_prog(). All but the contents of a trusted map is had by plain loads, so that it is told where the kernel's memory may not be
 * read otherwise.
 */
static __always_inline void fill_map(struct map_record *r, struct bpf_map *map, bool trusted)
{
	struct bpf_map *inner = GET_BY(READ, map, inner_map_meta);
	struct btf *btf = GET_BY(READ, map, btf);

	r->id = READ(map, id);
	r->type = READ(map, map_type);
	TAKE_BY(READ, r, MAP_HAS_KEY_SIZE, key_size, map, key_size);
	TAKE_BY(READ, r, MAP_HAS_VALUE_SIZE, value_size, map, value_size);
	TAKE_BY(READ, r, MAP_HAS_MAX_ENTRIES, max_entries, map, max_entries);
	TAKE_BY(READ, r, MAP_HAS_FLAGS, map_flags, map, map_flags);
	TAKE_BY(READ, r, MAP_HAS_FROZEN, frozen, map, frozen);
	r->btf_key_type_id = GET_BY(READ, map, btf_key_type_id);
	r->btf_value_type_id = GET_BY(READ, map, btf_value_type_id);
	r->btf_vmlinux_value_type_id = GET_BY(READ, map, btf_vmlinux_value_type_id);
	r->numa_node = HAS(map, numa_node) ? READ(map, numa_node) : -1;
	/* Without the iterator's reference, or our descriptor's, which is one of user space's too. */
	TAKE_BY(READ, r, MAP_HAS_REFCNT, refcnt, map, refcnt.counter);
	TAKE_BY(READ, r, MAP_HAS_USERCNT, usercnt, map, usercnt.counter);
	r->refcnt--;
	r->usercnt -= trusted ? 0 : 1;
	r->map_extra = GET_BY(READ, map, map_extra);
	if (btf)
		r->btf_id = GET_BY(READ, btf, id);
	if (inner) {
		r->inner_type = READ(inner, map_type);
		r->inner_key_size = GET_BY(READ, inner, key_size);
		r->inner_value_size = GET_BY(READ, inner, value_size);
		r->inner_max_entries = GET_BY(READ, inner, max_entries);
		r->known |= MAP_HAS_INNER;
	}
	if (setup.reads_memory)
		fill_contents(r, map);
	if (trusted)
		LOAD_CHARS(r->name, map, name);
	else
		GET_CHARS(r->name, sizeof(r->name), map, name);
}

#undef READ

#endif
