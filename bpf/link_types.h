/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel embeds struct bpf_link in, and what that leads to: see kernel.h. A kernel may lack any of these. */
#ifndef BPFFS_VIEW_LINK_TYPES_H
#define BPFFS_VIEW_LINK_TYPES_H

#include "kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bpf_tramp_link___cookie {
	__u64 cookie;			/* 5.19 to 7.1 */
};

struct bpf_tramp_link___node {
	struct {
		__u64 cookie;
	} node;				/* since 7.2 */
};

struct bpf_link___flags {
	__u32 flags;			/* since 6.17 */
};

struct bpf_raw_tp_link___cookie {
	__u64 cookie;			/* since 6.10 */
};

struct bpf_iter_aux_info {
	struct bpf_map *map;
	struct {
		struct cgroup *start;
	} cgroup;			/* since 6.1 */
};

struct bpf_iter_link___aux {
	struct bpf_iter_aux_info aux;
};

struct net {
	struct ns_common ns;
};

struct net_device___net {
	struct {
		struct net *net;
	} nd_net;
};

struct bpf_netns_link {
	struct net *net;
};

struct nf_hook_ops {
	__u8 pf;
	unsigned int hooknum;
	int priority;
};

struct bpf_nf_link {
	struct nf_hook_ops hook_ops;
	struct net *net;
	__u32 dead;
};

struct bpf_struct_ops_link {
	struct bpf_map *map;
};

struct sockmap_link {
	struct bpf_map *map;
};

struct fprobe {
	void *exit_handler;
};

struct bpf_kprobe_multi_link {
	struct fprobe fp;
	unsigned long *addrs;
	__u64 *cookies;
	__u32 cnt;
};

struct bpf_kprobe_multi_link___flags {
	__u32 flags;			/* 6.3 to 6.16, then in struct bpf_link */
};

struct bpf_uprobe {
	long long offset;
	unsigned long ref_ctr_offset;
	__u64 cookie;
};

struct bpf_uprobe_multi_link {
	struct path path;
	struct bpf_link link;		/* not the first member */
	__u32 cnt;
	struct bpf_uprobe *uprobes;
};

struct bpf_perf_link {
	struct file *perf_file;
};

struct trace_event_class {
	void *reg;
};

struct trace_event_call {
	struct trace_event_class *class;
	const char *name;
	struct tracepoint *tp;
};

struct perf_event_attr___kernel {
	__u32 type;
	__u64 config;
};

struct perf_event___traced {
	struct perf_event_attr___kernel attr;
	struct trace_event_call *tp_event;
	__u64 bpf_cookie;
};

struct perf_event___orig {
	__u32 orig_type;		/* before the kernel forwards the event; 6.12 has it, 6.1 not */
};

struct trace_probe {
	struct list_head list;
};

struct trace_probe_event {
	struct trace_event_call call;
	struct list_head probes;
};

struct kprobe {
	void *addr;
	unsigned int offset;
};

struct kretprobe {
	struct kprobe kp;
	void *handler;
};

struct trace_kprobe {
	struct kretprobe rp;
	const char *symbol;
	struct trace_probe tp;
};

struct uprobe_consumer {
	void *ret_handler;
};

struct trace_uprobe {
	struct uprobe_consumer consumer;
	const char *filename;
	unsigned long offset;
	unsigned long ref_ctr_offset;
	struct trace_probe tp;
};

#pragma clang attribute pop

#endif
