// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What may hang on a socket: storage, and a map that hands it to a program. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} sock_notes SEC(".maps"), sock_more_notes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} socks SEC(".maps");

SEC("sk_skb/stream_verdict")
int sock_verdict(struct __sk_buff *skb)
{
	return SK_PASS;
}

SEC("sk_msg")
int sock_message(struct sk_msg_md *msg)
{
	return SK_PASS;
}

SEC("socket")
int a_filter_with_a_long_name(struct __sk_buff *skb)
{
	return 0x40000;
}

SEC("socket")
int sock_choice(struct __sk_buff *skb)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
