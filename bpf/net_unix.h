/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Unix and netlink sockets: what unix_seq_show() and netlink_native_seq_show() print -> struct unix_record, struct netlink_record. */
#ifndef BPFFS_VIEW_NET_UNIX_H
#define BPFFS_VIEW_NET_UNIX_H

#include "socks.h"

#define SS_UNCONNECTED		1
#define SS_CONNECTING		2
#define SS_CONNECTED		3
#define SS_DISCONNECTING	4
#define SO_ACCEPTCON		(1 << 16)
#define UNIX_LISTEN		10	/* TCP_LISTEN, TCP_ESTABLISHED: unix sockets have TCP's states */
#define UNIX_ESTABLISHED	1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sockaddr_un {
	char sun_path[UNIX_PATH_LEN];
};

struct unix_address {
	int len;
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct sock___net sk;
	struct unix_address *addr;
	struct sock___net *peer;
};

struct netlink_sock {
	struct sock___net sk;
	__u32 portid;
	__u32 ngroups;
	unsigned long *groups;
	bool cb_running;
};

struct bpf_iter__unix {
	struct bpf_iter_meta *meta;
	struct unix_sock *unix_sk;
	__u32 uid;
};

struct bpf_iter__netlink {
	struct bpf_iter_meta *meta;
	struct netlink_sock *sk;
};

#pragma clang attribute pop

struct unix_output {
	struct unix_walk_record walk;
	char bytes[UNIX_OUTPUT_SIZE];
};

/* Read through a mapping by whoever runs unix_records, which is done one at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unix_output);
} unix_output SEC(".maps");

/* Where the next record goes; NULL: it is not wanted, or does not fit, and then its whole bucket is left to the next walk. */
static __always_inline struct unix_record *unix_room(struct unix_output *output, __u32 bucket)
{
	struct unix_walk_record *walk = &output->walk;
	__u32 at = walk->length;

	if (bucket < walk->from || walk->is_full)
		return NULL;
	if (bucket != walk->bucket || !at) {
		walk->bucket = bucket;
		walk->bucket_start = at;
	}
	if (at > UNIX_OUTPUT_SIZE - sizeof(struct unix_record)) {
		walk->is_full = 1;
		walk->next = bucket;
		walk->length = walk->bucket_start;
		return NULL;
	}
	walk->length = at + sizeof(struct unix_record);
	return (void *)output->bytes + at;
}

/*
 * The records do not go through the iterator's own output: when its 32 KiB are full the kernel stops, and goes on behind the bucket in
 * which it was (bpf_iter_unix_batch() believes it done, up to 6.18 at least), so that of 50,000 sockets 20,000 were missing.
 */
SEC("iter/unix")
int unix_records(struct bpf_iter__unix *ctx)
{
	struct unix_sock *u = ctx->unix_sk;
	struct unix_address *address;
	struct unix_record r = {};
	struct sock___net *peer;
	struct unix_output *output;
	struct unix_record *room;
	__u32 state, len, key = 0;

	output = bpf_map_lookup_elem(&unix_output, &key);
	if (!u || !output)
		return 0;
	room = unix_room(output, BPF_CORE_READ(&u->sk, __sk_common.skc_hash));
	if (!room)
		return 0;
	fill_sock(&r.sock, &u->sk, ctx->uid, 1);
	TAKE_BY(___arrow, &r, UNIX_HAS_TYPE, type, u, sk.sk_type);
	if (HAS(u, sk.__sk_common.skc_state)) {
		state = u->sk.__sk_common.skc_state;
		r.known |= UNIX_HAS_STATE;
		if (state == UNIX_LISTEN) {
			r.flags = SO_ACCEPTCON;
			r.sock.known &= ~SOCK_HAS_RX_QUEUE;
			TAKE(&r.sock, SOCK_HAS_RX_QUEUE, rx_queue, u, sk.sk_ack_backlog);
		}
		if (r.sock.inode)
			r.state = state == UNIX_ESTABLISHED ? SS_CONNECTED : SS_UNCONNECTED;
		else
			r.state = state == UNIX_ESTABLISHED ? SS_CONNECTING : SS_DISCONNECTING;
	}
	peer = GET_BY(___arrow, u, peer);
	if (peer)
		r.peer_inode = inode_of_socket(GET(peer, sk_socket));
	address = GET_BY(___arrow, u, addr);
	if (address && HAS(address, len) && HAS(address, name[0].sun_path)) {
		len = BPF_CORE_READ(address, len) - 2;	/* sun_family */
		if (len <= UNIX_PATH_LEN) {
			bpf_probe_read_kernel(r.path, len, &address->name[0].sun_path);
			r.path_len = len;
		}
	}
	*room = r;
	return 0;
}

SEC("iter/netlink")
int netlink_records(struct bpf_iter__netlink *ctx)
{
	struct netlink_sock *nlk = ctx->sk;
	struct netlink_record r = {};
	unsigned long *groups;

	if (!nlk)
		return 0;
	fill_sock(&r.sock, &nlk->sk, 0, 0);
	TAKE_BY(___arrow, &r, NETLINK_HAS_PROTOCOL, protocol, nlk, sk.sk_protocol);
	TAKE_BY(___arrow, &r, NETLINK_HAS_PORTID, portid, nlk, portid);
	TAKE_BY(___arrow, &r, NETLINK_HAS_DUMP, dump, nlk, cb_running);
	if (HAS(nlk, groups)) {
		r.known |= NETLINK_HAS_GROUPS;
		groups = nlk->groups;
		if (groups)
			bpf_probe_read_kernel(&r.groups, sizeof(r.groups), groups);
	}
	BPF_SEQ_WRITE_RECORD(ctx->meta, &r);
	return 0;
}

#endif
