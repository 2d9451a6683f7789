/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Links: struct bpf_link and the structure its type embeds it in (at offset 0, with one exception) -> struct link_record. */
#ifndef BPFFS_VIEW_LINKS_H
#define BPFFS_VIEW_LINKS_H

#include "link_types.h"
#include "names.h"
#include "perf.h"
#include "records.h"

/* Link types by number: <linux/bpf.h> of a build machine may be older than the running kernel. */
enum {
	LINK_RAW_TRACEPOINT	= 1,
	LINK_TRACING		= 2,
	LINK_CGROUP		= 3,
	LINK_ITER		= 4,
	LINK_NETNS		= 5,
	LINK_XDP		= 6,
	LINK_PERF_EVENT		= 7,
	LINK_KPROBE_MULTI	= 8,
	LINK_STRUCT_OPS		= 9,
	LINK_NETFILTER		= 10,
	LINK_TCX		= 11,
	LINK_UPROBE_MULTI	= 12,
	LINK_NETKIT		= 13,
	LINK_SOCKMAP		= 14,
};

#define TRAMPOLINE_KEY_IS_BTF	0x80000000
#define KPROBE_MULTI_RETURN	1

/* A member of the structure that has the link at its start; 0 where this kernel lacks it. */
#define LINK_MEMBER(kind, link, ...) ({							\
	struct kind *__l = (void *)(link);						\
	GET(__l, __VA_ARGS__);								\
})

static __always_inline struct net_device *link_device(__u32 type, struct bpf_link *link)
{
	if (type == LINK_XDP)
		return LINK_MEMBER(bpf_xdp_link, link, dev);
	if (type == LINK_TCX)
		return LINK_MEMBER(tcx_link, link, dev);
	if (type == LINK_NETKIT)
		return LINK_MEMBER(netkit_link, link, dev);
	return NULL;	/* also when the device is gone: the link is not */
}

/* Whether the lack of a device means that it is gone. */
static __always_inline bool knows_device(__u32 type)
{
	return type == LINK_XDP ? HAS((struct bpf_xdp_link *)NULL, dev) :
	       type == LINK_TCX ? HAS((struct tcx_link *)NULL, dev) :
	       type == LINK_NETKIT ? HAS((struct netkit_link *)NULL, dev) : false;
}

static __always_inline struct bpf_map *link_map(__u32 type, struct bpf_link *link)
{
	if (type == LINK_STRUCT_OPS)
		return LINK_MEMBER(bpf_struct_ops_link, link, map);
	if (type == LINK_SOCKMAP)
		return LINK_MEMBER(sockmap_link, link, map);
	if (type == LINK_ITER)
		return LINK_MEMBER(bpf_iter_link___aux, link, aux.map);
	return NULL;
}

static __always_inline struct bpf_uprobe_multi_link *uprobe_multi(struct bpf_link *link)
{
	return (void *)link - bpf_core_field_offset(struct bpf_uprobe_multi_link, link);
}

/*
 * A tracing link knows its target even after the kernel has cleared the program's dst_prog (3aac1ead5eb6, Linux 5.10),
 * and knows the right one where a program is attached more than once.
 */
static __always_inline void fill_tracing(struct link_numbers *r, struct bpf_link *link)
{
	struct bpf_tracing_link *tracing = (void *)link;
	struct bpf_tramp_link___node *newer = (void *)link;
	struct bpf_prog *target = GET(tracing, tgt_prog);

	r->target_btf_id = (__u32)GET(tracing, trampoline, key) & ~TRAMPOLINE_KEY_IS_BTF;
	if (target)
		r->target_prog_id = GET(target, aux, id);
	r->cookie = HAS(newer, node.cookie) ? BPF_CORE_READ(newer, node.cookie) : LINK_MEMBER(bpf_tramp_link___cookie, link, cookie);
}

static __always_inline void fill_netfilter(struct link_numbers *r, struct bpf_link *link)
{
	struct bpf_nf_link *nf = (void *)link;

	if (HAS(nf, hook_ops.pf) && HAS(nf, hook_ops.hooknum) && HAS(nf, hook_ops.priority)) {
		r->nf_family = BPF_CORE_READ(nf, hook_ops.pf);
		r->nf_hook = BPF_CORE_READ(nf, hook_ops.hooknum);
		r->nf_priority = BPF_CORE_READ(nf, hook_ops.priority);
		r->known |= LINK_HAS_NETFILTER;
	}
	if (HAS(nf, dead) && HAS(nf, net, ns.inum)) {
		r->known |= LINK_HAS_NETNS;
		if (!BPF_CORE_READ(nf, dead))	/* once detached it does not hold the namespace */
			r->netns_ino = BPF_CORE_READ(nf, net, ns.inum);
	}
}

static __always_inline void fill_kprobes(struct link_numbers *r, struct bpf_link *link)
{
	struct bpf_kprobe_multi_link *kprobes = (void *)link;
	struct bpf_kprobe_multi_link___flags *older = (void *)link;
	struct bpf_link___flags *newer = (void *)link;

	TAKE(r, LINK_HAS_FUNCS, func_cnt, kprobes, cnt);
	if (HAS(older, flags))
		TAKE(r, LINK_HAS_FLAGS, flags, older, flags);
	else if (HAS(newer, flags))
		TAKE(r, LINK_HAS_FLAGS, flags, newer, flags);
	else if (HAS(kprobes, fp.exit_handler)) {
		r->flags = BPF_CORE_READ(kprobes, fp.exit_handler) ? KPROBE_MULTI_RETURN : 0;
		r->known |= LINK_HAS_FLAGS;
	}
}

static __always_inline void fill_uprobes(struct link_numbers *r, struct bpf_link *link)
{
	struct bpf_uprobe_multi_link *uprobes = NULL;

	if (!HAS(uprobes, link))
		return;
	uprobes = uprobe_multi(link);
	TAKE(r, LINK_HAS_FUNCS, func_cnt, uprobes, cnt);
	TAKE(r, LINK_HAS_OFFSET, offset, uprobes, uprobes, offset);
}

/* Fill *r, which is zero. */
static __always_inline void fill_link(struct link_numbers *r, struct bpf_link *link)
{
	struct net_device___net *dev;
	struct bpf_prog *prog;
	struct bpf_map *map;

	r->id = BPF_CORE_READ(link, id);
	r->type = BPF_CORE_READ(link, type);
	prog = GET(link, prog);
	if (prog)
		r->prog_id = GET(prog, aux, id);

	map = link_map(r->type, link);
	if (map)
		r->map_id = GET(map, id);
	dev = (void *)link_device(r->type, link);
	if (dev) {
		TAKE(r, LINK_HAS_DEVICE, ifindex, (struct net_device *)(void *)dev, ifindex);
		r->netns_ino = GET(dev, nd_net.net, ns.inum);
	} else if (knows_device(r->type)) {
		r->known |= LINK_HAS_DEVICE;
	}

	if (r->type == LINK_TRACING) {
		fill_tracing(r, link);
	} else if (r->type == LINK_RAW_TRACEPOINT) {
		r->cookie = LINK_MEMBER(bpf_raw_tp_link___cookie, link, cookie);
	} else if (r->type == LINK_CGROUP) {
		TAKE(r, LINK_HAS_CGROUP, cgroup_id, (struct bpf_cgroup_link *)(void *)link, cgroup, kn, id);
	} else if (r->type == LINK_ITER) {
		r->cgroup_id = LINK_MEMBER(bpf_iter_link___aux, link, aux.cgroup.start, kn, id);
	} else if (r->type == LINK_NETNS) {
		TAKE(r, LINK_HAS_NETNS, netns_ino, (struct bpf_netns_link *)(void *)link, net, ns.inum);
	} else if (r->type == LINK_PERF_EVENT) {
		fill_perf_event(r, link);
	} else if (r->type == LINK_NETFILTER) {
		fill_netfilter(r, link);
	} else if (r->type == LINK_KPROBE_MULTI) {
		fill_kprobes(r, link);
	} else if (r->type == LINK_UPROBE_MULTI) {
		fill_uprobes(r, link);
	}
}

/* The names of a link are read one at a time: three of them and the numbers are more than a program's stack. dst is zero. */
static __always_inline void read_link_prog(char *dst, struct bpf_link *link)
{
	struct bpf_prog *prog = GET(link, prog);

	if (prog && HAS(prog, aux))
		read_prog_name(dst, BPF_CORE_READ(prog, aux));
}

static __always_inline void read_tracing_func(char *dst, const struct link_numbers *r, struct bpf_link *link)
{
	struct bpf_prog *target = LINK_MEMBER(bpf_tracing_link, link, tgt_prog);

	if (target)
		read_btf_name(dst, GET(target, aux, btf), r->target_btf_id);
	if (!dst[0])
		GET_TEXT(dst, FULL_NAME_LEN, link, prog, aux, attach_func_name);
}

/* Function, tracepoint, iterator target, device, or the file's last name. */
static __always_inline void read_link_func(char *dst, const struct link_numbers *r, struct bpf_link *link)
{
	struct net_device *dev = link_device(r->type, link);
	struct bpf_kprobe_multi_link *kprobes = (void *)link;
	struct bpf_uprobe_multi_link *uprobes = NULL;
	unsigned long address = 0;

	if (dev)
		GET_CHARS(dst, sizeof(dev->name), dev, name);
	else if (r->type == LINK_TRACING)
		read_tracing_func(dst, r, link);
	else if (r->type == LINK_RAW_TRACEPOINT)
		GET_TEXT(dst, FULL_NAME_LEN, (struct bpf_raw_tp_link *)(void *)link, btp, tp, name);
	else if (r->type == LINK_ITER)
		GET_TEXT(dst, FULL_NAME_LEN, (struct bpf_iter_link *)(void *)link, tinfo, reg_info, target);
	else if (r->type == LINK_PERF_EVENT)
		read_perf_name(dst, r->perf_kind, link);
	else if (r->type == LINK_KPROBE_MULTI && HAS(kprobes, addrs)) {
		bpf_probe_read_kernel(&address, sizeof(address), BPF_CORE_READ(kprobes, addrs));
		read_symbol(dst, (void *)address);
	} else if (r->type == LINK_UPROBE_MULTI && HAS(uprobes, link)) {
		uprobes = uprobe_multi(link);
		GET_TEXT(dst, FULL_NAME_LEN, uprobes, path.dentry, d_name.name);
	}
}

/* Target program or map. */
static __always_inline void read_link_target(char *dst, const struct link_numbers *r, struct bpf_link *link)
{
	struct bpf_map *map = link_map(r->type, link);
	struct bpf_prog *target;

	if (map) {
		GET_CHARS(dst, sizeof(map->name), map, name);
	} else if (r->type == LINK_TRACING) {
		target = LINK_MEMBER(bpf_tracing_link, link, tgt_prog);
		if (target && HAS(target, aux))
			read_prog_name(dst, BPF_CORE_READ(target, aux));
	}
}

#endif
