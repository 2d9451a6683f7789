/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps: struct bpf_map -> struct map_record. */
#ifndef BPFFS_VIEW_MAPS_H
#define BPFFS_VIEW_MAPS_H

#include "kernel.h"
#include "percpu.h"
#include "records.h"

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

	if ((type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK) && bpf_core_type_exists(struct bpf_queue_stack)) {
		__u32 head = BPF_CORE_READ(queue, head), tail = BPF_CORE_READ(queue, tail);

		/* a ring of `size` places, one of them always empty; a stack's tail is 0 */
		*count = head >= tail ? head - tail : head + BPF_CORE_READ(queue, size) - tail;
		return true;
	}
	if (type == BPF_MAP_TYPE_LPM_TRIE && bpf_core_type_exists(struct lpm_trie)) {
		*count = BPF_CORE_READ(trie, n_entries);
		return true;
	}
	if (type == BPF_MAP_TYPE_DEVMAP_HASH && bpf_core_type_exists(struct bpf_dtab)) {
		*count = BPF_CORE_READ(dtab, items);
		return true;
	}
	if (type == BPF_MAP_TYPE_SOCKHASH && bpf_core_type_exists(struct bpf_shtab)) {
		*count = BPF_CORE_READ(shtab, count.counter);
		return true;
	}
	if (type == MAP_TYPE_RHASH && bpf_core_field_exists(rhtab->ht.nelems.counter)) {
		*count = BPF_CORE_READ(rhtab, ht.nelems.counter);
		return true;
	}
	return false;
}

static __always_inline void fill_struct_ops(struct map_record *r, struct bpf_map *map)
{
	struct bpf_struct_ops_map___state *ops = (void *)map;
	struct bpf_struct_ops_map___flat *older = (void *)map;

	if (bpf_core_field_exists(ops->kvalue.common.state))
		r->struct_ops_state = BPF_CORE_READ(ops, kvalue.common.state);
	else if (bpf_core_field_exists(older->kvalue.state))
		r->struct_ops_state = BPF_CORE_READ(older, kvalue.state);
	else
		return;
	if (bpf_core_field_exists(ops->btf))
		r->struct_ops_btf_id = BPF_CORE_READ(ops, btf, id);
	r->known |= MAP_HAS_STRUCT_OPS;
}

/* What is in it, as far as its type keeps account. */
static __always_inline void fill_contents(struct map_record *r, struct bpf_map *map)
{
	struct bpf_map___counted *counted = (void *)map;
	struct element_count count = {};
	struct bpf_map *inner = BPF_CORE_READ(map, inner_map_meta);

	if (bpf_core_field_exists(counted->elem_count))
		count.percpu = BPF_CORE_READ(counted, elem_count);
	if (count.percpu) {
		count.base = percpu_base();
		bpf_loop(MAX_CPUS, add_elements_of_cpu, &count, 0);
		r->elem_count = count.sum;
		r->known |= MAP_HAS_ELEM_COUNT;
	} else if (read_count(&r->elem_count, map, r->type)) {
		r->known |= MAP_HAS_ELEM_COUNT;
	}
	if (r->type == BPF_MAP_TYPE_STRUCT_OPS)
		fill_struct_ops(r, map);
	if (inner) {
		r->inner_type = BPF_CORE_READ(inner, map_type);
		r->inner_key_size = BPF_CORE_READ(inner, key_size);
		r->inner_value_size = BPF_CORE_READ(inner, value_size);
		r->inner_max_entries = BPF_CORE_READ(inner, max_entries);
		r->known |= MAP_HAS_INNER;
	}
	if (r->type == BPF_MAP_TYPE_RINGBUF || r->type == BPF_MAP_TYPE_USER_RINGBUF) {
		struct bpf_ringbuf_map *ring = (void *)map;
		struct bpf_ringbuf *rb = BPF_CORE_READ(ring, rb);

		r->ring_consumer = BPF_CORE_READ(rb, consumer_pos);
		r->ring_producer = BPF_CORE_READ(rb, producer_pos);
		r->known |= MAP_HAS_RING;
	}
}

/* Fill *r, which is zero; `trusted` as in fill_prog(). */
static __always_inline void fill_map(struct map_record *r, struct bpf_map *map, bool trusted)
{
	struct btf *btf = READ(map, btf);

	r->id = READ(map, id);
	r->type = READ(map, map_type);
	r->key_size = READ(map, key_size);
	r->value_size = READ(map, value_size);
	r->max_entries = READ(map, max_entries);
	r->map_flags = READ(map, map_flags);
	r->btf_key_type_id = READ(map, btf_key_type_id);
	r->btf_value_type_id = READ(map, btf_value_type_id);
	r->btf_vmlinux_value_type_id = READ(map, btf_vmlinux_value_type_id);
	r->numa_node = READ(map, numa_node);
	r->frozen = READ(map, frozen);
	/* Without the iterator's reference, or our descriptor's, which is one of user space's too. */
	r->refcnt = BPF_CORE_READ(map, refcnt.counter) - 1;
	r->usercnt = BPF_CORE_READ(map, usercnt.counter) - (trusted ? 0 : 1);
	if (bpf_core_field_exists(map->map_extra))
		r->map_extra = READ(map, map_extra);
	if (btf)
		r->btf_id = READ(btf, id);
	fill_contents(r, map);
	bpf_probe_read_kernel_str(r->name, sizeof(r->name), map->name);
}

#undef READ

#endif
