// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sockets and IPv6 routes of the network namespace in which the iterator is made. An object of its own, loaded when the first file of
 * net/ is looked at.
 *
 *   socks.h        what all sockets have
 *   net_tcp.h      TCP
 *   net_udp.h      UDP, and what QUIC is known by
 *   net_unix.h     unix and netlink
 *   net_route.h    IPv6 routes
 *   net_owners.h   who has a socket open; a reader's namespace
 */
#include "kernel.h"
#include <bpf/bpf_endian.h>
#include "records.h"
#include "socks.h"
#include "net_tcp.h"
#include "net_udp.h"
#include "net_unix.h"
#include "net_route.h"
#include "net_owners.h"

/* clang leaves a type that only a local variable has out of the BTF; tools/RecordGen needs them all. */
const struct {
	struct tcp_record tcp;
	struct udp_record udp;
	struct unix_record unix_;
	struct unix_walk_record unix_walk;
	struct netlink_record netlink;
	struct route6_record route6;
	struct sock_owner_record owner;
	enum tcp_sock_flags tcp_flags;
	enum udp_sock_flags udp_flags;
	enum sock_known_flags sock_known;
	enum tcp_known_flags tcp_known;
	enum unix_known_flags unix_known;
	enum netlink_known_flags netlink_known;
	enum route6_known_flags route6_known;
	enum sock_owner_known_flags owner_known;
} net_record_types;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
