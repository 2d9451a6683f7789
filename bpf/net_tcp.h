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
	struct timer_list icsk_retransmit_timer;	/* until 6.18 */
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
	unsigned long icsk_timeout;		/* until 6.15 */
};

struct inet_connection_sock___keepalive {
	struct timer_list icsk_keepalive_timer;	/* since 6.19 */
};

struct sock___retransmit {
	struct timer_list tcp_retransmit_timer;	/* since 6.19, where sk_timer was */
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

/* When the retransmit timer ends, which is also that of probes; false: this kernel's cannot be told. */
static __always_inline bool read_timeout(__u64 *expires, struct inet_connection_sock *icsk)
{
	struct inet_connection_sock___timeout *older = (void *)icsk;
	struct sock___retransmit *newer = (void *)icsk;

	if (HAS(older, icsk_timeout))
		*expires = BPF_CORE_READ(older, icsk_timeout);
	else if (HAS(icsk, icsk_retransmit_timer.expires))
		*expires = BPF_CORE_READ(icsk, icsk_retransmit_timer.expires);
	else if (HAS(newer, tcp_retransmit_timer.expires))
		*expires = BPF_CORE_READ(newer, tcp_retransmit_timer.expires);
	else
		return false;
	return true;
}

/* The keepalive timer, if it runs. */
static __always_inline bool read_keepalive(struct tcp_record *r, __u64 *expires, struct inet_connection_sock *icsk, struct sock___net *sk)
{
	struct inet_connection_sock___keepalive *newer = (void *)icsk;
	void *pending;

	if (HAS(newer, icsk_keepalive_timer.entry.pprev) && HAS(newer, icsk_keepalive_timer.expires)) {
		pending = BPF_CORE_READ(newer, icsk_keepalive_timer.entry.pprev);
		*expires = BPF_CORE_READ(newer, icsk_keepalive_timer.expires);
	} else if (HAS(sk, sk_timer.entry.pprev) && HAS(sk, sk_timer.expires)) {
		pending = BPF_CORE_READ(sk, sk_timer.entry.pprev);
		*expires = BPF_CORE_READ(sk, sk_timer.expires);
	} else {
		return false;
	}
	r->known |= TCP_HAS_TIMER;
	return pending;
}

static __always_inline void fill_timer(struct tcp_record *r, struct inet_connection_sock *icsk, struct sock___net *sk)
{
	__u64 now = bpf_jiffies64(), expires = now;
	__u8 pending;

	if (!HAS(icsk, icsk_pending))
		return;
	pending = BPF_CORE_READ(icsk, icsk_pending);
	if (pending == ICSK_TIME_RETRANS || pending == ICSK_TIME_REO_TIMEOUT || pending == ICSK_TIME_LOSS_PROBE)
		r->timer = 1;
	else if (pending == ICSK_TIME_PROBE0)
		r->timer = 4;
	if (r->timer) {
		r->known |= TCP_HAS_TIMER;
		if (read_timeout(&expires, icsk))
			r->known |= TCP_HAS_EXPIRES;
	} else if (read_keepalive(r, &expires, icsk, sk)) {
		r->timer = 2;
		r->known |= TCP_HAS_EXPIRES;
	} else {
		expires = now;
	}
	r->timer_expires = expires - now;
}

static __always_inline bool is_pingpong(struct inet_connection_sock *icsk, struct sock_common *sk)
{
	struct net___pingpong *net = (void *)GET(sk, skc_net.net);
	__u8 threshold = HAS(net, ipv4.sysctl_tcp_pingpong_thresh) ? BPF_CORE_READ(net, ipv4.sysctl_tcp_pingpong_thresh) : 1;

	return BPF_CORE_READ(icsk, icsk_ack.pingpong) >= threshold;
}

static __always_inline void fill_queues(struct tcp_record *r, struct tcp_sock *tp, struct sock___net *sk)
{
	__u32 queue;

	r->sock.known &= ~(SOCK_HAS_RX_QUEUE | SOCK_HAS_TX_QUEUE);	/* not memory, but bytes of the stream */
	if (HAS(tp, write_seq) && HAS(tp, snd_una)) {
		r->sock.tx_queue = BPF_CORE_READ(tp, write_seq) - BPF_CORE_READ(tp, snd_una);
		r->sock.known |= SOCK_HAS_TX_QUEUE;
	}
	if (r->ends.state == TCP_LISTEN) {
		TAKE(&r->sock, SOCK_HAS_RX_QUEUE, rx_queue, sk, sk_ack_backlog);
	} else if (HAS(tp, rcv_nxt) && HAS(tp, copied_seq)) {
		queue = BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq);
		r->sock.rx_queue = (int)queue > 0 ? queue : 0;	/* a FIN counts, so it may be one behind */
		r->sock.known |= SOCK_HAS_RX_QUEUE;
	}
}

static __always_inline void fill_tcp(struct tcp_record *r, struct sock_common *common, __u32 uid)
{
	struct tcp_sock *tp = (void *)common;
	struct inet_connection_sock *icsk = (void *)common;
	struct sock___net *sk = (void *)common;

	fill_sock(&r->sock, sk, uid, 1);
	fill_queues(r, tp, sk);
	fill_timer(r, icsk, sk);
	r->flags = TCP_SOCK_FULL;
	TAKE(r, TCP_HAS_CWND, cwnd, tp, snd_cwnd);
	TAKE(r, TCP_HAS_SSTHRESH, ssthresh, tp, snd_ssthresh);
	if (r->ssthresh >= TCP_INFINITE_SSTHRESH)
		r->flags |= TCP_SOCK_INITIAL_SLOWSTART;
	if (HAS(icsk, icsk_ack.pingpong)) {
		r->known |= TCP_HAS_PINGPONG;
		if (is_pingpong(icsk, common))
			r->flags |= TCP_SOCK_PINGPONG;
	}
	if (r->ends.state == TCP_LISTEN)
		TAKE(r, TCP_HAS_FASTOPEN, fastopen_queue, icsk, icsk_accept_queue.fastopenq.max_qlen);
	TAKE(r, TCP_HAS_RETRANSMITS, retransmits, icsk, icsk_retransmits);
	TAKE(r, TCP_HAS_PROBES, probes, icsk, icsk_probes_out);
	TAKE(r, TCP_HAS_RTO, rto, icsk, icsk_rto);
	TAKE_BY(BPF_CORE_READ_BITFIELD_PROBED, r, TCP_HAS_ATO, ato, icsk, icsk_ack.ato);
	TAKE(r, TCP_HAS_QUICK_ACK, quick_ack, icsk, icsk_ack.quick);
	r->srtt = GET(tp, srtt_us);
	TAKE(r, TCP_HAS_RTTVAR, rttvar, tp, mdev_us);
	r->min_rtt = HAS(tp, rtt_min.s[0].v) ? BPF_CORE_READ(tp, rtt_min.s[0].v) : ~0u;
	TAKE(r, TCP_HAS_TOTAL_RETRANSMITS, total_retransmits, tp, total_retrans);
	TAKE(r, TCP_HAS_LOST, lost, tp, lost_out);
	TAKE(r, TCP_HAS_UNACKED, unacked, tp, packets_out);
	r->pacing_rate = GET(sk, sk_pacing_rate);
	GET_TEXT(r->congestion, sizeof(r->congestion), icsk, icsk_ca_ops, name);
}

/* What is left of a connection has neither owner nor queues, and /proc/net/tcp says 0 of them. */
static __always_inline void fill_remnant(struct tcp_record *r, __u32 timer)
{
	r->timer = timer;
	r->known |= TCP_HAS_TIMER | TCP_HAS_RETRANSMITS | TCP_HAS_PROBES;
	r->sock.known |= SOCK_HAS_RX_QUEUE | SOCK_HAS_TX_QUEUE | SOCK_HAS_REFCNT;
}

static __always_inline void fill_time_wait(struct tcp_record *r, struct inet_timewait_sock *tw, struct sock_common *sk)
{
	fill_remnant(r, 3);
	r->sock.known &= ~(SOCK_HAS_STATE | SOCK_HAS_LOCAL_PORT | SOCK_HAS_REFCNT);
	if (HAS(tw, tw_substate)) {
		r->ends.state = BPF_CORE_READ(tw, tw_substate);
		r->sock.known |= SOCK_HAS_STATE;
	}
	if (HAS(tw, tw_sport)) {
		r->ends.local_port = bpf_ntohs(BPF_CORE_READ(tw, tw_sport));
		r->sock.known |= SOCK_HAS_LOCAL_PORT;
	}
	TAKE(r, TCP_HAS_EXPIRES, timer_expires, tw, tw_timer.expires);
	r->timer_expires -= bpf_jiffies64();
	TAKE(&r->sock, SOCK_HAS_REFCNT, refcnt, sk, skc_refcnt.refs.counter);
	r->sock.refcnt--;
}

static __always_inline void fill_request(struct tcp_record *r, struct request_sock *req, __u32 uid)
{
	fill_remnant(r, 1);
	r->known &= ~TCP_HAS_RETRANSMITS;
	r->ends.state = TCP_SYN_RECV;
	TAKE(r, TCP_HAS_EXPIRES, timer_expires, req, rsk_timer.expires);
	r->timer_expires -= bpf_jiffies64();
	TAKE_BY(BPF_CORE_READ_BITFIELD_PROBED, r, TCP_HAS_RETRANSMITS, retransmits, req, num_timeout);
	r->sock.uid = uid;
}

static __always_inline int write_tcp(struct bpf_iter__tcp *ctx, __u16 family)
{
	struct sock_common *sk = ctx->sk_common;
	struct tcp_record r = {};
	__u8 state;

	if (!sk || sk->skc_family != family)
		return 0;
	fill_endpoints(&r.ends, &r.sock, sk);
	state = BPF_CORE_READ(sk, skc_state);	/* what it is */
	if (state == TCP_TIME_WAIT)
		fill_time_wait(&r, (void *)sk, sk);
	else if (state == TCP_NEW_SYN_RECV)
		fill_request(&r, (void *)sk, ctx->uid);
	else
		fill_tcp(&r, sk, ctx->uid);
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
