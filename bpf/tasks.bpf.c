// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Processes, their files and their mappings. For one process the iterators are attached with its pid (bpf_iter_link_info.task.tid,
 * Linux 6.1). Each record says who may see it, at the moment it was made.
 *
 * An object of its own, loaded when a process is first looked at.
 */
#include "owner.h"
#include "held.h"
#include "paths.h"

#define PF_KTHREAD		0x00200000
#define PFA_NO_NEW_PRIVS	1
#define ENOENT			2

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct net___ns {
	struct ns_common ns;
};

struct uts_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct cgroup_namespace {
	struct ns_common ns;
};

struct time_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct net___ns *net_ns;
	struct time_namespace *time_ns;
	struct cgroup_namespace *cgroup_ns;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct seccomp {
	int mode;
};

struct signal_struct {
	int nr_threads;
};

struct task_struct___older {
	long state;			/* until 5.13 */
};

struct task_struct___summary {
	unsigned int __state;		/* since 5.14 */
	int exit_state;
	unsigned int flags;
	unsigned long atomic_flags;
	int pid, tgid;
	__u64 start_boottime;
	const struct cred *real_cred;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct seccomp seccomp;
	struct signal_struct *signal;
	char comm[16];
};

struct inode___file {
	unsigned long i_ino;
	__u16 i_mode;
	struct super_block *i_sb;
};

struct file___flags {
	unsigned int f_flags;
	struct inode___file *f_inode;
};

struct anon_vma_name {
	char name[0];
};

struct vm_area_struct;

struct vm_operations_struct {
	const char *(*name)(struct vm_area_struct *vma);
};

struct vm_special_mapping {
	const char *name;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags, vm_pgoff;
	struct mm_struct *vm_mm;
	const struct vm_operations_struct *vm_ops;
	struct file *vm_file;
	void *vm_private_data;
};

struct vm_area_struct___named {
	struct anon_vma_name *anon_name;	/* with CONFIG_ANON_VMA_NAME */
	struct {
		unsigned long rb_subtree_last;
	} shared;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};

#pragma clang attribute pop

/* All four of them, or it would be told half. */
#define TAKE_IDS(r, bit, to, cred, kind) do {							\
	if (HAS(cred, kind.val) && HAS(cred, e##kind.val) && HAS(cred, s##kind.val) && HAS(cred, fs##kind.val)) {	\
		(r)->to = BPF_CORE_READ(cred, kind.val);					\
		(r)->e##to = BPF_CORE_READ(cred, e##kind.val);					\
		(r)->s##to = BPF_CORE_READ(cred, s##kind.val);					\
		(r)->fs##to = BPF_CORE_READ(cred, fs##kind.val);				\
		(r)->known |= (bit);								\
	}											\
} while (0)

static __always_inline void fill_state(struct task_record *r, struct task_struct___summary *task)
{
	struct task_struct___older *older = (void *)task;

	if (!HAS(task, exit_state))
		return;
	TAKE(r, TASK_HAS_STATE, state, task, __state);
	if (!HAS(task, __state))
		TAKE(r, TASK_HAS_STATE, state, older, state);
	r->state |= BPF_CORE_READ(task, exit_state);
}

static __always_inline void fill_namespaces(struct task_record *r, struct nsproxy *namespaces)
{
	r->net_ns = GET(namespaces, net_ns, ns.inum);
	r->mnt_ns = GET(namespaces, mnt_ns, ns.inum);
	r->uts_ns = GET(namespaces, uts_ns, ns.inum);
	r->ipc_ns = GET(namespaces, ipc_ns, ns.inum);
	r->cgroup_ns = GET(namespaces, cgroup_ns, ns.inum);
	r->time_ns = GET(namespaces, time_ns, ns.inum);
}

static __always_inline void fill_task(struct task_record *r, struct task_struct *of)
{
	struct task_struct___summary *task = (void *)of;
	const struct cred *cred = GET(task, real_cred);
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct nsproxy *namespaces = GET(task, nsproxy);
	__u64 caps = 0;

	read_owner(&r->owner, of);
	TAKE(r, TASK_HAS_START, start_time, task, start_boottime);
	r->total_vm = GET(task, mm, total_vm);
	TAKE(r, TASK_HAS_CGROUP, cgroup_id, task, cgroups, dfl_cgrp, kn, id);
	if (HAS(cred, cap_effective) && !bpf_probe_read_kernel(&caps, sizeof(caps), &cred->cap_effective))
		r->known |= TASK_HAS_CAPS;
	r->cap_effective = caps;
	if (HAS(task, real_parent))
		r->ppid = pid_here(BPF_CORE_READ(task, real_parent));
	fill_state(r, task);
	TAKE(r, TASK_HAS_THREADS, threads, task, signal, nr_threads);
	if (HAS(task, flags)) {
		r->known |= TASK_HAS_KERNEL_THREAD;
		if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
			r->flags |= TASK_KERNEL_THREAD;
	}
	if (HAS(task, atomic_flags)) {
		r->known |= TASK_HAS_NO_NEW_PRIVS;
		if (BPF_CORE_READ(task, atomic_flags) & PFA_NO_NEW_PRIVS)
			r->flags |= TASK_NO_NEW_PRIVS;
	}
	TAKE(r, TASK_HAS_SECCOMP, seccomp, task, seccomp.mode);
	TAKE_IDS(r, TASK_HAS_UIDS, uid, cred, uid);
	TAKE_IDS(r, TASK_HAS_GIDS, gid, cred, gid);
	if (pid) {
		struct upid *innermost = upid_at(pid, BPF_CORE_READ(pid, level));

		r->pid_ns = GET(innermost, ns, ns.inum);
	}
	if (namespaces)
		fill_namespaces(r, namespaces);
	GET_CHARS(r->comm, sizeof(r->comm), task, comm);
}

SEC("iter/task")
int task_records(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_struct___summary *thread = (void *)task;
	struct task_record r = {};

	if (!task || BPF_CORE_READ(thread, pid) != BPF_CORE_READ(thread, tgid))
		return 0;
	fill_task(&r, task);
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

SEC("iter/task_file")
int task_file_records(struct bpf_iter__task_file *ctx)
{
	struct task_file_record r = {};
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct file___flags *flags = (void *)file;
	struct path_room *room;
	unsigned long magic;
	void *private_data;
	long length;

	if (!file || !task)
		return 0;
	read_owner(&r.owner, task);
	r.fd = ctx->fd;
	r.ino = GET(flags, f_inode, i_ino);
	TAKE(&r, TASK_FILE_HAS_MODE, mode, flags, f_inode, i_mode);
	TAKE(&r, TASK_FILE_HAS_FLAGS, flags, flags, f_flags);
	magic = file->f_inode->i_sb->s_magic;
	private_data = BPF_CORE_READ(file, private_data);
	if (!private_data) {
		/* opened with O_PATH, or needs nothing: holds no object */
	} else if (magic == SOCKFS_MAGIC) {
		struct socket *socket = private_data;

		r.id = id_of_prog(GET(socket, sk, sk_filter, prog));
		r.kind = HOLDER_SOCKET;
	} else if (is_iter(ctx->meta, file)) {
		r.id = id_of_iter(private_data);
		r.kind = HOLDER_ITER;
	} else if (magic == ANON_INODE_FS_MAGIC) {
		struct held held = object_of_anonymous(file, private_data);

		r.kind = held.kind;
		r.id = held.id;
	}

	room = take_room();
	length = room ? bpf_d_path(&file->f_path, room->text, PATH_LEN) : -EBUSY;
	if (length > 0 && length <= PATH_LEN)
		r.length = length;
	else
		r.error = -length;
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	if (!room)
		return 0;
	write_room(ctx->meta->seq, room, r.length);
	give_back(room);
	return 0;
}

/* Until 6.1 only private mappings had names: where they are is something else in those with a file (d09e8ca6cb93). */
static __always_inline bool files_have_names(struct vm_area_struct___named *vma)
{
	return HAS(vma, anon_name) && (!HAS(vma, shared) || bpf_core_field_offset(vma->anon_name) != bpf_core_field_offset(vma->shared));
}

/* The name that a mapping was given; its length, 0: none. */
static __always_inline long read_given_name(struct vm_area_struct___named *vma, struct path_room *room)
{
	struct anon_vma_name *name = GET(vma, anon_name);

	return name && HAS(name, name) ? bpf_probe_read_kernel_str(room->text, PATH_LEN, name->name) : 0;
}

/* The name of a mapping without a file, as get_vma_name() in fs/proc/task_mmu.c has it. */
static __always_inline long name_anonymous(struct task_vma_record *r, struct vm_area_struct *vma, struct path_room *room)
{
	struct mm_struct *mm = GET(vma, vm_mm);
	struct vm_special_mapping *special;
	long length;

	/* Only the kernel's own special mappings have a function for their name. */
	if (GET(vma, vm_ops, name)) {
		special = GET(vma, vm_private_data);
		r->name = VMA_SPECIAL;
		return HAS(special, name) ? bpf_probe_read_kernel_str(room->text, PATH_LEN, BPF_CORE_READ(special, name)) : -ENOENT;
	}
	if (HAS(mm, brk) && HAS(mm, start_brk) && r->start < BPF_CORE_READ(mm, brk) && r->end > BPF_CORE_READ(mm, start_brk)) {
		r->name = VMA_HEAP;
		return 0;
	}
	if (HAS(mm, start_stack) && r->start <= BPF_CORE_READ(mm, start_stack) && r->end >= BPF_CORE_READ(mm, start_stack)) {
		r->name = VMA_STACK;
		return 0;
	}
	length = read_given_name((void *)vma, room);
	if (length)
		r->name = VMA_ANON;
	return length;
}

SEC("iter/task_vma")
int task_vma_records(struct bpf_iter__task_vma *ctx)
{
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;
	struct vm_area_struct___named *named = (void *)vma;
	struct task_vma_record r = {};
	struct path_room *room;
	struct file *file;
	long length;

	if (!vma || !task)
		return 0;
	read_owner(&r.owner, task);
	r.start = vma->vm_start;
	r.end = vma->vm_end;
	r.flags = BPF_CORE_READ(vma, vm_flags);
	file = vma->vm_file;
	room = take_room();
	if (!room) {
		length = -EBUSY;
	} else if (file) {
		struct file___flags *flags = (void *)file;

		r.offset = (__u64)BPF_CORE_READ(vma, vm_pgoff) << 12;
		r.ino = BPF_CORE_READ(flags, f_inode, i_ino);
		r.dev = BPF_CORE_READ(flags, f_inode, i_sb, s_dev);
		r.name = VMA_FILE;
		length = files_have_names(named) ? read_given_name(named, room) : 0;
		if (length)
			r.name = VMA_SHARED_ANON;
		else
			length = bpf_d_path(&file->f_path, room->text, PATH_LEN);
	} else {
		length = name_anonymous(&r, vma, room);
	}
	if (length >= 0 && length <= PATH_LEN)
		r.length = length;
	else
		r.error = -length;
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	if (!room)
		return 0;
	write_room(ctx->meta->seq, room, r.length);
	give_back(room);
	return 0;
}

/* clang leaves a type that only a local variable has out of the BTF; tools/RecordGen needs them all. */
const struct {
	struct task_record task;
	struct task_file_record file;
	struct task_vma_record vma;
	enum task_flags flags;
	enum task_known_flags known;
	enum task_file_known_flags file_known;
} task_record_types;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
