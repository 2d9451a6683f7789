/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where each CPU's copy of a per-CPU variable lies: its address there = the variable's address + percpu_offsets[cpu].
 * No helper tells it for memory from alloc_percpu(), and kallsyms lacks the per-CPU symbols unless CONFIG_KALLSYMS_ALL.
 * But a per-CPU map's element is such memory, of which both addresses can be had.
 */
#ifndef BPFFS_VIEW_PERCPU_H
#define BPFFS_VIEW_PERCPU_H

#include "kernel.h"
#include "records.h"

#define MAX_CPUS	4096

__u64 percpu_offsets[MAX_CPUS];
__u32 possible_cpus;		/* how many values an element of a per-CPU map has: libbpf_num_possible_cpus() */
__u32 percpu_cpus;		/* how many of them are known; 0: none, statistics are left out */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} percpu_probe SEC(".maps");

static long find_offset_of_cpu(__u64 cpu, void *ctx)
{
	void *map = &percpu_probe, *elem;
	struct bpf_array *array;
	__u64 address, pptr;
	__u32 key = 0;

	if (cpu >= MAX_CPUS)
		return 1;
	elem = bpf_map_lookup_percpu_elem(&percpu_probe, &key, cpu);
	if (!elem)
		return 1;
	/* The verifier knows both as pointers that must not be calculated with; read back through a probe they are numbers. */
	if (bpf_probe_read_kernel(&address, sizeof(address), &elem) ||
	    bpf_probe_read_kernel(&array, sizeof(array), &map))
		return 1;
	pptr = (__u64)BPF_CORE_READ(array, pptrs[0]);
	percpu_offsets[cpu] = address - pptr;
	percpu_cpus = cpu + 1;
	return 0;
}

/* Run once after loading. */
SEC("syscall")
int setup_percpu(struct setup_record *ctx)
{
	possible_cpus = ctx->possible_cpus;
	bpf_loop(MAX_CPUS, find_offset_of_cpu, NULL, 0);
	ctx->offsets_known = percpu_cpus;
	return 0;
}

#endif
