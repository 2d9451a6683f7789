/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The elements of a map, of any key and value size, by one program.
 *
 * An element on the wire: key, value, struct element_end_record; key and value are filled up with zeros to a multiple of 8.
 * The value of a per-CPU map is the kernel's copy of all possible CPUs' values, each filled up likewise.
 *
 * Others change the map while it is read, without a lock that we could take: an array's value is overwritten in place,
 * a preallocated hash element is freed and used again at once. So each element is read twice, and its end says whether
 * both readings agreed; the reader asks for a torn one again. (The kernel copies per-CPU values itself: one reading.)
 *
 * ctx->key and ctx->value are read by probe: a plain access of a buffer would be checked against the key and value
 * size of the map at attach, and one program could not serve all sizes.
 */
#ifndef BPFFS_VIEW_ELEMENTS_H
#define BPFFS_VIEW_ELEMENTS_H

#include "kernel.h"
#include "chunks.h"
#include "percpu.h"
#include "records.h"
#include "setup.h"

static __always_inline bool is_percpu(__u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

/*
 * Most elements: a key of up to 16 bytes and a value of up to 64, each read twice as a whole. Walking a hash of a million costs the kernel 0.22 us an element; this adds 0.1 us to
 * it, and the loops for all sizes 0.2 us.
 */
static __always_inline bool write_small(struct bpf_iter__bpf_map_elem *ctx, __u64 key_size, __u64 value_size)
{
	__u64 key[2] = {}, key_again[2] = {}, value[CHUNK_WORDS + 1] = {}, value_again[CHUNK_WORDS] = {}, torn;
	__u32 w;

	barrier_var(key_size);
	barrier_var(value_size);
	if (key_size > sizeof(key) || value_size > CHUNK)
		return false;
	bpf_probe_read_kernel(key, key_size, ctx->key);
	bpf_probe_read_kernel(value, value_size, ctx->value);
	bpf_probe_read_kernel(value_again, value_size, ctx->value);
	bpf_probe_read_kernel(key_again, key_size, ctx->key);	/* last: the element may have become the next key's */
	torn = (key[0] ^ key_again[0]) | (key[1] ^ key_again[1]);
#pragma unroll
	for (w = 0; w < CHUNK_WORDS; w++)
		torn |= value[w] ^ value_again[w];

	key_size = ROUND_UP_8(key_size);
	value_size = ROUND_UP_8(value_size);
	barrier_var(key_size);
	barrier_var(value_size);
	if (key_size > sizeof(key) || value_size > CHUNK)
		return false;
	bpf_seq_write(ctx->meta->seq, key, key_size);
	*(__u64 *)((char *)value + value_size) = torn != 0;
	bpf_seq_write(ctx->meta->seq, value, value_size + sizeof(struct element_end_record));
	return true;
}

SEC("iter/bpf_map_elem")
int map_elements(struct bpf_iter__bpf_map_elem *ctx)
{
	struct bpf_map *map = ctx->map;
	struct element_walk walk = { .seq = ctx->meta->seq };
	struct element_end_record end = {};
	__u64 key, value, written;
	__u32 value_size;
	bool percpu;

	if (!map || !ctx->key || !ctx->value)
		return 0;
	key = as_number(ctx->key);
	value = as_number(ctx->value);
	percpu = is_percpu(map->map_type);
	if (!percpu && write_small(ctx, map->key_size, map->value_size))
		return 0;
	value_size = percpu ? ROUND_UP_8(map->value_size) * setup.possible_cpus : map->value_size;

	walk.address = key;
	walk.size = map->key_size;
	bpf_loop(map->key_size / CHUNK + 1, write_chunk, &walk, 0);
	walk.address = value;
	walk.size = value_size;
	bpf_loop(value_size / CHUNK + 1, write_chunk, &walk, 0);

	if (!percpu) {
		written = walk.sum;
		walk.sum = 0;
		walk.address = key;
		walk.size = map->key_size;
		bpf_loop(map->key_size / CHUNK + 1, sum_chunk, &walk, 0);
		walk.address = value;
		walk.size = value_size;
		bpf_loop(value_size / CHUNK + 1, sum_chunk, &walk, 0);
		end.torn = walk.sum != written;
	}
	bpf_seq_write(ctx->meta->seq, &end, sizeof(end));
	return 0;
}

#endif
