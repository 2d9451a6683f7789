/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who a reader is: what the kernel knows of the thread that sent a request. */
#ifndef BPFFS_VIEW_READERS_H
#define BPFFS_VIEW_READERS_H

#include "owner.h"
#include "proc.h"
#include "records.h"

SEC("syscall")
int one_task(struct one_task_record *ctx)
{
	struct task_struct *of = NULL;
	struct task_struct___owner *task;
	const struct cred *cred;
	struct task_owner_record owner = {};
	__u64 value = 0;
	void *security;

	ctx->error = task_of_fd(ctx->fd, &of);
	if (ctx->error)
		return 0;
	task = (void *)of;
	read_owner(&owner, of);
	ctx->owner = owner;
	cred = GET(task, real_cred);
	if (HAS(cred, cap_effective))
		bpf_probe_read_kernel(&value, sizeof(value), &cred->cap_effective);
	ctx->cap_effective = value;
	security = GET(cred, security);
	value = 0;
	if (security && ctx->domain_at >= 0)
		bpf_probe_read_kernel(&value, sizeof(value), security + ctx->domain_at);
	ctx->domain = value;
	return 0;
}

SEC("syscall")
int cred_words(struct cred_words_record *ctx)
{
	struct task_struct___owner *task = (void *)bpf_get_current_task();
	void *security = GET(task, real_cred, security);
	struct cred_words_record r = {};

	/* what does not have as many is followed by something else, which is all the same here */
	if (security && !bpf_probe_read_kernel(r.words, sizeof(r.words), security))
		r.count = CRED_WORDS;
	*ctx = r;
	return 0;
}

#endif
