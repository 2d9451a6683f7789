/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who holds what: every open file descriptor of every process, and which object it keeps -> struct holder_record.
 *
 * What a file is, its f_op would tell, but whose address is whose only kallsyms knows, which has no data symbols without
 * CONFIG_KALLSYMS_ALL and is hidden from us anyway. So: a BPF object's file lies on the kernel's own anonymous-inode file system,
 * where nobody but the kernel gives names, and is named after its kind. A reader of a pinned iterator lies on bpffs; but it and
 * every other iterator have the f_op of the iterator that is just being read, which is this one.
 */
#ifndef BPFFS_VIEW_HOLDERS_H
#define BPFFS_VIEW_HOLDERS_H

#include "kernel.h"
#include "records.h"

#define ANON_INODE_FS_MAGIC	0x09041934
#define BPF_FS_MAGIC		0xcafe4a11
#define SOCKFS_MAGIC		0x534f434b

#define FILE_NAME_LEN		16

static __always_inline bool is_named(const char *name, const char *expected)
{
#pragma unroll
	for (int i = 0; i < FILE_NAME_LEN; i++) {
		if (name[i] != expected[i])
			return false;
		if (!expected[i])
			return true;
	}
	return false;
}

static __always_inline __u32 id_of_prog(struct bpf_prog *prog)
{
	return prog ? BPF_CORE_READ(prog, aux, id) : 0;		/* 0: of a classic filter; or freed, and the id given back */
}

static __always_inline void emit(struct bpf_iter__task_file *ctx, struct holder_record *r, __u32 kind, __u32 id)
{
	if (!id)
		return;
	r->kind = kind;
	r->id = id;
	bpf_seq_write(ctx->meta->seq, r, sizeof(*r));
}

/* A bpf_iter's file: private_data is its seq_file, whose private is the end of a bpf_iter_priv_data. */
static __always_inline __u32 id_of_iter(void *private_data)
{
	struct seq_file *seq = private_data;
	struct bpf_iter_priv_data *priv;

	priv = BPF_CORE_READ(seq, private) - bpf_core_field_offset(struct bpf_iter_priv_data, target_private);
	return id_of_prog(BPF_CORE_READ(priv, prog));
}

static __always_inline void emit_socket(struct bpf_iter__task_file *ctx, struct holder_record *r, struct socket *socket)
{
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct sk_filter *filter;
	struct sock_reuseport *group;

	if (!sk)
		return;
	filter = BPF_CORE_READ(sk, sk_filter);
	group = BPF_CORE_READ(sk, sk_reuseport_cb);
	if (filter)
		emit(ctx, r, HOLDER_SOCKET, id_of_prog(BPF_CORE_READ(filter, prog)));
	if (group)
		emit(ctx, r, HOLDER_SOCKET, id_of_prog(BPF_CORE_READ(group, prog)));
}

static __always_inline void emit_anonymous(struct bpf_iter__task_file *ctx, struct holder_record *r, struct file *file, void *private_data)
{
	char name[FILE_NAME_LEN] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (is_named(name, "bpf-map")) {
		struct bpf_map *map = private_data;

		emit(ctx, r, HOLDER_MAP, BPF_CORE_READ(map, id));
	} else if (is_named(name, "bpf-prog")) {
		emit(ctx, r, HOLDER_PROG, id_of_prog(private_data));
	} else if (is_named(name, "bpf_link") || is_named(name, "bpf-link")) {	/* created; opened by id or path */
		struct bpf_link *link = private_data;

		emit(ctx, r, HOLDER_LINK, BPF_CORE_READ(link, id));
	} else if (is_named(name, "btf")) {
		struct btf *btf = private_data;

		emit(ctx, r, HOLDER_BTF, BPF_CORE_READ(btf, id));
	} else if (is_named(name, "[perf_event]")) {
		struct perf_event *event = private_data;

		if (bpf_core_field_exists(event->prog))
			emit(ctx, r, HOLDER_PERF_EVENT, id_of_prog(BPF_CORE_READ(event, prog)));
	}
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
	bpf_probe_read_kernel_str(r.comm, sizeof(r.comm), BPF_CORE_READ(task, group_leader, comm));
	if (magic == SOCKFS_MAGIC)
		emit_socket(ctx, &r, private_data);
	else if (BPF_CORE_READ(file, f_op) == BPF_CORE_READ(ctx->meta, seq, file, f_op))
		emit(ctx, &r, HOLDER_ITER, id_of_iter(private_data));
	else if (magic == ANON_INODE_FS_MAGIC)
		emit_anonymous(ctx, &r, file, private_data);
	return 0;
}

#endif
