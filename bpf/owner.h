/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who may look into a process: __ptrace_may_access(PTRACE_MODE_READ_FSCREDS), which guards /proc/PID/fd and maps, for callers without
 * capabilities (the others: src/BpfFs/View/Caller.cs). All user ids of the process are the caller's, all group ids too; it may dump core (no setuid or unreadable program);
 * it has no capabilities that the caller lacks; both are in one user namespace. Otherwise, and where the kernel lacks what tells, the owner is 0: root.
 */
#ifndef BPFFS_VIEW_OWNER_H
#define BPFFS_VIEW_OWNER_H

#include "kernel.h"
#include "records.h"

#define SUID_DUMP_USER		1
#define MMF_DUMPABLE_MASK	3

typedef struct {
	__u32 cap[2];			/* one __u64 since 6.3 (f122a08b197d) */
} kernel_cap_t;

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	unsigned int val;
} kgid_t;

typedef struct {
	unsigned long bits[1];
} mm_flags_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct user_namespace {
	struct ns_common ns;
};

struct cred {
	kuid_t uid, suid, euid, fsuid;
	kgid_t gid, sgid, egid, fsgid;
	kernel_cap_t cap_permitted, cap_effective;
	struct user_namespace *user_ns;
	void *security;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[0];
};

struct mm_struct {
	unsigned long total_vm, start_brk, brk, start_stack;
};

struct mm_struct___number {
	unsigned long flags;		/* until 6.17 */
};

struct mm_struct___bits {
	mm_flags_t flags;		/* since 6.18 */
};

struct task_struct___owner {
	int pid;
	struct mm_struct *mm;
	const struct cred *real_cred;
	struct task_struct___owner *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
};

#pragma clang attribute pop

static __always_inline struct upid *upid_at(struct pid *pid, __u32 level)
{
	return (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);
}

/* A thread's id as the pid namespace of the task that reads this has it; 0: it is not in it. */
static __always_inline __u32 tid_here(struct task_struct *task)
{
	struct task_struct___owner *own = (void *)bpf_get_current_task(), *theirs = (void *)task;
	struct pid *here = BPF_CORE_READ(own, thread_pid), *pid;
	__u32 level = BPF_CORE_READ(here, level);
	struct upid *theirs_here, *own_here = upid_at(here, level);

	pid = BPF_CORE_READ(theirs, thread_pid);
	if (!pid || BPF_CORE_READ(pid, level) < level)
		return 0;
	theirs_here = upid_at(pid, level);
	if (BPF_CORE_READ(theirs_here, ns) != BPF_CORE_READ(own_here, ns))
		return 0;
	return BPF_CORE_READ(theirs_here, nr);
}

/* Likewise, the id of the process that it belongs to. */
static __always_inline __u32 pid_here(struct task_struct *task)
{
	struct task_struct___owner *thread = (void *)task;

	return tid_here((void *)BPF_CORE_READ(thread, group_leader));
}

static __always_inline bool may_dump(struct mm_struct *mm)
{
	struct mm_struct___number *number = (void *)mm;
	struct mm_struct___bits *bits = (void *)mm;
	unsigned long flags = 0;

	if (!mm)
		return true;		/* a zombie: has nothing to see */
	if (HAS(number, flags))
		flags = BPF_CORE_READ(number, flags);
	else if (HAS(bits, flags))
		bpf_probe_read_kernel(&flags, sizeof(flags), &bits->flags);
	return (flags & MMF_DUMPABLE_MASK) == SUID_DUMP_USER;
}

/* Whether all is there that tells who may look. */
#define KNOWS_OWNER (HAS((struct cred *)NULL, uid.val) && HAS((struct cred *)NULL, euid.val) && HAS((struct cred *)NULL, suid.val) &&	\
		     HAS((struct cred *)NULL, gid.val) && HAS((struct cred *)NULL, egid.val) && HAS((struct cred *)NULL, sgid.val) &&	\
		     HAS((struct cred *)NULL, cap_permitted) && HAS((struct task_struct___owner *)NULL, mm))

static __always_inline __u64 mix(__u64 state, __u64 value)
{
	state = (state ^ value) * 0x9e3779b97f4a7c15;
	return state ^ state >> 32;
}

static __always_inline void read_owner(struct task_owner_record *owner, struct task_struct *of)
{
	struct task_struct___owner *task = (void *)of;
	const struct cred *cred = GET(task, real_cred);
	__u64 caps = ~0ull, state;
	bool dumps;
	__u32 uid, gid, euid, egid, suid, sgid;

	owner->pid = pid_here(of);
	owner->user_ns = GET(cred, user_ns, ns.inum);
	owner->uid = owner->gid = owner->is_plain = 0;
	state = mix(owner->user_ns, GET(task, group_leader, start_boottime));
	owner->state = state;
	if (!cred || !owner->user_ns || !KNOWS_OWNER)
		return;
	uid = BPF_CORE_READ(cred, uid.val);
	gid = BPF_CORE_READ(cred, gid.val);
	euid = BPF_CORE_READ(cred, euid.val);
	egid = BPF_CORE_READ(cred, egid.val);
	suid = BPF_CORE_READ(cred, suid.val);
	sgid = BPF_CORE_READ(cred, sgid.val);
	dumps = may_dump(BPF_CORE_READ(task, mm));
	bpf_probe_read_kernel(&caps, sizeof(caps), &cred->cap_permitted);
	state = mix(state, (__u64)uid << 32 | gid);
	state = mix(state, (__u64)euid << 32 | egid);
	state = mix(state, (__u64)suid << 32 | sgid);
	state = mix(state, caps);
	owner->state = mix(state, dumps);
	if (caps || euid != uid || suid != uid || egid != gid || sgid != gid || !dumps)
		return;
	owner->uid = uid;
	owner->gid = gid;
	owner->is_plain = 1;
}

#endif
