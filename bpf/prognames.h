/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The names of a program's functions. */
#ifndef BPFFS_VIEW_PROGNAMES_H
#define BPFFS_VIEW_PROGNAMES_H

#include "fd.h"
#include "names.h"

SEC("syscall")
int one_prog_func(struct one_prog_func_record *ctx)
{
	struct bpf_prog *prog = object_of_fd(ctx->fd);
	struct bpf_func_info___kernel *info;
	char name[FULL_NAME_LEN] = {};
	struct bpf_prog_aux *aux;

	if (!prog) {
		ctx->error = EBADF;
		return 0;
	}
	aux = GET(prog, aux);
	info = GET(aux, func_info);
	if (info && HAS(info, type_id) && ctx->index < GET(aux, func_info_cnt)) {
		info = (void *)info + ctx->index * bpf_core_type_size(struct bpf_func_info___kernel);
		read_btf_name(name, GET(aux, btf), BPF_CORE_READ(info, type_id));
	}
	if (!name[0])
		ctx->error = ENOENT;
	__builtin_memcpy(ctx->name, name, sizeof(name));
	return 0;
}

#endif
