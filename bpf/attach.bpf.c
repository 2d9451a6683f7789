// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What programs are attached to without a link, as far as no system call tells it: of network namespaces that we cannot enter, of perf events.
 * And what makes asking cheap: which cgroups have programs at all.
 *
 *   nets.h       network namespaces and devices, walked without a lock
 *
 * An object of its own, loaded when the first such file is opened: most views never need it.
 */
#include "kernel.h"
#include "records.h"
#include "nets.h"

#define ANON_INODE_FS_MAGIC	0x09041934
#define PERF_ATTACH_TASK	4
#define LINK_PERF_EVENT		7	/* by number: <linux/bpf.h> of a build machine may be older than the running kernel */
#define MAX_ATTACH_TYPES	64	/* of cgroups; 38 in 6.18 */
#define MAX_STRUCT_OPS		256	/* functions; the kernel has at most 64 */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct perf_event_attr {
	__u32 type;
	__u64 config;
};

struct perf_event___attach {
	unsigned int attach_state;
	struct perf_event_attr attr;
	__u32 orig_type;		/* what was asked for; attr.type becomes a PMU's number (since 5.15) */
	int cpu;
	__u64 id;
	struct bpf_prog *prog;
};

struct bpf_perf_link {
	struct file *perf_file;
};

struct task_struct___tid {
	int pid;
};

/* Other numbers than enum bpf_attach_type has, and others from version to version; names are what lasts. */
enum cgroup_bpf_attach_type {
	CGROUP_INET_INGRESS,
	CGROUP_INET_EGRESS,
	CGROUP_INET_SOCK_CREATE,
	CGROUP_SOCK_OPS,
	CGROUP_DEVICE,
	CGROUP_INET4_BIND,
	CGROUP_INET6_BIND,
	CGROUP_INET4_CONNECT,
	CGROUP_INET6_CONNECT,
	CGROUP_INET4_POST_BIND,
	CGROUP_INET6_POST_BIND,
	CGROUP_UDP4_SENDMSG,
	CGROUP_UDP6_SENDMSG,
	CGROUP_SYSCTL,
	CGROUP_UDP4_RECVMSG,
	CGROUP_UDP6_RECVMSG,
	CGROUP_GETSOCKOPT,
	CGROUP_SETSOCKOPT,
	CGROUP_INET4_GETPEERNAME,
	CGROUP_INET6_GETPEERNAME,
	CGROUP_INET4_GETSOCKNAME,
	CGROUP_INET6_GETSOCKNAME,
	CGROUP_INET_SOCK_RELEASE,
	CGROUP_UNIX_CONNECT,
	CGROUP_UNIX_SENDMSG,
	CGROUP_UNIX_RECVMSG,
	CGROUP_UNIX_GETPEERNAME,
	CGROUP_UNIX_GETSOCKNAME,
	CGROUP_LSM_START,
	CGROUP_LSM_END,
};

struct cgroup_bpf {
	struct hlist_head progs[38];	/* since 6.0 */
};

struct cgroup___attach {
	struct kernfs_node *kn;
	struct cgroup_bpf bpf;
};

struct bpf_iter__cgroup {
	struct bpf_iter_meta *meta;
	struct cgroup___attach *cgroup;
};

struct btf_type___info {
	__u32 info;
};

struct bpf_struct_ops {
	const struct btf_type___info *type;	/* until 6.8 */
	const char *name;
};

struct bpf_struct_ops_desc {
	struct bpf_struct_ops *st_ops;
};

enum bpf_struct_ops_state___kernel {
	BPF_STRUCT_OPS_STATE_INIT___kernel,
};

struct bpf_struct_ops_common_value {
	enum bpf_struct_ops_state___kernel state;
};

struct bpf_struct_ops_value {
	struct bpf_struct_ops_common_value common;	/* since 6.9 */
};

struct bpf_struct_ops_value___plain {
	enum bpf_struct_ops_state___kernel state;
};

struct bpf_struct_ops_map {
	struct bpf_struct_ops_desc *st_ops_desc;	/* since 6.9 (4c5763ed996a) */
	struct bpf_link **links;
	__u32 funcs_cnt;		/* since 6.13 */
	struct bpf_struct_ops_value kvalue;
};

struct bpf_struct_ops_map___older {
	struct bpf_struct_ops *st_ops;	/* until 6.8 */
	__u32 links_cnt;		/* 6.9 to 6.12 */
	struct bpf_struct_ops_value___plain kvalue;
};

#pragma clang attribute pop

static __always_inline void fill_perf_event(struct perf_event_record *r, struct perf_event___attach *event)
{
	r->event_id = BPF_CORE_READ(event, id);
	r->type = HAS(event, orig_type) ? BPF_CORE_READ(event, orig_type) : BPF_CORE_READ(event, attr.type);
	r->config = BPF_CORE_READ(event, attr.config);
	r->cpu = HAS(event, cpu) ? BPF_CORE_READ(event, cpu) : -1;
	r->of_task = (GET(event, attach_state) & PERF_ATTACH_TASK) != 0;
}

/* Every descriptor of a perf event that runs a program. How a file is known: holders.h. */
SEC("iter/task_file")
int perf_fd_records(struct bpf_iter__task_file *ctx)
{
	const char wanted[16] = "[perf_event]";
	struct perf_event_record r = {};
	struct perf_event___attach *event;
	struct task_struct___tid *task = (void *)ctx->task;
	struct file *file = ctx->file;
	struct bpf_prog *prog;
	__u64 name[2] = {};

	if (!file || !task || !HAS(event, prog))
		return 0;
	if (file->f_inode->i_sb->s_magic != ANON_INODE_FS_MAGIC)
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (name[0] != *(__u64 *)wanted || name[1] != *(__u64 *)(wanted + 8))
		return 0;
	event = BPF_CORE_READ(file, private_data);
	if (!event)
		return 0;
	prog = BPF_CORE_READ(event, prog);
	if (!prog)
		return 0;
	fill_perf_event(&r, event);
	r.prog_id = BPF_CORE_READ(prog, aux, id);
	r.tid = BPF_CORE_READ(task, pid);
	r.fd = ctx->fd;
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

/* The perf events of links. */
SEC("iter/bpf_link")
int perf_link_records(struct bpf_iter__bpf_link *ctx)
{
	struct bpf_link *link = ctx->link;
	struct perf_event_record r = {};
	struct perf_event___attach *event;
	struct bpf_perf_link *perf_link;

	if (!link || BPF_CORE_READ(link, type) != LINK_PERF_EVENT || !HAS(perf_link, perf_file))
		return 0;
	perf_link = (void *)link;
	event = BPF_CORE_READ(perf_link, perf_file, private_data);
	if (!event)
		return 0;
	fill_perf_event(&r, event);
	r.link_id = BPF_CORE_READ(link, id);
	r.prog_id = BPF_CORE_READ(link, prog, aux, id);
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

#define TRANSLATE(name, number) do {							\
	if (bpf_core_enum_value_exists(enum cgroup_bpf_attach_type, name)) {		\
		__u64 __at = bpf_core_enum_value(enum cgroup_bpf_attach_type, name);	\
											\
		types |= ((mask >> __at) & 1) << (number);				\
		mask &= ~(1ULL << __at);						\
	}										\
} while (0)

#define BPF_LSM_CGROUP_NUMBER	43

/* Without branches, each of which would double the verifier's way. From the kernel's numbers to those of enum bpf_attach_type; all of these, if it has one that is not known here. */
static __always_inline __u64 attach_types(__u64 mask)
{
	__u64 types = 0;

	TRANSLATE(CGROUP_INET_INGRESS, 0);
	TRANSLATE(CGROUP_INET_EGRESS, 1);
	TRANSLATE(CGROUP_INET_SOCK_CREATE, 2);
	TRANSLATE(CGROUP_SOCK_OPS, 3);
	TRANSLATE(CGROUP_DEVICE, 6);
	TRANSLATE(CGROUP_INET4_BIND, 8);
	TRANSLATE(CGROUP_INET6_BIND, 9);
	TRANSLATE(CGROUP_INET4_CONNECT, 10);
	TRANSLATE(CGROUP_INET6_CONNECT, 11);
	TRANSLATE(CGROUP_INET4_POST_BIND, 12);
	TRANSLATE(CGROUP_INET6_POST_BIND, 13);
	TRANSLATE(CGROUP_UDP4_SENDMSG, 14);
	TRANSLATE(CGROUP_UDP6_SENDMSG, 15);
	TRANSLATE(CGROUP_SYSCTL, 18);
	TRANSLATE(CGROUP_UDP4_RECVMSG, 19);
	TRANSLATE(CGROUP_UDP6_RECVMSG, 20);
	TRANSLATE(CGROUP_GETSOCKOPT, 21);
	TRANSLATE(CGROUP_SETSOCKOPT, 22);
	TRANSLATE(CGROUP_INET4_GETPEERNAME, 29);
	TRANSLATE(CGROUP_INET6_GETPEERNAME, 30);
	TRANSLATE(CGROUP_INET4_GETSOCKNAME, 31);
	TRANSLATE(CGROUP_INET6_GETSOCKNAME, 32);
	TRANSLATE(CGROUP_INET_SOCK_RELEASE, 34);
	TRANSLATE(CGROUP_UNIX_CONNECT, 49);
	TRANSLATE(CGROUP_UNIX_SENDMSG, 50);
	TRANSLATE(CGROUP_UNIX_RECVMSG, 51);
	TRANSLATE(CGROUP_UNIX_GETPEERNAME, 52);
	TRANSLATE(CGROUP_UNIX_GETSOCKNAME, 53);
	if (mask && bpf_core_enum_value_exists(enum cgroup_bpf_attach_type, CGROUP_LSM_START) &&
	    bpf_core_enum_value_exists(enum cgroup_bpf_attach_type, CGROUP_LSM_END)) {
		__u64 below = (1ULL << bpf_core_enum_value(enum cgroup_bpf_attach_type, CGROUP_LSM_START)) - 1;
		__u64 hooks = ((2ULL << bpf_core_enum_value(enum cgroup_bpf_attach_type, CGROUP_LSM_END)) - 1) & ~below;

		if (mask & hooks)
			types |= 1ULL << BPF_LSM_CGROUP_NUMBER;
		mask &= ~hooks;
	}
	return mask ? ~0ULL : types;
}

/* 1 unless it is 0, without a branch that clang would make of !!value. */
static __always_inline __u64 is_set(__u64 value)
{
	__u64 negative = -value;

	asm volatile("" : "+r"(negative));
	return (value | negative) >> 63;
}

SEC("iter/cgroup")
int cgroup_records(struct bpf_iter__cgroup *ctx)
{
	struct cgroup___attach *cgroup = ctx->cgroup;
	struct cgroup_record r = {};
	__u64 heads[16], mask = 0;
	__u32 size;

	if (!cgroup)
		return 0;
	size = bpf_core_field_size(cgroup->bpf.progs);
#pragma unroll
	for (int i = 0; i < MAX_ATTACH_TYPES / 16; i++) {
		__u32 at = i * sizeof(heads), length = size - at;

		if (at >= size)
			break;
		if (length > sizeof(heads))
			length = sizeof(heads);
		__builtin_memset(heads, 0, sizeof(heads));
		bpf_probe_read_kernel(heads, length, (void *)&cgroup->bpf.progs + at);
#pragma unroll
		for (int k = 0; k < 16; k++)
			mask |= is_set(heads[k]) << (i * 16 + k);
	}
	if (!mask)
		return 0;
	r.attach_types = attach_types(mask);
	r.id = BPF_CORE_READ(cgroup, kn, id);
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

struct struct_ops_walk {
	struct struct_ops_record r;
	struct bpf_link **links;
	struct seq_file *seq;
};

static long write_struct_ops(__u64 i, void *ctx)
{
	struct struct_ops_walk *walk = ctx;
	struct bpf_link *link;

	if (bpf_probe_read_kernel(&link, sizeof(link), walk->links + i))
		return 1;
	if (!link)
		return 0;
	walk->r.prog_id = BPF_CORE_READ(link, prog, aux, id);
	bpf_seq_write(walk->seq, &walk->r, sizeof(walk->r));
	return 0;
}

SEC("iter/bpf_map")
int struct_ops_records(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;
	struct bpf_struct_ops_map *ops_map;
	struct bpf_struct_ops_map___older *older;
	struct struct_ops_walk walk = {};
	struct bpf_struct_ops *ops;
	__u32 cnt;

	if (!map || BPF_CORE_READ(map, map_type) != BPF_MAP_TYPE_STRUCT_OPS || !HAS(ops_map, links))
		return 0;
	ops_map = (void *)map;
	older = (void *)map;
	walk.r.map_id = BPF_CORE_READ(map, id);
	walk.r.map_flags = BPF_CORE_READ(map, map_flags);
	GET_CHARS(walk.r.map_name, sizeof(walk.r.map_name), map, name);
	if (HAS(ops_map, kvalue.common.state))
		walk.r.state = BPF_CORE_READ(ops_map, kvalue.common.state);
	else
		walk.r.state = BPF_CORE_READ(older, kvalue.state);
	ops = HAS(ops_map, st_ops_desc, st_ops) ? BPF_CORE_READ(ops_map, st_ops_desc, st_ops) : GET(older, st_ops);
	GET_TEXT(walk.r.ops, sizeof(walk.r.ops), ops, name);
	if (HAS(ops_map, funcs_cnt))
		cnt = BPF_CORE_READ(ops_map, funcs_cnt);
	else if (HAS(older, links_cnt))
		cnt = BPF_CORE_READ(older, links_cnt);
	else	/* a place per member, BTF_INFO_VLEN */
		cnt = BPF_CORE_READ(ops, type, info) & 0xffff;
	if (cnt > MAX_STRUCT_OPS)
		cnt = MAX_STRUCT_OPS;
	walk.links = BPF_CORE_READ(ops_map, links);
	walk.seq = ctx->meta->seq;
	bpf_loop(cnt, write_struct_ops, &walk, 0);
	return 0;
}

/* clang leaves a type that only a local variable has out of the BTF; tools/RecordGen needs them all. */
const struct {
	struct net_record net;
	struct perf_event_record perf_event;
	struct cgroup_record cgroup;
	struct struct_ops_record struct_ops;
} attach_record_types;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
