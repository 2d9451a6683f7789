// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A program's code and the names in it. bpf(2) gives machine code, lines of machine code and targets of calls only to
 * processes with CAP_SYSLOG, which the view does not keep: it would lift the mask from every address. So the code
 * is read here, in pieces, and addresses become names here; what positions are handed out is relative to a function's start.
 *
 * An object of its own, loaded when the first such file is opened: most views never need it.
 */
#include "fd.h"
#include "records.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bpf_ksym {
	char name[CODE_NAME_LEN];	/* KSYM_NAME_LEN is 512 (128 until 6.1): names are cut */
};

struct bpf_prog___code;

struct bpf_kfunc_desc {
	__u32 func_id;
	__u16 offset;
	unsigned long addr;		/* since 6.4 (1cf3bfc60f98) */
};

struct bpf_kfunc_desc_tab___code {
	struct bpf_kfunc_desc descs[0];
	__u32 nr_descs;
};

struct bpf_prog_aux___code {
	__u32 func_cnt;
	struct bpf_prog___code **func;
	struct bpf_ksym ksym;
	void **jited_linfo;
	struct bpf_kfunc_desc_tab___code *kfunc_tab;
	__u32 nr_linfo;
	__u32 linfo_idx;
};

struct bpf_prog___code {
	__u16 blinded:1;
	__u32 len;
	__u32 jited_len;
	__u8 tag[8];
	void *bpf_func;
	struct bpf_prog_aux___code *aux;
	struct bpf_insn insnsi[0];
};

struct mm_struct {
	void *binfmt;
};

struct task_struct___mm {
	struct mm_struct *mm;
};

struct kallsym_iter {
	unsigned long value;
	char name[CODE_NAME_LEN];
};

struct bpf_iter__ksym {
	struct bpf_iter_meta *meta;
	struct kallsym_iter *ksym;
};

#pragma clang attribute pop

/*
 * A symbol of the kernel's image that every process here has at hand: elf_format. Distances from it are the same at every boot of
 * a kernel and tell nothing of where it lies.
 */
static __always_inline long landmark(void)
{
	struct task_struct___mm *task = (void *)bpf_get_current_task();

	return (long)GET(task, mm, binfmt);
}

/* Function `index` of a program; the program itself if it is all one. NULL: it has no such function. */
static __always_inline struct bpf_prog___code *function(struct bpf_prog___code *prog, __u32 index)
{
	struct bpf_prog___code **func, *found;
	__u32 cnt = BPF_CORE_READ(prog, aux, func_cnt);

	if (!cnt)
		return index ? NULL : prog;
	func = BPF_CORE_READ(prog, aux, func);
	if (index >= cnt || bpf_probe_read_kernel(&found, sizeof(found), func + index))
		return NULL;
	return found;
}

SEC("syscall")
int code_func(struct code_func_record *ctx)
{
	struct bpf_prog___code *prog = object_of_fd(ctx->fd), *func, *named;
	struct bpf_prog_aux___code *aux;
	char name[CODE_NAME_LEN] = {};
	__u8 tag[8] = {};

	if (!prog) {
		ctx->error = EBADF;
		return 0;
	}
	func = function(prog, ctx->func);
	if (!func) {
		ctx->error = ENOENT;
		return 0;
	}
	/* The first function's symbol is the program's; its own has no name since 6.3. */
	named = ctx->func ? func : prog;
	aux = BPF_CORE_READ(named, aux);
	GET_CHARS(name, sizeof(name), aux, ksym.name);
	__builtin_memcpy(ctx->name, name, sizeof(name));
	bpf_probe_read_kernel(tag, sizeof(tag), named->tag);
	__builtin_memcpy(ctx->tag, tag, sizeof(tag));
	ctx->func_cnt = BPF_CORE_READ(prog, aux, func_cnt);
	ctx->blinded = HAS(prog, blinded) ? BPF_CORE_READ_BITFIELD_PROBED(prog, blinded) : 1;	/* not known: as if they were */
	ctx->bytes = GET(func, jited_len);
	ctx->first_line = GET(func, aux, linfo_idx);
	return 0;
}

SEC("syscall")
int code_bytes(struct code_bytes_record *ctx)
{
	struct bpf_prog___code *prog = object_of_fd(ctx->fd), *func;
	__u8 piece[CODE_PIECE] = {};
	__u32 length;
	const char *from = NULL;

	if (!prog) {
		ctx->error = EBADF;
		return 0;
	}
	if (ctx->func == CODE_INSNS) {
		length = GET(prog, len) * sizeof(struct bpf_insn);
		if (HAS(prog, insnsi))
			from = (void *)prog->insnsi;
	} else {
		func = function(prog, ctx->func);
		if (!func) {
			ctx->error = ENOENT;
			return 0;
		}
		from = GET(func, bpf_func);
		length = GET(func, jited_len);
	}
	if (!from)
		length = 0;
	length = ctx->offset < length ? length - ctx->offset : 0;
	if (length > CODE_PIECE)
		length = CODE_PIECE;
	if (length && bpf_probe_read_kernel(piece, length, from + ctx->offset))
		length = 0;
	__builtin_memcpy(ctx->bytes, piece, sizeof(piece));
	ctx->length = length;
	return 0;
}

/* Where in a function's machine code its lines begin, counted from its start. */
SEC("syscall")
int code_lines(struct code_lines_record *ctx)
{
	struct bpf_prog___code *prog = object_of_fd(ctx->fd), *func;
	unsigned long at[CODE_LINES] = {};
	__u32 offsets[CODE_LINES];
	unsigned long start;
	void **lines;
	__u32 cnt;

	if (!prog) {
		ctx->error = EBADF;
		return 0;
	}
	func = function(prog, ctx->func);
	lines = GET(prog, aux, jited_linfo);
	cnt = GET(prog, aux, nr_linfo);
	if (!func || !lines || ctx->first >= cnt || !HAS(func, bpf_func)) {
		ctx->error = ENOENT;
		return 0;
	}
	start = (unsigned long)GET(func, bpf_func);
	cnt -= ctx->first;
	if (cnt > CODE_LINES)
		cnt = CODE_LINES;
	if (bpf_probe_read_kernel(at, cnt * sizeof(at[0]), lines + ctx->first))
		cnt = 0;
#pragma unroll
	for (int i = 0; i < CODE_LINES; i++)
		offsets[i] = at[i] - start;
	__builtin_memcpy(ctx->offsets, offsets, sizeof(offsets));
	ctx->cnt = cnt;
	return 0;
}

struct kfunc_search {
	struct bpf_kfunc_desc *descs;
	struct bpf_insn insn;
	__u64 address;
};

static long compare_kfunc(__u64 i, void *ctx)
{
	struct kfunc_search *search = ctx;
	struct bpf_kfunc_desc *desc = (void *)search->descs + i * bpf_core_type_size(struct bpf_kfunc_desc);

	if (BPF_CORE_READ(desc, func_id) != search->insn.imm || BPF_CORE_READ(desc, offset) != search->insn.off)
		return 0;
	search->address = BPF_CORE_READ(desc, addr);
	return 1;
}

/*
 * What a call instruction calls. Helpers are distances from __bpf_call_base. So are the kernel's other functions, unless they may
 * lie further away than 32 bits reach (bpf_jit_supports_far_kfunc_call()): then it is a BTF id.
 */
static __always_inline __u64 called(struct bpf_prog___code *prog, struct bpf_insn insn, long call_base)
{
	struct kfunc_search search = { .insn = insn };
	struct bpf_kfunc_desc_tab___code *kfuncs = GET(prog, aux, kfunc_tab);

	if (insn.src_reg == BPF_PSEUDO_KFUNC_CALL && kfuncs && HAS(search.descs, addr) && HAS(search.descs, func_id) &&
	    HAS(search.descs, offset) && HAS(kfuncs, nr_descs) && HAS(kfuncs, descs)) {
		search.descs = kfuncs->descs;
		bpf_loop(BPF_CORE_READ(kfuncs, nr_descs), compare_kfunc, &search, 0);
		if (search.address)
			return search.address;
	}
	return call_base && landmark() ? landmark() + call_base + insn.imm : 0;
}

/*
 * What a call calls, or what lies near a function: "symbol+0x0/0x20 [module]"; nothing where there is no symbol. Never what lies at a number that stands in the code:
 * a program's author may have chosen it to learn whether a symbol is there.
 */
SEC("syscall")
int code_name(struct code_name_record *ctx)
{
	struct bpf_prog___code *prog = object_of_fd(ctx->fd), *func;
	char name[CODE_NAME_LEN] = {};
	struct bpf_insn insn = {};
	__u64 address;

	if (!prog) {
		ctx->error = EBADF;
		return 0;
	}
	if (ctx->kind == CODE_NAME_CALL) {
		if (ctx->value < 0 || ctx->value >= GET(prog, len) || !HAS(prog, insnsi) ||
		    bpf_probe_read_kernel(&insn, sizeof(insn), prog->insnsi + ctx->value)) {
			ctx->error = ENOENT;
			return 0;
		}
		address = called(prog, insn, ctx->call_base);
	} else {
		func = function(prog, ctx->func);
		if (!func || !HAS(func, bpf_func)) {
			ctx->error = ENOENT;
			return 0;
		}
		address = (unsigned long)BPF_CORE_READ(func, bpf_func) + ctx->value;
	}
	BPF_SNPRINTF(name, sizeof(name), "%pS", address);
	/* Without a symbol it is the address. */
	if (name[0] >= '0' && name[0] <= '9')
		ctx->error = ENOENT;
	else
		__builtin_memcpy(ctx->name, name, sizeof(name));
	return 0;
}

/* Calls of helpers and kernel functions are encoded as distances from this one. */
SEC("iter/ksym")
int find_call_base(struct bpf_iter__ksym *ctx)
{
	const char wanted[16] = "__bpf_call_base";
	struct call_base_record r = {};
	struct kallsym_iter *ksym = ctx->ksym;
	__u64 name[2] = {};

	/* One plain load rules out most of 100,000 symbols; helpers cannot be given what the iterator hands in. */
	if (!ksym || ksym->name[2] != wanted[2])
		return 0;
	bpf_probe_read_kernel(name, sizeof(name), ksym->name);
	if (name[0] != *(__u64 *)wanted || name[1] != *(__u64 *)(wanted + 8))
		return 0;
	r.from_landmark = ksym->value - landmark();
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

/* clang leaves a type that only a local variable has out of the BTF; tools/RecordGen needs them all. */
const struct {
	struct call_base_record call_base;
} code_record_types;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
