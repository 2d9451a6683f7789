/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP sockets: what get_tcp4_sock() and its like print (net/ipv4/tcp_ipv4.c), and more -> struct tcp_record. */
#ifndef BPFFS_VIEW_NET_TCP_H
#define BPFFS_VIEW_NET_TCP_H

#include "socks.h"

#define TCP_SYN_RECV		3
#define TCP_TIME_WAIT		6
#define TCP_LISTEN		10
#define TCP_NEW_SYN_RECV	12

/* icsk_pending, include/net/inet_connection_sock.h */
#define ICSK_TIME_RETRANS	1
#define ICSK_TIME_PROBE0	3
#define ICSK_TIME_LOSS_PROBE	5
#define ICSK_TIME_REO_TIMEOUT	6

#define TCP_INFINITE_SSTHRESH	0x7fffffff

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct netns_ipv4___pingpong {
	__u8 sysctl_tcp_pingpong_thresh;	/* since 6.7; 1 before */
};

struct net___pingpong {
	struct netns_ipv4___pingpong ipv4;
};

struct inet_timewait_sock {
	struct sock_common __tw_common;
	unsigned char tw_substate;
	__be16 tw_sport;
	struct timer_list tw_timer;
};

struct request_sock {
	struct sock_common __req_common;
	__u8 num_timeout:7;
	struct timer_list rsk_timer;
};

struct tcp_congestion_ops {
	char name[CA_NAME_LEN];
};

struct fastopen_queue {
	int max_qlen;
};

struct request_sock_queue {
	struct fastopen_queue fastopenq;
};

struct inet_sock___tcp {
	struct sock___net sk;
};

struct inet_connection_sock {
	struct request_sock_queue icsk_accept_queue;
	struct timer_list icsk_retransmit_timer;
	__u32 icsk_rto;
	const struct tcp_congestion_ops *icsk_ca_ops;
	__u8 icsk_retransmits;
	__u8 icsk_pending;
	__u8 icsk_probes_out;
	struct {
		__u8 quick;
		__u8 pingpong;
		__u32 ato;			/* a bit field since 6.8 */
	} icsk_ack;
};

struct inet_connection_sock___timeout {
	unsigned long icsk_timeout;		/* until 6.17; since then icsk_retransmit_timer.expires alone */
};

struct minmax_sample {
	__u32 v;
};

struct minmax {
	struct minmax_sample s[1];
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 snd_cwnd;
	__u32 snd_ssthresh;
	__u32 write_seq;
	__u32 snd_una;
	__u32 rcv_nxt;
	__u32 copied_seq;
	__u32 srtt_us;
	__u32 mdev_us;
	__u32 total_retrans;
	__u32 lost_out;
	__u32 packets_out;
	struct minmax rtt_min;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	__u32 uid;
};

#pragma clang attribute pop

static __always_inline __u64 timeout_of(struct inet_connection_sock *icsk)
{
	struct inet_connection_sock___timeout *older = (void *)icsk;

	if (bpf_core_field_exists(older->icsk_timeout))
		return BPF_CORE_READ(older, icsk_timeout);
	return BPF_CORE_READ(icsk, icsk_retransmit_timer.expires);
}

static __always_inline void fill_timer(struct tcp_record *r, struct inet_connection_sock *icsk, struct sock___net *sk)
{
	__u8 pending = BPF_CORE_READ(icsk, icsk_pending);
	__u64 now = bpf_jiffies64();

	if (pending == ICSK_TIME_RETRANS || pending == ICSK_TIME_REO_TIMEOUT || pending == ICSK_TIME_LOSS_PROBE) {
		r->timer = 1;
		r->timer_expires = timeout_of(icsk) - now;
	} else if (pending == ICSK_TIME_PROBE0) {
		r->timer = 4;
		r->timer_expires = timeout_of(icsk) - now;
	} else if (BPF_CORE_READ(sk, sk_timer.entry.pprev)) {
		r->timer = 2;
		r->timer_expires = BPF_CORE_READ(sk, sk_timer.expires) - now;
	}
}

static __always_inline bool is_pingpong(struct inet_connection_sock *icsk, struct sock_common *sk)
{
	struct net___pingpong *net = (void *)BPF_CORE_READ(sk, skc_net.net);
	__u8 threshold = 1;

	if (bpf_core_field_exists(net->ipv4.sysctl_tcp_pingpong_thresh))
		threshold = BPF_CORE_READ(net, ipv4.sysctl_tcp_pingpong_thresh);
	return BPF_CORE_READ(icsk, icsk_ack.pingpong) >= threshold;
}

static __always_inline void fill_tcp(struct tcp_record *r, struct sock_common *common, __u32 uid)
{
	struct tcp_sock *tp = (void *)common;
	struct inet_connection_sock *icsk = (void *)common;
	struct sock___net *sk = (void *)common;
	__u32 queue;

	fill_sock(&r->sock, sk, uid, 1);
	fill_timer(r, icsk, sk);
	r->flags = TCP_SOCK_FULL;
	r->cwnd = BPF_CORE_READ(tp, snd_cwnd);
	r->ssthresh = BPF_CORE_READ(tp, snd_ssthresh);
	if (r->ssthresh >= TCP_INFINITE_SSTHRESH)
		r->flags |= TCP_SOCK_INITIAL_SLOWSTART;
	if (is_pingpong(icsk, common))
		r->flags |= TCP_SOCK_PINGPONG;
	r->sock.tx_queue = BPF_CORE_READ(tp, write_seq) - BPF_CORE_READ(tp, snd_una);
	if (r->ends.state == TCP_LISTEN) {
		r->sock.rx_queue = BPF_CORE_READ(sk, sk_ack_backlog);
		r->fastopen_queue = BPF_CORE_READ(icsk, icsk_accept_queue.fastopenq.max_qlen);
	} else {
		queue = BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq);
		r->sock.rx_queue = (int)queue > 0 ? queue : 0;	/* a FIN counts, so it may be one behind */
	}
	r->retransmits = BPF_CORE_READ(icsk, icsk_retransmits);
	r->probes = BPF_CORE_READ(icsk, icsk_probes_out);
	r->rto = BPF_CORE_READ(icsk, icsk_rto);
	r->ato = BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ack.ato);
	r->quick_ack = BPF_CORE_READ(icsk, icsk_ack.quick);
	r->srtt = BPF_CORE_READ(tp, srtt_us);
	r->rttvar = BPF_CORE_READ(tp, mdev_us);
	r->min_rtt = BPF_CORE_READ(tp, rtt_min.s[0].v);
	r->total_retransmits = BPF_CORE_READ(tp, total_retrans);
	r->lost = BPF_CORE_READ(tp, lost_out);
	r->unacked = BPF_CORE_READ(tp, packets_out);
	r->pacing_rate = BPF_CORE_READ(sk, sk_pacing_rate);
	bpf_probe_read_kernel_str(r->congestion, sizeof(r->congestion), BPF_CORE_READ(icsk, icsk_ca_ops, name));
}

static __always_inline int write_tcp(struct bpf_iter__tcp *ctx, __u16 family)
{
	struct sock_common *sk = ctx->sk_common;
	struct inet_timewait_sock *tw;
	struct request_sock *req;
	struct tcp_record r = {};

	if (!sk || sk->skc_family != family)
		return 0;
	fill_endpoints(&r.ends, sk);
	switch (r.ends.state) {
	case TCP_TIME_WAIT:
		tw = (void *)sk;
		r.ends.state = BPF_CORE_READ(tw, tw_substate);
		r.ends.local_port = bpf_ntohs(BPF_CORE_READ(tw, tw_sport));
		r.timer = 3;
		r.timer_expires = BPF_CORE_READ(tw, tw_timer.expires) - bpf_jiffies64();
		r.sock.refcnt = BPF_CORE_READ(sk, skc_refcnt.refs.counter) - 1;
		break;
	case TCP_NEW_SYN_RECV:
		req = (void *)sk;
		r.ends.state = TCP_SYN_RECV;
		r.timer = 1;
		r.timer_expires = BPF_CORE_READ(req, rsk_timer.expires) - bpf_jiffies64();
		r.retransmits = BPF_CORE_READ_BITFIELD_PROBED(req, num_timeout);
		r.sock.uid = ctx->uid;
		break;
	default:
		fill_tcp(&r, sk, ctx->uid);
	}
	BPF_SEQ_WRITE_RECORD(ctx->meta, &r);
	return 0;
}

SEC("iter/tcp")
int tcp_records(struct bpf_iter__tcp *ctx)
{
	return write_tcp(ctx, AF_INET);
}

SEC("iter/tcp")
int tcp6_records(struct bpf_iter__tcp *ctx)
{
	return write_tcp(ctx, AF_INET6);
}

#endif
