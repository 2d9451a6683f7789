/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Links: struct bpf_link and the structure its type embeds it in (at offset 0) -> struct link_record. */
#ifndef BPFFS_VIEW_LINKS_H
#define BPFFS_VIEW_LINKS_H

#include "kernel.h"
#include "names.h"
#include "records.h"

/* Link types by number: <linux/bpf.h> of a build machine may be older than the running kernel. */
enum {
	LINK_RAW_TRACEPOINT	= 1,
	LINK_TRACING		= 2,
	LINK_CGROUP		= 3,
	LINK_ITER		= 4,
	LINK_XDP		= 6,
	LINK_TCX		= 11,
	LINK_NETKIT		= 13,
};

#define TRAMPOLINE_KEY_IS_BTF	0x80000000

/*
 * A tracing link knows its target even after the kernel has cleared the program's dst_prog (3aac1ead5eb6, Linux 5.10),
 * and knows the right one where a program is attached more than once.
 */
static __always_inline void fill_tracing_target(struct link_record *r, struct bpf_link *link, struct bpf_prog_aux *aux)
{
	struct bpf_tracing_link *tracing = (void *)link;
	struct bpf_prog *target = BPF_CORE_READ(tracing, tgt_prog);
	struct bpf_prog_aux *target_aux;
	__u64 key = BPF_CORE_READ(tracing, trampoline, key);

	r->target_btf_id = (__u32)key & ~TRAMPOLINE_KEY_IS_BTF;
	if (target) {
		target_aux = BPF_CORE_READ(target, aux);
		r->target_prog_id = BPF_CORE_READ(target_aux, id);
		read_prog_name(r->target_name, target_aux);
		read_btf_name(r->target_func, BPF_CORE_READ(target_aux, btf), r->target_btf_id);
	}
	if (!r->target_func[0])
		bpf_probe_read_kernel_str(r->target_func, FULL_NAME_LEN, BPF_CORE_READ(aux, attach_func_name));
}

/* The device of a link type; a type this kernel lacks has no members to relocate. */
#define LINK_DEVICE(kind, link) ({							\
	struct kind *__l = (void *)(link);						\
	bpf_core_field_exists(__l->dev) ? BPF_CORE_READ(__l, dev) : NULL;		\
})

static __always_inline void fill_device(struct link_record *r, struct net_device *dev)
{
	if (!dev)
		return;		/* the device is gone, the link is not */
	r->ifindex = BPF_CORE_READ(dev, ifindex);
	bpf_probe_read_kernel_str(r->target_func, sizeof(dev->name), dev->name);
}

/* Fill *r, which is zero. */
static __always_inline void fill_link(struct link_record *r, struct bpf_link *link)
{
	struct bpf_prog *prog = BPF_CORE_READ(link, prog);
	struct bpf_prog_aux *aux = NULL;

	r->id = BPF_CORE_READ(link, id);
	r->type = BPF_CORE_READ(link, type);
	if (prog) {
		aux = BPF_CORE_READ(prog, aux);
		r->prog_id = BPF_CORE_READ(aux, id);
		read_prog_name(r->prog_name, aux);
	}

	if (r->type == LINK_TRACING) {
		fill_tracing_target(r, link, aux);
	} else if (r->type == LINK_RAW_TRACEPOINT) {
		struct bpf_raw_tp_link *raw_tp = (void *)link;

		bpf_probe_read_kernel_str(r->target_func, FULL_NAME_LEN, BPF_CORE_READ(raw_tp, btp, tp, name));
	} else if (r->type == LINK_ITER) {
		struct bpf_iter_link *iter = (void *)link;

		bpf_probe_read_kernel_str(r->target_func, FULL_NAME_LEN, BPF_CORE_READ(iter, tinfo, reg_info, target));
	} else if (r->type == LINK_CGROUP) {
		struct bpf_cgroup_link *cg_link = (void *)link;
		struct cgroup *cgroup = BPF_CORE_READ(cg_link, cgroup);

		if (cgroup)
			r->cgroup_id = BPF_CORE_READ(cgroup, kn, id);
	} else if (r->type == LINK_XDP) {
		fill_device(r, LINK_DEVICE(bpf_xdp_link, link));
	} else if (r->type == LINK_TCX) {
		fill_device(r, LINK_DEVICE(tcx_link, link));
	} else if (r->type == LINK_NETKIT) {
		fill_device(r, LINK_DEVICE(netkit_link, link));
	}
}

#endif
