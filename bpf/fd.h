/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a file descriptor of the calling thread to what is behind it. */
#ifndef BPFFS_VIEW_FD_H
#define BPFFS_VIEW_FD_H

#include "kernel.h"

#define ENOENT 2
#define EBADF 9
#define EINVAL 22

/* The file behind the current task's descriptor fd; NULL if there is none. */
static __always_inline struct file *file_of_fd(__u32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = NULL;

	if (fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	files = BPF_CORE_READ(fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

/* The program, map, link or BTF behind it; NULL if there is none. */
static __always_inline void *object_of_fd(__u32 fd)
{
	struct file *file = file_of_fd(fd);

	return file ? BPF_CORE_READ(file, private_data) : NULL;
}

#endif
