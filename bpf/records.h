/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The records that cross from the BPF programs to the view. Declared here and nowhere else:
 * tools/RecordGen makes the C# structs from the compiled object's BTF.
 *
 * Members are ordered so that no padding appears. Text ends in NUL within its array; what follows the NUL is zero.
 */
#ifndef BPFFS_VIEW_RECORDS_H
#define BPFFS_VIEW_RECORDS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define OBJ_NAME_LEN	16	/* BPF_OBJ_NAME_LEN */
#define FULL_NAME_LEN	128	/* as much of a BTF name as is kept; bpftool keeps the same */
#define FIRST_MAPS	4	/* most programs use no more, and more would not fit the stack; the others are asked for theirs (one_prog_maps) */
#define MAX_USED_MAPS	64	/* kernel/bpf/verifier.c: a program uses at most 64 maps */

/*
 * Where 0 is also a value, a bit of a record's `known` says whether this kernel has what it was to be read from (kernel.h). Everything else that is 0 or empty is absent,
 * or so it is said there.
 */

enum prog_flags {
	PROG_GPL_COMPATIBLE	= 1,
	PROG_SLEEPABLE		= 2,
	PROG_TAIL_CALL_REACHABLE = 4,
	PROG_IS_EXTENDED	= 8,
	PROG_MIGHT_SLEEP	= 16,
};

enum prog_known_flags {
	PROG_HAS_UID		= 1,
	PROG_HAS_XLATED		= 2,
	PROG_HAS_JITED		= 4,
	PROG_HAS_PAGES		= 8,
	PROG_HAS_REFCNT		= 16,
	PROG_HAS_TAG		= 32,
	PROG_HAS_RUNS		= 64,	/* run_time_ns, run_cnt */
	PROG_HAS_MISSES		= 128,
	PROG_HAS_GPL_COMPATIBLE	= 256,
	PROG_HAS_SLEEPABLE	= 512,
	PROG_HAS_TAIL_CALL_REACHABLE = 1024,
	PROG_HAS_IS_EXTENDED	= 2048,	/* 6.13 */
	PROG_HAS_MIGHT_SLEEP	= 4096,	/* 6.14 */
};

/* One program: struct bpf_prog and struct bpf_prog_aux. */
struct prog_record {
	__u64 load_time;		/* ns since boot, CLOCK_BOOTTIME */
	__u64 run_time_ns;
	__u64 run_cnt;
	__u64 recursion_misses;
	__u64 refcnt;
	__u32 id;
	__u32 type;			/* enum bpf_prog_type */
	__u32 flags;			/* enum prog_flags */
	__u32 known;			/* enum prog_known_flags */
	__u32 uid;			/* of the loader, in the initial user namespace */
	__u32 btf_id;			/* 0: none */
	__u32 bytes_xlated;
	__u32 bytes_jited;
	__u32 pages;
	__u32 used_map_cnt;
	__u32 func_cnt;			/* 0: no subprograms, or not known */
	__u32 verified_insns;
	__u32 attach_btf_id;		/* type id of the function it attaches to */
	__u32 target_prog_id;		/* aux->dst_prog; the kernel clears it when the program is attached (5.10) */
	__u32 stack_depth;		/* bytes, of the main function; 0 where the verifier did not keep it */
	__u32 num_exentries;		/* exception table: loads that may fault */
	__u32 line_info_cnt;
	__u32 func_info_cnt;		/* functions that BTF has the names of */
	__u32 arena_id;			/* map id of the arena it uses; 0: none */
	__u32 reserved;
	__u32 map_ids[FIRST_MAPS];	/* of used_map_cnt */
	__u8 tag[8];
	char name[FULL_NAME_LEN];	/* the full name from BTF where aux->name was cut */
	char attach_func[FULL_NAME_LEN];	/* aux->attach_func_name */
};

enum map_known_flags {
	MAP_HAS_ELEM_COUNT	= 1,
	MAP_HAS_RING		= 2,
	MAP_HAS_INNER		= 4,
	MAP_HAS_STRUCT_OPS	= 8,
	MAP_HAS_KEY_SIZE	= 16,	/* this and the next two: of inner maps, too */
	MAP_HAS_VALUE_SIZE	= 32,
	MAP_HAS_MAX_ENTRIES	= 64,
	MAP_HAS_FLAGS		= 128,
	MAP_HAS_FROZEN		= 256,
	MAP_HAS_REFCNT		= 512,
	MAP_HAS_USERCNT		= 1024,
};

/* One edge: program uses map. */
struct prog_map_record {
	__u32 prog_id;
	__u32 map_id;
};

/* One map: struct bpf_map. */
struct map_record {
	__u64 map_extra;
	__u64 refcnt;
	__u64 usercnt;
	__u32 id;
	__u32 type;			/* enum bpf_map_type */
	__u32 key_size;			/* bytes */
	__u32 value_size;		/* bytes */
	__u32 max_entries;
	__u32 map_flags;
	__u32 btf_id;			/* 0: none */
	__u32 btf_key_type_id;
	__u32 btf_value_type_id;
	__u32 btf_vmlinux_value_type_id;
	__u32 frozen;
	__s32 numa_node;		/* -1: any, or not known */
	__u32 known;			/* enum map_known_flags */
	__u32 inner_type;		/* of maps in maps: what each inner map is */
	__u32 inner_key_size;
	__u32 inner_value_size;
	__u32 inner_max_entries;
	__u32 struct_ops_state;		/* enum bpf_struct_ops_state */
	__u32 struct_ops_btf_id;	/* BTF that btf_vmlinux_value_type_id is in; 0: the kernel's */
	__u32 reserved;
	__s64 elem_count;		/* of kinds that keep account of it */
	__u64 ring_consumer;		/* ring buffers: positions in bytes */
	__u64 ring_producer;
	char name[OBJ_NAME_LEN];
};

/* What a perf event is: enum bpf_perf_event_type. */
enum perf_link_kind {
	PERF_LINK_UPROBE	= 1,
	PERF_LINK_URETPROBE	= 2,
	PERF_LINK_KPROBE	= 3,
	PERF_LINK_KRETPROBE	= 4,
	PERF_LINK_TRACEPOINT	= 5,
	PERF_LINK_EVENT		= 6,	/* one that counts */
};

enum link_known_flags {
	LINK_HAS_DEVICE		= 1,	/* ifindex */
	LINK_HAS_NETNS		= 2,
	LINK_HAS_CGROUP		= 4,
	LINK_HAS_NETFILTER	= 8,
	LINK_HAS_PERF_EVENT	= 16,	/* perf_type, perf_config */
	LINK_HAS_OFFSET		= 32,
	LINK_HAS_FUNCS		= 64,
	LINK_HAS_FLAGS		= 128,
};

/* One link's numbers: struct bpf_link and what its type embeds it in. A macro, as a program's stack has no room for the names, too. */
#define LINK_NUMBERS										\
	__u32 id;										\
	__u32 type;			/* enum bpf_link_type */				\
	__u32 prog_id;			/* 0: none (struct_ops) */				\
	__u32 target_prog_id;		/* tracing: bpf_tracing_link.tgt_prog; 0: the kernel */	\
	__u32 target_btf_id;		/* tracing: type id of the function in the target's BTF */ \
	__u32 ifindex;			/* xdp, tcx, netkit; 0: gone */				\
	__u32 netns_ino;		/* of the device, the hook, or attached to; 0: gone */	\
	__u32 map_id;			/* struct_ops, sockmap, iter over a map */		\
	__u64 cgroup_id;		/* cgroup, iter over cgroups; 0: removed */		\
	__u64 cookie;			/* raw_tracepoint, tracing, perf_event */		\
	__u64 offset;			/* perf_event, uprobe_multi (the first): bytes into function or file */ \
	__u64 ref_ctr_offset;		/* perf_event: of a uprobe's reference counter in the file */ \
	__u64 perf_config;		/* perf_event_attr.config */				\
	__u32 perf_type;		/* perf_event_attr.type */				\
	enum perf_link_kind perf_kind;	/* 0: not known */					\
	__u32 func_cnt;			/* kprobe_multi, uprobe_multi */			\
	__u32 flags;			/* kprobe_multi: BPF_F_KPROBE_MULTI_* */		\
	__u32 nf_family;		/* netfilter: NFPROTO_* */				\
	__u32 nf_hook;										\
	__s32 nf_priority;									\
	__u32 known;			/* enum link_known_flags */

struct link_numbers {
	LINK_NUMBERS
};

struct link_record {
	LINK_NUMBERS
	char prog_name[FULL_NAME_LEN];
	char target_func[FULL_NAME_LEN];	/* function (kprobe_multi: the first), tracepoint, iterator target, device, file */
	char target_name[FULL_NAME_LEN];	/* name of the target program or map */
};

/* What listings and progs.debug want of a program: a third of prog_record's cost. */
struct prog_row_record {
	__u64 load_time;		/* ns since boot */
	__u32 id;
	__u32 type;
	__u32 pages;
	__u32 target_prog_id;		/* as in prog_record */
	__u32 known;			/* enum prog_known_flags: pages, tag */
	__u32 reserved;
	__u8 tag[8];
	char name[FULL_NAME_LEN];
	char attach_func[FULL_NAME_LEN];
};

/* How a descriptor holds an object. */
enum holder_kind {
	HOLDER_PROG		= 1,	/* a descriptor of the object itself */
	HOLDER_MAP		= 2,
	HOLDER_LINK		= 3,
	HOLDER_BTF		= 4,
	HOLDER_ITER		= 5,	/* these hold a program: an iterator being read */
	HOLDER_PERF_EVENT	= 6,	/* a perf event that runs it */
	HOLDER_SOCKET		= 7,	/* a socket whose filter or reuseport group it is */
};

/* One open file descriptor that holds an object. */
struct holder_record {
	__u32 pid;			/* of the process: the thread group's id, in the initial pid namespace */
	__u32 fd;
	__u32 id;			/* of the program, map, link or BTF */
	enum holder_kind kind;
	__u32 is_own;			/* 1: of the process that reads this */
	char comm[16];			/* of the thread group's leader: any bytes */
};

/*
 * What walk_pins writes (pins.h), one after the other: what was found, then its path as names, the last part first. Each is followed
 * by `length` bytes of name, filled up to a multiple of 8.
 */
enum pin_what {
	PIN_NAME	= 1,	/* part of the path of what came before */
	PIN_SUPER	= 2,	/* a bpffs: what follows is in it; no path */
	PIN_MOUNT	= 3,	/* a mount of it: the path is the mount point; id: the mount namespace's inode */
	PIN_MOUNT_ROOT	= 4,	/* of that mount: which part of the bpffs it shows */
	PIN_PROG	= 5,	/* pins: the path is within the bpffs; id: the object's */
	PIN_MAP		= 6,
	PIN_LINK	= 7,
};

struct pin_record {
	enum pin_what what;
	__u32 id;
	__u32 dev;			/* of the bpffs */
	__u32 length;			/* bytes of name */
};

/* Given to walk_pins: descriptors of a pinned program, map and link of ours, and where to start; and what it gives back. */
struct walk_pins_record {
	__u32 prog_fd;
	__u32 map_fd;
	__u32 link_fd;
	__u32 first;			/* how many mounts and pins to pass over */
	__u32 next;			/* what to give as first to get the rest; 0: that was all */
	__u32 length;			/* bytes written */
	__s32 error;
	__u32 torn;			/* 1: it changed so while it was walked that something may be missing */
};

/* What code.bpf.c's programs are given (fd, func and more) and give back. func: which of the program's functions, from 0. */
#define CODE_NAME_LEN	192
#define CODE_PIECE	256		/* what fits a program's stack */
#define CODE_LINES	16
#define CODE_INSNS	0xffffffff	/* as func: the whole program's BPF instructions */

struct code_func_record {
	__u32 fd;
	__u32 func;
	__s32 error;
	__u32 func_cnt;			/* 0: one function */
	__u32 blinded;			/* 1: constants were hidden in the code (net.core.bpf_jit_harden) */
	__u32 bytes;			/* of machine code; 0: it is interpreted */
	__u32 first_line;		/* index into the program's line info */
	__u32 reserved;
	__u8 tag[8];
	char name[CODE_NAME_LEN];	/* of its symbol; empty: it has none */
};

struct code_bytes_record {
	__u32 fd;
	__u32 func;
	__u32 offset;			/* bytes before the piece */
	__s32 error;
	__u32 length;			/* bytes in the piece; 0: there are no more */
	__u32 reserved;
	__u8 bytes[CODE_PIECE];
};

struct code_lines_record {
	__u32 fd;
	__u32 func;
	__u32 first;			/* index into the program's line info */
	__s32 error;
	__u32 cnt;
	__u32 reserved;
	__u32 offsets[CODE_LINES];	/* bytes from the function's start */
};

enum code_name_kind {
	CODE_NAME_CALL	= 1,		/* value: index of a call instruction */
	CODE_NAME_NEAR	= 2,		/* value: bytes from the start of func's machine code */
};

struct code_name_record {
	__u32 fd;
	__u32 func;
	enum code_name_kind kind;
	__s32 error;
	__s64 value;
	__s64 call_base;		/* from call_base_record; 0: not known */
	char name[CODE_NAME_LEN];
};

struct call_base_record {
	__s64 from_landmark;		/* distance of __bpf_call_base from another symbol of the kernel's image */
};

/* What is attached without a link, and what no link tells of its attachment (attach.bpf.c). */
enum net_what {
	NET_XDP			= 1,	/* mode: enum bpf_xdp_mode */
	NET_TCX_INGRESS		= 2,
	NET_TCX_EGRESS		= 3,
	NET_NETKIT		= 4,	/* mode: 1 on the primary device, 0 on its peer */
	NET_FLOW_DISSECTOR	= 5,	/* of the namespace, as is the next; no device */
	NET_SK_LOOKUP		= 6,
	NET_TC			= 7,	/* no program: the device has a queueing discipline that can have filters */
};

/* Programs of one device and kind come in the order in which they run. */
struct net_record {
	__u64 ns_id;			/* of the network namespace, what a file handle of it is made of; 0: before 6.18 */
	__u32 netns;			/* its inode */
	__u32 ifindex;
	enum net_what what;
	__u32 mode;
	__u32 prog_id;
	__u32 link_id;			/* 0: attached without one */
	char name[16];			/* of the device: any bytes */
};

/* Given to walk_nets, and what it gives back. */
struct walk_nets_record {
	__u32 first;			/* how many records to pass over */
	__u32 next;			/* what to give as first to get the rest; 0: that was all */
	__u32 length;			/* bytes written */
	__u32 torn;			/* 1: it changed so while it was walked that something may be missing */
};

/* A perf event that runs a program: one that a descriptor of a process is of (tid, fd), or that a link holds. */
struct perf_event_record {
	__u64 event_id;			/* the same for all descriptors of an event */
	__u64 config;
	__u32 type;			/* attr.type: enum perf_type_id, or a PMU's number */
	__s32 cpu;			/* -1: on all */
	__u32 of_task;			/* 1: counts one task only */
	__u32 prog_id;
	__u32 link_id;			/* 0: this is a descriptor */
	__u32 tid;			/* in the initial pid namespace */
	__u32 fd;
	__u32 reserved;
};

/* A cgroup that has programs of its own. */
struct cgroup_record {
	__u64 id;
	__u64 attach_types;		/* bits: by enum bpf_attach_type, of which it has some */
};

/* A program in a struct_ops map. */
struct struct_ops_record {
	__u32 map_id;
	__u32 map_flags;
	__u32 state;			/* enum bpf_struct_ops_state */
	__u32 prog_id;
	char map_name[OBJ_NAME_LEN];
	char ops[64];			/* what is implemented: tcp_congestion_ops */
};

/* What follows an element's key and value (elements.h). */
struct element_end_record {
	__u64 torn;		/* 1: it changed while it was read */
};

/* What programs are told of the machine before they are loaded (setup.h). */
struct setup_record {
	__u32 possible_cpus;		/* how many values an element of a per-CPU map has: libbpf_num_possible_cpus() */
	__u32 possible_nodes;		/* NUMA nodes */
	__u32 reads_memory;		/* 0: bpf_probe_read_kernel() is refused (lockdown=confidentiality) */
};

/* What one.h's programs are given (fd) and give back. */
struct one_prog_record {
	__u32 fd;
	__s32 error;
	struct prog_record prog;
};

struct one_prog_maps_record {
	__u32 fd;
	__s32 error;
	__u32 cnt;
	__u32 map_ids[MAX_USED_MAPS];
};

/* Given to one_prog_func (prognames.h), with the index of a function. */
struct one_prog_func_record {
	__u32 fd;
	__u32 index;
	__s32 error;			/* ENOENT: there is no such function, or it has no name */
	char name[FULL_NAME_LEN];
};

struct one_map_record {
	__u32 fd;
	__s32 error;
	struct map_record map;
};

struct one_link_record {
	__u32 fd;
	__s32 error;
	struct link_record link;
};

/* Who may look into a process as it was when the record was made (owner.h). */
struct task_owner_record {
	__u32 uid;			/* 0: only root */
	__u32 gid;
	__u32 user_ns;			/* inode of its user namespace */
	__u32 pid;			/* of the process, in the pid namespace of who reads this */
	__u64 state;			/* of all that decides who may look: another number once any of it has changed */
	__u32 is_plain;			/* 1: whoever has its ids, and no capability, may look */
	__u32 reserved;
};

/* Given to one_task() (readers.h) with a descriptor of /proc/TID, and given back. */
struct one_task_record {
	__u32 fd;
	__s32 error;
	__s32 domain_at;		/* where in cred->security Landlock has its domain; -1: nowhere */
	__u32 reserved;
	struct task_owner_record owner;
	__u64 cap_effective;
	__u64 domain;			/* the thread's, a number to compare; 0: none */
};

#define CRED_WORDS	16

/* Given back by cred_words(): what the security modules keep of the caller's credentials. */
struct cred_words_record {
	__u64 words[CRED_WORDS];
	__u32 count;			/* 0: nothing */
	__u32 reserved;
};

enum task_known_flags {
	TASK_HAS_START		= 1,
	TASK_HAS_CGROUP		= 2,
	TASK_HAS_CAPS		= 4,
	TASK_HAS_STATE		= 8,
	TASK_HAS_THREADS	= 16,
	TASK_HAS_KERNEL_THREAD	= 32,
	TASK_HAS_NO_NEW_PRIVS	= 64,
	TASK_HAS_SECCOMP	= 128,
	TASK_HAS_UIDS		= 256,
	TASK_HAS_GIDS		= 512,
};

/* One process (tasks.bpf.c). Namespaces are inodes; 0: it has none any more. */
struct task_record {
	struct task_owner_record owner;
	__u64 start_time;		/* ns since boot, CLOCK_BOOTTIME */
	__u64 total_vm;			/* pages */
	__u64 cgroup_id;		/* in the cgroup2 hierarchy */
	__u64 cap_effective;
	__u32 ppid;			/* 0: none that the reader's pid namespace shows */
	__u32 state;			/* __state and exit_state together */
	__u32 threads;
	__u32 flags;			/* enum task_flags */
	__u32 seccomp;			/* 0: none, 1: strict, 2: filter */
	__u32 uid;
	__u32 euid;
	__u32 suid;
	__u32 fsuid;
	__u32 gid;
	__u32 egid;
	__u32 sgid;
	__u32 fsgid;
	__u32 net_ns;
	__u32 mnt_ns;
	__u32 pid_ns;
	__u32 uts_ns;
	__u32 ipc_ns;
	__u32 cgroup_ns;
	__u32 time_ns;
	__u32 known;			/* enum task_known_flags */
	__u32 reserved;
	char comm[16];
};

enum task_flags {
	TASK_KERNEL_THREAD	= 1,
	TASK_NO_NEW_PRIVS	= 2,
};

enum task_file_known_flags {
	TASK_FILE_HAS_MODE	= 1,
	TASK_FILE_HAS_FLAGS	= 2,
};

/* One open file of a process, followed by `length` bytes of path with its NUL, filled up to a multiple of 8. */
struct task_file_record {
	struct task_owner_record owner;
	__u64 ino;
	__u32 fd;
	__u32 mode;			/* of the inode: S_IFMT and permissions */
	__u32 flags;			/* of open(2) */
	__u32 kind;			/* enum holder_kind; 0: no BPF object */
	__u32 id;			/* of the object; of a socket, of its filter */
	__u32 length;			/* 0: errno tells why there is no path */
	__s32 error;
	__u32 known;			/* enum task_file_known_flags */
};

/* What a mapping is called. */
enum vma_name {
	VMA_NONE	= 0,
	VMA_FILE	= 1,		/* by the path that follows */
	VMA_SHARED_ANON	= 2,		/* by prctl(2), PR_SET_VMA_ANON_NAME; the mapping is of shared memory */
	VMA_ANON	= 3,		/* the same, private */
	VMA_SPECIAL	= 4,		/* by the kernel: [vdso], with its brackets */
	VMA_HEAP	= 5,
	VMA_STACK	= 6,
};

/* One mapping of a process, followed by its name as a file is by its path. */
struct task_vma_record {
	struct task_owner_record owner;
	__u64 start;
	__u64 end;
	__u64 flags;			/* VM_* */
	__u64 offset;			/* bytes */
	__u64 ino;
	__u32 dev;			/* s_dev: major << 20 | minor */
	enum vma_name name;
	__u32 length;
	__s32 error;
};

#define KERNEL_NAME_LEN	256

/* One cgroup of the cgroup2 hierarchy, parents before children (kernel_tables.bpf.c). */
struct cgroup_row_record {
	__u64 id;			/* inode of its directory */
	__u32 level;			/* 0: the root */
	__u32 descendants;
	__u32 dying_descendants;	/* removed, but still kept by something */
	__u32 populated;		/* 1: there are processes in it or below */
	__u32 known;			/* enum cgroup_row_known_flags */
	__u32 reserved;
	char name[KERNEL_NAME_LEN];	/* of its directory */
};

enum cgroup_row_known_flags {
	CGROUP_HAS_DESCENDANTS	= 1,
	CGROUP_HAS_DYING	= 2,
	CGROUP_HAS_POPULATED	= 4,
};

enum kmem_cache_known_flags {
	KMEM_HAS_TOTALS		= 1,	/* this kernel counts slabs and objects (CONFIG_SLUB_DEBUG) */
	KMEM_HAS_OBJECT_SIZE	= 2,
	KMEM_HAS_SLAB_SIZE	= 4,
	KMEM_HAS_ORDER		= 8,	/* objects_per_slab, pages_per_slab */
	KMEM_HAS_ALIGN		= 16,
	KMEM_HAS_FLAGS		= 32,
	KMEM_HAS_ALIASES	= 64,
};

/* One slab cache. */
struct kmem_cache_record {
	__u64 slabs;
	__u64 objects;			/* in all slabs, used and free */
	__u32 object_size;		/* bytes asked for */
	__u32 slab_size;		/* bytes an object takes in a slab */
	__u32 objects_per_slab;
	__u32 pages_per_slab;
	__u32 align;
	__u32 flags;			/* SLAB_* */
	__u32 aliases;			/* how many kmem_cache_create() share it */
	__u32 known;			/* enum kmem_cache_known_flags */
	char name[KERNEL_NAME_LEN];
};

enum dmabuf_known_flags {
	DMABUF_HAS_SIZE		= 1,
};

/* One DMA buffer. */
struct dmabuf_record {
	__u64 ino;			/* 0: not known */
	__u64 size;			/* bytes */
	__u32 known;			/* enum dmabuf_known_flags */
	__u32 reserved;
	char exporter[64];
	char name[64];			/* given by user space: any bytes */
};

enum map_socket_known_flags {
	MAP_SOCKET_HAS_TYPE	= 1,
	MAP_SOCKET_HAS_PROTOCOL	= 2,
	MAP_SOCKET_HAS_STATE	= 4,
	MAP_SOCKET_HAS_LOCAL	= 8,	/* address and port, as the next */
	MAP_SOCKET_HAS_REMOTE	= 16,
	MAP_SOCKET_HAS_INODE	= 32,
	MAP_SOCKET_HAS_NET_NS	= 64,
	MAP_SOCKET_HAS_FAMILY	= 128,
};

/*
 * A socket in a map: sk_storage, where the value is followed by struct element_end_record, or sockmap and sockhash. What follows it is
 * filled up to a multiple of 8: key_size bytes of key, value_size bytes of value.
 */
struct map_socket_record {
	__u64 ino;			/* 0: no file (orphaned, or not yet accepted) */
	__u64 cookie;
	__u32 net_ns;
	__u32 family;
	__u32 type;			/* SOCK_* */
	__u32 protocol;
	__u32 state;			/* TCP_* */
	__u32 local_port;
	__u32 remote_port;
	__u32 key_size;
	__u32 value_size;
	__u32 known;			/* enum map_socket_known_flags */
	__u8 local[16];			/* IPv4: the first 4 */
	__u8 remote[16];
};

/* One of the functions of a kprobe_multi or uprobe_multi link (func: which, from 0), or of a BTF (func: the type's id). */
struct link_func_record {
	__u32 fd;		/* of the link or BTF */
	__u32 func;
	__s32 error;		/* EINVAL: it has no such function */
	__u32 reserved;
	__u64 cookie;
	__u64 offset;		/* uprobe_multi: bytes into the file */
	__u64 ref_ctr_offset;
	char name[FULL_NAME_LEN];	/* "function" or "function [module]"; empty: not known */
};

/* ---- net.bpf.c */

#define SOCK_STORAGES	16	/* as many sk_storage maps of a socket as are named */
#define CA_NAME_LEN	16	/* TCP_CA_NAME_MAX */
#define UNIX_PATH_LEN	108	/* UNIX_PATH_MAX */

/* Where BPF programs may hang on a socket: the index into progs of struct sock_record. */
enum sock_prog {
	SOCK_PROG_FILTER	= 0,	/* SO_ATTACH_BPF, SO_ATTACH_FILTER */
	SOCK_PROG_REUSEPORT	= 1,	/* of its reuseport group */
	SOCK_PROG_MSG_VERDICT	= 2,	/* of a sockmap it is in, as are the rest */
	SOCK_PROG_STREAM_PARSER	= 3,
	SOCK_PROG_STREAM_VERDICT = 4,
	SOCK_PROG_SKB_VERDICT	= 5,
	SOCK_PROG_KINDS		= 6,
};

enum sock_known_flags {
	SOCK_HAS_REFCNT		= 1,
	SOCK_HAS_RX_QUEUE	= 2,
	SOCK_HAS_TX_QUEUE	= 4,
	SOCK_HAS_DROPS		= 8,
	SOCK_HAS_LOCAL_ADDRESS	= 16,	/* this and the next: of struct endpoints_record */
	SOCK_HAS_LOCAL_PORT	= 32,
	SOCK_HAS_REMOTE_ADDRESS	= 64,
	SOCK_HAS_REMOTE_PORT	= 128,
	SOCK_HAS_STATE		= 256,
};

/* What all sockets have. A socket in TIME_WAIT or SYN_RECV is not a whole one and has zeros here, as in /proc/net/tcp. */
struct sock_record {
	__u64 inode;			/* 0: no process has it open */
	__u64 cgroup_id;		/* 0: none */
	__u32 uid;
	__u32 refcnt;			/* the iterator's own is not counted */
	__u32 rx_queue;			/* bytes; of a listener, connections to accept */
	__u32 tx_queue;			/* bytes */
	__u32 drops;
	__u32 prog_mask;		/* bit: enum sock_prog; set where progs has an id, or 0 for a classic filter */
	__u32 progs[SOCK_PROG_KINDS];
	__u32 storage_cnt;		/* sk_storage maps with a value for it; SOCK_STORAGES of them are named */
	__u32 storages[SOCK_STORAGES];
	__u32 known;			/* enum sock_known_flags */
};

/* Addresses are in network order, an IPv4 address in the first four bytes. */
struct endpoints_record {
	__u8 local_address[16];
	__u8 remote_address[16];
	__u16 local_port;
	__u16 remote_port;
	__u16 family;
	__u16 state;			/* TCP_ESTABLISHED ...; a UDP socket has 7 (TCP_CLOSE) until it is connected */
};

enum tcp_sock_flags {
	TCP_SOCK_FULL		= 1,	/* neither TIME_WAIT nor SYN_RECV */
	TCP_SOCK_INITIAL_SLOWSTART = 2,	/* ssthresh is not known yet */
	TCP_SOCK_PINGPONG	= 4,	/* interactive: acknowledgements are delayed */
};

enum tcp_known_flags {
	TCP_HAS_TIMER		= 1,
	TCP_HAS_EXPIRES		= 2,
	TCP_HAS_RETRANSMITS	= 4,
	TCP_HAS_PROBES		= 8,
	TCP_HAS_RTO		= 16,
	TCP_HAS_ATO		= 32,
	TCP_HAS_QUICK_ACK	= 64,
	TCP_HAS_PINGPONG	= 128,
	TCP_HAS_CWND		= 256,
	TCP_HAS_SSTHRESH	= 512,
	TCP_HAS_FASTOPEN	= 1024,
	TCP_HAS_RTTVAR		= 2048,
	TCP_HAS_TOTAL_RETRANSMITS = 4096,
	TCP_HAS_LOST		= 8192,
	TCP_HAS_UNACKED		= 16384,
};

struct tcp_record {
	struct sock_record sock;
	struct endpoints_record ends;
	__u64 pacing_rate;		/* bytes a second; all ones: not paced; 0: not known */
	__s64 timer_expires;		/* jiffies from now */
	__u32 timer;			/* 0 none, 1 retransmit, 2 keepalive, 3 TIME_WAIT, 4 zero window probe */
	__u32 flags;			/* enum tcp_sock_flags */
	__u32 retransmits;		/* of the segment that is not acknowledged */
	__u32 probes;			/* zero window and keepalive probes not answered */
	__u32 rto;			/* jiffies */
	__u32 ato;			/* jiffies */
	__u32 quick_ack;
	__u32 cwnd;			/* segments */
	__u32 ssthresh;			/* segments */
	__u32 fastopen_queue;		/* of a listener: longest queue of TCP Fast Open */
	__u32 srtt;			/* 1/8 us; 0: not known */
	__u32 rttvar;			/* 1/4 us */
	__u32 min_rtt;			/* us; all ones: not known */
	__u32 total_retransmits;	/* segments, in the life of the connection */
	__u32 lost;			/* segments */
	__u32 unacked;			/* segments */
	__u32 known;			/* enum tcp_known_flags */
	__u32 reserved;
	char congestion[CA_NAME_LEN];
};

/* How a UDP socket is set up, and what is in its receive queue: what net/quic goes by. */
enum udp_sock_flags {
	UDP_SOCK_QUIC_PACKET	= 1,	/* its receive queue has a QUIC packet with a long header */
	UDP_SOCK_DF		= 2,	/* never fragments: IP_MTU_DISCOVER is IP_PMTUDISC_DO or _PROBE */
	UDP_SOCK_ECN		= 4,	/* is told the ECN bits of what it receives: IP_RECVTOS, IPV6_RECVTCLASS */
	UDP_SOCK_GRO		= 8,	/* UDP_GRO */
	UDP_SOCK_GSO		= 16,	/* UDP_SEGMENT */
	UDP_SOCK_TUNNEL		= 32,	/* the kernel takes what it receives: UDP_ENCAP, VXLAN, WireGuard ... */
	UDP_SOCK_PKTINFO	= 64,	/* is told to which address it was sent: IP_PKTINFO, IPV6_RECVPKTINFO */
	UDP_SOCK_RCVBUF		= 128,	/* SO_RCVBUF was set */
};

struct udp_record {
	struct sock_record sock;
	struct endpoints_record ends;
	__u32 flags;			/* enum udp_sock_flags */
	__u32 gso_size;			/* bytes of a segment */
};

enum unix_known_flags {
	UNIX_HAS_TYPE		= 1,
	UNIX_HAS_STATE		= 2,	/* and flags */
};

struct unix_record {
	struct sock_record sock;
	__u64 peer_inode;		/* 0: none */
	__u32 type;			/* SOCK_STREAM ... */
	__u32 state;			/* SS_UNCONNECTED ... */
	__u32 flags;			/* as /proc/net/unix: __SO_ACCEPTCON */
	__u32 path_len;			/* bytes of path; an abstract name begins with NUL and may hold more */
	char path[UNIX_PATH_LEN];
	__u32 known;			/* enum unix_known_flags */
};

#define UNIX_OUTPUT_SIZE	(2 << 20)	/* holds 7,700 sockets; what one bucket of the kernel's table has must fit */

/* How far a walk over the unix sockets is, in front of its output. The reader sets `from` and clears the rest. */
struct unix_walk_record {
	__u32 from;			/* first bucket that is wanted */
	__u32 next;			/* where it is full: first bucket that did not fit */
	__u32 length;			/* bytes of output */
	__u32 is_full;
	__u32 bucket;			/* the one that is being written, and where it begins */
	__u32 bucket_start;
};

enum netlink_known_flags {
	NETLINK_HAS_PROTOCOL	= 1,
	NETLINK_HAS_PORTID	= 2,
	NETLINK_HAS_GROUPS	= 4,
	NETLINK_HAS_DUMP	= 8,
};

struct netlink_record {
	struct sock_record sock;
	__u64 groups;			/* the first 64 */
	__u32 protocol;
	__u32 portid;
	__u32 dump;			/* 1: a dump is running */
	__u32 known;			/* enum netlink_known_flags */
};

enum route6_known_flags {
	ROUTE6_HAS_DESTINATION	= 1,
	ROUTE6_HAS_GATEWAY	= 2,
	ROUTE6_HAS_METRIC	= 4,
	ROUTE6_HAS_REFCNT	= 8,
	ROUTE6_HAS_FLAGS	= 16,
	ROUTE6_HAS_TABLE	= 32,
	ROUTE6_HAS_PROTOCOL	= 64,
	ROUTE6_HAS_TYPE		= 128,
};

struct route6_record {
	__u8 destination[16];
	__u8 source[16];
	__u8 gateway[16];
	__u32 destination_len;
	__u32 source_len;
	__u32 metric;
	__u32 refcnt;
	__u32 flags;			/* RTF_* */
	__u32 table;
	__u32 protocol;			/* RTPROT_* */
	__u32 type;			/* RTN_* */
	__u32 nexthop_id;		/* 0: none */
	__u32 ifindex;
	__u32 known;			/* enum route6_known_flags */
	char dev[16];
};

enum sock_owner_known_flags {
	SOCK_OWNER_HAS_PROTOCOL	= 1,	/* family, type, protocol */
};

/* A descriptor of a socket. */
struct sock_owner_record {
	__u64 inode;
	__u32 netns_ino;
	__u32 pid;
	__u32 fd;
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 mark;			/* SO_MARK */
	__u32 known;			/* enum sock_owner_known_flags */
	char comm[16];
};

/* Given the descriptor of a thread's directory in /proc: which network namespace the thread is in. */
struct reader_netns_record {
	__u32 fd;
	__s32 error;
	__u32 netns_ino;
	__u32 has_id;
	__u64 netns_id;			/* what open_by_handle_at(2) wants to know of it besides; since 6.18 */
};

#endif
