/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory of any size, written out in pieces that fit a program's stack, each filled up with zeros to a multiple of 8. */
#ifndef BPFFS_VIEW_CHUNKS_H
#define BPFFS_VIEW_CHUNKS_H

#include "kernel.h"

/* The verifier knows a pointer that must not be calculated with; read back through a probe it is a number. */
static __always_inline __u64 as_number(const void *pointer)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

#define CHUNK		64	/* most elements fit; larger ones take several */
#define CHUNK_WORDS	(CHUNK / sizeof(__u64))
#define ROUND_UP_8(x)	(((x) + 7) & ~7u)

struct element_walk {
	struct seq_file *seq;
	__u64 address;
	__u32 size;
	__u64 sum;
};

static __always_inline long read_chunk(__u64 i, struct element_walk *walk, struct seq_file *seq)
{
	__u64 words[CHUNK_WORDS] = {}, sum = walk->sum;
	__u32 done = i * CHUNK, len, w;

	if (done >= walk->size)
		return 1;
	len = walk->size - done;
	if (len > CHUNK)
		len = CHUNK;
	bpf_probe_read_kernel(words, len, (void *)(walk->address + done));
	/* All words, used or not: without a branch in it the loop costs the verifier nothing. */
#pragma unroll
	for (w = 0; w < CHUNK_WORDS; w++)
		sum = (sum << 7 | sum >> 57) ^ words[w];
	walk->sum = sum;
	len = ROUND_UP_8(len);
	if (seq && len <= CHUNK)
		bpf_seq_write(seq, words, len);
	return 0;
}

static long sum_chunk(__u64 i, void *ctx)
{
	return read_chunk(i, ctx, NULL);
}

static long write_chunk(__u64 i, void *ctx)
{
	struct element_walk *walk = ctx;

	return read_chunk(i, walk, walk->seq);
}

#endif
