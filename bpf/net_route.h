/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IPv6 routes: what ipv6_route_native_seq_show() prints (net/ipv6/ip6_fib.c), and more -> struct route6_record. */
#ifndef BPFFS_VIEW_NET_ROUTE_H
#define BPFFS_VIEW_NET_ROUTE_H

#include "socks.h"

#define RTF_GATEWAY	2

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct rt6key {
	struct in6_addr addr;
	int plen;
};

struct fib6_table {
	__u32 tb6_id;
};

struct fib_nh_common {
	struct net_device *nhc_dev;
	__u8 nhc_gw_family;
	union {
		struct in6_addr ipv6;
	} nhc_gw;
};

struct fib6_nh {
	struct fib_nh_common nh_common;
};

struct nh_info {
	__u8 family;
	struct fib6_nh fib6_nh;
};

struct nexthop;

struct nh_grp_entry {
	struct nexthop *nh;
};

struct nh_group {
	__u16 num_nh;
	struct nh_grp_entry nh_entries[0];
};

struct nexthop {
	__u32 id;
	bool is_group;
	struct nh_info *nh_info;
	struct nh_group *nh_grp;
};

struct fib6_info {
	struct fib6_table *fib6_table;
	refcount_t fib6_ref;
	struct rt6key fib6_dst;
	__u32 fib6_flags;
	struct rt6key fib6_src;
	__u32 fib6_metric;
	__u8 fib6_protocol;
	__u8 fib6_type;
	struct nexthop *nh;
	struct fib6_nh fib6_nh[0];
};

struct bpf_iter__ipv6_route {
	struct bpf_iter_meta *meta;
	struct fib6_info *rt;
};

#pragma clang attribute pop

/* Whether nh_of_nexthop() can tell. */
#define HAS_NEXTHOPS (HAS((struct nexthop *)NULL, is_group) && HAS((struct nexthop *)NULL, nh_grp, num_nh) &&				\
		      HAS((struct nexthop *)NULL, nh_grp, nh_entries[0].nh) && HAS((struct nexthop *)NULL, nh_info, family) &&	\
		      HAS((struct nexthop *)NULL, nh_info, fib6_nh))

/* nexthop_fib6_nh(): of a group, its first; NULL where it is none of IPv6. */
static __always_inline struct fib6_nh *nh_of_nexthop(struct nexthop *nexthop)
{
	struct nh_info *info;

	if (BPF_CORE_READ(nexthop, is_group)) {
		struct nh_group *group = BPF_CORE_READ(nexthop, nh_grp);

		if (!BPF_CORE_READ(group, num_nh))
			return NULL;
		nexthop = BPF_CORE_READ(group, nh_entries[0].nh);
	}
	info = BPF_CORE_READ(nexthop, nh_info);
	return info && BPF_CORE_READ(info, family) == AF_INET6 ? &info->fib6_nh : NULL;
}

static __always_inline void fill_nexthop(struct route6_record *r, struct fib6_nh *nh)
{
	struct net_device *dev;

	if (HAS(nh, nh_common.nhc_gw_family) && HAS(nh, nh_common.nhc_gw.ipv6)) {
		r->known |= ROUTE6_HAS_GATEWAY;
		if (BPF_CORE_READ(nh, nh_common.nhc_gw_family)) {
			r->flags |= RTF_GATEWAY;
			bpf_probe_read_kernel(r->gateway, sizeof(r->gateway), &nh->nh_common.nhc_gw.ipv6);
		}
	}
	dev = GET(nh, nh_common.nhc_dev);
	if (dev) {
		r->ifindex = GET(dev, ifindex);
		GET_CHARS(r->dev, sizeof(r->dev), dev, name);
	}
}

SEC("iter/ipv6_route")
int route6_records(struct bpf_iter__ipv6_route *ctx)
{
	struct fib6_info *rt = ctx->rt;
	struct route6_record r = {};
	struct nexthop *nexthop;
	struct fib6_nh *nh = NULL;

	if (!rt)
		return 0;
	if (HAS(rt, fib6_dst.addr) && HAS(rt, fib6_dst.plen)) {
		bpf_probe_read_kernel(r.destination, sizeof(r.destination), &rt->fib6_dst.addr);
		r.destination_len = rt->fib6_dst.plen;
		r.known |= ROUTE6_HAS_DESTINATION;
	}
	if (HAS(rt, fib6_src.addr) && HAS(rt, fib6_src.plen)) {	/* CONFIG_IPV6_SUBTREES; else it is any, :: */
		bpf_probe_read_kernel(r.source, sizeof(r.source), &rt->fib6_src.addr);
		r.source_len = BPF_CORE_READ(rt, fib6_src.plen);
	}
	TAKE_BY(___arrow, &r, ROUTE6_HAS_METRIC, metric, rt, fib6_metric);
	TAKE_BY(___arrow, &r, ROUTE6_HAS_REFCNT, refcnt, rt, fib6_ref.refs.counter);
	TAKE_BY(___arrow, &r, ROUTE6_HAS_FLAGS, flags, rt, fib6_flags);
	TAKE_BY(___arrow, &r, ROUTE6_HAS_PROTOCOL, protocol, rt, fib6_protocol);
	TAKE_BY(___arrow, &r, ROUTE6_HAS_TYPE, type, rt, fib6_type);
	TAKE(&r, ROUTE6_HAS_TABLE, table, rt, fib6_table, tb6_id);
	if (HAS(rt, fib6_nh))
		nh = rt->fib6_nh;
	nexthop = GET_BY(___arrow, rt, nh);
	if (nexthop) {
		r.nexthop_id = GET(nexthop, id);
		nh = HAS_NEXTHOPS ? nh_of_nexthop(nexthop) : NULL;
	}
	if (nh)
		fill_nexthop(&r, nh);
	else if (nexthop && HAS_NEXTHOPS)
		r.known |= ROUTE6_HAS_GATEWAY;	/* it has none */
	BPF_SEQ_WRITE_RECORD(ctx->meta, &r);
	return 0;
}

#endif
