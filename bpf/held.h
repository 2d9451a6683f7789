/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which BPF object an open file keeps.
 *
 * What a file is, its f_op would tell, but whose address is whose only kallsyms knows, which has no data symbols without
 * CONFIG_KALLSYMS_ALL and is hidden from us anyway. So: a BPF object's file lies on the kernel's own anonymous-inode file system,
 * where nobody but the kernel gives names, and is named after its kind. A reader of a pinned iterator lies on bpffs; but it and
 * every other iterator have the f_op of the iterator that is just being read, which is this one.
 */
#ifndef BPFFS_VIEW_HELD_H
#define BPFFS_VIEW_HELD_H

#include "kernel.h"
#include "records.h"

#define ANON_INODE_FS_MAGIC	0x09041934
#define BPF_FS_MAGIC		0xcafe4a11
#define SOCKFS_MAGIC		0x534f434b

#define FILE_NAME_LEN		16

/* Whether it is a reader of an iterator. */
static __always_inline bool is_iter(struct bpf_iter_meta *meta, struct file *file)
{
	return HAS(meta, seq, file, f_op) && BPF_CORE_READ(file, f_op) == BPF_CORE_READ(meta, seq, file, f_op);
}

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
	return prog ? GET(prog, aux, id) : 0;		/* 0: of a classic filter; or freed, and the id given back */
}

/* A bpf_iter's file: private_data is its seq_file, whose private is the end of a bpf_iter_priv_data. */
static __always_inline __u32 id_of_iter(void *private_data)
{
	struct seq_file *seq = private_data;
	struct bpf_iter_priv_data *priv;

	if (!HAS(seq, private) || !HAS(priv, target_private))
		return 0;
	priv = BPF_CORE_READ(seq, private) - bpf_core_field_offset(struct bpf_iter_priv_data, target_private);
	return id_of_prog(GET(priv, prog));
}

struct held {
	__u32 kind;			/* enum holder_kind; 0: none */
	__u32 id;
};

/* The object behind a file on the kernel's own anonymous-inode file system. */
static __always_inline struct held object_of_anonymous(struct file *file, void *private_data)
{
	struct held held = {};
	char name[FILE_NAME_LEN] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (is_named(name, "bpf-map")) {
		struct bpf_map *map = private_data;

		held.kind = HOLDER_MAP;
		held.id = GET(map, id);
	} else if (is_named(name, "bpf-prog")) {
		held.kind = HOLDER_PROG;
		held.id = id_of_prog(private_data);
	} else if (is_named(name, "bpf_link") || is_named(name, "bpf-link")) {	/* created; opened by id or path */
		struct bpf_link *link = private_data;

		held.kind = HOLDER_LINK;
		held.id = GET(link, id);
	} else if (is_named(name, "btf")) {
		struct btf *btf = private_data;

		held.kind = HOLDER_BTF;
		held.id = GET(btf, id);
	} else if (is_named(name, "[perf_event]")) {
		struct perf_event *event = private_data;

		held.kind = HAS(event, prog) ? HOLDER_PERF_EVENT : 0;
		held.id = id_of_prog(GET(event, prog));
	}
	return held;
}

#endif
