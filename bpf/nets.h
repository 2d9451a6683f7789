/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is attached to network namespaces and their devices, in all namespaces -> struct net_record.
 *
 * A namespace can be entered only through a descriptor of it, and those of other processes' namespaces need CAP_SYS_PTRACE. The kernel's list of
 * them has all, also those without a process or a bind mount, and the devices know their programs and links.
 *
 * No lock can be taken. Nothing that is read can harm (every read is a probe); a device that does not belong to the namespace any more ends the
 * walk, which is then repeated.
 */
#ifndef BPFFS_VIEW_NETS_H
#define BPFFS_VIEW_NETS_H

#include "kernel.h"
#include "records.h"

#define NET_OUTPUT_SIZE	(256 * 1024)
#define MAX_NETS	65536
#define MAX_DEVICES	(1024 * 1024)
#define MAX_MPROG	64		/* BPF_MPROG_MAX */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct net_device___attach;

struct netns_bpf {
	struct bpf_prog *progs[2];	/* enum netns_bpf_attach_type: flow_dissector, sk_lookup */
	struct list_head links[2];
};

struct net {
	struct list_head list;
	struct ns_common ns;
	struct list_head dev_base_head;
	struct net_device___attach *loopback_dev;
	struct netns_bpf bpf;
};

struct ns_common___id {
	__u64 ns_id;			/* since 6.18 */
};

struct net___id {
	struct ns_common___id ns;
};

struct nsproxy {
	struct net *net_ns;
};

struct task_struct___net {
	struct nsproxy *nsproxy;
};

struct bpf_netns_link {
	struct list_head node;
};

struct bpf_xdp_entity {
	struct bpf_prog *prog;		/* attached without a link */
	struct bpf_link *link;
};

struct bpf_mprog_fp {
	struct bpf_prog *prog;
};

struct bpf_mprog_cp {
	struct bpf_link *link;
};

struct bpf_mprog_bundle {
	struct bpf_mprog_cp cp_items[64];
};

struct bpf_mprog_entry {
	struct bpf_mprog_fp fp_items[64];
	struct bpf_mprog_bundle *parent;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct Qdisc_ops {
	const void *cl_ops;
};

struct Qdisc {
	const struct Qdisc_ops *ops;
};

struct rtnl_link_ops {
	const char *kind;
};

struct net_device___attach {
	int ifindex;
	possible_net_t nd_net;
	char name[16];
	struct list_head dev_list;
	void *ingress_queue;
	struct Qdisc *qdisc;
	const struct rtnl_link_ops *rtnl_link_ops;
	struct bpf_xdp_entity xdp_state[3];	/* enum bpf_xdp_mode */
};

struct net_device___tcx {
	struct bpf_mprog_entry *tcx_ingress;	/* since 6.6 */
	struct bpf_mprog_entry *tcx_egress;
};

struct netkit {
	struct bpf_mprog_entry *active;		/* since 6.7 */
	bool primary;
};

#pragma clang attribute pop

struct net_output {
	char bytes[NET_OUTPUT_SIZE];
};

/* Read through a mapping by whoever runs walk_nets, which is done one at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct net_output);
} net_output SEC(".maps");

/*
 * The state of a walk, on the stack of the program: there are kernel addresses in it.
 *
 * The functions below that are not static are so for the verifier, which goes through each of those once and not once per way to call it;
 * so they are given addresses as numbers.
 */
struct net_walk {
	struct net_record r;		/* of the namespace and device that the walk is at */
	void *first_node;
	void *node;
	__u32 first;
	__u32 items;			/* passed over or written */
	__u32 length;
	__u32 full;
	__u32 torn;
};

/* Appends a record of a program, or of a link's. */
__noinline int net_write(struct net_walk *walk, __u32 what, __u32 mode, __u64 prog_at, __u64 link_at)
{
	struct bpf_prog *prog = (void *)prog_at;
	struct bpf_link *link = (void *)link_at;
	struct net_output *output;
	struct net_record *to;
	__u32 key = 0, at;

	if (!walk)
		return 0;
	if (link)
		prog = GET(link, prog);
	if (!prog && what != NET_TC)
		return 0;
	if (walk->items < walk->first) {
		walk->items++;
		return 0;
	}
	output = bpf_map_lookup_elem(&net_output, &key);
	at = walk->length;
	if (!output || at > NET_OUTPUT_SIZE - sizeof(*to)) {
		walk->full = 1;
		return 0;
	}
	to = (void *)output->bytes + at;
	*to = walk->r;
	to->what = what;
	to->mode = mode;
	to->prog_id = prog ? BPF_CORE_READ(prog, aux, id) : 0;
	to->link_id = link ? GET(link, id) : 0;
	walk->items++;
	walk->length = at + sizeof(*to);
	return 0;
}

struct mprog_walk {
	struct net_walk *walk;
	struct bpf_mprog_entry *entry;
	struct bpf_mprog_bundle *bundle;
	__u32 what;
	__u32 mode;
};

static long write_mprog(__u64 i, void *ctx)
{
	struct mprog_walk *mprog = ctx;
	struct bpf_prog *prog = NULL;
	struct bpf_link *link = NULL;
	void *fp = (void *)mprog->entry + bpf_core_field_offset(struct bpf_mprog_entry, fp_items);
	void *cp = (void *)mprog->bundle + bpf_core_field_offset(struct bpf_mprog_bundle, cp_items);

	bpf_probe_read_kernel(&prog, sizeof(prog), fp + i * sizeof(prog));
	if (!prog)
		return 1;	/* what follows the last one */
	bpf_probe_read_kernel(&link, sizeof(link), cp + i * sizeof(link));
	net_write(mprog->walk, mprog->what, mprog->mode, (__u64)prog, (__u64)link);
	return 0;
}

__noinline int net_write_entry(struct net_walk *walk, __u64 at, __u32 what, __u32 mode)
{
	struct bpf_mprog_entry *entry = (void *)at;
	struct mprog_walk mprog = { .walk = walk, .entry = entry, .what = what, .mode = mode };

	if (!walk || !entry || !HAS(entry, fp_items) || !HAS(entry, parent, cp_items))
		return 0;
	mprog.bundle = BPF_CORE_READ(entry, parent);
	bpf_loop(MAX_MPROG, write_mprog, &mprog, 0);
	return 0;
}

/* What netdev_priv() gives: the private part lies behind the device, aligned to NETDEV_ALIGN. */
static __always_inline void write_netkit(struct net_walk *walk, struct net_device___attach *dev)
{
	const char wanted[8] = "netkit";
	struct netkit *netkit;
	__u64 kind = 0;

	if (!HAS(netkit, active) || !HAS(netkit, primary))
		return;
	GET_TEXT(&kind, sizeof(kind), dev, rtnl_link_ops, kind);
	if (kind != *(__u64 *)wanted)
		return;
	netkit = (void *)dev + ((bpf_core_type_size(struct net_device) + 31) & ~31);
	net_write_entry(walk, (__u64)BPF_CORE_READ(netkit, active), NET_NETKIT, BPF_CORE_READ(netkit, primary));
}

#define WRITE_XDP(walk, dev, mode) \
	net_write(walk, NET_XDP, mode, (__u64)GET(dev, xdp_state[mode].prog), (__u64)GET(dev, xdp_state[mode].link))

struct device_walk {
	struct net_walk *walk;
	struct net *net;
	void *head;
	void *node;
};

static long visit_device(__u64 i, void *ctx)
{
	struct device_walk *devices = ctx;
	struct net_walk *walk = devices->walk;
	struct net_device___attach *dev = devices->node - bpf_core_field_offset(struct net_device___attach, dev_list);
	struct net_device___tcx *tcx = (void *)dev;

	if (devices->node == devices->head)
		return 1;
	if (BPF_CORE_READ(dev, nd_net.net) != devices->net) {
		walk->torn = 1;
		return 1;
	}
	devices->node = BPF_CORE_READ(dev, dev_list.next);
	walk->r.ifindex = BPF_CORE_READ(dev, ifindex);
	__builtin_memset(walk->r.name, 0, sizeof(walk->r.name));
	GET_CHARS(walk->r.name, sizeof(walk->r.name), dev, name);
	WRITE_XDP(walk, dev, 0);
	WRITE_XDP(walk, dev, 1);
	WRITE_XDP(walk, dev, 2);
	net_write_entry(walk, (__u64)GET(tcx, tcx_ingress), NET_TCX_INGRESS, 0);
	net_write_entry(walk, (__u64)GET(tcx, tcx_egress), NET_TCX_EGRESS, 0);
	write_netkit(walk, dev);
	if (GET(dev, ingress_queue) || GET(dev, qdisc, ops, cl_ops))
		net_write(walk, NET_TC, 0, 0, 0);
	return walk->full != 0;
}

struct netns_link_walk {
	struct net_walk *walk;
	void *head;
	void *node;
	__u32 what;
	__u32 reserved;
};

static long write_netns_link(__u64 i, void *ctx)
{
	struct netns_link_walk *links = ctx;
	struct bpf_netns_link *link;

	if (!links->node || links->node == links->head)
		return 1;
	link = links->node - bpf_core_field_offset(struct bpf_netns_link, node);
	links->node = BPF_CORE_READ(link, node.next);
	net_write(links->walk, links->what, 0, 0, (__u64)link);
	return 0;
}

__noinline int net_write_own(struct net_walk *walk, __u64 net_at, __u32 type, __u32 what)
{
	struct netns_link_walk links = { .walk = walk, .what = what };
	struct net *net = (void *)net_at;
	struct bpf_prog *prog = NULL;
	struct bpf_netns_link *link;

	if (!walk)
		return 0;
	if (HAS(net, bpf.links) && HAS(link, node.next)) {
		links.head = (void *)net + bpf_core_field_offset(struct net, bpf.links) + type * sizeof(struct list_head);
		bpf_probe_read_kernel(&links.node, sizeof(links.node), links.head);
		bpf_loop(MAX_MPROG, write_netns_link, &links, 0);
	}
	if (HAS(net, bpf.progs)) {
		bpf_probe_read_kernel(&prog, sizeof(prog), (void *)net + bpf_core_field_offset(struct net, bpf.progs) + type * sizeof(prog));
		net_write(walk, what, 0, (__u64)prog, 0);
	}
	return 0;
}

__noinline int net_write_devices(struct net_walk *walk, __u64 net_at)
{
	struct net *net = (void *)net_at;
	struct device_walk devices = { .walk = walk, .net = net };

	if (!walk)
		return 0;
	devices.head = (void *)net + bpf_core_field_offset(struct net, dev_base_head);
	devices.node = BPF_CORE_READ(net, dev_base_head.next);
	bpf_loop(MAX_DEVICES, visit_device, &devices, 0);
	return 0;
}

static long visit_net(__u64 i, void *ctx)
{
	struct net_walk *walk = ctx;
	struct net *net = walk->node - bpf_core_field_offset(struct net, list);
	struct net___id *id = (void *)net;
	struct net_device___attach *loopback = BPF_CORE_READ(net, loopback_dev);

	walk->node = BPF_CORE_READ(net, list.next);
	/* One of the list's nodes is its head, which is in no namespace; and one that is just being made has no loopback device. */
	if (loopback && BPF_CORE_READ(loopback, nd_net.net) == net) {
		__builtin_memset(&walk->r, 0, sizeof(walk->r));
		walk->r.netns = BPF_CORE_READ(net, ns.inum);
		walk->r.ns_id = GET(id, ns.ns_id);
		net_write_own(walk, (__u64)net, 0, NET_FLOW_DISSECTOR);
		net_write_own(walk, (__u64)net, 1, NET_SK_LOOKUP);
		net_write_devices(walk, (__u64)net);
	}
	if (!walk->node)
		walk->torn = 1;
	return walk->full != 0 || walk->torn != 0 || walk->node == walk->first_node;
}

SEC("syscall")
int walk_nets(struct walk_nets_record *ctx)
{
	struct task_struct___net *task = (void *)bpf_get_current_task();
	struct net_walk walk = { .first = ctx->first };
	struct net *own = BPF_CORE_READ(task, nsproxy, net_ns);

	walk.first_node = walk.node = (void *)own + bpf_core_field_offset(struct net, list);
	bpf_loop(MAX_NETS, visit_net, &walk, 0);
	ctx->length = walk.length;
	ctx->next = walk.full ? walk.items : 0;
	ctx->torn = walk.torn;
	return 0;
}

#endif
