/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Another CPU's copy of memory from alloc_percpu(). No helper gives it, and kallsyms lacks the per-CPU symbols unless
 * CONFIG_KALLSYMS_ALL. But an element of a per-CPU map is such memory, of which both addresses can be had: their difference
 * is where that CPU's copies lie. It is found anew each time rather than stored: stored, it would be a kernel address in a
 * map that root can dump.
 */
#ifndef BPFFS_VIEW_PERCPU_H
#define BPFFS_VIEW_PERCPU_H

#include "kernel.h"
#include "chunks.h"
#include "records.h"

#define MAX_CPUS	8192	/* CONFIG_NR_CPUS of any distribution */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} percpu_probe SEC(".maps");

/* Where no CPU's copies lie: what percpu_copy() counts from; 0: that cannot be told. */
static __always_inline __u64 percpu_base(void)
{
	struct bpf_array *array = (void *)as_number(&percpu_probe);

	return (__u64)GET(array, pptrs[0]);
}

/* The copy of *percpu that CPU `cpu` has; NULL beyond the last CPU. */
static __always_inline void *percpu_copy(const void *percpu, __u64 base, __u32 cpu)
{
	__u32 key = 0;
	void *elem = bpf_map_lookup_percpu_elem(&percpu_probe, &key, cpu);

	return elem ? (void *)((__u64)percpu + as_number(elem) - base) : NULL;
}

#endif
