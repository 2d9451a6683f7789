/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* UDP sockets: what udp4_format_sock() and its like print (net/ipv4/udp.c), and how they are set up -> struct udp_record. */
#ifndef BPFFS_VIEW_NET_UDP_H
#define BPFFS_VIEW_NET_UDP_H

#include "socks.h"

#define IP_PMTUDISC_DO		2
#define IP_PMTUDISC_PROBE	3
#define IP_CMSG_PKTINFO		1	/* include/net/inet_sock.h */
#define IP_CMSG_TOS		4
#define SOCK_RCVBUF_LOCK	2	/* include/net/sock.h */

#define UDP_FLAGS_GRO_ENABLED	3	/* <linux/udp.h>; an enum without a name, which CO-RE cannot find */

#define QUIC_LOOKED_AT		16	/* datagrams of a queue that are looked at */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ipv6_pinfo {
	__u8 pmtudisc;			/* a bit field until 6.6 */
	union {
		struct {
			__u16 rxinfo:1;
			__u16 rxtclass:1;
		} bits;
	} rxopt;
};

struct inet_sock {
	struct ipv6_pinfo *pinet6;
	__u8 pmtudisc;
};

struct inet_sock___flags {
	unsigned long inet_flags;	/* since 6.6 (c274af224269) */
};

struct inet_sock___cmsg {
	__u8 cmsg_flags;		/* until 6.5; two bytes in some */
};

struct udp_sock {
	__u8 encap_type;
	__u16 gso_size;
	void *encap_rcv;
	struct sk_buff_head reader_queue;
	int forward_deficit;
};

struct udp_sock___flags {
	unsigned long udp_flags;	/* since 6.7 (81b36803ac13) */
};

struct udp_sock___bits {
	__u8 gro_enabled:1;		/* until 6.6 */
	__u8 encap_type;
};

struct bpf_udp_iter_state {
	unsigned int cur_sk;		/* since 6.6 the iterator takes sockets by the batch and holds them meanwhile */
};

struct bpf_iter__udp {
	struct bpf_iter_meta *meta;
	struct udp_sock *udp_sk;
	__u32 uid;
};

#pragma clang attribute pop

/*
 * Whether a datagram begins as a QUIC packet with a long header does (RFC 8999 5.1, RFC 9000 17.2): form and fixed bit, a version that
 * is known, and connection ids of at most 20 bytes. Only what lies in the linear part is seen.
 */
static __always_inline bool is_quic(struct sk_buff *skb)
{
	__u8 head[6] = {};
	__u32 version;

	if (!HAS(skb, len) || !HAS(skb, data_len) || !HAS(skb, data))
		return false;
	if (BPF_CORE_READ(skb, len) - BPF_CORE_READ(skb, data_len) < sizeof(head) ||
	    bpf_probe_read_kernel(head, sizeof(head), BPF_CORE_READ(skb, data)))
		return false;
	version = head[1] << 24 | head[2] << 16 | head[3] << 8 | head[4];
	if ((head[0] & 0xc0) != 0xc0 || head[5] > 20)
		return false;
	return version == 1 || version == 0x6b3343cf ||		/* RFC 9000, RFC 9369 */
	       version >> 8 == 0xff0000 ||			/* drafts */
	       (version & 0x0f0f0f0f) == 0x0a0a0a0a;		/* to force a negotiation, RFC 9000 15 */
}

struct quic_search {
	struct sk_buff_head *queue;
	struct sk_buff *skb;
	bool found;
};

static long look_at_datagram(__u64 i, void *ctx)
{
	struct quic_search *search = ctx;
	struct sk_buff *skb = search->skb;

	if (!skb || (void *)skb == (void *)search->queue)
		return 1;
	search->found = is_quic(skb);
	search->skb = GET(skb, next);
	return search->found;
}

/* By bpf_loop(), whose body the verifier sees once. */
static __always_inline bool has_quic(struct sk_buff_head *queue)
{
	struct quic_search search = { .queue = queue, .skb = GET(queue, next) };

	bpf_loop(QUIC_LOOKED_AT, look_at_datagram, &search, 0);
	return search.found;
}

/* What it is told of each datagram it receives. */
static __always_inline __u32 told(struct inet_sock *inet, struct ipv6_pinfo *inet6)
{
	struct inet_sock___flags *newer = (void *)inet;
	struct inet_sock___cmsg *older = (void *)inet;
	__u32 flags = HAS(newer, inet_flags) ? BPF_CORE_READ(newer, inet_flags) : GET_BY(BPF_CORE_READ_BITFIELD_PROBED, older, cmsg_flags);
	__u32 told = 0;

	if (flags & IP_CMSG_TOS || (inet6 && GET_BY(BPF_CORE_READ_BITFIELD_PROBED, inet6, rxopt.bits.rxtclass)))
		told |= UDP_SOCK_ECN;
	if (flags & IP_CMSG_PKTINFO || (inet6 && GET_BY(BPF_CORE_READ_BITFIELD_PROBED, inet6, rxopt.bits.rxinfo)))
		told |= UDP_SOCK_PKTINFO;
	return told;
}

static __always_inline bool has_gro(struct udp_sock *up)
{
	struct udp_sock___flags *newer = (void *)up;
	struct udp_sock___bits *older = (void *)up;

	if (HAS(newer, udp_flags))
		return BPF_CORE_READ(newer, udp_flags) >> UDP_FLAGS_GRO_ENABLED & 1;
	return GET_BY(BPF_CORE_READ_BITFIELD_PROBED, older, gro_enabled);
}

static __always_inline bool never_fragments(__u8 pmtudisc)
{
	return pmtudisc == IP_PMTUDISC_DO || pmtudisc == IP_PMTUDISC_PROBE;
}

/* Not static, and so given the socket as a number (read by a probe: what the iterator hands in is none), for the verifier: it goes through this once, and not once per path to what follows. */
__noinline int fill_udp(struct udp_record *r, __u64 address, __u32 uid)
{
	struct udp_sock *up = (void *)address;
	struct sock___net *sk = (void *)up;
	struct inet_sock *inet = (void *)up;
	struct ipv6_pinfo *inet6;

	if (!r)
		return 0;
	fill_endpoints(&r->ends, &r->sock, (void *)up);
	inet6 = r->ends.family == AF_INET6 ? GET(inet, pinet6) : NULL;
	fill_sock(&r->sock, sk, uid, bpf_core_field_exists(((struct bpf_udp_iter_state *)0)->cur_sk));
	r->sock.rx_queue -= GET(up, forward_deficit);		/* udp_rqueue_get() */
	r->gso_size = GET(up, gso_size);
	if (never_fragments(inet6 ? GET_BY(BPF_CORE_READ_BITFIELD_PROBED, inet6, pmtudisc) : GET(inet, pmtudisc)))
		r->flags |= UDP_SOCK_DF;
	r->flags |= told(inet, inet6);
	if (GET_BY(BPF_CORE_READ_BITFIELD_PROBED, sk, sk_userlocks) & SOCK_RCVBUF_LOCK)
		r->flags |= UDP_SOCK_RCVBUF;
	if (has_gro(up))
		r->flags |= UDP_SOCK_GRO;
	if (r->gso_size)
		r->flags |= UDP_SOCK_GSO;
	if (GET(up, encap_type) || GET(up, encap_rcv))
		r->flags |= UDP_SOCK_TUNNEL;
	return 0;
}

static __always_inline int write_udp(struct bpf_iter__udp *ctx, __u16 family)
{
	struct udp_sock *up = ctx->udp_sk;
	struct udp_record r = {};

	if (!up || ((struct sock_common *)up)->skc_family != family)
		return 0;
	fill_udp(&r, (__u64)BPF_CORE_READ(ctx, udp_sk), ctx->uid);
	BPF_SEQ_WRITE_RECORD(ctx->meta, &r);
	return 0;
}

SEC("iter/udp")
int udp_records(struct bpf_iter__udp *ctx)
{
	return write_udp(ctx, AF_INET);
}

SEC("iter/udp")
int udp6_records(struct bpf_iter__udp *ctx)
{
	return write_udp(ctx, AF_INET6);
}

/* All UDP sockets that QUIC could be spoken on; which are listed, the view decides. */
SEC("iter/udp")
int quic_records(struct bpf_iter__udp *ctx)
{
	struct udp_sock *up = ctx->udp_sk;
	struct sock___net *sk = (void *)up;
	struct udp_record r = {};

	if (!up)
		return 0;
	fill_udp(&r, (__u64)BPF_CORE_READ(ctx, udp_sk), ctx->uid);
	if (r.flags & UDP_SOCK_TUNNEL)
		return 0;
	if (HAS(sk, sk_receive_queue) && has_quic(&sk->sk_receive_queue))
		r.flags |= UDP_SOCK_QUIC_PACKET;
	if (HAS(up, reader_queue) && has_quic(&up->reader_queue))
		r.flags |= UDP_SOCK_QUIC_PACKET;
	if (r.flags)
		BPF_SEQ_WRITE_RECORD(ctx->meta, &r);
	return 0;
}

#endif
