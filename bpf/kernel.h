/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel structures the programs look into, each with the members that are used and no others:
 * CO-RE finds their offsets on the running kernel. A name that ends in ___something is a variant of another
 * kernel version (libbpf ignores what follows the three underscores).
 */
#ifndef BPFFS_VIEW_KERNEL_H
#define BPFFS_VIEW_KERNEL_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long long counter;
} atomic64_t;

/* Opaque in the kernel; on 64-bit machines the number itself. */
typedef struct {
	__u64 value;
} u64_stats_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file {
	const struct file *file;
	void *private;
};

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct btf_type___kernel {
	__u32 name_off;
};

struct btf {
	struct btf_type___kernel **types;
	const char *strings;
	__u32 nr_types;
	__u32 id;
	struct btf *base_btf;		/* since 5.11, as are the next two: BTF that goes on where another ends */
	__u32 start_id;
	__u32 start_str_off;
};

struct bpf_func_info___kernel {
	__u32 insn_off;
	__u32 type_id;
};

struct user_struct {
	struct {
		unsigned int val;
	} uid;
};

struct bpf_prog_stats___kernel {
	u64_stats_t cnt;		/* plain numbers until 5.15 */
	u64_stats_t nsecs;
	u64_stats_t misses;		/* since 5.12 */
};

struct bpf_prog;

struct bpf_prog_aux {
	atomic64_t refcnt;
	__u32 used_map_cnt;
	__u32 stack_depth;
	__u32 id;
	__u32 func_cnt;
	__u32 attach_btf_id;
	__u32 verified_insns;		/* since 5.16 */
	__u32 nr_linfo;
	__u32 num_exentries;
	bool tail_call_reachable;
	__u64 load_time;
	struct bpf_map **used_maps;
	struct bpf_prog *dst_prog;
	const char *attach_func_name;
	struct bpf_prog **func;
	struct user_struct *user;
	struct btf *btf;
	struct bpf_func_info___kernel *func_info;
	__u32 func_info_cnt;
	char name[BPF_OBJ_NAME_LEN];
};

struct bpf_prog_aux___newer {
	struct bpf_arena *arena;	/* since 6.9 */
	bool is_extended;		/* since 6.13 */
	bool might_sleep;		/* since 6.14 */
};

struct bpf_prog_aux___sleepable {
	bool sleepable;			/* until 6.9; since then in struct bpf_prog */
};

struct bpf_prog {
	__u16 pages;
	__u16 jited:1;
	__u16 gpl_compatible:1;
	enum bpf_prog_type type;
	enum bpf_attach_type expected_attach_type;
	__u32 len;
	__u32 jited_len;
	__u8 tag[8];
	struct bpf_prog_stats___kernel *stats;	/* since 5.12 */
	struct bpf_prog_aux *aux;
};

struct bpf_prog___sleepable {
	__u16 sleepable:1;		/* since 6.9 (66c8473135c6) */
};

struct bpf_map {
	enum bpf_map_type map_type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u64 map_extra;		/* since 5.16 */
	__u32 map_flags;
	__u32 id;
	int numa_node;
	__u32 btf_key_type_id;
	__u32 btf_value_type_id;
	__u32 btf_vmlinux_value_type_id;
	struct btf *btf;
	atomic64_t refcnt;
	atomic64_t usercnt;
	struct bpf_map *inner_map_meta;
	bool frozen;
	char name[BPF_OBJ_NAME_LEN];
};

struct bpf_arena {
	struct bpf_map map;
};

struct bpf_map___counted {
	__s64 *elem_count;		/* per CPU; since 6.6 (25954730461a) */
};

struct bpf_ringbuf {
	unsigned long consumer_pos;
	unsigned long producer_pos;
};

struct bpf_ringbuf_map {
	struct bpf_ringbuf *rb;
};

/* Kinds that keep account of their elements. */
struct bpf_queue_stack {
	__u32 head;			/* where the next element goes */
	__u32 tail;
	__u32 size;
};

struct lpm_trie {
	unsigned long n_entries;
};

struct bpf_dtab {
	__u32 items;			/* devmap_hash */
};

struct bpf_shtab {
	atomic_t count;			/* sockhash */
};

struct rhashtable {
	atomic_t nelems;
};

struct bpf_rhtab {
	struct rhashtable ht;		/* rhash, since 7.2 */
};

enum bpf_struct_ops_state {
	BPF_STRUCT_OPS_STATE_INIT,
};

struct bpf_struct_ops_common_value___state {
	enum bpf_struct_ops_state state;
};

struct bpf_struct_ops_value___state {
	struct bpf_struct_ops_common_value___state common;	/* since 6.9 (612d087d4ba5) */
};

struct bpf_struct_ops_map___state {
	struct btf *btf;		/* since 6.9 */
	struct bpf_struct_ops_value___state kvalue;
};

struct bpf_struct_ops_value___flat {
	enum bpf_struct_ops_state state;
};

struct bpf_struct_ops_map___flat {
	struct bpf_struct_ops_value___flat kvalue;
};

struct bpf_array {
	void *pptrs[1];
};

struct bpf_link {
	__u32 id;
	enum bpf_link_type type;
	struct bpf_prog *prog;
};

struct bpf_trampoline {
	__u64 key;			/* object id << 32 | BTF type id; bit 31: the object is a BTF, not a program */
};

struct bpf_tramp_link {
	struct bpf_link link;
};

struct bpf_tracing_link {
	struct bpf_tramp_link link;	/* since 5.19; struct bpf_link before, at the same place */
	struct bpf_trampoline *trampoline;
	struct bpf_prog *tgt_prog;
};

struct tracepoint {
	const char *name;
};

struct bpf_raw_event_map {
	struct tracepoint *tp;
};

struct bpf_raw_tp_link {
	struct bpf_raw_event_map *btp;
};

struct bpf_iter_reg {
	const char *target;
};

struct bpf_iter_target_info {
	const struct bpf_iter_reg *reg_info;
};

struct bpf_iter_link {
	struct bpf_iter_target_info *tinfo;
};

struct kernfs_node {
	__u64 id;
	const char *name;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct bpf_cgroup_link {
	struct cgroup *cgroup;
};

struct net_device {
	char name[16];
	int ifindex;
};

struct bpf_xdp_link {
	struct net_device *dev;
};

struct tcx_link {
	struct net_device *dev;
};

struct netkit_link {
	struct net_device *dev;
};

struct qstr {
	const unsigned char *name;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct list_head {
	struct list_head *next, *prev;
};

struct file_system_type {
	struct hlist_head fs_supers;
};

struct super_block {
	__u32 s_dev;
	struct file_system_type *s_type;
	unsigned long s_magic;
	struct dentry *s_root;
	struct mount *s_mounts;		/* since 6.18 */
	struct hlist_node s_instances;
};

struct super_block___list {
	struct list_head s_mounts;	/* until 6.17, through mount.mnt_instance */
};

struct inode {
	__u16 i_mode;
	const void *i_op;
	struct super_block *i_sb;
	void *i_private;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
	struct hlist_node d_sib;	/* since 6.8 (da549bdd15c2) */
	struct hlist_head d_children;
};

struct dentry___list {
	struct list_head d_child;	/* until 6.7 */
	struct list_head d_subdirs;
};

struct ns_common {
	__u32 inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mount *mnt_next_for_sb;	/* since 6.18 */
	struct mnt_namespace *mnt_ns;
};

struct mount___list {
	struct list_head mnt_instance;	/* until 6.17 */
};

struct path {
	struct dentry *dentry;
};

struct file {
	const void *f_op;
	struct inode *f_inode;
	struct path f_path;
	void *private_data;
};

struct perf_event {
	struct bpf_prog *prog;
};

struct sk_filter {
	struct bpf_prog *prog;
};

struct sock_reuseport {
	struct bpf_prog *prog;
};

struct sock {
	struct sk_filter *sk_filter;
	struct sock_reuseport *sk_reuseport_cb;
};

struct socket {
	struct sock *sk;
};

struct bpf_iter_priv_data {
	struct bpf_prog *prog;
	__u8 target_private[0];
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct {
	int tgid;
	struct task_struct *group_leader;
	char comm[16];
	struct files_struct *files;
};

struct bpf_iter__bpf_prog {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
};

struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};

struct bpf_iter__bpf_link {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

/*
 * A kernel may lack any member of a structure that is its own business, so each is asked for before it is read; tests/Relocations sees to it, and names the few that a program
 * can do nothing without. What is not there is absent from the view: text stays empty, an id 0, and where 0 would be a value a bit of the record's `known` stays clear.
 *
 * To the verifier the answer is a constant, and it takes out what stands behind a no. All of these take what BPF_CORE_READ() takes.
 */
#define HAS(src, ...)		___apply(___has, ___narg(__VA_ARGS__))(src, __VA_ARGS__)
#define ___has1(s, a)		bpf_core_field_exists(((typeof(s))0)->a)
#define ___has2(s, a, b)	(___has1(s, a) && ___has1((s)->a, b))
#define ___has3(s, a, b, c)	(___has2(s, a, b) && ___has1((s)->a->b, c))
#define ___has4(s, a, b, c, d)	(___has3(s, a, b, c) && ___has1((s)->a->b->c, d))

/* The member; 0 where the kernel lacks it. */
#define GET(src, ...)		GET_BY(BPF_CORE_READ, src, __VA_ARGS__)

/* Likewise into member `to` of record *r, and `bit` into its `known`. */
#define TAKE(r, bit, to, src, ...)	TAKE_BY(BPF_CORE_READ, r, bit, to, src, __VA_ARGS__)

/* The same by another way to read. */
#define GET_BY(read, src, ...)	(HAS(src, __VA_ARGS__) ? read(src, __VA_ARGS__) : 0)
#define TAKE_BY(read, r, bit, to, src, ...) do {					\
	if (HAS(src, __VA_ARGS__)) {							\
		(r)->to = read(src, __VA_ARGS__);					\
		(r)->known |= (bit);							\
	}										\
} while (0)

/* Text, from a member that points to it or that holds it. */
#define GET_TEXT(to, size, src, ...) do {						\
	if (HAS(src, __VA_ARGS__))							\
		bpf_probe_read_kernel_str(to, size, BPF_CORE_READ(src, __VA_ARGS__));	\
} while (0)
#define GET_CHARS(to, size, src, member) do {						\
	if (HAS(src, member))								\
		bpf_probe_read_kernel_str(to, size, (src)->member);			\
} while (0)

/*
 * A bit field of one bit, by a plain load of the one byte that it is in. BPF_CORE_READ_BITFIELD() loads all of the storage unit, which may begin in the member before
 * (bpf_prog.pages, 7.2), and that the verifier refuses. rshift is 64 less the bits it has, lshift 64 less where it ends: their difference is where it begins.
 */
#define READ_BIT(s, field) ({								\
	__u32 __at = __CORE_RELO(s, field, RSHIFT_U64) - __CORE_RELO(s, field, LSHIFT_U64);	\
	const __u8 *__from = (const void *)(s) + __CORE_RELO(s, field, BYTE_OFFSET);	\
	(bool)(__from[__at >> 3] >> (__at & 7) & 1);					\
})

/* A name that the structure holds, by plain loads; nothing where the kernel lacks it. `to` has as many bytes. */
#define LOAD_CHARS(to, src, member) do {						\
	if (HAS(src, member))								\
		__builtin_memcpy(to, (const void *)(src) + __CORE_RELO(src, member, BYTE_OFFSET), sizeof((src)->member)); \
} while (0)

/* For text on the stack, which is then cleared and copied eight bytes at a time. */
#define ALIGNED __attribute__((aligned(8)))

#define BPF_SEQ_WRITE_RECORD(meta, record) bpf_seq_write((meta)->seq, record, sizeof(*(record)))

#endif
