// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Maps that belong to other objects of the kernel: each needs BTF. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counted {
	__u32 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct counted);
} of_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct counted);
} of_tasks SEC(".maps");

#ifdef HAS_BPF_MAP_TYPE_CGRP_STORAGE /* Linux 6.2 */
struct {
	__uint(type, 32);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct counted);
} of_cgroups SEC(".maps");
#endif

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, struct counted);
} of_attachments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, struct counted);
} of_attachments_percpu SEC(".maps");

SEC("cgroup_skb/egress")
int count_egress(struct __sk_buff *skb)
{
	struct counted *all = bpf_get_local_storage(&of_attachments, 0), *here = bpf_get_local_storage(&of_attachments_percpu, 0);

	all->packets++;
	here->bytes += skb->len;
	return 1;
}

char _license[] SEC("license") = "GPL";
