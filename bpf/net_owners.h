/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which process has which socket open, and in which network namespace a reader is. */
#ifndef BPFFS_VIEW_NET_OWNERS_H
#define BPFFS_VIEW_NET_OWNERS_H

#include "proc.h"
#include "socks.h"

#define SOCKFS_MAGIC		0x534f434b

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct nsproxy {
	struct net *net_ns;
};

struct task_struct___net {
	struct nsproxy *nsproxy;
};

struct ns_common___id {
	__u64 ns_id;
};

struct net___id {
	struct ns_common___id ns;
};

#pragma clang attribute pop

SEC("iter/task_file")
int sock_owner_records(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct task_struct *task = ctx->task;
	struct sock_owner_record r = {};
	struct socket_alloc *alloc;
	struct socket___net *socket;
	struct sock___net *sk;

	if (!file || !task || file->f_inode->i_sb->s_magic != SOCKFS_MAGIC)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = socket ? BPF_CORE_READ(socket, sk) : NULL;
	if (!sk)
		return 0;	/* opened with O_PATH; or being closed */
	alloc = (void *)socket - bpf_core_field_offset(struct socket_alloc, socket);
	r.inode = BPF_CORE_READ(alloc, vfs_inode.i_ino);
	r.netns_ino = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (HAS(sk, __sk_common.skc_family) && HAS(socket, type) && HAS(sk, sk_protocol)) {
		r.family = BPF_CORE_READ(sk, __sk_common.skc_family);
		r.type = BPF_CORE_READ(socket, type);
		r.protocol = BPF_CORE_READ(sk, sk_protocol);
		r.known |= SOCK_OWNER_HAS_PROTOCOL;
	}
	r.mark = GET(sk, sk_mark);
	r.pid = task->tgid;
	r.fd = ctx->fd;
	GET_TEXT(r.comm, sizeof(r.comm), task, group_leader, comm);
	BPF_SEQ_WRITE_RECORD(ctx->meta, &r);
	return 0;
}

SEC("syscall")
int reader_netns(struct reader_netns_record *ctx)
{
	struct task_struct *of = NULL;
	struct task_struct___net *task;
	struct net___id *newer;
	struct net *net;

	ctx->error = task_of_fd(ctx->fd, &of);
	if (ctx->error)
		return 0;
	task = (void *)of;
	net = BPF_CORE_READ(task, nsproxy, net_ns);
	if (!net) {
		ctx->error = ESRCH;
		return 0;
	}
	ctx->netns_ino = BPF_CORE_READ(net, ns.inum);
	newer = (void *)net;
	if (HAS(newer, ns.ns_id)) {
		ctx->netns_id = BPF_CORE_READ(newer, ns.ns_id);
		ctx->has_id = 1;
	}
	return 0;
}

#endif
