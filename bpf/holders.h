/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who holds what: every open file descriptor of every process, and which object it keeps -> struct holder_record.
 */
#ifndef BPFFS_VIEW_HOLDERS_H
#define BPFFS_VIEW_HOLDERS_H

#include "kernel.h"
#include "held.h"
#include "records.h"

static __always_inline void emit(struct bpf_iter__task_file *ctx, struct holder_record *r, __u32 kind, __u32 id)
{
	if (!id)
		return;
	r->kind = kind;
	r->id = id;
	bpf_seq_write(ctx->meta->seq, r, sizeof(*r));
}

static __always_inline void emit_held(struct bpf_iter__task_file *ctx, struct holder_record *r, struct held held)
{
	emit(ctx, r, held.kind, held.id);
}

static __always_inline void emit_socket(struct bpf_iter__task_file *ctx, struct holder_record *r, struct socket *socket)
{
	struct sock *sk = GET(socket, sk);

	if (!sk)
		return;
	emit(ctx, r, HOLDER_SOCKET, id_of_prog(GET(sk, sk_filter, prog)));
	emit(ctx, r, HOLDER_SOCKET, id_of_prog(GET(sk, sk_reuseport_cb, prog)));
}

/*
 * The kernel itself passes over threads that share their leader's table of files, so a process has each descriptor once; a thread with
 * a table of its own is walked, under its process's id.
 */
SEC("iter/task_file")
int holder_records(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct task_struct *task = ctx->task;
	struct holder_record r = {};
	unsigned long magic;
	void *private_data;

	if (!file || !task)
		return 0;
	magic = file->f_inode->i_sb->s_magic;
	if (magic != ANON_INODE_FS_MAGIC && magic != SOCKFS_MAGIC && magic != BPF_FS_MAGIC)
		return 0;
	private_data = BPF_CORE_READ(file, private_data);
	if (!private_data)
		return 0;	/* opened with O_PATH: holds no object */

	r.pid = task->tgid;
	r.is_own = r.pid == bpf_get_current_pid_tgid() >> 32;
	r.fd = ctx->fd;
	GET_TEXT(r.comm, sizeof(r.comm), task, group_leader, comm);
	if (magic == SOCKFS_MAGIC)
		emit_socket(ctx, &r, private_data);
	else if (is_iter(ctx->meta, file))
		emit(ctx, &r, HOLDER_ITER, id_of_iter(private_data));
	else if (magic == ANON_INODE_FS_MAGIC)
		emit_held(ctx, &r, object_of_anonymous(file, private_data));
	return 0;
}

#endif
