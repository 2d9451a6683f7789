/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a perf event that a link attaches to is: a tracepoint, a kprobe, a uprobe, or an event that counts. bpf(2) tells since 6.6
 * (1b715e1b0ec5); here it is read from the event, so that older kernels and listings have it, too.
 */
#ifndef BPFFS_VIEW_PERF_H
#define BPFFS_VIEW_PERF_H

#include "link_types.h"
#include "names.h"

/*
 * Which kind of trace event it is, its class's reg function tells. (The flags of trace_event_call would, but their bits moved in
 * 6.13, and an enumeration without a name cannot be relocated.)
 */
#define REG_KPROBE	"kprobe_r"	/* kprobe_register */
#define REG_UPROBE	"trace_up"	/* trace_uprobe_register */
#define REG_TRACEPOINT	"trace_ev"	/* trace_event_reg: those that TRACE_EVENT() declares */

static __always_inline bool has_reg(struct trace_event_call *call, const char *start)
{
	char reg[24] ALIGNED = {};

	BPF_SNPRINTF(reg, sizeof(reg), "%ps", GET(call, class, reg));
	return !__builtin_memcmp(reg, start, 8);
}

/* Whether probe_of() can find it. */
#define HAS_PROBE(kind) (HAS((struct kind *)NULL, tp) && HAS((struct trace_probe_event *)NULL, call) &&		\
			 HAS((struct trace_probe_event *)NULL, probes.next) && HAS((struct trace_probe *)NULL, list))

/* The probe behind a dynamic event: struct trace_kprobe or trace_uprobe, in which tp lies `tp_offset` bytes from the start. */
static __always_inline void *probe_of(struct trace_event_call *call, __u32 tp_offset)
{
	struct trace_probe_event *event = (void *)call - bpf_core_field_offset(struct trace_probe_event, call);
	struct list_head *first = BPF_CORE_READ(event, probes.next);

	return (void *)first - bpf_core_field_offset(struct trace_probe, list) - tp_offset;
}

static __always_inline struct perf_event___traced *perf_event_of(struct bpf_link *link)
{
	struct bpf_perf_link *perf = (void *)link;

	return GET(perf, perf_file, private_data);
}

static __always_inline void fill_perf_event(struct link_numbers *r, struct bpf_link *link)
{
	struct perf_event___traced *event = perf_event_of(link);
	struct trace_event_call *call = GET(event, tp_event);
	struct perf_event___orig *orig = (void *)event;
	struct trace_kprobe *kprobe = NULL;
	struct trace_uprobe *uprobe = NULL;

	if (!event || !HAS(event, tp_event))
		return;
	r->cookie = GET(event, bpf_cookie);
	/* as it was asked for: the kernel has since put its own number there, for the software clocks */
	r->perf_type = HAS(orig, orig_type) ? BPF_CORE_READ(orig, orig_type) : GET(event, attr.type);
	r->perf_config = GET(event, attr.config);
	if (HAS(event, attr.type) && HAS(event, attr.config))
		r->known |= LINK_HAS_PERF_EVENT;
	if (!call) {
		r->perf_kind = PERF_LINK_EVENT;
		return;
	}
	if (!HAS(call, class, reg))
		return;
	r->perf_kind = PERF_LINK_TRACEPOINT;
	if (has_reg(call, REG_KPROBE))
		r->perf_kind = PERF_LINK_KPROBE;
	else if (has_reg(call, REG_UPROBE))
		r->perf_kind = PERF_LINK_UPROBE;

	/* What cannot be told from its kind on return is of no known kind. */
	if (r->perf_kind == PERF_LINK_KPROBE) {
		r->perf_kind = 0;
		if (!HAS_PROBE(trace_kprobe) || !HAS(kprobe, rp.handler))
			return;
		kprobe = probe_of(call, bpf_core_field_offset(struct trace_kprobe, tp));
		r->perf_kind = BPF_CORE_READ(kprobe, rp.handler) ? PERF_LINK_KRETPROBE : PERF_LINK_KPROBE;
		TAKE(r, LINK_HAS_OFFSET, offset, kprobe, rp.kp.offset);
	} else if (r->perf_kind == PERF_LINK_UPROBE) {
		r->perf_kind = 0;
		if (!HAS_PROBE(trace_uprobe) || !HAS(uprobe, consumer.ret_handler))
			return;
		uprobe = probe_of(call, bpf_core_field_offset(struct trace_uprobe, tp));
		r->perf_kind = BPF_CORE_READ(uprobe, consumer.ret_handler) ? PERF_LINK_URETPROBE : PERF_LINK_UPROBE;
		TAKE(r, LINK_HAS_OFFSET, offset, uprobe, offset);
		r->ref_ctr_offset = GET(uprobe, ref_ctr_offset);
	}
}

/* Tracepoint, function or file; none for an event that counts. */
static __always_inline void read_perf_name(char *dst, __u32 kind, struct bpf_link *link)
{
	struct perf_event___traced *event = perf_event_of(link);
	struct trace_event_call *call = GET(event, tp_event);
	struct trace_kprobe *kprobe = NULL;
	struct trace_uprobe *uprobe = NULL;
	const char *name;

	if (!call || !kind)
		return;
	if (kind == PERF_LINK_KPROBE || kind == PERF_LINK_KRETPROBE) {
		if (!HAS_PROBE(trace_kprobe))
			return;
		kprobe = probe_of(call, bpf_core_field_offset(struct trace_kprobe, tp));
		name = GET(kprobe, symbol);
		if (!name) {	/* it was given an address */
			if (HAS(kprobe, rp.kp.addr))
				read_symbol(dst, BPF_CORE_READ(kprobe, rp.kp.addr));
			return;
		}
	} else if (kind == PERF_LINK_UPROBE || kind == PERF_LINK_URETPROBE) {
		if (!HAS_PROBE(trace_uprobe))
			return;
		uprobe = probe_of(call, bpf_core_field_offset(struct trace_uprobe, tp));
		name = GET(uprobe, filename);
	} else {
		/* the two share their place */
		name = has_reg(call, REG_TRACEPOINT) ? GET(call, tp, name) : GET(call, name);
	}
	bpf_probe_read_kernel_str(dst, FULL_NAME_LEN, name);
}

#endif
