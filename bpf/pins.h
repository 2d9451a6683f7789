/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where objects are pinned: every bpffs there is, every mount of it in any mount namespace, every pin in it -> struct pin_record.
 *
 * Walking the kernel's structures finds what no process of ours could open: mounts of other namespaces need CAP_SYS_PTRACE to be reached
 * through /proc, CAP_DAC_READ_SEARCH to be listed, and looking a pin up changes its access time. A bpffs keeps all its dentries
 * in memory, as any ramfs does.
 *
 * No lock can be taken. Nothing that is read can harm (every read is a probe), and a dentry that has left the tree is noticed by its parent or super
 * block; then the walk ends and is to be repeated.
 */
#ifndef BPFFS_VIEW_PINS_H
#define BPFFS_VIEW_PINS_H

#include "kernel.h"
#include "records.h"
#include "fd.h"

#define PIN_OUTPUT_SIZE	(256 * 1024)
#define PIN_NAME_LEN	256		/* NAME_MAX, and the NUL */
#define MAX_PATH_PARTS	2048		/* of PATH_MAX bytes, one in two is a slash */
#define MAX_STEPS	(8 * 1024 * 1024)	/* BPF_MAX_LOOPS */
#define MAX_SUPERS	4096
#define MAX_MOUNTS	(1024 * 1024)

#define S_IFMT		0170000
#define S_IFREG		0100000

struct pin_output {
	char bytes[PIN_OUTPUT_SIZE];
};

/* Read through a mapping by whoever runs walk_pins, which is done one at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pin_output);
} pin_output SEC(".maps");

/*
 * The state of a walk, on the stack of the program: there are kernel addresses in it. An item is a mount or a pin with its path; one that does not
 * fit is taken back, and the next walk starts with it.
 *
 * The functions below that are not static are so for the verifier, which goes through each of those once and not once per way
 * to call it; so they are given addresses as numbers.
 */
struct pin_walk {
	__u64 own;			/* super block of our own bpffs, which nobody mounts */
	__u64 super;
	__u64 prog_op, map_op, link_op;	/* i_op of pinned programs, maps, links */
	__u32 first;
	__u32 items;			/* passed over or written */
	__u32 item_start;
	__u32 length;
	__u32 dev;
	__u32 super_written;
	__u32 full;
	__u32 torn;
};

/* Appends a record; name 0: without one. */
__noinline int pin_write(struct pin_walk *walk, __u32 what, __u32 id, __u64 name)
{
	__u32 key = 0, at;
	struct pin_output *output = bpf_map_lookup_elem(&pin_output, &key);
	struct pin_record *r;
	long length = 0;

	if (!walk || !output)
		return 0;
	at = walk->length;
	if (at > PIN_OUTPUT_SIZE - sizeof(*r) - PIN_NAME_LEN) {
		walk->full = 1;
		return 0;
	}
	r = (void *)output->bytes + at;
	if (name) {
		length = bpf_probe_read_kernel_str(r + 1, PIN_NAME_LEN, (void *)name) - 1;
		if (length < 0 || length >= PIN_NAME_LEN)
			length = 0;
	}
	r->what = what;
	r->id = id;
	r->dev = walk->dev;
	r->length = length;
	walk->length = at + sizeof(*r) + ((length + 7) & ~7);
	return 0;
}

struct path_walk {
	struct pin_walk *walk;
	struct mount *mount;		/* go on to the root of the mount namespace; NULL: end at root */
	struct dentry *dentry;
	struct dentry *root;
};

static long write_part(__u64 i, void *ctx)
{
	struct path_walk *path = ctx;
	struct dentry *dentry = path->dentry, *parent;

	if (dentry == path->root) {
		struct mount *mount = path->mount, *above;

		if (!mount)
			return 1;
		above = BPF_CORE_READ(mount, mnt_parent);
		if (!above || above == mount)
			return 1;
		path->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		path->root = BPF_CORE_READ(above, mnt.mnt_root);
		path->mount = above;
		return 0;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (!parent || parent == dentry) {
		path->walk->torn = 1;	/* not below root: moved away meanwhile */
		return 1;
	}
	pin_write(path->walk, PIN_NAME, 0, (__u64)BPF_CORE_READ(dentry, d_name.name));
	path->dentry = parent;
	return 0;
}

__noinline int pin_write_path(struct pin_walk *walk, __u64 mount, __u64 dentry, __u64 root)
{
	struct path_walk path = { .walk = walk, .mount = (void *)mount, .dentry = (void *)dentry, .root = (void *)root };

	if (!walk)
		return 0;
	bpf_loop(MAX_PATH_PARTS, write_part, &path, 0);
	return 0;
}

/* 1: the next item is to be written. */
static __always_inline int start_item(struct pin_walk *walk)
{
	if (walk->items < walk->first) {
		walk->items++;
		return 0;
	}
	if (!walk->super_written)
		pin_write(walk, PIN_SUPER, 0, 0);
	walk->super_written = 1;
	walk->item_start = walk->length;
	return 1;
}

/* 1: there is no use in going on. */
static __always_inline int end_item(struct pin_walk *walk)
{
	if (walk->full)
		walk->length = walk->item_start;
	else
		walk->items++;
	return walk->full != 0 || walk->torn != 0;
}

struct mount_walk {
	struct pin_walk *walk;
	struct super_block *super;
	struct mount *mount;
};

static long write_mount(__u64 i, void *ctx)
{
	struct mount_walk *mounts = ctx;
	struct pin_walk *walk = mounts->walk;
	struct super_block *super = mounts->super;
	struct mount *mount = mounts->mount;
	struct mount___list *older = (void *)mount;
	struct dentry *root;

	if (bpf_core_field_exists(struct mount, mnt_next_for_sb)) {
		if (!mount)
			return 1;
		mounts->mount = BPF_CORE_READ(mount, mnt_next_for_sb);
	} else {
		/* the list's head stands in the super block: there it ends */
		if ((void *)older + bpf_core_field_offset(struct mount___list, mnt_instance) ==
		    (void *)super + bpf_core_field_offset(struct super_block___list, s_mounts))
			return 1;
		mounts->mount = (void *)BPF_CORE_READ(older, mnt_instance.next) - bpf_core_field_offset(struct mount___list, mnt_instance);
	}
	if (BPF_CORE_READ(mount, mnt.mnt_sb) != super) {
		walk->torn = 1;
		return 1;
	}
	if (!start_item(walk))
		return 0;
	root = BPF_CORE_READ(mount, mnt.mnt_root);
	pin_write(walk, PIN_MOUNT, BPF_CORE_READ(mount, mnt_ns, ns.inum), 0);
	pin_write_path(walk, (__u64)mount, (__u64)root, (__u64)root);
	pin_write(walk, PIN_MOUNT_ROOT, 0, 0);
	pin_write_path(walk, 0, (__u64)root, (__u64)BPF_CORE_READ(super, s_root));
	return end_item(walk);
}

__noinline int pin_write_mounts(struct pin_walk *walk)
{
	struct super_block___list *older;
	struct mount_walk mounts = { .walk = walk };
	struct super_block *super;

	if (!walk)
		return 0;
	super = (void *)walk->super;
	older = (void *)super;
	mounts.super = super;
	if (bpf_core_field_exists(struct mount, mnt_next_for_sb))
		mounts.mount = BPF_CORE_READ(super, s_mounts);
	else
		mounts.mount = (void *)BPF_CORE_READ(older, s_mounts.next) - bpf_core_field_offset(struct mount___list, mnt_instance);
	bpf_loop(MAX_MOUNTS, write_mount, &mounts, 0);
	return 0;
}

struct tree_walk {
	struct pin_walk *walk;
	struct super_block *super;
	struct dentry *root;
	struct dentry *dentry;
	__u64 ascending;
};

/* 1: there is no use in going on. */
static __always_inline int write_pin(struct tree_walk *tree, struct pin_walk *walk, struct inode *inode)
{
	__u64 op = (__u64)BPF_CORE_READ(inode, i_op);
	void *object = BPF_CORE_READ(inode, i_private);
	__u32 what, id;

	if (!object)
		return 0;
	if (op == walk->prog_op) {
		struct bpf_prog *prog = object;

		what = PIN_PROG;
		id = BPF_CORE_READ(prog, aux, id);
	} else if (op == walk->map_op) {
		struct bpf_map *map = object;

		what = PIN_MAP;
		id = BPF_CORE_READ(map, id);
	} else if (op == walk->link_op) {
		struct bpf_link *link = object;

		what = PIN_LINK;
		id = BPF_CORE_READ(link, id);
	} else {
		return 0;
	}
	if (!start_item(walk))
		return 0;
	pin_write(walk, what, id, 0);
	pin_write_path(walk, 0, (__u64)tree->dentry, (__u64)tree->root);
	return end_item(walk);
}

static __always_inline struct dentry *first_child(struct dentry *dentry)
{
	struct dentry___list *older = (void *)dentry;

	if (bpf_core_field_exists(struct dentry, d_children)) {
		void *first = BPF_CORE_READ(dentry, d_children.first);

		return first ? first - bpf_core_field_offset(struct dentry, d_sib) : NULL;
	} else {
		void *first = BPF_CORE_READ(older, d_subdirs.next);

		if (!first || first == (void *)older + bpf_core_field_offset(struct dentry___list, d_subdirs))
			return NULL;
		return first - bpf_core_field_offset(struct dentry___list, d_child);
	}
}

static __always_inline struct dentry *next_sibling(struct dentry *dentry, struct dentry *parent)
{
	struct dentry___list *older = (void *)dentry;

	if (bpf_core_field_exists(struct dentry, d_children)) {
		void *next = BPF_CORE_READ(dentry, d_sib.next);

		return next ? next - bpf_core_field_offset(struct dentry, d_sib) : NULL;
	} else {
		void *next = BPF_CORE_READ(older, d_child.next);

		if (!next || next == (void *)parent + bpf_core_field_offset(struct dentry___list, d_subdirs))
			return NULL;
		return next - bpf_core_field_offset(struct dentry___list, d_child);
	}
}

/* One step through the tree: into the first child, else to the next sibling, else up. */
static long visit_dentry(__u64 i, void *ctx)
{
	struct tree_walk *tree = ctx;
	struct dentry *dentry = tree->dentry, *parent, *next;
	struct inode *inode;

	if (BPF_CORE_READ(dentry, d_sb) != tree->super) {
		tree->walk->torn = 1;
		return 1;
	}
	if (!tree->ascending) {
		inode = BPF_CORE_READ(dentry, d_inode);	/* NULL: a name that was looked up and is not there, or somebody's place in a listing */
		if (inode && BPF_CORE_READ(dentry, d_hash.pprev) && (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFREG &&
		    write_pin(tree, tree->walk, inode))
			return 1;
		next = first_child(dentry);
		if (next) {
			tree->dentry = next;
			return 0;
		}
	}
	if (dentry == tree->root)
		return 1;
	parent = BPF_CORE_READ(dentry, d_parent);
	next = next_sibling(dentry, parent);
	tree->ascending = next ? 0 : 1;
	tree->dentry = next ? next : parent;
	return 0;
}

__noinline int pin_write_tree(struct pin_walk *walk)
{
	struct tree_walk tree = { .walk = walk };
	struct super_block *super;

	if (!walk)
		return 0;
	super = (void *)walk->super;
	tree.super = super;
	tree.root = tree.dentry = BPF_CORE_READ(super, s_root);
	if (tree.root)		/* NULL: it is just being made or unmade */
		bpf_loop(MAX_STEPS, visit_dentry, &tree, 0);
	return 0;
}

static long visit_super(__u64 i, void *ctx)
{
	struct pin_walk *walk = ctx;
	struct super_block *super = (void *)walk->super;
	void *next;

	if (!super)
		return 1;
	if (walk->super != walk->own) {
		walk->dev = BPF_CORE_READ(super, s_dev);
		walk->super_written = 0;
		pin_write_mounts(walk);
		if (!walk->full && !walk->torn)
			pin_write_tree(walk);
		if (walk->full || walk->torn)
			return 1;
	}
	next = BPF_CORE_READ(super, s_instances.next);
	walk->super = next ? (__u64)next - bpf_core_field_offset(struct super_block, s_instances) : 0;
	return 0;
}

static __always_inline __u64 inode_op_of_fd(__u32 fd)
{
	struct file *file = file_of_fd(fd);

	return file ? (__u64)BPF_CORE_READ(file, f_inode, i_op) : 0;
}

SEC("syscall")
int walk_pins(struct walk_pins_record *ctx)
{
	struct pin_walk walk = {};
	struct file *own_file = file_of_fd(ctx->prog_fd);
	struct super_block *own;
	__u64 first;

	if (!own_file) {
		ctx->error = EBADF;
		return 0;
	}
	own = BPF_CORE_READ(own_file, f_inode, i_sb);
	walk.own = (__u64)own;
	walk.prog_op = inode_op_of_fd(ctx->prog_fd);
	walk.map_op = inode_op_of_fd(ctx->map_fd);
	walk.link_op = inode_op_of_fd(ctx->link_fd);
	walk.first = ctx->first;
	first = (__u64)BPF_CORE_READ(own, s_type, fs_supers.first);
	walk.super = first ? first - bpf_core_field_offset(struct super_block, s_instances) : 0;
	bpf_loop(MAX_SUPERS, visit_super, &walk, 0);
	ctx->length = walk.length;
	ctx->next = walk.full ? walk.items : 0;
	ctx->torn = walk.torn;
	return 0;
}

#endif
