/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel knows of any socket. Where an iterator hands a socket in, its members are read by plain loads; what hangs on it
 * (programs, storage) is followed by probes.
 */
#ifndef BPFFS_VIEW_SOCKS_H
#define BPFFS_VIEW_SOCKS_H

#include "kernel.h"
#include "records.h"

#define AF_UNIX		1
#define AF_INET		2
#define AF_INET6	10

typedef struct {
	atomic_t refs;
} refcount_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	__u8 s6_addr[16];
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	unsigned int skc_hash;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	refcount_t skc_refcnt;
};

struct sk_buff {
	struct sk_buff *next;
	unsigned int len;
	unsigned int data_len;
	unsigned char *data;
};

struct sk_buff_head {
	struct sk_buff *next;
};

struct timer_list {
	struct hlist_node entry;
	unsigned long expires;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;		/* since 5.16 */
};

struct sock_cgroup_data___word {
	__u64 val;			/* the same, unless a bit says that it is something else */
};

struct inode___net {
	unsigned long i_ino;
};

struct socket_alloc {
	struct socket socket;
	struct inode___net vfs_inode;
};

struct bpf_local_storage_map {
	struct bpf_map map;
};

struct bpf_local_storage_data {
	struct bpf_local_storage_map *smap;
};

struct bpf_local_storage_elem {
	struct hlist_node snode;
	struct bpf_local_storage_data sdata;
};

struct bpf_local_storage {
	struct hlist_head list;
};

struct numa_drop_counters {
	atomic_t drops0;
	atomic_t drops1;
};

struct sk_psock_progs {
	struct bpf_prog *msg_parser;
	struct bpf_prog *stream_parser;
	struct bpf_prog *stream_verdict;
	struct bpf_prog *skb_verdict;
};

struct sk_psock {
	struct sk_psock_progs progs;
};

struct sk_psock___older {
	struct {
		struct bpf_prog *skb_parser;	/* until 5.12; skb_verdict was then the verdict on what it parsed */
	} progs;
};

struct sock___net {
	struct sock_common __sk_common;
	atomic_t sk_drops;
	struct sk_buff_head sk_receive_queue;
	struct {
		atomic_t rmem_alloc;
	} sk_backlog;
	struct sk_filter *sk_filter;
	struct socket *sk_socket;
	refcount_t sk_wmem_alloc;
	struct timer_list sk_timer;
	__u8 sk_userlocks;		/* a bit field until 6.6 */
	unsigned long sk_pacing_rate;
	__u32 sk_mark;
	__u16 sk_protocol;
	__u16 sk_type;
	__u32 sk_ack_backlog;
	void *sk_user_data;
	struct sock_cgroup_data sk_cgrp_data;
	struct sock_reuseport *sk_reuseport_cb;
	struct bpf_local_storage *sk_bpf_storage;
};

struct sock___counters {
	struct numa_drop_counters *sk_drop_counters;	/* since 6.18 */
};

struct sock___word {
	struct sock_cgroup_data___word sk_cgrp_data;
};

struct socket___net {
	unsigned short type;
	struct sock___net *sk;
};

#pragma clang attribute pop

#define SK_USER_DATA_PSOCK	4	/* include/net/sock.h */
#define SK_USER_DATA_FLAGS	7UL

static __always_inline __u64 inode_of_socket(struct socket *socket)
{
	struct socket_alloc *alloc;

	if (!socket || !HAS(alloc, socket) || !HAS(alloc, vfs_inode.i_ino))
		return 0;
	alloc = (void *)socket - bpf_core_field_offset(struct socket_alloc, socket);
	return BPF_CORE_READ(alloc, vfs_inode.i_ino);
}

static __always_inline void fill_drops(struct sock_record *r, struct sock___net *sk)
{
	struct sock___counters *counted = (void *)sk;
	struct numa_drop_counters *counters = GET(counted, sk_drop_counters);

	if (!counters) {
		TAKE(r, SOCK_HAS_DROPS, drops, sk, sk_drops.counter);
	} else if (HAS(counters, drops0.counter) && HAS(counters, drops1.counter)) {
		r->drops = BPF_CORE_READ(counters, drops0.counter) + BPF_CORE_READ(counters, drops1.counter);
		r->known |= SOCK_HAS_DROPS;
	}
}

static __always_inline __u64 cgroup_of(struct sock___net *sk)
{
	struct sock___word *older = (void *)sk;
	struct cgroup *cgroup = GET(sk, sk_cgrp_data.cgroup);

	if (!HAS(sk, sk_cgrp_data.cgroup) && HAS(older, sk_cgrp_data.val)) {
		__u64 word = BPF_CORE_READ(older, sk_cgrp_data.val);

		cgroup = word & 3 ? NULL : (void *)word;	/* sock_cgroup_ptr() */
	}
	return cgroup ? GET(cgroup, kn, id) : 0;
}

static __always_inline void add_prog(struct sock_record *r, enum sock_prog kind, struct bpf_prog *prog)
{
	if (!prog)
		return;
	r->prog_mask |= 1 << kind;
	r->progs[kind] = BPF_CORE_READ(prog, aux, id);	/* 0: a classic filter */
}

static __always_inline void fill_progs(struct sock_record *r, struct sock___net *sk)
{
	unsigned long user_data = (unsigned long)GET(sk, sk_user_data);
	struct sk_psock *psock = (void *)(user_data & ~SK_USER_DATA_FLAGS);
	struct sk_psock___older *older = (void *)psock;

	if (!HAS((struct bpf_prog *)NULL, aux, id))
		return;
	add_prog(r, SOCK_PROG_FILTER, GET(sk, sk_filter, prog));
	add_prog(r, SOCK_PROG_REUSEPORT, GET(sk, sk_reuseport_cb, prog));
	if (!(user_data & SK_USER_DATA_PSOCK))
		return;
	add_prog(r, SOCK_PROG_MSG_VERDICT, GET(psock, progs.msg_parser));
	add_prog(r, SOCK_PROG_STREAM_PARSER, HAS(psock, progs.stream_parser) ? BPF_CORE_READ(psock, progs.stream_parser) : GET(older, progs.skb_parser));
	add_prog(r, SOCK_PROG_STREAM_VERDICT, HAS(psock, progs.stream_verdict) ? BPF_CORE_READ(psock, progs.stream_verdict) : GET(psock, progs.skb_verdict));
	if (HAS(psock, progs.stream_verdict))
		add_prog(r, SOCK_PROG_SKB_VERDICT, GET(psock, progs.skb_verdict));
}

/* A socket's storage is a chain of values, each of another map. */
static __always_inline void fill_storages(struct sock_record *r, struct sock___net *sk)
{
	struct bpf_local_storage_elem *elem;
	struct hlist_node *node;

	if (!HAS(elem, snode) || !HAS(elem, sdata.smap, map.id) || !HAS(node, next))
		return;
	node = GET(sk, sk_bpf_storage, list.first);
	for (int i = 0; i < SOCK_STORAGES; i++) {
		if (!node)
			return;
		elem = (void *)node - bpf_core_field_offset(struct bpf_local_storage_elem, snode);
		r->storages[i] = BPF_CORE_READ(elem, sdata.smap, map.id);
		r->storage_cnt++;
		node = BPF_CORE_READ(node, next);
	}
	if (node)
		r->storage_cnt++;	/* there are more */
}

/*
 * `held`: references of the iterator. rx_queue and tx_queue are memory, as /proc/net shows them of all but TCP; drops too.
 */
static __always_inline void fill_sock(struct sock_record *r, struct sock___net *sk, __u32 uid, __u32 held)
{
	r->inode = inode_of_socket(GET(sk, sk_socket));
	r->cgroup_id = cgroup_of(sk);
	r->uid = uid;
	TAKE(r, SOCK_HAS_REFCNT, refcnt, sk, __sk_common.skc_refcnt.refs.counter);
	r->refcnt -= held;
	TAKE(r, SOCK_HAS_RX_QUEUE, rx_queue, sk, sk_backlog.rmem_alloc.counter);
	TAKE(r, SOCK_HAS_TX_QUEUE, tx_queue, sk, sk_wmem_alloc.refs.counter);
	r->tx_queue--;		/* sk_wmem_alloc_get() */
	fill_drops(r, sk);
	fill_progs(r, sk);
	fill_storages(r, sk);
}

static __always_inline void fill_endpoints(struct endpoints_record *r, struct sock_record *of, struct sock_common *sk)
{
	r->family = BPF_CORE_READ(sk, skc_family);
	if (HAS(sk, skc_state)) {
		r->state = BPF_CORE_READ(sk, skc_state);
		of->known |= SOCK_HAS_STATE;
	}
	if (HAS(sk, skc_num)) {
		r->local_port = BPF_CORE_READ(sk, skc_num);
		of->known |= SOCK_HAS_LOCAL_PORT;
	}
	if (HAS(sk, skc_dport)) {
		r->remote_port = bpf_ntohs(BPF_CORE_READ(sk, skc_dport));
		of->known |= SOCK_HAS_REMOTE_PORT;
	}
	if (r->family == AF_INET6) {
		if (HAS(sk, skc_v6_rcv_saddr) && !bpf_probe_read_kernel(r->local_address, sizeof(r->local_address), &sk->skc_v6_rcv_saddr))
			of->known |= SOCK_HAS_LOCAL_ADDRESS;
		if (HAS(sk, skc_v6_daddr) && !bpf_probe_read_kernel(r->remote_address, sizeof(r->remote_address), &sk->skc_v6_daddr))
			of->known |= SOCK_HAS_REMOTE_ADDRESS;
	} else {
		if (HAS(sk, skc_rcv_saddr) && !bpf_probe_read_kernel(r->local_address, 4, &sk->skc_rcv_saddr))
			of->known |= SOCK_HAS_LOCAL_ADDRESS;
		if (HAS(sk, skc_daddr) && !bpf_probe_read_kernel(r->remote_address, 4, &sk->skc_daddr))
			of->known |= SOCK_HAS_REMOTE_ADDRESS;
	}
}

#endif
