/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps: struct bpf_map -> struct map_record. */
#ifndef BPFFS_VIEW_MAPS_H
#define BPFFS_VIEW_MAPS_H

#include "kernel.h"
#include "records.h"

#define READ(...) (trusted ? ___arrow(__VA_ARGS__) : BPF_CORE_READ(__VA_ARGS__))

/* Fill *r, which is zero; `trusted` as in fill_prog(). */
static __always_inline void fill_map(struct map_record *r, struct bpf_map *map, bool trusted)
{
	struct btf *btf = READ(map, btf);

	r->id = READ(map, id);
	r->type = READ(map, map_type);
	r->key_size = READ(map, key_size);
	r->value_size = READ(map, value_size);
	r->max_entries = READ(map, max_entries);
	r->map_flags = READ(map, map_flags);
	r->btf_key_type_id = READ(map, btf_key_type_id);
	r->btf_value_type_id = READ(map, btf_value_type_id);
	r->btf_vmlinux_value_type_id = READ(map, btf_vmlinux_value_type_id);
	r->numa_node = READ(map, numa_node);
	r->frozen = READ(map, frozen);
	r->refcnt = BPF_CORE_READ(map, refcnt.counter);
	r->usercnt = BPF_CORE_READ(map, usercnt.counter);
	if (bpf_core_field_exists(map->map_extra))
		r->map_extra = READ(map, map_extra);
	if (btf)
		r->btf_id = READ(btf, id);
	bpf_probe_read_kernel_str(r->name, sizeof(r->name), map->name);
}

#undef READ

#endif
