/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a descriptor of a thread's directory in /proc, which anybody may open, to the thread. What is in the directory may be opened only by who may trace the process.
 */
#ifndef BPFFS_VIEW_PROC_H
#define BPFFS_VIEW_PROC_H

#include "fd.h"

#define PROC_SUPER_MAGIC	0x9fa0
#define ESRCH			3

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct___proc {
	struct hlist_node pid_links[1];
};

struct pid___tasks {
	struct hlist_head tasks[1];
};

struct proc_inode {
	struct pid___tasks *pid;
	struct inode vfs_inode;
};

#pragma clang attribute pop

/* 0 or an errno: EBADF, the descriptor is of something else; ESRCH, the thread has ended. */
static __always_inline int task_of_fd(__u32 fd, struct task_struct **task)
{
	struct file *file = file_of_fd(fd);
	struct proc_inode *inode;
	struct hlist_node *first;

	if (!file || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
		return EBADF;
	inode = (void *)BPF_CORE_READ(file, f_inode) - bpf_core_field_offset(struct proc_inode, vfs_inode);
	first = BPF_CORE_READ(inode, pid, tasks[0].first);
	*task = first ? (void *)first - bpf_core_field_offset(struct task_struct___proc, pid_links) : NULL;
	return first ? 0 : ESRCH;
}

#endif
