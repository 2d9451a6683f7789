// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel's own tables: cgroups, symbols, slab caches, DMA buffers; and the sockets in maps.
 *
 * An object of its own, loaded when the first of them is opened. Programs whose target this kernel lacks are left out.
 */
#include "kernel.h"
#include "chunks.h"
#include "records.h"
#include "setup.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct cgroup___table {
	int level;
	int nr_descendants;
	int nr_dying_descendants;
	int nr_populated_csets;			/* until 7.1 */
	int nr_populated_domain_children;
	int nr_populated_threaded_children;
	struct kernfs_node *kn;
};

struct cgroup___self {
	struct {
		int nr_populated_csets;		/* since 7.2, as is the next: of every subsystem */
		int nr_populated_children;
	} self;
};

struct bpf_iter__cgroup {
	struct bpf_iter_meta *meta;
	struct cgroup *cgroup;
};

struct kallsym_iter {
	char type;
	char name[512];
	char module_name[56];
	int exported;
};

struct bpf_iter__ksym {
	struct bpf_iter_meta *meta;
	struct kallsym_iter *ksym;
};

typedef struct {
	long counter;
} atomic_long_t;

struct kmem_cache_order_objects {
	unsigned int x;
};

struct kmem_cache_node {
	atomic_long_t nr_slabs;
	atomic_long_t total_objects;
};

struct kmem_cache {
	unsigned int flags;
	unsigned int size;
	unsigned int object_size;
	struct kmem_cache_order_objects oo;
	int refcount;
	unsigned int align;
	const char *name;
	struct kmem_cache_node *node[0];	/* until 7.0 */
};

struct kmem_cache_per_node_ptrs {
	struct kmem_cache_node *node;
};

struct kmem_cache___per_node {
	struct kmem_cache_per_node_ptrs per_node[0];	/* since 7.1 */
};

struct bpf_iter__kmem_cache {
	struct bpf_iter_meta *meta;
	struct kmem_cache *s;
};

struct inode___number {
	unsigned long i_ino;
};

struct dma_buf {
	unsigned long size;
	struct file *file;
	const char *exp_name;
	const char *name;
};

struct bpf_iter__dmabuf {
	struct bpf_iter_meta *meta;
	struct dma_buf *dmabuf;
};

struct net {
	struct ns_common ns;
};

struct in6_addr {
	__u8 bytes[16];
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__u32 skc_daddr, skc_rcv_saddr;
	__u16 skc_dport, skc_num, skc_family;
	unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

struct sock___full {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	__u16 sk_type;
	__u16 sk_protocol;
};

struct socket_alloc {
	struct inode___number vfs_inode;
};

struct bpf_iter__sockmap {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	struct sock *sk;
};

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
};

#pragma clang attribute pop

#define AF_INET		2
#define AF_INET6	10

static __always_inline void fill_populated(struct cgroup_row_record *r, struct cgroup___table *table)
{
	struct cgroup___self *newer = (void *)table;
	int count = 0;

	if (HAS(newer, self.nr_populated_csets) && HAS(newer, self.nr_populated_children))
		count = BPF_CORE_READ(newer, self.nr_populated_csets) | BPF_CORE_READ(newer, self.nr_populated_children);
	else if (HAS(table, nr_populated_csets))
		count = BPF_CORE_READ(table, nr_populated_csets);
	else
		return;
	if (!HAS(table, nr_populated_domain_children) || !HAS(table, nr_populated_threaded_children))
		return;
	count |= BPF_CORE_READ(table, nr_populated_domain_children) | BPF_CORE_READ(table, nr_populated_threaded_children);
	r->populated = count != 0;
	r->known |= CGROUP_HAS_POPULATED;
}

SEC("iter/cgroup")
int cgroup_row_records(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgroup = ctx->cgroup;
	struct cgroup___table *table = (void *)cgroup;
	struct cgroup_row_record r = {};

	if (!cgroup)
		return 0;
	r.id = BPF_CORE_READ(table, kn, id);
	r.level = BPF_CORE_READ(table, level);
	TAKE(&r, CGROUP_HAS_DESCENDANTS, descendants, table, nr_descendants);
	TAKE(&r, CGROUP_HAS_DYING, dying_descendants, table, nr_dying_descendants);
	fill_populated(&r, table);
	bpf_probe_read_kernel_str(r.name, sizeof(r.name), BPF_CORE_READ(table, kn, name));
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

/* As /proc/kallsyms (s_show, kernel/kallsyms.c), but never an address. */
SEC("iter/ksym")
int print_ksyms(struct bpf_iter__ksym *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct kallsym_iter *ksym = ctx->ksym;
	char type[2] = {};

	if (!ksym || !ksym->name[0])
		return 0;
	type[0] = ksym->type;
	if (!ksym->module_name[0]) {
		BPF_SEQ_PRINTF(seq, "%s %s\n", type, ksym->name);
		return 0;
	}
	if (ksym->exported && type[0] >= 'a' && type[0] <= 'z')
		type[0] -= 'a' - 'A';
	else if (!ksym->exported && type[0] >= 'A' && type[0] <= 'Z')
		type[0] += 'a' - 'A';
	BPF_SEQ_PRINTF(seq, "%s %s [%s]\n", type, ksym->name, ksym->module_name);
	return 0;
}

#define MAX_NODES	1024	/* CONFIG_NODES_SHIFT is at most 10 */

struct node_sum {
	__u64 nodes;			/* address of the cache's pointers to them, */
	__u64 stride;			/* which lie so far from each other */
	__u64 slabs, objects;
};

static long add_node(__u64 i, void *ctx)
{
	struct node_sum *sum = ctx;
	struct kmem_cache_node *node = NULL;

	bpf_probe_read_kernel(&node, sizeof(node), (void *)(sum->nodes + i * sum->stride));
	if (!node)
		return 0;
	sum->slabs += BPF_CORE_READ(node, nr_slabs.counter);
	sum->objects += BPF_CORE_READ(node, total_objects.counter);
	return 0;
}

static __always_inline void fill_totals(struct kmem_cache_record *r, struct kmem_cache *cache)
{
	struct kmem_cache___per_node *newer = (void *)cache;
	struct kmem_cache_per_node_ptrs *pointers;
	struct kmem_cache_node *node;
	struct node_sum sum = {};

	if (!HAS(node, nr_slabs.counter) || !HAS(node, total_objects.counter))
		return;
	if (HAS(newer, per_node) && HAS(pointers, node)) {
		sum.nodes = as_number(newer->per_node) + bpf_core_field_offset(struct kmem_cache_per_node_ptrs, node);
		sum.stride = bpf_core_type_size(struct kmem_cache_per_node_ptrs);
	} else if (HAS(cache, node)) {
		sum.nodes = as_number(cache->node);
		sum.stride = sizeof(node);
	} else {
		return;
	}
	bpf_loop(setup.possible_nodes < MAX_NODES ? setup.possible_nodes : MAX_NODES, add_node, &sum, 0);
	r->slabs = sum.slabs;
	r->objects = sum.objects;
	r->known |= KMEM_HAS_TOTALS;
}

SEC("iter/kmem_cache")
int kmem_cache_records(struct bpf_iter__kmem_cache *ctx)
{
	struct kmem_cache *cache = ctx->s;
	struct kmem_cache_record r = {};
	__u32 oo;

	if (!cache)
		return 0;
	TAKE(&r, KMEM_HAS_OBJECT_SIZE, object_size, cache, object_size);
	TAKE(&r, KMEM_HAS_SLAB_SIZE, slab_size, cache, size);
	if (HAS(cache, oo.x)) {
		oo = BPF_CORE_READ(cache, oo.x);
		r.objects_per_slab = oo & 0xffff;	/* OO_MASK, mm/slub.c */
		r.pages_per_slab = 1u << (oo >> 16);
		r.known |= KMEM_HAS_ORDER;
	}
	TAKE(&r, KMEM_HAS_ALIGN, align, cache, align);
	TAKE(&r, KMEM_HAS_FLAGS, flags, cache, flags);
	TAKE(&r, KMEM_HAS_ALIASES, aliases, cache, refcount);
	fill_totals(&r, cache);
	bpf_probe_read_kernel_str(r.name, sizeof(r.name), BPF_CORE_READ(cache, name));
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

SEC("iter/dmabuf")
int dmabuf_records(struct bpf_iter__dmabuf *ctx)
{
	struct dma_buf *buffer = ctx->dmabuf;
	struct inode___number *inode;
	struct dmabuf_record r = {};

	if (!buffer)
		return 0;
	inode = (void *)GET(buffer, file, f_inode);
	r.ino = GET(inode, i_ino);
	TAKE(&r, DMABUF_HAS_SIZE, size, buffer, size);
	GET_TEXT(r.exporter, sizeof(r.exporter), buffer, exp_name);
	GET_TEXT(r.name, sizeof(r.name), buffer, name);
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

static __always_inline void fill_addresses(struct map_socket_record *r, struct sock___full *sk)
{
	if (HAS(sk, __sk_common.skc_num)) {
		r->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
		r->known |= MAP_SOCKET_HAS_LOCAL;
	}
	if (HAS(sk, __sk_common.skc_dport)) {
		r->remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
		r->known |= MAP_SOCKET_HAS_REMOTE;
	}
	if (r->family == AF_INET) {
		__u32 local = GET(sk, __sk_common.skc_rcv_saddr), remote = GET(sk, __sk_common.skc_daddr);

		__builtin_memcpy(r->local, &local, sizeof(local));
		__builtin_memcpy(r->remote, &remote, sizeof(remote));
		if (!HAS(sk, __sk_common.skc_rcv_saddr))
			r->known &= ~MAP_SOCKET_HAS_LOCAL;
		if (!HAS(sk, __sk_common.skc_daddr))
			r->known &= ~MAP_SOCKET_HAS_REMOTE;
	} else {
		if (!HAS(sk, __sk_common.skc_v6_rcv_saddr) || bpf_probe_read_kernel(r->local, sizeof(r->local), &sk->__sk_common.skc_v6_rcv_saddr))
			r->known &= ~MAP_SOCKET_HAS_LOCAL;
		if (!HAS(sk, __sk_common.skc_v6_daddr) || bpf_probe_read_kernel(r->remote, sizeof(r->remote), &sk->__sk_common.skc_v6_daddr))
			r->known &= ~MAP_SOCKET_HAS_REMOTE;
	}
}

static __always_inline void write_socket(struct seq_file *seq, struct sock *of, __u32 key_size, __u32 value_size)
{
	struct sock___full *sk = (void *)of;
	struct map_socket_record r = { .key_size = key_size, .value_size = value_size };
	struct socket_alloc *file = (void *)GET(sk, sk_socket);

	if (HAS(sk, sk_socket) && HAS(file, vfs_inode.i_ino)) {
		r.ino = file ? BPF_CORE_READ(file, vfs_inode.i_ino) : 0;
		r.known |= MAP_SOCKET_HAS_INODE;
	}
	r.cookie = bpf_get_socket_cookie(of);
	TAKE(&r, MAP_SOCKET_HAS_NET_NS, net_ns, sk, __sk_common.skc_net.net, ns.inum);
	TAKE(&r, MAP_SOCKET_HAS_FAMILY, family, sk, __sk_common.skc_family);
	TAKE(&r, MAP_SOCKET_HAS_STATE, state, sk, __sk_common.skc_state);
	TAKE(&r, MAP_SOCKET_HAS_TYPE, type, sk, sk_type);
	TAKE(&r, MAP_SOCKET_HAS_PROTOCOL, protocol, sk, sk_protocol);
	if (r.family == AF_INET || r.family == AF_INET6)
		fill_addresses(&r, sk);
	bpf_seq_write(seq, &r, sizeof(r));
}

SEC("iter/sockmap")
int sockmap_records(struct bpf_iter__sockmap *ctx)
{
	struct element_walk walk = { .seq = ctx->meta->seq };
	struct bpf_map *map = ctx->map;
	struct sock *sk = ctx->sk;

	if (!map || !ctx->key || !sk)
		return 0;
	write_socket(ctx->meta->seq, sk, map->key_size, 0);
	walk.address = as_number(ctx->key);
	walk.size = map->key_size;
	bpf_loop(map->key_size / CHUNK + 1, write_chunk, &walk, 0);
	return 0;
}

SEC("iter/bpf_sk_storage_map")
int sk_storage_records(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct element_walk walk = { .seq = ctx->meta->seq };
	struct element_end_record end = {};
	struct bpf_map *map = ctx->map;
	struct sock *sk = ctx->sk;
	__u64 written;

	if (!map || !sk || !ctx->value)
		return 0;
	write_socket(ctx->meta->seq, sk, 0, map->value_size);
	walk.address = as_number(ctx->value);
	walk.size = map->value_size;
	bpf_loop(map->value_size / CHUNK + 1, write_chunk, &walk, 0);
	written = walk.sum;
	walk.sum = 0;
	bpf_loop(map->value_size / CHUNK + 1, sum_chunk, &walk, 0);
	end.torn = walk.sum != written;
	bpf_seq_write(ctx->meta->seq, &end, sizeof(end));
	return 0;
}

/* clang leaves a type that only a local variable has out of the BTF; tools/RecordGen needs them all. */
const struct {
	struct cgroup_row_record cgroup;
	struct kmem_cache_record kmem_cache;
	struct dmabuf_record dmabuf;
	struct map_socket_record map_socket;
	struct element_end_record element_end;
	enum cgroup_row_known_flags cgroup_known;
	enum kmem_cache_known_flags kmem_cache_known;
	enum dmabuf_known_flags dmabuf_known;
	enum map_socket_known_flags map_socket_known;
} table_record_types;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
